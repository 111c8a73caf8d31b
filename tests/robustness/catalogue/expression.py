"""Tables of expression, and of predictions of others."""

from __future__ import annotations

from collections.abc import Callable

from .case import Case, Spoil, refused, same, undefined
from .files import bom, crlf, cut, empty, fifo, folder, missing, page, put
from .project import PEOPLE, Project

__all__ = ["CASES"]

NAME = "expression.bed"
READERS = ("run", "eqtl", "baseline", "evaluate")
Rows = list[list[str]]


def table(change: Callable[[Rows], Rows]) -> Spoil:
    return lambda p: p.put_rows(p.expression, change(p.rows(p.expression)))


def cell(text: str, column: int = 6, row: int = 3) -> Spoil:
    """Of gene G02 and person P03."""
    return lambda p: p.change_cell(p.expression, row, column, text)


def row_of(values: Callable[[int], str], row: int = 3) -> Spoil:
    return table(lambda r: [*r[:row], [*r[row][:4], *(values(i) for i in range(len(PEOPLE)))], *r[row + 1 :]])


def columns(keep: Callable[[int], bool]) -> Callable[[Rows], Rows]:
    return lambda rows: [[*r[:4], *(text for i, text in enumerate(r[4:]) if keep(i))] for r in rows]


def renamed(change: Callable[[str], str]) -> Callable[[Rows], Rows]:
    return lambda rows: [[*rows[0][:4], *map(change, rows[0][4:])], *rows[1:]]


def transposed(rows: Rows) -> Rows:
    return [list(column) for column in zip(*(r[3:] for r in rows), strict=True)]


def chosen(n: int) -> Spoil:
    def spoil(p: Project) -> None:
        p.extra = ["-s", ",".join(PEOPLE[:n])]

    return spoil


def without_variants(p: Project) -> None:
    """No record near G02."""
    p.put_vcf([r for r in p.records if not (r[0] == "chr1" and 31_000 < int(r[1]) < 35_000)])


def predictions(change: Callable[[Rows], Rows]) -> Spoil:
    return lambda p: p.put_rows(p.predictions, change(p.rows(p.predictions)))


def covariates(change: Callable[[Rows], Rows], *extra: str) -> Spoil:
    def spoil(p: Project) -> None:
        rows = [
            ["id", *PEOPLE],
            ["age", *(str(30 + i * i % 7) for i in range(len(PEOPLE)))],
            ["pc1", *(f"{(i * 37 % 11) / 10}" for i in range(len(PEOPLE)))],
        ]
        path = p.folder / "covariates.tsv"
        p.put_rows(path, change(rows))
        p.extra = ["--covariates", str(path), *extra]

    return spoil


def signals(*options: str, change: Spoil | None = None) -> Spoil:
    """Look for several eQTLs of a gene."""

    def spoil(p: Project) -> None:
        if change:
            change(p)
        p.extra = list(options)

    return spoil


def everywhere(name: str, spoil: Spoil, *says: str, commands: tuple[str, ...] = READERS) -> list[Case]:
    return refused(name, spoil, NAME, *says).of(*commands)


CASES = [
    *everywhere("expression missing", missing("expression")),
    *everywhere("expression empty", empty("expression")),
    *everywhere("expression a folder", folder("expression"), commands=("run",)),
    refused("expression a pipe", fifo("expression"), NAME, child=True),
    *everywhere("expression a web page", page("expression")),
    *everywhere("expression binary", put("expression", bytes(range(256)) * 40)),
    *everywhere("expression cut in a row", cut("expression", 0.52), "line"),
    *everywhere("nobody shared", table(renamed(lambda name: "X" + name)), "X"),
    *everywhere("two people", table(columns(lambda i: i < 2)), commands=("run", "eqtl", "baseline", "evaluate")),
    same(
        "part of the people",
        table(columns(lambda i: i < 7)),
        "7 people used of 12 in the VCF",
        counted=('"n_people": 7',),
        twin=chosen(7),
    ),
    *everywhere("transposed", table(transposed), commands=("run", "eqtl", "evaluate")),
    *everywhere("ragged", table(lambda r: [*r[:3], r[3][:-1], *r[4:]]), "line 4"),
    *everywhere("ragged, too long", table(lambda r: [*r[:3], [*r[3], "1"], *r[4:]]), "line 4"),
    *(
        one
        for text in ("high", "inf", "-inf", "1e999", "1,5", "0x10", "1_0", "٣", "5 6", "--", "1e", "#N/A", "-nan")
        for one in everywhere(f"cell {text}", cell(text), "line 4", "P03", commands=("run", "evaluate"))
    ),
    *everywhere("gene twice", table(lambda r: [*r, r[3]]), "G02", "line 10"),
    *everywhere("person twice", table(renamed(lambda name: name.replace("P02", "P01"))), "P01"),
    *everywhere("person without a name", table(renamed(lambda name: name.replace("P02", "")))),
    *everywhere("gene without a name", table(lambda r: [*r[:3], [*r[3][:3], "", *r[3][4:]], *r[4:]]), "line 4"),
    *everywhere("no rows", table(lambda r: r[:1])),
    *everywhere("no header", table(lambda r: r[1:]), commands=("run", "evaluate")),
    *everywhere("no gene shared", table(lambda r: [r[0], *([*one[:3], "X" + one[3], *one[4:]] for one in r[1:])])),
    *everywhere("huge number", cell("1e400"), "line 4", commands=("run",)),
    Case("one NA cell", cell("NA"), "missing", counted=("missing",), genes=("G02",)),
    Case("one empty cell", cell(""), "missing", genes=("G02",)),
    undefined("all NA", row_of(lambda _: "NA"), genes=("G02",)),
    undefined("two values", row_of(lambda i: str(i) if i < 2 else "NA"), genes=("G02",)),
    undefined("constant", row_of(lambda _: "5"), genes=("G02",)),
    *(
        refused(
            f"independent of {n} permutations",
            signals("--independent", "--permutations", n),
            "--permutations",
            n,
            command="eqtl",
        )
        for n in ("0", "9")
    ),
    *(
        same(
            f"signals, {name}",
            signals("--susie", "--independent", "--permutations", "10", change=change(path)),
            command="eqtl",
            twin=signals("--susie", "--independent", "--permutations", "10"),
        )
        for path in ("expression", "genes")
        for name, change in ((f"{path} crlf", crlf), (f"{path} bom", bom))
    ),
    undefined("constant in decimals", row_of(lambda _: repr(0.1 + 0.2)), genes=("G02",)),
    undefined("constant, written in two ways", row_of(lambda i: "0.3" if i % 2 else "3e-1"), genes=("G02",)),
    undefined("gene without variants", without_variants, genes=("G02",)),
    undefined("gene without expression", table(lambda r: [*r[:3], *r[4:]]), genes=("G02",)),
    Case(
        "a gene plus 1e9",
        table(lambda r: [*r[:3], [*r[3][:4], *(repr(float(x) + 1e9) for x in r[3][4:])], *r[4:]]),
        "close",
        genes=("G02",),
    ),
    *same("expression with bom", bom("expression")).of("run", "eqtl"),
    *same("expression with crlf", crlf("expression")).of("run", "eqtl"),
    refused("predictions without a person shared", predictions(renamed(lambda n: "X" + n)), NAME, command="evaluate"),
    refused(
        "predictions with text",
        predictions(lambda r: [*r[:2], [*r[2][:4], "x", *r[2][5:]], *r[3:]]),
        "predictions.bed",
        "line 3",
        command="evaluate",
    ),
    refused(
        "predictions infinite",
        predictions(lambda r: [*r[:2], [*r[2][:4], "inf", *r[2][5:]], *r[3:]]),
        "predictions.bed",
        "line 3",
        command="evaluate",
    ),
    refused("predictions missing", missing("predictions"), "predictions.bed", command="evaluate"),
    undefined(
        "constant prediction",
        predictions(lambda r: [*r[:3], [*r[3][:4], *("0.3" for _ in PEOPLE)], *r[4:]]),
        command="evaluate",
        genes=("G02",),
    ),
    *refused(
        "covariates of nobody", covariates(lambda r: [[r[0][0], *("X" + n for n in r[0][1:])], *r[1:]]), "covariates"
    ).of("run", "eqtl", "baseline", "evaluate"),
    *refused("covariates ragged", covariates(lambda r: [r[0], r[1][:-1], r[2]]), "covariates.tsv", "line 2").of(
        "run", "eqtl"
    ),
    *refused(
        "covariate text",
        covariates(lambda r: [r[0], [r[1][0], "old", *r[1][2:]], r[2]]),
        "covariates.tsv",
        "line 2",
        "P01",
    ).of("run", "eqtl", "evaluate"),
    *refused(
        "covariate NA", covariates(lambda r: [r[0], [r[1][0], "NA", *r[1][2:]], r[2]]), "covariates.tsv", "P01"
    ).of("run", "eqtl", "evaluate"),
    *refused("covariate twice", covariates(lambda r: [*r, r[1]]), "covariates.tsv", "age").of("run", "eqtl"),
    *refused("covariate redundant", covariates(lambda r: [*r, ["again", *r[1][1:]]]), "again").of("run", "eqtl"),
    *refused("covariate constant", covariates(lambda r: [*r, ["one", *("1" for _ in PEOPLE)]]), "one").of(
        "run", "eqtl"
    ),
    *refused(
        "more covariates than people",
        covariates(
            lambda r: [r[0], *([f"c{k}", *(str((i * i * (k + 3) + k) % 17) for i in range(12))] for k in range(12))]
        ),
        "covariates",
    ).of("run", "eqtl"),
]

"""Populations of people, and sets of genes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .case import Case, Spoil, refused, same
from .effects import row_of, table
from .files import bom, crlf, empty, folder, missing, page
from .project import PEOPLE, Project

__all__ = ["CASES"]

POPULATIONS, SPLIT = "populations.tsv", "split.tsv"


def populations(name_of: Callable[[int], str]) -> Spoil:
    return table("populations", lambda rows: [rows[0], *([r[0], name_of(i)] for i, r in enumerate(rows[1:]))])


def written(what: str, text: str) -> Spoil:
    return lambda p: getattr(p, what).write_text(text) and None


def renamed_people(p: Project) -> None:
    """People are called 1, 2, ..., as a table of numbers."""
    number = {name: str(i) for i, name in enumerate(PEOPLE, 1)}
    p.put_vcf(header=[*p.header[:-1], "\t".join(number.get(name, name) for name in p.header[-1].split("\t"))])
    for path in (p.expression, p.populations):
        p.put_rows(path, [[number.get(cell, cell) for cell in row] for row in p.rows(path)])


def numbers_everywhere_else(p: Project) -> None:
    renamed_people(p)
    written("populations", "sample,population\n" + "".join(f"{i},AFR\n" for i in range(1, 13)))(p)


def ensembl(version: Callable[[str], str], split: Callable[[list[list[str]]], list[list[str]]] = lambda r: r) -> Spoil:
    """Genes have versions; the split calls them as ``version`` and ``split`` say."""

    def named(gene: str) -> str:
        return f"ENSG0000000000{gene[1:]}"

    def spoil(p: Project) -> None:
        for path, column in ((p.genes, 0), (p.effects, 0), (p.expression, 3)):
            head, *rows = p.rows(path)
            p.put_rows(path, [head, *([*r[:column], f"{named(r[column])}.4", *r[column + 1 :]] for r in rows)])
        head, *rows = p.rows(p.split)
        p.put_rows(p.split, split([head, *([version(named(r[0])), r[1]] for r in rows)]))

    return spoil


def alike(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return same(name, spoil, *says, command="cells", **rest)


def turned_away(name: str, spoil: Spoil, *says: str, **rest: Any) -> Case:
    return refused(name, spoil, *says, command="cells", **rest)


PANEL = "sample\tpop\tsuper_pop\tgender\t\t\n" + "".join(f"{name}\tAFR\tAMR\tmale\n" for name in PEOPLE)
CASES = [
    alike("populations crlf", crlf("populations")),
    alike("populations bom", bom("populations")),
    alike("populations with a row twice", table("populations", lambda rows: [*rows, rows[1]])),
    alike("populations with a row of nobody", table("populations", lambda rows: [*rows, ["NOBODY", "EUR"]])),
    alike("populations with blanks at the ends", populations(lambda i: "AFR " if i % 2 else " AFR")),
    alike("populations as the panel", written("populations", PANEL)),
    alike("populations by commas", written("populations", "IID,Population\n" + "".join(f"{n},AFR\n" for n in PEOPLE))),
    alike("populations of numbered people", numbers_everywhere_else, twin=renamed_people),
    alike("split crlf", crlf("split")),
    alike("split bom", bom("split")),
    alike("split in capitals", row_of("split", lambda r: [r[0], r[1].upper()])),
    alike("split without versions", ensembl(lambda gene: gene), twin=ensembl(lambda gene: f"{gene}.4")),
    alike("split of other versions", ensembl(lambda gene: f"{gene}.2"), twin=ensembl(lambda gene: f"{gene}.4")),
    turned_away("populations missing", missing("populations"), POPULATIONS),
    turned_away("populations empty", empty("populations"), POPULATIONS),
    turned_away("populations a folder", folder("populations"), POPULATIONS),
    turned_away("populations a web page", page("populations"), POPULATIONS, "sample"),
    turned_away("populations no rows", table("populations", lambda rows: rows[:1]), POPULATIONS, "no rows"),
    turned_away("populations no header", table("populations", lambda rows: rows[1:]), POPULATIONS, "header"),
    turned_away("populations ragged", table("populations", lambda rows: [*rows, ["P01"]]), POPULATIONS, "line 14"),
    turned_away(
        "population names of words",
        written("populations", "sample population\n" + "".join(f"{n} Yoruba in Ibadan\n" for n in PEOPLE)),
        POPULATIONS,
        "line 2",
    ),
    turned_away("population empty", populations(lambda i: "" if i == 3 else "AFR"), POPULATIONS, "line 5"),
    turned_away(
        "person in two populations",
        table("populations", lambda rows: [*rows, ["P01", "EUR"]]),
        POPULATIONS,
        "line 14",
        "P01",
    ),
    turned_away("populations of others", row_of("populations", lambda r: [f"X{r[0]}", r[1]]), POPULATIONS, "XP01"),
    turned_away("populations in lower case", row_of("populations", lambda r: [r[0].lower(), r[1]]), POPULATIONS, "p01"),
    turned_away("populations of one person", populations(lambda i: f"P{i}"), "--populations", "10 people"),
    turned_away(
        "populations in two cases",
        populations(lambda i: "AFR" if i % 2 else "afr"),
        "--populations",
        "AFR (6), afr (6)",
    ),
    turned_away(
        "populations of a few", table("populations", lambda rows: rows[:6]), "--populations", "no population (7)"
    ),
    turned_away("population all", populations(lambda _: "all"), POPULATIONS, "P01", "'all'"),
    turned_away("split empty", empty("split"), SPLIT),
    turned_away("split no header", table("split", lambda rows: rows[1:]), SPLIT),
    turned_away("split by number", row_of("split", lambda r: [r[0], "3"]), SPLIT, "G00", "'3'"),
    turned_away("split of other genes", row_of("split", lambda r: [f"X{r[0]}", r[1]]), SPLIT, "XG00"),
    turned_away("gene in two sets", table("split", lambda rows: [*rows, ["G00", "train"]]), SPLIT, "G00"),
    turned_away(
        "versions in two sets",
        ensembl(lambda gene: f"{gene}.1", lambda rows: [*rows, ["ENSG" + 12 * "0" + ".2", "train"]]),
        SPLIT,
        "two sets",
    ),
]

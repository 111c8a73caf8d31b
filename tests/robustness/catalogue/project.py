"""A small clean project, made anew for every case, and the commands that read it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_fasta, index_vcf

from .tables import TABLES, write_tables

__all__ = ["ARGUMENTS", "GENES", "LENGTH", "PEOPLE", "SIZE", "Project", "make_project", "model_of", "write_model"]

SIZE: Final = 60_000
LENGTH: Final = 1000
PEOPLE: Final = tuple(f"P{i:02d}" for i in range(1, 13))
_LINE = 60
GENES: Final = tuple(f"G{c}{i}" for c in range(2) for i in range(4))
_TSS = (8_000, 20_000, 33_000, 47_000)  # 1-based; on the plus and the minus strand in turn, on each contig
_HEAD = (
    '##FILTER=<ID=low,Description="low">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="end">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
)


@dataclass
class Project:
    """Files of a project in a folder of its own, by what they are.

    ``extra`` is added to the command line; ``named`` are the files that took the place of others.
    """

    folder: Path
    extra: list[str] = field(default_factory=list)
    named: dict[str, Path] = field(default_factory=dict)

    def path(self, what: str) -> Path:
        """The file that the command line names for ``what``."""
        path: Path = self.named.get(what) or getattr(self, what)
        return path

    def replace(self, what: str, name: str) -> Path:
        """Let the command line name another file."""
        self.named[what] = self.folder / name
        return self.named[what]

    @property
    def fasta(self) -> Path:
        return self.folder / "genome.fa"

    @property
    def vcf(self) -> Path:
        return self.folder / "cohort.vcf.gz"

    @property
    def vcf_text(self) -> Path:
        """The text of the VCF, beside it."""
        return self.folder / "cohort.vcf"

    @property
    def genes(self) -> Path:
        return self.folder / "genes.tsv"

    @property
    def expression(self) -> Path:
        return self.folder / "expression.bed"

    @property
    def predictions(self) -> Path:
        return self.folder / "predictions.bed"

    @property
    def model(self) -> Path:
        return self.folder / "model.onnx"

    def __getattr__(self, what: str) -> Path:
        if what not in TABLES:
            raise AttributeError(what)
        return self.folder / f"{what}.tsv"

    @property
    def sequences(self) -> dict[str, str]:
        """Contigs of the FASTA as it was made."""
        parts = self.fasta.read_text().split(">")[1:]
        return {part.split("\n", 1)[0]: part.split("\n", 1)[1].replace("\n", "") for part in parts}

    def base(self, chrom: str, position: int, length: int = 1) -> str:
        """Reference letters at a 1-based position."""
        return self.sequences[chrom][position - 1 : position - 1 + length]

    def put_fasta(self, contigs: dict[str, str], *, index: bool = True, ending: str = "\n") -> None:
        text = "".join(f">{name}{ending}{wrapped(bases, ending)}" for name, bases in contigs.items())
        self.fasta.write_bytes(text.encode())
        if index:
            index_fasta(self.fasta)

    @property
    def header(self) -> list[str]:
        return [line for line in self.vcf_text.read_text().splitlines() if line.startswith("#")]

    @property
    def records(self) -> list[list[str]]:
        return [line.split("\t") for line in self.vcf_text.read_text().splitlines() if not line.startswith("#")]

    def put_vcf(
        self, records: Sequence[Sequence[str]] | None = None, header: Sequence[str] | None = None, *, index: bool = True
    ) -> None:
        """Write the VCF, compressed and indexed; what is not given stays."""
        header = self.header if header is None else header
        records = self.records if records is None else records
        self.put_vcf_text("".join(line + "\n" for line in [*header, *("\t".join(one) for one in records)]), index=index)

    def put_vcf_text(self, text: str, *, index: bool = True) -> None:
        self.vcf_text.write_text(text)
        write_bgzf(self.vcf, text.encode())
        if index:
            index_vcf(self.vcf)

    def change_record(self, change: Callable[[list[str]], list[str]], chrom: str = "chr1", after: int = 7_900) -> str:
        """Change the first substitution past a position, in a gene's window; return ``chrom:pos``."""
        records = self.records
        at = self.place(chrom, after)
        records[at] = change(list(records[at]))
        self.put_vcf(records)
        return f"{chrom}:{records[at][1]}"

    def place(self, chrom: str = "chr1", after: int = 7_900) -> int:
        """The row of the first substitution past a position."""
        rows = enumerate(self.records)
        return next(i for i, r in rows if r[0] == chrom and int(r[1]) > after and len(r[3]) == len(r[4]) == 1)

    def add_records(self, added: Sequence[Sequence[str]]) -> None:
        """Add records, sorted into the others (behind those of the same position)."""
        self.put_vcf(sorted([*self.records, *map(list, added)], key=lambda r: (r[0], int(r[1]))))

    def record(
        self, chrom: str, position: int, ref: str, alt: str, calls: dict[str, str] | None = None, **more: str
    ) -> list[str]:
        """A record in which nobody but ``calls`` carries the allele."""
        calls = calls or {}
        columns = [calls.get(name, "0|0") for name in PEOPLE]
        return [
            chrom,
            str(position),
            ".",
            ref,
            alt,
            ".",
            more.get("filter", "PASS"),
            more.get("info", "."),
            "GT",
            *columns,
        ]

    def rows(self, path: Path) -> list[list[str]]:
        return [line.split("\t") for line in path.read_text().splitlines()]

    def put_rows(self, path: Path, rows: Sequence[Sequence[str]]) -> None:
        path.write_text("".join("\t".join(row) + "\n" for row in rows))

    def change_cell(self, path: Path, row: int, column: int, text: str) -> None:
        rows = self.rows(path)
        rows[row][column] = text
        self.put_rows(path, rows)

    def copy(self, folder: Path) -> Project:
        """A project of the same files, to be spoiled."""
        shutil.copytree(self.folder, folder)
        return Project(folder)


def wrapped(bases: str, ending: str = "\n") -> str:
    return "".join(bases[i : i + _LINE] + ending for i in range(0, len(bases), _LINE))


def make_project(folder: Path) -> Project:
    """Write the clean project: two contigs of 60 kb, 12 people, 8 genes, a linear model."""
    random = np.random.default_rng(20)
    folder.mkdir(parents=True)
    project = Project(folder)
    contigs = {name: "".join(random.choice(list("ACGT"), SIZE)) for name in ("chr1", "chr2")}
    project.put_fasta(contigs)
    records = [_record(random, contigs, chrom, at) for chrom in contigs for at in range(200, SIZE - 200, 97)]
    lengths = [f"##contig=<ID={name},length={SIZE}>" for name in contigs]
    columns = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *PEOPLE])
    project.put_vcf(records, ["##fileformat=VCFv4.2", *lengths, *_HEAD, columns])
    genes = [
        (f"G{c}{i}", chrom, str(tss), "+-"[i % 2]) for c, chrom in enumerate(contigs) for i, tss in enumerate(_TSS)
    ]
    project.put_rows(project.genes, [("gene_id", "chrom", "tss", "strand"), *genes])
    for path in (project.expression, project.predictions):
        values = random.normal(5, 1, (len(genes), len(PEOPLE))).round(4)
        rows = [
            (g[1], str(int(g[2]) - 1), g[2], g[0], *map(repr, v.tolist())) for g, v in zip(genes, values, strict=True)
        ]
        project.put_rows(path, [("#chr", "start", "end", "gene_id", *PEOPLE), *rows])
    write_model(project.model)
    write_tables(folder, records, [(g[0], g[1], int(g[2])) for g in genes], PEOPLE)
    return project


def _record(random: np.random.Generator, contigs: dict[str, str], chrom: str, at: int) -> list[str]:
    """Mostly substitutions; every seventh inserts or deletes."""
    bases, kind = contigs[chrom], int(random.integers(14))
    ref = bases[at - 1 : at + 2] if kind == 0 else bases[at - 1]
    other = str(random.choice([base for base in "ACGT" if base != ref[0]]))
    alt = ref[0] if kind == 0 else ref[0] + other + "G" if kind == 1 else other
    share = random.uniform(0.1, 0.6)
    calls = ["|".join(str(int(value)) for value in random.random(2) < share) for _ in PEOPLE]
    return [chrom, str(at), f"rs{at}", ref, alt, ".", "PASS", ".", "GT", *calls]


def model_of(
    *, layout: str = "NLC", length: Any = LENGTH, channels: int = 4, batch: Any = "n", dtype: str = "float32",
    n_inputs: int = 1, n_outputs: int = 1, opset: int = 17, nonlinear: Sequence[str] = (),
) -> Any:  # fmt: skip
    """A weight for each base at each position, whichever way they are read; ``nonlinear`` is done to the sum."""
    from gxfast.models.onnx_writer import GraphWriter

    graph = GraphWriter(opset=opset)
    sizes = {"N": batch, "L": length, "C": channels, "1": 1}
    names = [
        graph.input("x" if i == 0 else f"x{i}", [sizes[axis] for axis in layout], np.dtype(dtype))
        for i in range(n_inputs)
    ]
    total = graph.add("Sum", *names) if n_inputs > 1 else names[0]
    total = total if dtype == "float32" else graph.add("Cast", total, to=1)
    axes = [layout.index(axis) for axis in ("N", "L", "C", *(["1"] if "1" in layout else ()))]
    total = graph.add("Flatten", graph.transpose(total, axes), axis=1)
    weight = np.random.default_rng(1).integers(-64, 65, (LENGTH * channels, 1)).astype(np.float32) / 64
    for i in range(n_outputs):
        name = graph.add("MatMul", total, graph.constant(weight * (i + 1)))
        for kind in nonlinear:
            name = graph.add(kind, name)
        graph.append("Identity", [name], ["y" if i == 0 else f"y{i}"])
        graph.output("y" if i == 0 else f"y{i}", [batch, 1])
    return graph.model("catalogue")


def write_model(path: Path, **options: Any) -> None:
    import onnx

    onnx.save(model_of(**options), path)


def _named(project: Project, *names: str) -> list[str]:
    return [part for name in names for part in (f"--{name}", str(project.path(name)))]


def _by_effects(p: Project) -> list[str]:
    return [*_named(p, "fasta", "vcf", "genes", "expression"), "--effects", f"mine={p.path('effects')}"]


def _groups(p: Project) -> list[str]:
    return ["--populations", str(p.path("populations")), "--gene-split", str(p.path("split"))]


# What each command is given; all write into a folder but `check`.
ARGUMENTS: Final[dict[str, Callable[[Project], list[str]]]] = {
    "run": lambda p: [
        "run",
        "--steps",
        "check,predict,evaluate",
        *_named(p, "fasta", "vcf", "genes", "expression", "model"),
    ],
    "predict": lambda p: ["predict", *_named(p, "fasta", "vcf", "genes", "model")],
    "eqtl": lambda p: ["eqtl", "--permutations", "0", "--window", "5000", *_named(p, "vcf", "genes", "expression")],
    "baseline": lambda p: [
        "baseline",
        "--folds",
        "2",
        "--inner-folds",
        "2",
        "--window",
        "2000",
        *_named(p, "vcf", "genes", "expression"),
    ],
    "evaluate": lambda p: ["evaluate", str(p.path("predictions")), *_named(p, "expression")],
    "variants": lambda p: ["ism", "variants", *_named(p, "fasta", "vcf", "genes", "model")],
    "drivers": lambda p: [
        "run",
        "--steps",
        "check,predict,evaluate,ism,drivers",
        *_named(p, "fasta", "vcf", "genes", "expression", "model"),
    ],
    "compare": lambda p: ["compare", str(p.folder / "a.tsv"), str(p.folder / "b.tsv")],
    "effects": lambda p: ["run", *_by_effects(p), "--steps", "check,predict,evaluate"],
    "check effects": lambda p: ["check", *_by_effects(p)],
    "effect drivers": lambda p: ["run", *_by_effects(p), "--steps", "check,predict,evaluate,drivers"],
    "cells": lambda p: ["run", *_by_effects(p), *_groups(p), "--steps", "check,predict,evaluate"],
    "check cells": lambda p: ["check", *_by_effects(p), *_groups(p)],
    "benchmark": lambda p: ["variants", *_named(p, "labels"), "--scores", f"mine={p.path('scores')}"],
    "check": lambda p: ["check", *_named(p, "fasta", "vcf", "genes", "expression", "model")],
}

"""The same numbers, bit by bit, whatever the threads, batches, order of people and genes, hash seed and resumption."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gxfast.cli.main import main
from gxfast.demo.model import CARD, LENGTH
from gxfast.models.card import card_from_json
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model

from .driver import FINISHED, STATE, Bench, require, run

MODELS = ("conv", "attention")
LINEAR = ("eqtl", "baseline")
COMMANDS = ("predict", "variants", "saturate", *LINEAR)


@dataclass(frozen=True)
class Setting:
    """What must not change a number."""

    threads: int = 1
    batch: int | None = None
    order: str = "given"  # of genes, and of people where they are predicted; or "turned"
    hash_seed: int = 0
    resumed: bool = False


PLAIN = Setting()
# Each value of each with each model; the pairs in the full product.
SOME = (
    Setting(2), Setting(4, 2, "turned"), Setting(2, 7, hash_seed=1), Setting(4, 23, resumed=True),
    Setting(1, 32, "turned", 2), Setting(2, 1),
)  # fmt: skip


def every_setting() -> Iterator[Setting]:
    """Yield the product of all values."""
    values = (1, 2, 4), (None, 1, 2, 7, 23, 32), ("given", "turned"), (0, 1), (False, True)
    return (Setting(*chosen) for chosen in itertools.product(*values))  # type: ignore[arg-type]


def attention_model(path: Path) -> Path:
    """Write a small transformer with random weights: 16-base words, two heads of attention, a feed-forward layer."""
    rng, width, word = np.random.default_rng(3), 16, 16
    graph, tokens = GraphWriter(), LENGTH // word

    def weights(*shape: int) -> str:
        return graph.constant(rng.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32))

    def add(kind: str, inputs: list[str], **attributes: Any) -> str:
        name = graph.name(kind)
        graph.append(kind, inputs, [name], **attributes)
        return name

    def heads(x: str) -> str:
        split = add(
            "Reshape", [add("MatMul", [x, weights(width, width)]), graph.constant([-1, tokens, 2, 8], np.int64)]
        )
        return add("Transpose", [split], perm=[0, 2, 1, 3])

    graph.input("sequence", ["batch", LENGTH, 4])
    words = add("Reshape", ["sequence", graph.constant([-1, tokens, 4 * word], np.int64)])
    x = add("MatMul", [words, weights(4 * word, width)])
    q, k, v = heads(x), heads(x), heads(x)
    scores = add("Softmax", [add("MatMul", [q, add("Transpose", [k], perm=[0, 1, 3, 2])])], axis=-1)
    seen = add("Transpose", [add("MatMul", [scores, v])], perm=[0, 2, 1, 3])
    x = add("Add", [x, add("Reshape", [seen, graph.constant([-1, tokens, width], np.int64)])])
    x = add("Add", [x, add("Relu", [add("MatMul", [x, weights(width, width)])])])
    mean = add("ReduceMean", [x], axes=[1], keepdims=0)
    graph.append("MatMul", [mean, weights(width, 1)], ["expression"])
    graph.output("expression", ["batch", 1])
    card = card_from_json(json.dumps({**CARD, "name": "attention"}), source="a test")
    return save_model(graph.model("attention"), card, path)


@dataclass
class Matrix:
    """Values of commands under settings, for a cohort."""

    bench: Bench

    @cached_property
    def models(self) -> dict[str, Path]:
        """A convolutional and an attention model."""
        return {"conv": self.bench.cohort.model, "attention": attention_model(self.bench.folder / "attention.onnx")}

    @cached_property
    def turned_genes(self) -> Path:
        """The genes from the last to the first."""
        header, *rows = self.bench.cohort.genes.read_text().splitlines()
        path = self.bench.folder / "turned.tsv"
        path.write_text("\n".join([header, *rows[::-1]]) + "\n")
        return path

    def require_equal(self, command: str, model: str, setting: Setting) -> None:
        """Values under a setting are those of the plain one."""
        plain, found = self._plain(command, model), self.values(command, model, setting)
        keys = plain.keys() ^ found.keys() or [key for key in plain if plain[key] != found[key]]
        first = [(key, plain.get(key), found.get(key)) for key in sorted(keys)[:3]]
        require(not keys, f"{command}, {model}, {setting}: {len(keys)} of {len(plain)} other: {first}")

    def _plain(self, command: str, model: str) -> dict[tuple[str, ...], str]:
        key = f"_{command}_{model}"
        if key not in self.__dict__:
            self.__dict__[key] = self.values(command, model, PLAIN)
        return self.__dict__[key]

    def _do(self, line: list[str], setting: Setting) -> None:
        """Run it in this process, or in one of its own where its hash seed is another."""
        if setting.hash_seed:
            environment = {**os.environ, "PYTHONHASHSEED": str(setting.hash_seed)}
            code = run([sys.executable, "-m", "gxfast", *line], env=environment).code
        else:
            code = main(line)
        require(code in FINISHED, f"{line}, {setting}: exit {code}")

    def values(self, command: str, model: str, setting: Setting) -> dict[tuple[str, ...], str]:
        """Run a command; return the texts of its values by what they are of."""
        cohort, turned = self.bench.cohort, setting.order == "turned"
        genes = self.turned_genes if turned else cohort.genes
        # Haplotypes are named by their first carrier, so that the order of people is part of what a scan is of.
        people = cohort.samples[::-1] if turned else cohort.samples
        fasta, vcf = ["--fasta", str(cohort.fasta)], ["--vcf", str(cohort.vcf)]
        modelled = ["--model", str(self.models[model])]
        if setting.batch:
            modelled += ["--batch-size", str(setting.batch)]
        linear = [*vcf, "--expression", str(cohort.expression)]
        arguments = {
            "predict": ["predict", *fasta, *vcf, *modelled, "-s", ",".join(people)],
            "variants": [
                "ism",
                "variants",
                *fasta,
                *vcf,
                *modelled,
                "--on",
                "haplotypes",
                "-s",
                ",".join(cohort.samples[:3]),
            ],
            "saturate": ["ism", "saturate", *fasta, *modelled, "--window", "6", "--format", "tsv"],
            "eqtl": ["eqtl", *linear, "--permutations", "100"],
            "baseline": ["baseline", *linear, "--folds", "3", "--inner-folds", "3"],
        }[command]
        out = self.bench.folder / "matrix"
        shutil.rmtree(out, ignore_errors=True)
        line = [*arguments, "-q", "--genes", str(genes), "--threads", str(setting.threads), "-o", str(out)]
        self._do(line, setting)
        if setting.resumed:
            _lose_half(out)
            self._do([*line, "--resume"], setting)
        return dict(_cells(out))


def _lose_half(out: Path) -> None:
    """Take every other block away, and whatever was made of them."""
    for file in sorted((out / STATE / "blocks").rglob("*.npz"))[::2]:
        file.unlink()
    for file in [file for file in out.rglob("*") if file.is_file() and STATE not in file.parts]:
        file.unlink()


_KEYS = {"gene_id", "phenotype_id", "variant_id", "pos", "alt", "ref", "model", "sample", "haplotype", "chrom", "#chr",
         "start", "end", "strand", "variant"}  # fmt: skip


def _cells(out: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each cell of each table, by file, what the row is of, and the column."""
    for file in sorted(out.rglob("*")):
        name = str(file.relative_to(out))
        if STATE in file.parts or not name.endswith((".tsv", ".tsv.gz", ".bed.gz")):
            continue
        with gzip.open(file, "rt") if name.endswith(".gz") else file.open() as handle:
            header, *rows = (line.rstrip("\n").split("\t") for line in handle)
        seen: dict[tuple[str, ...], int] = {}
        for row in rows:
            key = tuple(cell for column, cell in zip(header, row, strict=True) if column in _KEYS)
            seen[key] = seen.get(key, 0) + 1
            for column, cell in zip(header, row, strict=True):
                yield (name, *key, str(seen[key]), column), cell


def chosen(command: str, setting: Setting) -> Setting:
    """Return what of a setting a command knows."""
    if command in LINEAR:
        return replace(setting, batch=None, resumed=False)
    return replace(setting, batch=None) if setting.batch == 1 and command != "predict" else setting

"""``gxfast ism pairs`` on the demo: what is written are predictions of both changes, whatever the strand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.encode.one_hot import reverse_complement
from gxfast.io.tables import read_table
from gxfast.models.people import model_windows

zarr = pytest.importorskip("zarr")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["ism", "pairs", *map(str, arguments)])
        return (code, *capfd.readouterr())

    return command


def of_gene(cohort: Any, gene: str) -> list[object]:
    return ["--model", cohort.model, "--fasta", cohort.fasta, "--genes", cohort.genes, "--gene", gene]


@pytest.mark.parametrize("strand", ["+", "-"])
def test_interactions_are_those_of_predictions(cohort: Any, run: Run, tmp_path: Path, strand: str) -> None:
    genes = gx.read_genes(cohort.genes)
    g = next(g for g in range(1, len(genes)) if genes.strand[g] == strand)
    code, out, err = run(*of_gene(cohort, genes.gene_id[g]), "--window", 12, "-o", tmp_path / "a.b", "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts["n_positions"] == 25
    assert [Path(path).name for path in facts["files"]] == ["a.b.svg", "a.b.png", "a.b.tsv", "a.b.zarr"]
    table = read_table(tmp_path / "a.b.tsv")
    assert len(table["pos"]) == 25 * 24 // 2
    model, genome = gx.Model(cohort.model), gx.Genome(cohort.fasta)
    windows = model_windows(model.card, genes.take([g]))
    start = int(windows.start[0])
    letters = genome.fetch_array(genes.chrom[g], start, start + windows.length)

    def predicted(*changes: tuple[int, str]) -> float:
        own = letters.copy()
        for position, base in changes:
            own[position - 1 - start] = ord(base)
        rows = own[None]
        return float(model.predict(np.asarray(reverse_complement(rows)) if windows.reverse[0] else rows)[0, 0])

    strength = np.abs(np.array(table["interaction"], float))
    for row in [int(strength.argmax()), *np.random.default_rng(0).integers(0, len(strength), 12).tolist()]:
        one, other = ((int(table[f"{who}pos"][row]), table[f"{who}alt"][row]) for who in ("", "other_"))
        assert table["ref"][row] == chr(letters[one[0] - 1 - start])
        expected = predicted(one, other) - predicted(one) - predicted(other) + predicted()
        assert float(table["interaction"][row]) == pytest.approx(expected, abs=2e-5)
    assert facts["interaction"] == pytest.approx(strength.max())
    assert [facts["strongest"][i] for i in (0, 1)] == [
        int(table[name][int(strength.argmax())]) for name in ("pos", "other_pos")
    ]
    stored = zarr.open_group(str(tmp_path / "a.b.zarr"), mode="r")
    assert stored["effects"].shape == (25, 4, 25, 4)
    tss = int(genes.tss[g])
    assert stored["position"][:].tolist() == list(range(tss - 12, tss + 13))
    i, j = 3, 17
    both = stored["effects"][i, 0, j, 1]
    changes = [(int(stored["position"][at]) + 1, base) for at, base in ((i, "A"), (j, "C"))]
    assert both == pytest.approx(predicted(*changes) - predicted(), abs=2e-5)


def test_the_same_twice_and_never_over(cohort: Any, run: Run, tmp_path: Path) -> None:
    gene = gx.read_genes(cohort.genes).gene_id[1]
    for name in ("a", "b"):
        assert run(*of_gene(cohort, gene), "--window", 5, "-q", "-o", tmp_path / name) == (0, "", "")
    for suffix in ("png", "tsv"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [("absent/a", "cannot write there"), ("a b", "cannot write there")],
)
def test_names_that_cannot_be_written(cohort: Any, run: Run, tmp_path: Path, name: str, message: str) -> None:
    gene = gx.read_genes(cohort.genes).gene_id[1]
    code, _, err = run(*of_gene(cohort, gene), "-o", tmp_path / name)
    assert code == 2
    assert message in err


def test_a_window_is_needed(cohort: Any, run: Run, tmp_path: Path) -> None:
    code, _, err = run("--model", cohort.model, "--fasta", cohort.fasta, "-o", tmp_path / "a")
    assert code == 2
    assert "one window is needed" in err

"""``gxfast ism attribute`` on the demo: arrays are those of the functions, on the forward strand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gxfast as gx
from gxfast.cli.main import main
from gxfast.io.tables import read_table
from gxfast.models.people import model_windows

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["ism", "attribute", *map(str, arguments)])
        return (code, *capfd.readouterr())

    return command


def of_genes(cohort: Any, *more: object) -> list[object]:
    return ["--model", cohort.model, "--fasta", cohort.fasta, "--genes", cohort.genes, "-q", *more]


def arrays(prefix: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    hot, scores = (np.load(f"{prefix}.{name}.npz") for name in ("ohe", "shap"))
    assert hot.files == scores.files == ["arr_0"]
    return hot["arr_0"], scores["arr_0"]


def as_read(cohort: Any, g: int) -> tuple[NDArray[np.uint8], bool, int]:
    """The window of a gene on the forward strand, whether the model reads the other, and its first position."""
    model, genome, genes = gx.Model(cohort.model), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    windows = model_windows(model.card, genes.take([g]))
    start = int(windows.start[0])
    return genome.fetch_array(genes.chrom[g], start, start + windows.length), bool(windows.reverse[0]), start


def own(method: str, model: gx.Model, row: NDArray[np.uint8]) -> NDArray[Any]:
    """What the method gives for a sequence as the model reads it, by single predictions where that is possible."""
    if method == "deeplift":
        return gx.ism.deeplift(model, row, n_references=5, seed=2, hypothetical=True)[0]
    if method == "gradient":
        gradient = gx.ism.input_gradient(model, row)[0]
        return gradient - gradient.mean(1, keepdims=True)
    effects = np.zeros((len(row), 4))
    for p in range(len(row)):
        mutants = np.repeat(row[None], 5, axis=0)
        mutants[1:, p] = np.frombuffer(b"ACGT", np.uint8)
        values = model.predict(mutants)[:, 0]
        effects[p] = values[1:] - values[0]
    return effects - effects.mean(1, keepdims=True)


@pytest.mark.parametrize("method", ["deeplift", "gradient", "ism"])
def test_rows_are_the_windows_of_genes(cohort: Any, run: Run, tmp_path: Path, method: str) -> None:
    settings = ["--method", method, "--shuffles", 5, "--seed", 2, "--window", 30, "-o", tmp_path / "a"]
    assert run(*of_genes(cohort, *settings)) == (0, "", "")
    hot, scores = arrays(tmp_path / "a")
    genes, table = gx.read_genes(cohort.genes), read_table(tmp_path / "a.tsv")
    assert (hot.shape, hot.dtype) == ((len(genes), 4, 61), np.int8)
    assert (scores.shape, scores.dtype) == (hot.shape, np.float32)
    assert list(table) == ["name", "chrom", "strand", "first_pos", "last_pos"]
    assert tuple(table["name"]) == genes.gene_id
    model = gx.Model(cohort.model)
    for strand in "+-":
        g = genes.strand.index(strand)
        letters, reverse, start = as_read(cohort, g)
        assert reverse == (strand == "-")
        first = int(genes.tss[g]) - 30
        assert (int(table["first_pos"][g]), int(table["last_pos"][g])) == (first + 1, first + 61)
        place = slice(first - start, first - start + 61)
        assert np.array_equal(hot[g], gx.one_hot(letters[None, place], layout="NCL", dtype="int8")[0])
        found = own(method, model, np.asarray(gx.reverse_complement(letters[None]))[0] if reverse else letters)
        expected = (found[::-1, ::-1] if reverse else found)[place].T
        assert scores[g] == pytest.approx(expected, abs=2e-5)
        assert np.abs(scores[g]).max() > 1e-3


def test_regions_sequences_and_the_same_for_any_threads(cohort: Any, run: Run, tmp_path: Path) -> None:
    model = gx.Model(cohort.model)
    length = model.card.read_length
    where = ["--model", cohort.model, "--fasta", cohort.fasta, "-r", "chr1:901-1100", "-r", "chr1:1501-1502"]
    code, out, err = run(*where, "--window", 10, "-o", tmp_path / "r", "--json", "-q", "--threads", 1)
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert (facts["n_windows"], facts["n_positions"], facts["failed"]) == (2, 21, [])
    assert read_table(tmp_path / "r.tsv")["first_pos"] == ["991", "1492"]  # around 1001 and 1502, 1-based
    assert run(*where, "--window", 10, "-o", tmp_path / "again", "-q", "--threads", 3) == (0, "", "")
    for suffix in ("ohe.npz", "shap.npz", "tsv"):
        assert (tmp_path / f"r.{suffix}").read_bytes() == (tmp_path / f"again.{suffix}").read_bytes()
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), length))
    (tmp_path / "s.fa").write_text(f">one\n{text}\n>two\n{text[::-1]}\n")
    some = ["--model", cohort.model, "--sequences", tmp_path / "s.fa", "-q", "--shuffles", 3]
    assert run(*some, "-o", tmp_path / "whole") == (0, "", "")
    assert run(*some, "--positions", "11-50", "-o", tmp_path / "part") == (0, "", "")
    hot, scores = arrays(tmp_path / "whole")
    assert scores.shape == (2, 4, length)
    assert np.array_equal(scores[0].T, gx.ism.deeplift(model, text, n_references=3, hypothetical=True)[0])
    for part, whole in zip(arrays(tmp_path / "part"), (hot, scores), strict=True):
        assert np.array_equal(part, whole[:, :, 10:50])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--window", "99999"], "reaches past the"),
        (["--window", "x"], "--window 'x' is no number of bases"),
        (["--positions", "1-5"], "--positions belongs to --sequences"),
        (["--track", "nothing"], "no track is named 'nothing'"),
    ],
)
def test_what_is_refused(cohort: Any, run: Run, tmp_path: Path, more: list[str], message: str) -> None:
    code, _, err = run(*of_genes(cohort, *more, "-o", tmp_path / "a"))
    assert code == 2
    assert message in err
    assert not list(tmp_path.iterdir())


def test_no_file_is_written_over_an_input(cohort: Any, run: Run, tmp_path: Path) -> None:
    genes = tmp_path / "a.tsv"
    genes.write_bytes(Path(cohort.genes).read_bytes())
    code, _, err = run("--model", cohort.model, "--fasta", cohort.fasta, "--genes", genes, "-o", tmp_path / "a")
    assert code == 2
    assert "it would be written over" in err
    code, _, err = run(*of_genes(cohort, "-o", tmp_path / "no" / "a"))
    assert code == 2
    assert "cannot write there" in err

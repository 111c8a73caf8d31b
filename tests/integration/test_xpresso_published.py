"""Converted Xpresso weights against the published reference predictions (Huang et al. 2023)."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pysam
import pytest
from numpy.typing import NDArray

from gxfast.encode.one_hot import reverse_complement
from gxfast.models.card import ModelCard
from gxfast.models.importers.xpresso import import_xpresso
from gxfast.models.session import Model

DATA = Path(os.environ.get("GXFAST_DATA", Path(__file__).parents[2] / "../shared/data")) / "geuvadis_chr22"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="real data absent (set GXFAST_DATA)")

FASTA = {"20": ("ref/20.b37.fa.gz", "20"), "22": ("ref/chr22.hg19.to20Mb.fa.gz", "chr22")}


def model(folder: Path, cell_type: str) -> Model:
    (weights,) = (DATA / "models").glob(f"{cell_type}_*.h5")
    return Model(import_xpresso(weights, folder), device="cpu")


def sequences(card: ModelCard, *, offset: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Windows of the 87 genes as the model reads them, and the published predictions."""
    genomes = {name: (pysam.FastaFile(str(DATA / file)), contig) for name, (file, contig) in FASTA.items()}
    rows, expected = [], []
    with (DATA / "published/ref_preds.hg19.csv").open(newline="") as stream:
        for gene in csv.DictReader(stream):
            genome, contig = genomes[gene["chrom"].removeprefix("chr")]
            start, end, reverse = card.window(int(gene["tss_hg19"]) - 1 + offset, gene["strand"])
            bases = genome.fetch(contig, start, end).upper().encode()
            rows.append(np.frombuffer(reverse_complement(bases) if reverse else bases, np.uint8))
            expected.append(float(gene["Xpresso"]))
    for genome, _ in genomes.values():
        genome.close()
    return np.stack(rows), np.array(expected)


def test_published_reference_predictions(tmp_path: Path) -> None:
    gm12878 = model(tmp_path, "GM12878")
    assert gm12878.card.name == "xpresso-gm12878"
    rows, expected = sequences(gm12878.card)
    assert rows.shape == (87, 10_500)
    predicted = gm12878.predict(rows, check_finite=True)[:, 0]
    assert np.abs(predicted - expected).max() <= 1e-5  # an independent conversion reached 4e-7


def test_the_comparison_is_sharp(tmp_path: Path) -> None:
    """A window one base off or the weights of another cell type would be seen."""
    gm12878 = model(tmp_path, "GM12878")
    rows, expected = sequences(gm12878.card, offset=1)
    assert np.abs(gm12878.predict(rows)[:, 0] - expected).max() > 0.01
    rows, _ = sequences(gm12878.card)
    for other in ("K562", "humanMedian"):
        assert np.abs(model(tmp_path, other).predict(rows)[:, 0] - expected).max() > 0.1


@pytest.mark.parametrize("batch_size", [3, 7, 32])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_bits_do_not_depend_on_batches_or_threads(tmp_path: Path, batch_size: int, n_threads: int) -> None:
    smallest = model(tmp_path, "GM12878")
    rows, _ = sequences(smallest.card)
    expected = smallest.predict(rows[:64])
    other = Model(smallest.path, device="cpu", batch_size=batch_size, n_threads=n_threads)
    assert other.predict(rows[:64]).tobytes() == expected.tobytes()


def test_verify_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from gxfast.cli.main import main

    published = DATA.parent / "geuvadis_published"
    command = [
        "model", "verify", str(model(tmp_path, "GM12878").path), "--fasta", str(DATA / FASTA["20"][0]), "--fasta",
        str(DATA / FASTA["22"][0]), "--genes", str(published / "gene_list.csv"), "--published",
        str(published / "all_models_ref_preds.csv"), "--json",
    ]  # fmt: skip
    assert main([*command, "--column", "Xpresso"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["genes"] == 99
    assert found["largest_difference"] < 1e-6
    assert main([*command, "--column", "Enformer"]) == 1

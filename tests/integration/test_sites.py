"""Regions instead of genes: any readout of people goes the same way."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.errors import InputError
from gxfast.io.tables import read_expression, read_sites


def test_middles_names_and_strands(tmp_path: Path) -> None:
    path = tmp_path / "p.bed"
    path.write_text("# peaks\nchr1\t100\t201\nchr2\t5\t6\tpeak\t0\t-\nchr2\t7\t10\tq\t0\t.\n")
    found = read_sites(path)
    assert found.gene_id == ("chr1:101-201", "peak", "q")
    assert found.tss.tolist() == [150, 5, 8]
    assert found.strand == ("+", "-", "+")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t5\n", "3 columns"),
        ("chr1\t5\t5\n", "is none"),
        ("chr1\t5\t9\ta\nchr1\t6\t9\ta\n", "twice"),
        ("#\n", "no regions"),
    ],
)
def test_bad_regions(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.bed"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_sites(path)


def test_a_run_over_regions_is_that_of_genes_in_their_middles(tmp_path: Path) -> None:
    cohort = simulate_cohort(tmp_path / "c", seed=3, n_people=40, n_genes=10)
    genes, table = gx.read_genes(cohort.genes), read_expression(cohort.expression)
    row = {gene: g for g, gene in enumerate(table.gene_id)}
    peaks, matrix = tmp_path / "peaks.bed", tmp_path / "accessibility.tsv"
    starts = np.maximum(0, genes.tss - 250)
    lines = [
        f"{genes.chrom[g]}\t{starts[g]}\t{2 * genes.tss[g] - starts[g]}\tpeak{g}\t0\t{genes.strand[g]}"
        for g in range(10)
    ]
    peaks.write_text("\n".join(lines) + "\n")
    with matrix.open("w") as handle:
        handle.write("\t".join(["gene_id", *table.samples]) + "\n")
        for g in range(10):
            handle.write("\t".join([f"peak{g}", *map(str, table.values[row[genes.gene_id[g]]])]) + "\n")
    shared = ["-q", "--fasta", str(cohort.fasta), "--vcf", str(cohort.vcf), "--model", str(cohort.model)]
    shared += ["--permutations", "20"]
    of_genes = ["--genes", str(cohort.genes), "--expression", str(cohort.expression)]
    of_peaks = ["--sites", str(peaks), "--expression", str(matrix)]
    for name, inputs in (("g", of_genes), ("p", of_peaks)):
        assert main(["run", *shared, *inputs, "-o", str(tmp_path / name)]) == 0
    found = []
    for name in "gp":
        with (tmp_path / name / "genes.tsv").open() as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
        found.append([[row[c] for c in ("pearson_r", "baseline_r", "reference_prediction")] for row in rows])
    assert found[0] == found[1]
    assert np.isfinite([float(r[0]) for r in found[0] if r[0]]).any()
    certificates = []
    for name in "gp":
        with (tmp_path / name / "certificate.tsv").open() as handle:
            certificates.append([list(row.values())[2:] for row in csv.DictReader(handle, delimiter="\t")])
    assert certificates[0] == certificates[1]
    assert {"right", "wrong"} <= {row[7] for row in certificates[0]}
    assert main(["run", *shared, *of_genes, "--sites", str(peaks), "-o", str(tmp_path / "both")]) == 2
    scanned = []
    for name, inputs in (("g", of_genes[:2]), ("p", of_peaks[:2])):
        out = tmp_path / f"{name}.ism"
        assert main(["ism", "variants", *shared[:7], *inputs, "-o", str(out)]) == 0
        (table,) = (out / "ism").glob("*.variants.tsv.gz")
        with gzip.open(table, "rt") as lines:
            scanned.append([row.partition("\t")[2] for row in lines])
    assert scanned[0] == scanned[1]
    assert len(scanned[0]) > 100
    assert main(["ism", "variants", *shared[:7], "-o", str(tmp_path / "neither")]) == 2

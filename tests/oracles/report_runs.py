"""Run directories made by hand, for the report."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from gxfast.reporting import write_report

COLUMNS = [
    "gene_id", "name", "chrom", "tss", "strand", "model", "n_people", "n_variants", "n_haplotypes", "pearson_r",
    "pearson_p", "pearson_q", "spearman_rho", "mean_observed", "mean_predicted", "reference_prediction", "status",
]  # fmt: skip
ROWS = [
    "G1 UP chr1 100 + m 4 3 5 0.9 0.001 0.004 0.8 1.5 2.5 1.0 ok",
    "G2 DOWN chr1 200 - m 4 3 5 -0.8 0.002 0.004 -0.8 2.5 2.5 2.0 ok",
    "G3 FLAT chr1 300 + m 4 3 5 0.1 0.8 0.8 0.1 3.0 2.5 3.0 ok",
    "G4 NONE chr1 400 + m 4 0 1 . . . . 4.0 2.5 2.0 one_haplotype",
]


def make_run(folder: Path, rows: list[str] = ROWS, *, matrices: bool = True, **replaced: str) -> Path:
    folder.mkdir()
    manifest = {
        "gxfast": "0.1.0",
        "options": {"transform": "none", "residualise": "expression", "n_covariates": 0},
        "inputs": {"vcf": [{"file": "a.vcf.gz", "sha256": "ab" * 32}]},
        "summary": {"n_people": 4, "n_genes": len(rows), "models": {}},
        "counts": {"m": {"missing_calls": 7, "half_calls": 0}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        cells = [replaced.get(cell, "" if cell == "." else cell) for cell in row.split()]
        lines.append("\t".join(cells))
    (folder / "genes.tsv").write_text("\n".join(lines) + "\n")
    if matrices:
        for where in ("predictions/m.bed.gz", "evaluation/observed.bed.gz"):
            (folder / where).parent.mkdir()
            with gzip.open(folder / where, "wt") as handle:
                handle.write("#chr\tstart\tend\tgene_id\ta\tb\tc\td\n")
                for i, row in enumerate(rows):
                    gene = replaced.get(row.split()[0], row.split()[0])
                    handle.write(f"chr1\t{100 * i}\t{100 * i + 1}\t{gene}\t1.0\t2.0\t{3.0 + i}\tNA\n")
    return folder


def text_of(folder: Path, **options: Any) -> str:
    return write_report(folder, **options).read_text()

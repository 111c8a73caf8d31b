"""Print the four cells of Xpresso, its mutagenesis as a table of effects, linear baselines and heads on real people.

358 Europeans of Geuvadis, chromosome 22; populations by the ranges of sample names that the 1000 Genomes Project gave
to them. The effects are those that the first model's own run writes. With ``--simulate H2`` expression is made from
their genotypes, five causal SNPs a gene, and it is said whether the heritability comes back within two standard errors.

Usage: GXFAST_DATA=../shared/data python bench/validation/four_cells.py [-o DIR] [--simulate 0.2]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import gxfast as gx
from gxfast.models.importers.xpresso import import_xpresso

DATA = Path(os.environ.get("GXFAST_DATA", "../shared/data")) / "geuvadis_chr22"
WEIGHTS = {
    "gm12878": "GM12878_trainepoch.06-0.5062.h5",
    "k562": "K562_trainepoch.11-0.4917.h5",
    "humanmedian": "humanMedian_trainepoch.11-0.426.h5",
}
REACH = 200_000  # of simulated causal SNPs
REGION = "chr22:16200000-19900000"  # of the FASTA that is not masked


def population_of(sample: str) -> str:
    """Return CEU, FIN, GBR or TSI."""
    number = int(sample[2:])
    if sample.startswith("NA"):
        return "TSI" if number >= 20000 else "CEU"
    return "FIN" if 171 <= number <= 190 or 266 <= number <= 384 else "GBR"


def main() -> None:
    """Run, and print the tables of cells, people and directions."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--output", type=Path, default=None)
    parser.add_argument("--permutations", type=int, default=100)
    parser.add_argument("--simulate", type=float, default=None, metavar="H2")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"{DATA} is not there")
    folder = options.output or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    models = []
    for name, weights in WEIGHTS.items():
        models.append(folder / f"{name}.onnx")
        import_xpresso(DATA / "models" / weights, models[-1], name=name)
    vcf = DATA / "geno/geuvadis358.chr22.vcf.gz"
    samples = gx.VariantFile(vcf).samples
    populations = folder / "populations.tsv"
    lines = [f"{sample}\t{population_of(sample)}\n" for sample in samples]
    populations.write_text("sample\tpopulation\n" + "".join(lines))
    files = {
        "fasta": DATA / "ref/chr22.hg19.to20Mb.fa.gz", "vcf": vcf,
        "expression": DATA / "expr/geuvadis358.chr22.rpkm.bed.gz",
        "covariates": DATA / "expr/geuvadis358.covariates.pc50.txt.gz", "n_covariates": 13, "regions": REGION,
        "expression_transform": "log2p1", "populations": populations, "permutations": options.permutations,
        "independent": True, "susie": True,
    }  # fmt: skip
    if options.simulate is not None:
        recovered(folder, models, files, options.simulate)
        return
    gx.run(folder / "mutagenesis", model=models[0], steps=("predict", "evaluate", "ism", "drivers"), **files)
    effects = folder / "mutagenesis/ism/gm12878.variants.tsv.gz"
    gx.run(folder / "run", model=models, effects=f"gm12878-ism={effects}", **files)
    for name in ("cells.tsv", "direction.tsv"):
        show(folder / "run" / name)


def recovered(folder: Path, models: list[Path], files: dict[str, Any], h2: float) -> None:
    """Run on simulated expression, print the cells, and say how near the heritability is."""
    files = {**files, "expression": simulated(folder, files, h2), "expression_transform": "none", "cis_window": REACH}
    for name in ("covariates", "n_covariates", "independent", "susie"):
        del files[name]
    run = gx.run(folder / "simulated", model=models[:2], steps=("predict", "evaluate", "baseline", "heads"), **files)
    show(run.path / "cells.tsv")
    (row,) = [row for row in run.cells if (row.model, row.people, row.population) == ("elastic_net", "same", "all")]
    away = (row.h2 - h2) / row.h2_se
    print(f"heritability {row.h2:.3f} (SE {row.h2_se:.3f}) of {row.n_h2} genes, planted {h2:g}: {away:+.2f} SE")
    if abs(away) > 2:
        sys.exit("not recovered within two standard errors")


def simulated(folder: Path, files: dict[str, Any], h2: float) -> Path:
    """Write an expression BED with five causal SNPs a gene, within REACH of the TSS."""
    chrom, _, span = REGION.partition(":")
    low, high = map(int, span.split("-"))
    rng, variants = np.random.default_rng(0), gx.VariantFile(files["vcf"])
    text = gzip.decompress(Path(files["expression"]).read_bytes()).decode().splitlines()
    lines = ["\t".join([*text[0].split("\t")[:6], *variants.samples])]
    for line in text[1:]:
        leading = line.split("\t")[:6]
        tss = int(leading[2])
        if leading[0].removeprefix("chr") != chrom.removeprefix("chr") or not low <= tss <= high:
            continue
        calls = variants.region(chrom, tss - REACH, tss + REACH).calls
        dosage = (calls > 0).sum(axis=2).astype(float)
        dosage = dosage[dosage.min(axis=1) < dosage.max(axis=1)]
        if len(dosage) < 5:
            continue
        causal = dosage[rng.choice(len(dosage), 5, replace=False)]
        g = rng.normal(size=5) / causal.std(axis=1) @ (causal - causal.mean(axis=1, keepdims=True))
        noise = rng.normal(size=len(variants.samples))
        y = np.sqrt(h2) * g / g.std() + np.sqrt(1 - h2) * noise
        lines.append("\t".join([*leading, *map(repr, y.tolist())]))
    path = folder / "simulated.bed"
    path.write_text("\n".join(lines) + "\n")
    return path


def show(path: Path) -> None:
    """Print a table with its numbers rounded."""
    print(f"## {path.name}")
    with path.open() as handle:
        for row in csv.reader(handle, delimiter="\t"):
            print("\t".join(_short(cell) for cell in row))


def _short(cell: str) -> str:
    try:
        return f"{float(cell):.3f}".removesuffix(".000")
    except ValueError:
        return cell


if __name__ == "__main__":
    main()

"""Print the four cells of Xpresso, its mutagenesis as a table of effects, linear baselines and heads on real people.

358 Europeans of Geuvadis, chromosome 22; populations by the ranges of sample names that the 1000 Genomes Project gave
to them. The effects are those that the first model's own run writes.

Usage: GXFAST_DATA=../shared/data python bench/validation/four_cells.py [-o DIR]
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from pathlib import Path

import gxfast as gx
from gxfast.models.importers.xpresso import import_xpresso

DATA = Path(os.environ.get("GXFAST_DATA", "../shared/data")) / "geuvadis_chr22"
WEIGHTS = {
    "gm12878": "GM12878_trainepoch.06-0.5062.h5",
    "k562": "K562_trainepoch.11-0.4917.h5",
    "humanmedian": "humanMedian_trainepoch.11-0.426.h5",
}
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
    }  # fmt: skip
    gx.run(folder / "mutagenesis", model=models[0], steps=("predict", "evaluate", "ism", "drivers"), **files)
    effects = folder / "mutagenesis/ism/gm12878.variants.tsv.gz"
    gx.run(folder / "run", model=models, effects=f"gm12878-ism={effects}", **files)
    for name in ("cells.tsv", "direction.tsv"):
        show(folder / "run" / name)


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

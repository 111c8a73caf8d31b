"""Run large models inside `gxfast predict` on the real chromosome 20, with people drawn for it; time and memory.

    GXFAST_DATA=DATA python bench/predict_models.py FOLDER MODEL.onnx [MODEL.onnx ...] [--people N]

The reference is DATA/geuvadis_chr22/ref/20.b37.fa.gz as it is. There are no public genotypes of people on it here, so
phased ones are drawn: a SNV about every 1,000 bases around the genes, alternative allele frequencies of 5 to 50 %.
Prints what `gxfast predict` prints, its wall time and peak memory, and how a mutagenesis scan would be done.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pysam

# BCAS1 and TP53INP2, both strands, from the published gene list
GENES = "gene_id\tchrom\ttss\tstrand\nENSG00000064787\t20\t52687304\t-\nENSG00000078804\t20\t33292094\t+\n"
_STEP = 1000


def main() -> None:
    """Make the cohort, predict, and explain."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--mode", default="auto", help="of the scan that is explained; auto plans all and takes memory")
    parser.add_argument("--genes", type=int, default=2, choices=(1, 2))
    arguments = parser.parse_args()
    fasta = Path(os.environ["GXFAST_DATA"]) / "geuvadis_chr22/ref/20.b37.fa.gz"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    genes = arguments.folder / "genes.tsv"
    genes.write_text("\n".join(GENES.splitlines()[: 1 + arguments.genes]) + "\n")
    vcf = write_cohort(arguments.folder / "people.vcf.gz", fasta, arguments.people)
    for number, model in enumerate(arguments.models):
        output = arguments.folder / f"run{number}-{time.time_ns()}"
        command = ["predict", "--fasta", str(fasta), "--vcf", str(vcf), "--genes", str(genes), "--model", model]
        start = time.monotonic()
        finished = subprocess.run([sys.executable, "-m", "gxfast", *command, "-o", str(output), "--device", "cpu"])
        seconds, peak = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        if finished.returncode:
            raise SystemExit(f"{model}: exit code {finished.returncode}")
        lines = (output / "genes.tsv").read_text().splitlines()
        for line in lines:
            print("  " + "\t".join(line.split("\t")[k] for k in (0, 5, 6, 7, 8, 9, 10)))
        print(f"{model}: {seconds:.0f} s, peak memory {peak:.1f} GiB (largest of the models so far)", flush=True)
        print(explain(model, arguments.mode), flush=True)


def explain(path: str, mode: str) -> str:
    """How a mutagenesis scan would be done, by the shapes of the graph alone: nothing is run."""
    from gxfast.ism import plan
    from gxfast.models import Model

    return plan(Model(path, device="cpu"), mode=mode, check=0).explain()


def write_cohort(path: Path, fasta: Path, people: int) -> Path:
    """Phased SNVs around the genes, REF from the reference."""
    rng = np.random.default_rng(20)
    header = pysam.VariantHeader()
    with pysam.FastaFile(str(fasta)) as genome:
        header.add_line(f"##contig=<ID=20,length={genome.get_reference_length('20')}>")
        header.add_line('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
        for person in range(people):
            header.add_sample(f"P{person}")
        positions = sorted(
            at for tss in (33292094, 52687304) for at in range(tss - 270_000, tss + 270_000, _STEP)
        )  # fmt: skip
        with pysam.VariantFile(str(path), "wz", header=header) as out:
            for at in positions:
                reference = genome.fetch("20", at, at + 1).upper()
                if reference not in "ACGT":
                    continue
                alternative = str(rng.choice([base for base in "ACGT" if base != reference]))
                record = out.new_record(contig="20", start=at, alleles=(reference, alternative))
                carried = rng.random((people, 2)) < rng.uniform(0.05, 0.5)
                for person in range(people):
                    record.samples[person]["GT"] = tuple(int(allele) for allele in carried[person])
                    record.samples[person].phased = True
                out.write(record)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


if __name__ == "__main__":
    main()

"""Two examples of every command, as its help and its manual page show them."""

from __future__ import annotations

from typing import Final

__all__ = ["EXAMPLES"]

_FILES: Final = "--fasta hg38.fa --vcf 'chr{chrom}.vcf.gz' --genes genes.tsv"

EXAMPLES: Final = {
    "": ("gxfast demo -o demo", "gxfast run --help"),
    "demo": ("gxfast demo", "gxfast demo -o small --people 40 --genes 18 --seed 1"),
    "check": (
        f"gxfast check {_FILES} \\\n    --expression expression.bed.gz --model model.onnx",
        f"gxfast check {_FILES} \\\n    --model model.onnx --json > findings.json",
    ),
    "predict": (
        f"gxfast predict {_FILES} \\\n    --model model.onnx -o predicted",
        f"gxfast predict {_FILES} \\\n    --model model.onnx -r chr21 --unphased as_phased --device cuda -o chr21",
    ),
    "evaluate": (
        "gxfast evaluate predicted/predictions/model.bed.gz \\\n    --expression expression.bed.gz -o evaluated",
        "gxfast evaluate theirs.tsv --expression expression.bed.gz \\\n"
        "    --covariates covariates.tsv --name theirs -o evaluated",
    ),
    "baseline": (
        "gxfast baseline --vcf 'chr{chrom}.vcf.gz' \\\n    --expression expression.bed.gz -o baseline",
        "gxfast baseline --vcf 'chr{chrom}.vcf.gz' \\\n    --apply weights.db -o predicted.tsv",
    ),
    "eqtl": (
        "gxfast eqtl --vcf 'chr{chrom}.vcf.gz' \\\n    --expression expression.bed.gz --independent --susie -o eqtl",
        "gxfast eqtl --vcf imputed.bcf --expression expression.bed.gz \\\n"
        "    --dosage DS --permutations 0 --format parquet -o nominal",
    ),
    "ism": ("gxfast ism saturate --help", "gxfast ism plot --help"),
    "ism saturate": (
        "gxfast ism saturate --model model.onnx --fasta hg38.fa \\\n    --genes genes.tsv --window 500 -o scan",
        "gxfast ism saturate --model model.onnx --fasta hg38.fa \\\n    -r chr7:5530000-5531000 --dry-run",
    ),
    "ism variants": (
        f"gxfast ism variants --model model.onnx \\\n    {_FILES} \\\n    --background 20000 -o effects",
        f"gxfast ism variants --model model.onnx \\\n    {_FILES} \\\n    --on haplotypes -s NA12878 -o effects",
    ),
    "ism attribute": (
        "gxfast ism attribute --model model.onnx --fasta hg38.fa \\\n    -r peaks.bed --window 500 -o peaks",
        "gxfast ism attribute --model model.onnx --fasta hg38.fa \\\n    --genes genes.tsv --method ism -o tss",
    ),
    "ism pairs": (
        "gxfast ism pairs --model model.onnx --fasta hg38.fa \\\n    --genes genes.tsv --gene ACTB -o pairs",
        "gxfast ism pairs --model model.onnx --fasta hg38.fa \\\n    -r chr7:5530500-5530600 -o pairs",
    ),
    "ism merge": (
        "gxfast ism merge part1 part2 part3 -o scan",
        "gxfast ism merge parts/* -o scan --json",
    ),
    "ism plot": (
        "gxfast ism plot --model model.onnx --fasta hg38.fa \\\n    --genes genes.tsv --gene ACTB -o actb",
        "gxfast ism plot --scan scan --gene ACTB --window 100 -o actb",
    ),
    "drivers": (
        f"gxfast drivers {_FILES} \\\n    --expression expression.bed.gz --model model.onnx -o drivers",
        f"gxfast drivers {_FILES} \\\n    --expression expression.bed.gz --model model.onnx \\\n"
        "    --finemapped pips.tsv --driver-rule backward -o drivers",
    ),
    "variants": (
        "gxfast variants --labels finemapped.tsv.gz \\\n"
        "    --scores scores.tsv --fasta hg38.fa --controls 9 -o benchmark",
        "gxfast variants --labels eqtls.tsv --scores A=a.tsv --scores B=b.tsv \\\n"
        "    --compare A,B --strata distance,effect:q4 -o benchmark",
    ),
    "compare": (
        "gxfast compare run_of_a run_of_b -o agreement.tsv",
        "gxfast compare run_of_a 'theirs.tsv#pearson' --side-by-side genes.tsv",
    ),
    "run": (
        f"gxfast run {_FILES} \\\n    --expression expression.bed.gz --model model.onnx -o out",
        "gxfast run --config out/config.toml --model other.onnx -o again",
    ),
    "report": ("gxfast report out", "gxfast report out --gene ACTB,GAPDH"),
    "plan": (
        f"gxfast plan --shards 20 -o out \\\n    {_FILES} \\\n    --expression expression.bed.gz --model model.onnx",
        f"gxfast plan --dry-run --people 100000 predict \\\n    {_FILES} \\\n    --model model.onnx",
    ),
    "status": ("gxfast status out", "gxfast status out --json"),
    "merge": ("gxfast merge out", "gxfast merge out --threads 8 --json"),
    "verify": ("gxfast verify out", "gxfast verify out --json"),
    "model": ("gxfast model import --help", "gxfast model inspect model.onnx"),
    "model import": (
        "gxfast model import enformer weights.pt --length 49152 \\\n"
        "    --track 5110 --bins 447-449 --reduce mean -o enformer.onnx",
        "gxfast model import torch mymodel:build --weights weights.pth \\\n    --length 2000 -o mymodel.onnx",
    ),
    "model inspect": ("gxfast model inspect model.onnx", "gxfast model inspect model.onnx --json"),
    "model list": ("gxfast model list", "gxfast model list models"),
    "model tracks": ("gxfast model tracks targets.txt", "gxfast model tracks targets.txt 'CAGE:brain'"),
    "model verify": (
        "gxfast model verify model.onnx --fasta hg38.fa --genes genes.tsv \\\n"
        "    --published table.tsv --column prediction",
        "gxfast model verify model.onnx --fasta hg38.fa --genes genes.tsv \\\n"
        "    --published table.tsv --column prediction --tolerance 1e-3 --json",
    ),
    "doctor": ("gxfast doctor", "gxfast doctor --json"),
    "man": ("gxfast man run | man -l -", "gxfast man -o ~/.local/share/man/man1"),
}  # fmt: skip

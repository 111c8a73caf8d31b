"""`--max-mem` in linear models: the peak of the process stays below it, and no byte changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pysam
import pytest
from oracles.directories import fingerprint

from gxfast.io.bgzf import bgzf_text

# The kernel's maximum for a child begins with what its parent had; the one of its own memory does not.
CODE = """
import sys
from gxfast.cli.main import main
code = main(sys.argv[1:])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
sys.exit(code)
"""
GENES = 5
SLACK = 24 << 20  # of the allocator, and of the table of expression


def _cohort(folder: Path, people: int, records: int) -> list[str]:
    """A record every 200 bases, a sixth of them rare; five genes in one block."""
    folder.mkdir()
    random = np.random.default_rng(people)
    names = [f"p{i}" for i in range(people)]
    cells = np.array([list(b"0|0\t"), list(b"0|1\t"), list(b"1|0\t"), list(b"1|1\t")], np.uint8)
    y = random.normal(size=(GENES, people))
    with bgzf_text(folder / "people.vcf.gz") as vcf:
        vcf.write("##fileformat=VCFv4.2\n##contig=<ID=c,length=2000000>\n##FORMAT=<ID=GT,Number=1,Type=String,")
        vcf.write(
            'Description="Genotype">\n' + "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"])
        )
        vcf.write("\t" + "\t".join(["FORMAT", *names]) + "\n")
        for v in range(records):
            calls = random.random((people, 2)) < (0.002 if v % 6 == 0 else random.uniform(0.05, 0.5))
            row = cells[calls[:, 0] * 2 + calls[:, 1]].tobytes()[:-1].decode()
            vcf.write(f"c\t{1_000_000 + 200 * v}\t.\tA\tG\t.\t.\t.\tGT\t{row}\n")
            if v % (records // GENES) == records // GENES // 2:
                y[v * GENES // records] += 0.3 * calls.sum(axis=1)
    pysam.tabix_index(str(folder / "people.vcf.gz"), preset="vcf", force=True)
    with bgzf_text(folder / "expression.bed.gz") as bed:
        bed.write("\t".join(["#chr", "start", "end", "phenotype_id", *names]) + "\n")
        for g, row in enumerate(y.tolist()):
            tss = 1_000_000 + 200 * records * (2 * g + 1) // (2 * GENES)
            bed.write("\t".join(["c", str(tss), str(tss + 1), f"g{g}", *map(repr, row)]) + "\n")
    return ["--vcf", str(folder / "people.vcf.gz"), "--expression", str(folder / "expression.bed.gz")]


def _peak(words: list[str]) -> int:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    command = [sys.executable, "-c", CODE, *words, "-q", "--threads", "2"]
    found = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert found.returncode in (0, 3), found.stderr  # 3: genes without a variant are listed
    return 1024 * int(found.stdout.split()[-1])


@pytest.mark.parametrize(
    ("people", "records", "allowed"), [(358, 1200, (4, 12, 4)), (1000, 1200, (8, 24, 8)), (10_000, 2000, (32, 160, 64))]
)
def test_peaks_and_bytes(tmp_path: Path, people: int, records: int, allowed: tuple[int, int, int]) -> None:
    inputs = _cohort(tmp_path / "in", people, records)
    commands = {
        "eqtl": ["eqtl", "--permutations", "0", "--window", "30000"],
        "permuted": ["eqtl", "--permutations", "20", "--window", "30000"],
        "baseline": ["baseline", "--folds", "2", "--inner-folds", "2", "--window", "5000"],
    }
    for (name, words), most in zip(commands.items(), allowed, strict=True):
        # what the command takes with next to no data
        own = _peak([*words, *inputs, "-s", ",".join(f"p{i}" for i in range(60)), "-o", str(tmp_path / f"{name}-own")])
        bounded, free = tmp_path / f"{name}-bounded", tmp_path / f"{name}-free"
        peak = _peak([*words, *inputs, "--max-mem", f"{most}M", "-o", str(bounded)])
        _peak([*words, *inputs, "-o", str(free)])
        assert peak < own + (most << 20) + SLACK, name
        assert fingerprint(bounded) == fingerprint(free), name


def test_a_gene_without_room_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from gxfast.cli.main import main

    inputs = _cohort(tmp_path / "in", 500, 600)
    for command in (["eqtl", "--permutations", "0"], ["baseline"]):
        assert main([*command, *inputs, "-q", "--max-mem", "100K", "-o", str(tmp_path / command[0])]) == 2
        error = capfd.readouterr().err
        assert "the variants in the window of g0 and 500 people take more memory than is allowed" in error
        assert "--max-mem" in error

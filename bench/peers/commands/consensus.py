"""samtools faidx and bcftools consensus in a loop of the shell (consensus.sh): two processes per haplotype."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from gxfast.bench.cases.commands.haplotypes import JOB, RegionFiles, Sequences, read_fasta
from gxfast.bench.packages import need_programs
from gxfast.bench.peers import CommandPeer

__all__ = ["peers"]

_SCRIPT: Final = Path(__file__).with_name("consensus.sh")


def _words(files: RegionFiles, folder: Path) -> list[str | Path]:
    return ["bash", _SCRIPT, files.fasta, files.vcf, files.regions, files.people, folder / "out.fa"]


def _read(files: RegionFiles, folder: Path) -> Sequences:
    return read_fasta(folder / "out.fa")


def peers() -> list[CommandPeer]:
    """Return the loop."""
    there = partial(need_programs, "apt-get install samtools bcftools", "samtools", "bcftools", "bash")
    return [CommandPeer("samtools faidx, bcftools consensus", JOB, there, _words, _read)]

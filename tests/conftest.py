"""Shared fixtures: kernel backends, the real data, and tiny genomes with their variants."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.io.bgzf import write_bgzf
from gxfast.io.fasta import Genome
from gxfast.io.indexing import index_fasta, index_vcf
from gxfast.io.vcf import VariantFile
from gxfast.personal.batch import HaplotypeBatch, consensus, haplotypes
from gxfast.personal.policy import HaplotypePolicy
from gxfast.types import Windows

REPOSITORY = Path(__file__).resolve().parents[1]
# (chrom, 1-based pos, ref, alt, one column per sample[, FILTER, INFO[, FORMAT]])
Record = (
    tuple[str, int, str, str, Sequence[str]]
    | tuple[str, int, str, str, Sequence[str], str, str]
    | tuple[str, int, str, str, Sequence[str], str, str, str]
)


@pytest.fixture(params=["cpp", "numpy"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test once per kernel backend."""
    monkeypatch.setenv("GXFAST_BACKEND", request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data; tests that need it are skipped where it is absent."""
    path = Path(os.environ.get("GXFAST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no real data at {path} (set GXFAST_DATA)")
    return path


@dataclass
class World:
    """A tiny genome with a VCF: paths, readers, and shorthands for the two modes."""

    fasta: Path
    vcf: Path

    @property
    def genome(self) -> Genome:
        return Genome(self.fasta)

    @property
    def variants(self) -> VariantFile:
        return VariantFile(self.vcf)

    def fixed(
        self, chrom: str, start: int, length: int, tss: int, *, reverse: bool = False, **options: object
    ) -> HaplotypeBatch:
        """One window with the default policy, or with the policy fields given."""
        names = set(HaplotypePolicy.__slots__)
        policy = HaplotypePolicy(**{k: v for k, v in options.items() if k in names})  # type: ignore[arg-type]
        rest = {k: v for k, v in options.items() if k not in names}
        windows = Windows((chrom,), np.array([start]), length, np.array([tss]), np.array([reverse]))
        return haplotypes(self.genome, self.variants, windows, policy=policy, **rest)  # type: ignore[arg-type]

    def sequences(self, chrom: str, start: int, length: int, tss: int, **options: object) -> list[str]:
        """Letters per haplotype: person 1 haplotype 1, person 1 haplotype 2, ...; "" where absent."""
        batch = self.fixed(chrom, start, length, tss, **options)
        rows = batch.carriers[0].ravel().tolist()
        return ["" if row < 0 else batch.sequences[row].tobytes().decode() for row in rows]

    def consensus(self, chrom: str, start: int, end: int, **policy: str) -> list[str]:
        """As ``sequences``, of the variable length that comes out."""
        found, carriers = consensus(self.genome, self.variants, chrom, start, end, policy=HaplotypePolicy(**policy))
        return ["" if row < 0 else found[row].decode() for row in carriers.ravel().tolist()]


MakeWorld = Callable[..., World]


def vcf_text(contigs: dict[str, str], records: Sequence[Record], samples: Sequence[str]) -> str:
    lines = ["##fileformat=VCFv4.3", *(f"##contig=<ID={n},length={len(s)}>" for n, s in contigs.items())]
    lines += [
        '##FILTER=<ID=q10,Description="low">',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="end">',
        '##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="lengths">',
        '##INFO=<ID=RN,Number=.,Type=Integer,Description="repeats">',
        '##INFO=<ID=RUS,Number=.,Type=String,Description="units">',
        '##INFO=<ID=RUC,Number=.,Type=Float,Description="copies">',
        '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="type">',
        '##ALT=<ID=DEL,Description="deletion">',
        '##ALT=<ID=INS,Description="insertion">',
        '##ALT=<ID=NON_REF,Description="any">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
        '##FORMAT=<ID=PGT,Number=1,Type=String,Description="order">',
        '##FORMAT=<ID=PID,Number=1,Type=String,Description="set">',
        '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="set">',
        '##FORMAT=<ID=PSL,Number=.,Type=String,Description="sets">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]
    for chrom, pos, ref, alt, calls, *rest in records:
        filters, info, *form = rest or ("PASS", ".")
        lines.append("\t".join([chrom, str(pos), ".", ref, alt, ".", filters, info, *(form or ["GT"]), *calls]))
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def make_vcf_text() -> Callable[..., str]:
    """``make_vcf_text(contigs, records, samples)`` -> text of a VCF."""
    return vcf_text


@pytest.fixture(scope="session")
def make_world() -> MakeWorld:
    """``make_world(folder, contigs, records, samples)`` -> World with an indexed FASTA and VCF."""

    def make(
        folder: Path, contigs: dict[str, str], records: Sequence[Record], samples: Sequence[str] = ("s1",)
    ) -> World:
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f">{name}\n{bases}\n" for name, bases in contigs.items())
        fasta = write_bgzf(folder / "genome.fa.gz", text.encode())
        index_fasta(fasta)
        vcf = write_bgzf(folder / "cohort.vcf.gz", vcf_text(contigs, records, samples).encode())
        index_vcf(vcf)
        return World(fasta, vcf)

    return make


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small simulated cohort; tests damage copies of it, never itself."""
    from gxfast.demo import simulate_cohort

    return simulate_cohort(tmp_path_factory.mktemp("cohort"), n_people=20, n_genes=9)


@pytest.fixture
def world(cohort: Any, tmp_path: Path) -> dict[str, Path]:
    """A private copy of the inputs, to be damaged."""
    folder = tmp_path / "world"
    shutil.copytree(cohort.directory, folder)
    names = {"fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "expression": cohort.expression}
    paths = {key: folder / Path(path).name for key, path in names.items()}
    # The model that ships with the package may not be among the copied files.
    paths["model"] = folder / "model.onnx"
    shutil.copy(cohort.model, paths["model"])
    return paths


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which blocks of the documentation were run, and why the others were not."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    blocks = [value for report in reports for key, value in report.user_properties if key == "block"]
    if not blocks:
        return
    kinds = Counter(kind for _, _, kind, _, _ in blocks)
    terminalreporter.section("code blocks of the documentation")
    for page, line, kind, why, _ in blocks:
        if kind.startswith("not "):
            terminalreporter.line(f"{kind}: {page}:{line}: {why}")
    seconds = sum(block[-1] for block in blocks)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in ("compared", "not run", "not compared", "failed"))
    terminalreporter.line(f"{kinds['run']} run ({seconds:.0f} CPU seconds), {counts}")

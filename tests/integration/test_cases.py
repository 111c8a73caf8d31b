"""Small inputs of the kinds that people have: each with the value that must come out (``cases/`` of the shared data).

Each case stands for its kind; tests of other members of the kind are beside the code that decides it.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.vcf import VariantFile

Case = Callable[[str], Path]


@pytest.fixture
def case(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Copy a case by its name and go there."""

    def open_case(name: str) -> Path:
        source = data_dir / "cases" / name
        if not source.is_dir():
            pytest.skip(f"{source} is absent")
        folder = tmp_path / name
        shutil.copytree(source, folder)
        monkeypatch.chdir(folder)
        return folder

    return open_case


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def predict(*options: str, genes: str = "genes.tsv", vcf: str = "c.vcf.gz") -> int:
    """Run ``gxfast predict`` on the files of a case, into ``out``."""
    return main(["predict", "-q", "--fasta", "ref.fa", "--vcf", vcf, "--genes", genes, "--model", "m.onnx",
                 "-o", "out", *options])  # fmt: skip


def values_of(gene: str, folder: str = "out") -> dict[str, float]:
    """Predictions of a gene by person."""
    (file,) = Path(folder, "predictions").glob("*.bed.gz")
    (row,) = [row for row in rows_of(file) if row["gene_id"] == gene]
    return {name: float(value) for name, value in row.items() if name not in ("#chr", "start", "end", "gene_id")}


# -- records and phase


def test_haploid_calls(case: Case) -> None:
    case("02-chrX-haploid")
    assert predict() == 0
    (gene,) = {row["gene_id"] for row in rows_of(Path("out/genes.tsv"))}
    expected = {"M1": -17.810465, "F1": -18.140425, "M2": -18.470385, "F2": -17.810465}
    assert values_of(gene) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("04-iupac-reference", -0.879179),
        ("05-cn0-1000g", 3.291505),  # by hand: <CN0> takes 986-995 from one copy, 1006-1012 from the other
        ("07h-two-del-alleles-end", 4.764063),
    ],
)
def test_records(case: Case, name: str, expected: float) -> None:
    case(name)
    assert predict() == 0
    assert values_of("G1")["A"] == pytest.approx(expected, abs=2e-6)


def use_pair_model(folder: Path, data_dir: Path) -> None:
    """The case's own model is a sum over bases, to which phase does not matter; that of 01e looks at pairs."""
    shutil.copy(data_dir / "cases" / "01e-v44-leading-phase" / "m.onnx", folder / "m.onnx")


def test_phase_sets(case: Case, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    use_pair_model(case("01b-gatk-pid-ps"), data_dir)
    assert predict() == 2
    message = capsys.readouterr().err
    assert "chr1:980 G>T and chr1:1020 A>C" in message
    assert "--phase" in message
    for phase, expected in (("as_one", 13.486), ("per_set", 11.621)):
        shutil.rmtree("out")
        assert predict("--phase", phase) == 0
        assert values_of("G1")["A"] == pytest.approx(expected, abs=1e-3)
        counts = json.loads(Path("out/manifest.json").read_text())["counts"]
        assert [one["between_phase_sets"] for one in counts.values()] == [1]
    shutil.rmtree("out")
    assert predict("--phase", "sample:200") == 0
    assert values_of("G1")["A"] == pytest.approx((13.486 + 11.621) / 2, abs=0.2)


def test_check_tells_the_share_of_windows(case: Case, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    use_pair_model(case("01b-gatk-pid-ps"), data_dir)
    command = ["check", "--fasta", "ref.fa", "--vcf", "c.vcf.gz", "--genes", "genes.tsv", "--model", "m.onnx"]
    assert main(command) == 2
    assert "1 of 1 windows (100 %) hold heterozygous calls of one person in several" in capsys.readouterr().out
    assert main([*command, "--phase", "per_set"]) == 0
    assert "joined by --phase per_set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "same_as"),
    [("|0|1", "0|1"), ("/0|1", "0|1"), ("|1|0", "1|0"), ("/1/1", "1|1"), ("|1", "1"), ("/0/1", None)],
)
def test_leading_phase(case: Case, capsys: pytest.CaptureFixture[str], call: str, same_as: str | None) -> None:
    """VCF 4.4 may write a phase before the first allele too."""
    folder = case("01e-v44-leading-phase")
    assert predict(vcf="d.vcf.gz") == 0
    text = gzip.decompress((folder / "d.vcf.gz").read_bytes()).decode()
    found = []
    for written in (call, same_as or "0/1"):
        path = write_bgzf(folder / "e.vcf.gz", text.replace("\tGT\t|1", f"\tGT\t{written}").encode())
        index_vcf(path)
        shutil.rmtree("out", ignore_errors=True)
        code = predict(vcf="e.vcf.gz")
        if same_as is None:
            assert code == 2
            assert "without phase" in capsys.readouterr().err
            continue
        assert code == 0
        twin = VariantFile(path, reader="pysam").region("chr1", 0, 2000)
        assert twin.unphased.tolist() == [[False]]
        found.append(values_of("G1")["A"])
    assert same_as is None or found[0] == found[1]


# -- ploidy, dosages and weights


# -- names, genes and files


# -- models

"""`--dosage`: eQTLs and baselines of imputed dosages; `--apply`: how weights find their variants, and refusals."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.predictdb import GeneWeights, write_predictdb

N = 60


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def write_vcf(path: Path, lines: list[str], samples: list[str]) -> Path:
    head = [
        "##fileformat=VCFv4.3", "##contig=<ID=chrX,length=30000>", "##contig=<ID=chr1,length=30000>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">',
        '##FORMAT=<ID=DS,Number=A,Type=Float,Description="d">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]  # fmt: skip
    write_bgzf(path, ("\n".join([*head, *lines]) + "\n").encode())
    index_vcf(path)
    return path


@dataclass
class Cohort:
    inputs: list[str]
    dosage: Any  # a man's doubled
    y: Any


@pytest.fixture
def cohort(tmp_path: Path) -> Callable[..., Cohort]:
    """Men and women, 12 variants; the fifth makes expression. DS equals GT, or is blurred."""

    def make(blur: float, *, calls: bool = True) -> Cohort:
        rng = np.random.default_rng(8)
        alleles = rng.integers(0, 2, (12, N, 2))
        man = np.arange(N) % 2 == 0
        copies = np.where(man, alleles[:, :, 0], alleles.sum(axis=2))
        ds = np.round(np.clip(copies + blur * rng.normal(size=copies.shape), 0, np.where(man, 1, 2)), 3)
        people, lines = [f"P{i}" for i in range(N)], []
        for v in range(12):
            gt = [f"{a}" if man[p] else f"{a}|{b}" for p, (a, b) in enumerate(alleles[v].tolist())]
            cells = [f"{g}:{d:g}" if calls else f"{d:g}" for g, d in zip(gt, ds[v], strict=True)]
            lines.append("\t".join(["chrX", str(1000 + 10 * v), ".", "A", "G", ".", "PASS", ".",
                                    "GT:DS" if calls else "DS", *cells]))  # fmt: skip
        vcf = write_vcf(tmp_path / "c.vcf.gz", lines, people)
        y = 2 * np.where(man, 2, 1) * ds + rng.normal(size=ds.shape)
        bed = tmp_path / "e.bed"
        cells = "\t".join(repr(float(value)) for value in y[4])
        bed.write_text("#chr\tstart\tend\tgene_id\t" + "\t".join(people) + f"\nchrX\t1050\t1051\tG\t{cells}\n")
        return Cohort(
            ["-q", "--vcf", str(vcf), "--expression", str(bed), "--window", "500"], np.where(man, 2, 1) * ds, y[4]
        )

    return make


def test_eqtls_of_imputed_dosages(cohort: Callable[..., Cohort], tmp_path: Path) -> None:
    drawn = cohort(0.2)
    inputs = drawn.inputs
    assert main(["eqtl", *inputs, "--dosage", "DS", "--permutations", "100", "-o", str(tmp_path / "ds")]) == 0
    rows = rows_of(tmp_path / "ds" / "eqtl" / "nominal.tsv.gz")
    assert len(rows) == 12
    for v, row in enumerate(rows):
        assert float(row["slope"]) == pytest.approx(np.polyfit(drawn.dosage[v], drawn.y, 1)[0])
    (lead,) = rows_of(tmp_path / "ds" / "eqtl" / "permutation.tsv")
    assert lead["variant_id"] == "chrX_1040_A_G"
    assert float(lead["pval_beta"]) < 1e-6
    options = json.loads((tmp_path / "ds" / "manifest.json").read_text())["options"]
    assert (options["dosage"], options["missing_dosage"]) == ("DS", "mean")


def test_exact_dosages_are_calls(cohort: Callable[..., Cohort], tmp_path: Path) -> None:
    inputs = cohort(0.0).inputs
    for field in ("GT", "DS"):
        run = ["--dosage", field, "--permutations", "50", "-o", str(tmp_path / field)]
        assert main(["eqtl", *inputs, *run]) == 0
        assert main(["baseline", *inputs, "--dosage", field, "-o", str(tmp_path / f"b{field}")]) == 0
    one, two = (rows_of(tmp_path / field / "eqtl" / "nominal.tsv.gz") for field in ("GT", "DS"))
    for a, b in zip(one, two, strict=True):
        for name in ("af", "ma_samples", "ma_count", "slope", "slope_se", "pval_nominal"):
            assert float(a[name]) == pytest.approx(float(b[name]), rel=1e-9), name
    one, two = (rows_of(tmp_path / f"b{field}" / "baseline" / "elastic_net.tsv") for field in ("GT", "DS"))
    for a, b in zip(one, two, strict=True):
        # the elastic nets stop at different places of nearly one path
        assert float(a["cv_r"]) == pytest.approx(float(b["cv_r"]), abs=0.01 if a["model"] == "elastic_net" else 1e-9)


def test_files_without_calls(cohort: Callable[..., Cohort], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing says who is a man: everybody counts as diploid."""
    inputs = cohort(0.2, calls=False).inputs
    assert main(["eqtl", *inputs, "--permutations", "0", "-o", str(tmp_path / "gt")]) == 2
    assert "--dosage DS" in capsys.readouterr().err
    assert main(["eqtl", *inputs, "--dosage", "DS", "--permutations", "0", "-o", str(tmp_path / "ds")]) == 0
    assert main(["baseline", *inputs, "--dosage", "DS", "-o", str(tmp_path / "b")]) == 0
    assert main(["eqtl", *inputs, "--dosage", "GP", "--permutations", "0", "-o", str(tmp_path / "gp")]) == 2
    assert "no GP field" in capsys.readouterr().err


# -- weights


@pytest.fixture
def weigh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Apply weights (id, rsid, ref, eff, weight) to three people; return exit code, values and what was said."""
    records = [
        "chr1 100 rs1 A G GT 0|1 1|1 0|0", "chr1 200 rs2 C T,A GT 1|2 0|1 2|2", "chrX 300 rs3 C T GT 1 0|1 0",
        "chr1 400 rs4 A T GT 0|1 1|1 0|0",
    ]  # fmt: skip
    lines = ["\t".join([*text.split()[:5], ".", "PASS", ".", *text.split()[5:]]) for text in sorted(records)]
    vcf = write_vcf(tmp_path / "w.vcf.gz", lines, ["A", "B", "C"])

    def run(*weights: tuple[str, str, str, str, float], options: tuple[str, ...] = ()) -> Any:
        ids, rsids, ref, alt, values = zip(*weights, strict=True)
        gene = GeneWeights("G", "G", rsids, ids, ref, alt, np.array(values), np.empty((0, 0)))
        write_predictdb(tmp_path / "w.db", [gene], [0.1])
        out = tmp_path / "p.tsv"
        out.unlink(missing_ok=True)
        code = main(["baseline", "--apply", str(tmp_path / "w.db"), "--vcf", str(vcf), "-o", str(out), *options])
        found = [float(rows_of(out)[0][name]) for name in "ABC"] if out.exists() else None
        status = [row["status"] for row in rows_of(tmp_path / "p.weights.tsv")]
        said = capsys.readouterr()
        return code, found, status, said.out + said.err

    return run


def test_ids_of_any_kind(weigh: Callable[..., Any]) -> None:
    """Other separators, no prefix, no place at all; two contigs in one gene."""
    code, found, status, _ = weigh(
        ("1:100:A:G", "rs1", "A", "G", 1.0), ("1_200_C_A_b38", "rs2", "C", "A", 10.0), ("rs3", "rs3", "C", "T", 100.0),
        ("rs9", "rs9", "C", "T", 1000.0),
    )  # fmt: skip
    assert (code, found) == (0, [1 + 10 + 200, 2 + 0 + 100, 0 + 20 + 0])
    assert status == ["matched", "matched", "matched", "id not in the VCF"]


def test_swapped_and_turned(weigh: Callable[..., Any]) -> None:
    code, found, status, _ = weigh(
        ("chr1_100_G_A", "rs1", "G", "A", 1.0),  # counts REF
        ("chr1_200_T_C", "rs2", "T", "C", 10.0),  # counts REF of three alleles, not 2 - T
        ("chrX_300_G_A", "rs3", "G", "A", 100.0),  # the other strand
        ("chr1_400_T_A", "rs4", "T", "A", 1000.0),  # swapped, not turned: both strands read the same
    )
    assert (code, found) == (0, [1 + 0 + 200 + 1000, 0 + 10 + 100 + 0, 2 + 0 + 0 + 2000])
    assert status == ["swapped", "swapped", "other strand", "swapped"]


@pytest.mark.parametrize(
    ("weights", "cause"),
    [
        ([("chr1_111_A_G_b37", "rs1", "A", "G", 1.0)], "another build than b37"),
        ([("chr1_100_C_A_b37", "rs1", "C", "A", 1.0)], "other alleles at their places"),
        ([("NC_000001.11:100:A:G", "rs1", "A", "G", 1.0)], "the contigs of the weights (NC_000001.11)"),
        ([("rs7", "rs7", "A", "G", 1.0)], "name no place"),
    ],
)
def test_refusals_say_why(weigh: Callable[..., Any], weights: Any, cause: str) -> None:
    code, found, status, said = weigh(*weights)
    assert (code, found) == (2, None)
    assert "0 of 1 weights are in the VCF" in said
    assert cause in said
    assert len(status) == 1


def test_a_share_of_ones_own(weigh: Callable[..., Any]) -> None:
    weights = [("chr1_100_A_G", "rs1", "A", "G", 1.0), ("chr1_111_A_G", "rs8", "A", "G", 1.0)]
    assert weigh(*weights)[0] == 0
    assert weigh(*weights, options=("--min-matched", "0.5"))[0] == 0
    code, found, _, said = weigh(*weights, options=("--min-matched", "0.6"))
    assert (code, found) == (2, None)
    assert "1 of 2 weights are in the VCF" in said

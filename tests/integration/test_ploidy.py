"""Any ploidy: the linear approximation of a linear model is exact, and frequencies are of called alleles."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.cli.main import main
from gxfast.io.predictdb import GeneWeights, write_predictdb
from gxfast.models.onnx_writer import GraphWriter

LENGTH, TSS = 64, 200
# men, women, and people who are haploid at some of the records
PEOPLE = tuple("ABCDEFGHIJ")
PLOIDY = {
    "men and women": "1111122222",
    "men": "1111111111",
    "women": "2222222222",
    "haploid at some records": "1112222mmm",
    "haploid in the window, diploid beside it": "1112222bbb",
    "missing calls": "1112222...",
}


def linear_model(folder: Path, rule: str) -> Path:
    """A random weight for each base of each position, and a large constant."""
    rng, writer = np.random.default_rng(5), GraphWriter()
    x = writer.input("x", ["n", LENGTH, 4])
    weights = writer.constant(rng.normal(size=(LENGTH * 4, 1)).astype(np.float32))
    y = writer.add("MatMul", writer.add("Flatten", x), weights)
    writer.add("Add", y, writer.constant(np.array([30], np.float32)), output="y")
    writer.output("y", ["n", 1])
    path = folder / "linear.onnx"
    path.write_bytes(writer.model("linear").SerializeToString())
    card = {
        "gxfast_card": 1, "name": "linear",
        "input": {"name": "x", "layout": "NLC", "channels": "ACGT", "length": LENGTH, "unknown": 0.0},
        "window": {"tss_index": {"+": 32, "-": 32}, "reverse_complement_minus": True}, "extra_inputs": {},
        "ensemble": {"reverse_complement": False, "shifts": [0]},
        "output": {"name": "y", "layout": "NT", "bins": None, "tracks": None, "track_names": ["t"], "reduce": "none",
                   "transform": "none"},
        "haplotypes": rule, "license": "BSD-3-Clause", "source": "test",
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card))
    return path


def call(kind: str, inside: bool, odd: bool, alleles: Any) -> str:
    if kind == "." and odd:
        return f"{alleles[0]}|." if alleles[1] else ".|."
    haploid = kind == "1" or (kind == "m" and odd) or (kind == "b" and inside)
    return str(alleles[0]) if haploid else f"{alleles[0]}|{alleles[1]}"


@pytest.fixture
def cohort(tmp_path: Path, make_world: Callable[..., Any]) -> Callable[[str], Any]:
    def make(ploidy: str) -> Any:
        rng = np.random.default_rng(3)
        sequence = "".join(rng.choice(list("ACGT"), 400))
        records = []
        for i, at in enumerate((150, 175, 180, 190, 200, 205, 215, 225, 250)):
            alt = {"A": "G", "G": "A", "C": "T", "T": "C"}[sequence[at]]
            drawn = rng.integers(0, 2, (len(PEOPLE), 2))
            calls = [call(k, 168 <= at < 232, i % 2 == 1, drawn[p]) for p, k in enumerate(ploidy)]
            records.append(("chrX", at + 1, sequence[at], alt, calls))
        world = make_world(tmp_path / "world", {"chrX": sequence}, records, PEOPLE)
        (tmp_path / "genes.tsv").write_text(f"gene_id\tchrom\ttss\tstrand\nG\tchrX\t{TSS + 1}\t+\n")
        return world, records

    return make


@pytest.mark.parametrize("rule", ["mean", "sum"])
@pytest.mark.parametrize("ploidy", list(PLOIDY.values()), ids=list(PLOIDY))
def test_a_linear_model_is_its_linear_approximation(
    cohort: Callable[[str], Any], tmp_path: Path, rule: str, ploidy: str
) -> None:
    world, records = cohort(ploidy)
    out = tmp_path / "out"
    assert main([
        "run", "-q", "--fasta", str(world.fasta), "--vcf", str(world.vcf), "--genes", str(tmp_path / "genes.tsv"),
        "--model", str(linear_model(tmp_path, rule)), "--card", str(tmp_path / "card.json"), "--steps",
        "predict,drivers", "-o", str(out),
    ]) == 0  # fmt: skip
    (row,) = rows_of(out / "support.tsv")
    assert float(row["linear_r"]) == pytest.approx(1, abs=1e-10)
    assert int(row["n_snvs"]) == 7
    frequency = {row["pos"]: float(row["dosage_freq"]) for row in rows_of(out / "ism" / "linear.variants.tsv.gz")}
    for _, position, _, _, calls in records[1:-1]:
        alleles = "".join(calls).replace("|", "").replace(".", "")
        assert frequency[str(position)] == pytest.approx(alleles.count("1") / len(alleles))
    options = json.loads((out / "manifest.json").read_text())["options"]
    assert options["haploid_dosage"] == "double"


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def test_filters_of_men(tmp_path: Path, make_world: Callable[..., Any]) -> None:
    """An allele of 6 of 40 men has frequency 0.15, one of 2 of them 0.05; both are what --min-maf asks about."""
    rng, people = np.random.default_rng(4), [f"M{i}" for i in range(40)]
    carried = [[str(int(i < n)) for i in range(40)] for n in (6, 2, 38, 34)]
    records = [("chrX", 100 + 10 * v, "A", "G", calls) for v, calls in enumerate(carried)]
    world = make_world(tmp_path / "world", {"chrX": "A" * 400}, records, people)
    y = rng.normal(size=40) + np.array(carried[0], float)
    values = "\t".join(repr(float(value)) for value in y)
    bed = tmp_path / "e.bed"
    bed.write_text("#chr\tstart\tend\tgene_id\t" + "\t".join(people) + f"\nchrX\t120\t121\tG\t{values}\n")
    inputs = ["-q", "--vcf", str(world.vcf), "--expression", str(bed), "--window", "100", "--min-maf", "0.1"]
    assert main(["eqtl", *inputs, "--permutations", "0", "-o", str(tmp_path / "e")]) == 0
    rows = rows_of(tmp_path / "e" / "eqtl" / "nominal.tsv.gz")
    assert [row["variant_id"] for row in rows] == ["chrX_100_A_G", "chrX_130_A_G"]
    assert [(float(row["af"]), row["ma_count"], row["ma_samples"]) for row in rows] == [
        (0.15, "6", "6"),
        (0.85, "6", "6"),
    ]
    assert main(["baseline", *inputs, "-o", str(tmp_path / "b")]) == 0
    assert {row["n_variants"] for row in rows_of(tmp_path / "b" / "baseline" / "elastic_net.tsv")} == {"2"}
    # a weight on the other allele is the same prediction but for a constant
    found = {}
    for name, pair, weight in (("alt", "A_G", 1.5), ("ref", "G_A", -1.5)):
        ref, effect = pair.split("_")
        gene = GeneWeights("G", "G", ("rs",), (f"chrX_100_{pair}",), (ref,), (effect,), np.array([weight]), np.eye(1))
        write_predictdb(tmp_path / f"{name}.db", [gene], [0.1])
        out = tmp_path / f"{name}.tsv"
        apply = ["baseline", "-q", "--apply", str(tmp_path / f"{name}.db"), "--vcf", str(world.vcf), "-o", str(out)]
        assert main(apply) == 0
        found[name] = np.array([float(rows_of(out)[0][person]) for person in people])
    assert found["alt"].tolist() == [3.0] * 6 + [0.0] * 34
    assert set(found["alt"] - found["ref"]) == {3.0}


def test_records_that_did_not_pass_are_left_out_of_drivers(tmp_path: Path, make_world: Callable[..., Any]) -> None:
    sequence = "ACGT" * 100
    calls = [["0|1", "1|1", "0|0", "1|0"], ["1|1", "0|0", "0|1", "1|0"]]
    records = [("chrX", 199, "G", "A", calls[0]), ("chrX", 202, "C", "T", calls[1], "q10", ".")]
    world = make_world(tmp_path / "world", {"chrX": sequence}, records, tuple("ABCD"))
    (tmp_path / "genes.tsv").write_text(f"gene_id\tchrom\ttss\tstrand\nG\tchrX\t{TSS + 1}\t+\n")
    model = linear_model(tmp_path, "mean")
    for kept, n in (("all", "2"), ("pass", "1")):
        out = tmp_path / kept
        assert main([
            "run", "-q", "--fasta", str(world.fasta), "--vcf", str(world.vcf), "--genes", str(tmp_path / "genes.tsv"),
            "--model", str(model), "--card", str(tmp_path / "card.json"), "--steps", "predict,drivers", "--filter",
            kept, "-o", str(out),
        ]) == 0  # fmt: skip
        (row,) = rows_of(out / "support.tsv")
        assert row["n_snvs"] == n
        assert float(row["linear_r"]) == pytest.approx(1, abs=1e-10)

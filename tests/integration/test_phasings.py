"""``--phase sample:K`` on a made-up cohort whose true phase is known."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import gxfast as gx
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_fasta, index_vcf
from gxfast.personal.policy import HaplotypePolicy
from gxfast.workflow.step import Results

LENGTH, N_GENES, N_PEOPLE, N_SNVS = 40, 120, 150, 5
PEOPLE = tuple(f"p{i}" for i in range(N_PEOPLE))


@dataclass
class Cohort:
    folder: Path
    reference: str
    positions: NDArray[Any]  # (G, V), 0-based
    alt: NDArray[Any]  # (G, V)
    alleles: NDArray[Any]  # (G, V, S, 2)

    def vcf(self, name: str, form: str, call: Callable[[int, int, int, int, int], str]) -> Path:
        """``call(g, v, s, a, b)`` writes a column."""
        text = "##fileformat=VCFv4.3\n##contig=<ID=c>\n"
        for field, kind in (("GT", "String"), ("PS", "Integer")):
            text += f'##FORMAT=<ID={field},Number=1,Type={kind},Description="x">\n'
        text += "\t".join(["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", *PEOPLE]) + "\n"
        for g in range(N_GENES):
            for v, at in enumerate(self.positions[g].tolist()):
                columns = [call(g, v, s, *pair) for s, pair in enumerate(self.alleles[g, v].tolist())]
                ref = self.reference[at]
                text += "\t".join(["c", str(at + 1), ".", ref, self.alt[g, v], ".", ".", ".", form, *columns]) + "\n"
        path = write_bgzf(self.folder / name, text.encode())
        index_vcf(path)
        return path


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder, rng = tmp_path_factory.mktemp("phasings"), np.random.default_rng(0)
    reference = "".join(rng.choice(list("ACGT"), 100 * (N_GENES + 1)))
    index_fasta(write_bgzf(folder / "ref.fa.gz", f">c\n{reference}\n".encode()))
    positions = np.stack(
        [100 * (g + 1) - 20 + np.sort(rng.choice(LENGTH, N_SNVS, replace=False)) for g in range(N_GENES)]
    )
    alt = np.array([["CGTA"["ACGT".index(reference[at])] for at in row] for row in positions])
    share = rng.uniform(0.1, 0.5, (N_GENES, N_SNVS, 1, 1))
    alleles = (rng.random((N_GENES, N_SNVS, N_PEOPLE, 2)) < share).astype(int)
    rows = "".join(f"g{g}\tc\t{100 * (g + 1) + 1}\t+\n" for g in range(N_GENES))
    (folder / "genes.tsv").write_text("gene_id\tchrom\ttss\tstrand\n" + rows)
    save_model(folder / "pairs.onnx", rng)
    return Cohort(folder, reference, positions, alt, alleles)


def save_model(path: Path, rng: np.random.Generator) -> None:
    """Sums over bases, and their squares: pairs of bases on one haplotype matter."""
    weights = {"w": rng.normal(size=(4 * LENGTH, 8)).astype("f4"), "v": rng.normal(size=(8, 1)).astype("f4")}
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["h"]),
        helper.make_node("Mul", ["h", "h"], ["h2"]), helper.make_node("MatMul", ["h2", "v"], ["y"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "pairs", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", LENGTH, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    half = LENGTH // 2
    card = {
        "gxfast_card": 1, "name": "pairs", "input": {"name": "x", "layout": "NLC", "length": LENGTH},
        "window": {"tss_index": {"+": half, "-": half}}, "output": {"name": "y", "layout": "NT"},
    }  # fmt: skip
    helper.set_model_props(model, {"gxfast.card": json.dumps(card)})
    onnx.save(model, path)


def run(cohort: Cohort, vcf: Path, expression: Path, output: Path, phase: str = "error", **options: Any) -> Results:
    return gx.run(
        output, fasta=cohort.folder / "ref.fa.gz", vcf=vcf, genes=cohort.folder / "genes.tsv",
        model=cohort.folder / "pairs.onnx", expression=expression, steps=("predict", "evaluate"),
        policy=HaplotypePolicy(phase=phase), **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def phased(cohort: Cohort) -> Path:
    return cohort.vcf("phased.vcf.gz", "GT", lambda g, v, s, a, b: f"{a}|{b}")


@pytest.fixture(scope="module")
def truth(cohort: Cohort, phased: Path) -> NDArray[Any]:
    model = gx.Model(cohort.folder / "pairs.onnx")
    genes = gx.read_genes(cohort.folder / "genes.tsv")
    return gx.predict(model, gx.Genome(cohort.folder / "ref.fa.gz"), gx.VariantFile(phased), genes).values[:, :, 0]


def write_expression(cohort: Cohort, name: str, signal: NDArray[Any], share: float) -> Path:
    rng = np.random.default_rng(1)
    scaled = (signal - signal.mean(axis=1, keepdims=True)) / signal.std(axis=1, keepdims=True)
    values = np.sqrt(share) * scaled + np.sqrt(1 - share) * rng.normal(size=signal.shape)
    lines = ["\t".join([f"g{g}", *map(str, row)]) for g, row in enumerate(values.tolist())]
    path = cohort.folder / name
    path.write_text("\n".join(["\t".join(["gene_id", *PEOPLE]), *lines]) + "\n")
    return path


def certificate(folder: Path) -> list[str]:
    """Lines of ``certificate.tsv``."""
    return (folder / "certificate.tsv").read_text().splitlines()[1:]


def columns(result: Results) -> NDArray[Any]:
    rows = [(row.pearson_r, row.phase_r_low, row.phase_r_high, row.phase_r_sd) for row in result.genes]
    return np.array(rows, float).T


@pytest.mark.parametrize("follows", [True, False])
def test_the_interval_holds_the_true_r(
    cohort: Cohort, phased: Path, truth: NDArray[Any], tmp_path: Path, follows: bool
) -> None:
    """Whether expression follows the phase as the model says, or the number of alleles alone."""
    effects = np.random.default_rng(2).normal(size=(N_GENES, N_SNVS, 1))
    signal = truth if follows else (cohort.alleles.sum(axis=3) * effects).sum(axis=1)
    expression = write_expression(cohort, f"e{follows}.tsv", signal, 0.3)
    true_r = columns(run(cohort, phased, expression, tmp_path / "true"))[0]
    loose = cohort.vcf("loose.vcf.gz", "GT", lambda g, v, s, a, b: f"{min(a, b)}/{max(a, b)}")
    r, low, high, sd = columns(run(cohort, loose, expression, tmp_path / "drawn", "sample:30"))
    assert ((low <= true_r) & (true_r <= high)).mean() >= 0.95
    assert (sd > 0).all()
    assert (high - low).mean() < 0.5
    assert np.abs(r - true_r).max() > 0.01  # it does matter here
    mean_r, error, p_right = np.array([line.split("\t")[4:7] for line in certificate(tmp_path / "drawn")], float).T
    assert (error > np.sqrt((1 - mean_r**2) / (len(PEOPLE) - 2))).all()  # the spread over draws is in it
    known = gx.stats.direction_certificate(true_r, len(PEOPLE)).p_right
    assert np.abs(p_right - known).mean() < 0.05


def test_phased_calls_have_no_width(cohort: Cohort, phased: Path, truth: NDArray[Any], tmp_path: Path) -> None:
    expression = write_expression(cohort, "e.tsv", truth, 0.3)
    plain = run(cohort, phased, expression, tmp_path / "plain")
    drawn = run(cohort, phased, expression, tmp_path / "drawn", "sample:5")
    r, low, high, sd = columns(drawn)
    assert np.array_equal(r, low)
    assert np.array_equal(r, high)
    assert not sd.any()
    assert [row.pearson_r for row in plain.genes] == r.tolist()
    header = {name: (result.path / "genes.tsv").read_text().split("\n")[0] for name, result in
              (("plain", plain), ("drawn", drawn))}  # fmt: skip
    assert "phase_r" not in header["plain"]
    assert "phase_r_low\tphase_r_high\tphase_r_sd" in header["drawn"]


def test_sets(cohort: Cohort, truth: NDArray[Any], tmp_path: Path) -> None:
    """Two sets per window; the first three SNVs are phased with each other. The same bytes for any threads."""
    sets = cohort.vcf("sets.vcf.gz", "GT:PS", lambda g, v, s, a, b: f"{a}|{b}:{100 * g + (v > 2)}")
    expression = write_expression(cohort, "e.tsv", truth, 0.3)
    first = run(cohort, sets, expression, tmp_path / "one", "sample:4", threads=1)
    second = run(cohort, sets, expression, tmp_path / "two", "sample:4", threads=2)
    other = run(cohort, sets, expression, tmp_path / "seed", "sample:4", seed=1)
    for name in ("genes.tsv", "predictions/pairs.bed.gz", "predictions/pairs.haplotypes.npz"):
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes(), name
        assert (first.path / name).read_bytes() != (other.path / name).read_bytes() or name.endswith("npz"), name
    _, low, high, sd = columns(first)
    assert (sd > 0).all()
    assert (low < high).all()
    assert first.counts["pairs"]["between_phase_sets"] > 0.4 * N_GENES * N_PEOPLE
    with (first.path / "genes.tsv").open() as handle:
        (row,) = [row for row in csv.DictReader(handle, delimiter="\t") if row["gene_id"] == "g0"]
    assert float(row["phase_r_low"]) == low[0]

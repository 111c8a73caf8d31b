"""Directions at lead SNVs, explainers, values per gene, and published predictions, on small made-up data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.errors import InputError
from gxfast.evaluation.direction import direction_rows
from gxfast.evaluation.drivers import GeneDrivers
from gxfast.evaluation.explainers import explainer_rows
from gxfast.io.tables import read_gene_values
from gxfast.io.variant_tables import read_finemapped
from gxfast.personal.dosages import Dosages
from gxfast.types import GeneTable, PredictionSet

N = 12


def _found():
    """One gene a row: its second SNV is the lead."""
    rng = np.random.default_rng(1)
    genes = GeneTable(tuple(f"g{i}" for i in range(N)), tuple("x" * N), ("1",) * N, np.full(N, 1000), ("+",) * N)
    values, reference, counts = np.zeros((N, 2, 1)), np.zeros((N, 1)), np.ones(N, int)
    predictions = PredictionSet("m", genes, ("a", "b"), ("t",), values, reference, counts, counts, ("ok",) * N)
    found = []
    for g in range(N):
        dosages = Dosages(
            "1", np.array([900, 1000 + 10 * g]), ("a", "b"), ("A", "A"), ("C", "C"),
            np.array([[0, 1], [1, 1]], np.int8), np.zeros(2, int),
        )  # fmt: skip
        effect, slope = rng.normal(size=2), rng.normal(size=2)
        found.append(GeneDrivers(g, 0, dosages, effect, slope, slope, np.array([0.5, 0.01]), None, np.array(["", ""])))
    return predictions, found


def test_directions():
    predictions, found = _found()
    rows = direction_rows(predictions, found)
    effect, slope = (np.array([getattr(one, name)[1] for one in found]) for name in ("effect", "slope"))
    assert [row.stratum for row in rows] == ["all"] + ["distance"] * 3 + ["frequency"] * 3 + ["effect"] * 3
    assert [row.n for row in rows] == [N] + [4] * 9
    assert rows[0].equal_sign == (effect * slope > 0).mean()
    assert rows[0].signed_rho == pytest.approx(stats.spearmanr(effect, slope).statistic)
    assert (rows[1].low, rows[3].high) == (0, 110)
    small = np.argsort(np.abs(effect), kind="stable")[:4]
    assert rows[7].equal_sign == (effect * slope > 0)[small].mean()
    assert direction_rows(predictions, []) == []


def test_finemapped_variants(tmp_path):
    predictions, found = _found()
    path = tmp_path / "susie.tsv"
    pip = {(f"g{g}", "b"): (g + 0.5) / N for g in range(N)} | {("g0", "a"): 0.95, ("g0", "zzz"): 1.0}
    lines = ["phenotype_id\tvariant_id\tpip", *(f"{gene}\t{variant}\t{p}" for (gene, variant), p in pip.items())]
    path.write_text("\n".join(lines) + "\n")
    assert read_finemapped(path) == pip
    rows = [row for row in direction_rows(predictions, found, read_finemapped(path)) if row.stratum == "pip"]
    assert [row.low for row in rows] == [0.1, 0.5, 0.9]
    assert [row.n for row in rows] == [12, 7, 2]
    signs = [found[g].effect[1] * found[g].slope[1] > 0 for g in range(6, N)]
    signs.append(found[0].effect[0] * found[0].slope[0] > 0)
    assert rows[1].equal_sign == pytest.approx(np.mean(signs))
    path.write_text("gene_id\tvariant_id\tpip\ng\tv\t1.5\n")
    with pytest.raises(InputError, match="no probability"):
        read_finemapped(path)
    path.write_text("gene_id\tpip\ng\t0.5\n")
    with pytest.raises(InputError, match="no column variant_id"):
        read_finemapped(path)


def test_explainers():
    genes = [f"g{i}" for i in range(N)]
    r = np.linspace(-1, 1, N)
    values = {gene: float(i**2) for i, gene in enumerate(genes[:-1])}
    (row,) = explainer_rows("m", genes, r, {"h2": values, "n_variants": {"g1": 1.0}})
    assert (row.explainer, row.n, row.rho) == ("h2", N - 1, 1.0)
    assert row.rho_abs == pytest.approx(stats.spearmanr(list(values.values()), np.abs(r[:-1])).statistic)


def test_values_per_gene(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("# gene_name\tgene_id\tx\tk\nA\tg1\t1.5\tu\nB\tg2\tNA\tu\nC\tg3\t2\tv\nD\tg1\t1.5\tu\n")
    assert read_gene_values(path, "x") == {"g1": 1.5, "g3": 2.0}
    assert read_gene_values(path, "x", where=("k", "v")) == {"g3": 2.0}
    with pytest.raises(InputError, match="choose from gene_name, gene_id, x, k"):
        read_gene_values(path, "y")
    path.write_text("gene,x\ng1,one\n")
    with pytest.raises(InputError, match="found 'one'"):
        read_gene_values(path, "x")
    path.write_text("gene,x\ng1,1\ng2,1\ng1,2\n")
    with pytest.raises(InputError, match="gene g1 has two values: 1 and 2") as caught:
        read_gene_values(path, "x")
    assert caught.value.record == "line 4"
    path.write_text("gene,x\ng1\n")
    with pytest.raises(InputError, match="1 cells"):
        read_gene_values(path, "x")


def test_published_predictions(tmp_path, capsys):
    """A table of what the model gives passes; one that is off by more than the tolerance does not."""
    cohort = simulate_cohort(tmp_path / "c", seed=2, n_people=20, n_genes=9)
    run = ["--fasta", str(cohort.fasta), "--genes", str(cohort.genes)]
    predict = ["predict", "-q", *run, "--vcf", str(cohort.vcf), "--model", str(cohort.model), "-o", str(tmp_path / "r")]
    assert main(predict) == 0
    values = read_gene_values(tmp_path / "r" / "genes.tsv", "reference_prediction")
    table = tmp_path / "p.csv"
    table.write_text(
        "gene,Demo\n" + "\n".join(f"{gene.lower()},{value}" for gene, value in values.items()) + "\nzzz,1\n"
    )
    command = ["model", "verify", str(cohort.model), *run, "--published", str(table), "--column", "Demo"]
    assert main(command) == 0
    assert "9 genes (1 published ones are not on this reference)" in capsys.readouterr().out
    table.write_text(table.read_text().replace(str(values["DEMO0003"]), str(values["DEMO0003"] + 1)))
    assert main(command) == 1
    assert "NOT verified" in capsys.readouterr().out
    table.write_text("gene,Demo\nother,1\n")
    assert main(command) == 2

"""Public objects: reprs that fit on two lines, and tables as pandas, Polars, Parquet and AnnData know them."""

from __future__ import annotations

import dataclasses
import importlib
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast import stats
from gxfast._objects import Arrays, Brief, Rows, Table, columns_of, plural
from gxfast.encode.edits import Edits
from gxfast.evaluation.result import GeneRow
from gxfast.io.genotype_cache import GenotypeCache
from gxfast.io.tables import read_table
from gxfast.io.vcf_set import VariantFileSet
from gxfast.types import PHENOTYPE_COLUMNS
from gxfast.workflow.findings import Finding
from gxfast.workflow.rows import LeadRow
from gxfast.workflow.step import Results

MOST = 200


@pytest.fixture(scope="module")
def result(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of the demo cohort."""
    return gx.run(
        tmp_path_factory.mktemp("run") / "run", fasta=cohort.fasta, vcf=cohort.vcf, genes=cohort.genes,
        expression=cohort.expression, model=cohort.model, cis_window=20_000, permutations=50,
        steps=("check", "predict", "evaluate", "baseline", "eqtl", "ism", "drivers"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def inputs(cohort: Any) -> dict[str, Any]:
    """What users open, of the cohort behind `result`."""
    return {
        "genome": gx.Genome(cohort.fasta), "variants": gx.VariantFile(cohort.vcf),
        "genes": gx.read_genes(cohort.genes), "expression": gx.read_expression(cohort.expression),
        "model": gx.Model(cohort.model, device="cpu"),
    }  # fmt: skip


def two_tracks() -> gx.PredictionSet:
    genes = gx.GeneTable(("g1", "g2", "g3"), ("A", "B", "C"), ("c1", "c2", "c1"), np.array([9, 4, 7]), ("+", "-", "+"))
    values = np.arange(12.0).reshape(3, 2, 2)
    values[1] = np.nan
    return gx.PredictionSet(
        "m", genes, ("s1", "s2"), ("liver", "brain"), values, np.arange(6.0).reshape(3, 2), np.array([2, 0, 1]),
        np.array([3, 1, 2]), ("ok", "no", "ok"),
    )  # fmt: skip


def test_reprs_of_what_a_run_and_its_inputs_are(result: Results, inputs: dict[str, Any]) -> None:
    genome, variants, genes = inputs["genome"], inputs["variants"], inputs["genes"]
    model = inputs["model"]
    windows = gx.model_windows(model.card, genes)
    chrom, start = windows.chrom[0], int(windows.start[0])
    batch = gx.haplotypes(genome, variants, windows)
    store = gx.HaplotypeStore.read(genome, variants, chrom)
    files = VariantFileSet([variants.path])
    objects = [
        result, *result.predictions, *result.evaluations, result.observed, *result.findings, genome, variants, genes,
        inputs["expression"], windows, batch, store, files, GenotypeCache(files), model, model.card,
        variants.region(chrom, max(0, start), start + 1000), gx.HaplotypePolicy(),
        gx.HaplotypePolicy(variants="snv"),
        gx.HaplotypeStream(genome, variants, windows), gx.ism.plan(model),
        gx.EditedBatches("ACGT" * 50, Edits.single([1, 2], "AC")), Edits.single([1, 2], "AC"),
        *(getattr(result, one.name) for one in dataclasses.fields(result)),
        *(row for one in dataclasses.fields(result) for row in _rows(getattr(result, one.name))),
        gx.ism.Outputs(), inputs["expression"].places or inputs["expression"].genes,
    ]  # fmt: skip
    long = [repr(one) for one in objects if not isinstance(one, dict | tuple) and len(repr(one)) >= MOST]
    assert not long
    assert repr(result.predictions[0]).startswith(
        "PredictionSet('demo-promoter', 9 genes x 20 people x 1 track, 9 ok, "
    )
    assert repr(genome).endswith(" bases)")
    n, length = batch.sequences.shape
    assert repr(batch) == f"HaplotypeBatch({n} sequences of {length} bases, 9 windows, 20 people)"
    median = np.nanmedian(result.evaluations[0].pearson_r)
    assert repr(result.evaluations[0]).startswith(f"Evaluation('demo-promoter', 9 rows, median r {median:.4g}")
    assert repr(result.genes) == "Rows(GeneRow, 9 rows)"
    assert repr(gx.HaplotypePolicy(variants="snv")) == "HaplotypePolicy(variants='snv')"


def _rows(value: Any) -> list[Any]:
    return list(value)[:2] if isinstance(value, Rows) else []


def test_reprs_of_what_statistics_return() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 3000, 40))
    dosages = rng.integers(0, 3, (30, 40))
    found = [
        stats.pearson(x, y), stats.pearson(x[0], y[0]), stats.spearman(x, y), stats.eqtl(dosages, y[0]),
        stats.eqtl_permutations(dosages, y[0], n_permutations=20, seed=1), stats.sign_agreement(x[0], y[0]),
        stats.rank_agreement(x[0], y[0]), stats.direction_test(x[0], y[0], n_bootstrap=20),
        stats.select_drivers(dosages, rng.normal(size=30), y[0]), stats.elastic_net_cv(dosages, y[0], folds=3),
        stats.residualise(x, y[:3, :]),
        stats.null_test(x[0], x[1], np.abs(y[0]) + 1), stats.random_null(dosages, y[0], n_draws=5, seed=1),
    ]  # fmt: skip
    shown = [repr(one) for one in found]
    assert [text for text in shown if len(text) >= MOST or "array" in text] == []
    assert shown[0] == f"Correlation(3000 of r: median r {np.median(found[0].r):.4g}; p, log10p, n, why)"
    assert shown[1] == f"Correlation(r={float(found[1].r):.4g}; p, log10p, n, why)"


def test_every_public_dataclass_is_brief() -> None:
    """Those that public functions return: none falls back to the repr of dataclasses, which writes arrays out."""
    modules = ("", ".stats", ".evaluation.result", ".evaluation.agreement", ".evaluation.drivers", ".models")
    modules = (*modules, ".evaluation.direction", ".workflow.rows", ".workflow.findings", ".workflow.step")
    names = [(importlib.import_module(f"gxfast{module}"), module) for module in modules]
    public = [getattr(module, name) for module, _ in names for name in module.__all__]
    tables = {kind for kind in public if isinstance(kind, type) and dataclasses.is_dataclass(kind)}
    assert len(tables) > 40
    foreign = {kind.__name__ for kind in tables if kind.__repr__ is not Brief.__repr__}
    assert foreign <= {"OutputOptions", "Step"}  # options, and a function with its name


def test_a_repr_is_cut_where_texts_are_long() -> None:
    text = repr(Finding("error", "vcf", "x" * 500, "y" * 500))
    assert len(text) < MOST
    assert "\n" not in text
    assert (plural(1, "gene"), plural(2, "gene"), plural(0, "entry")) == ("1 gene", "2 genes", "0 entries")


@pytest.mark.parametrize("name", ["genes", "baseline", "eqtl", "drivers", "support", "motifs", "motif_clusters"])
def test_rows_have_the_columns_of_their_tsv(result: Results, name: str) -> None:
    pandas = pytest.importorskip("pandas")
    files = {
        "genes": "genes.tsv", "baseline": "baseline/elastic_net.tsv", "eqtl": "eqtl/permutation.tsv",
        "drivers": "ism/drivers.tsv", "support": "ism/support.tsv", "motifs": "ism/motifs.tsv",
        "motif_clusters": "ism/motif_clusters.tsv",
    }  # fmt: skip
    file = result.path / files[name]
    if not file.is_file():
        file = next(result.path.rglob(Path(files[name]).name))
    rows: Rows[Any] = getattr(result, name)
    table = rows.to_pandas()
    assert list(table.columns) == list(read_table(file))
    assert len(table) == len(rows)
    written = pandas.read_csv(file, sep="\t", float_precision="round_trip")
    for column in table.columns:
        found, expected = table[column], written[column]
        if expected.dtype.kind == "f":
            np.testing.assert_array_equal(found.astype(np.float64).to_numpy(), expected.to_numpy(), err_msg=column)
        elif found.dtype.kind == "b":
            assert found.map({True: "yes", False: "no"}).tolist() == expected.tolist()
        else:
            assert (
                found.astype(object).where(found.notna(), None).tolist()
                == expected.astype(object).where(expected.notna(), None).tolist()
            ), column


def test_what_is_undefined(tmp_path: Path) -> None:
    rows = Rows(LeadRow, [LeadRow(phenotype_id="g", status="ok", num_var=3, slope=0.5),
                          LeadRow(phenotype_id="h", status="no variant", slope=math.nan)])  # fmt: skip
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    table = rows.to_pandas()
    assert table["num_var"].dtype == "Int64"
    assert table["num_var"].isna().tolist() == [False, True]
    assert table["slope"].isna().tolist() == [False, True]
    assert table["variant_id"].tolist() == [None, None]
    assert "end_distance" not in table  # left out of the TSV as well
    frame = rows.to_polars()
    assert frame.schema["num_var"] == polars.Int64
    assert frame["slope"].to_list() == [0.5, None]
    pytest.importorskip("pyarrow")
    path = rows.to_parquet(tmp_path / "rows.parquet")
    assert pandas.read_parquet(path)["slope"].isna().tolist() == [False, True]
    assert polars.read_parquet(path).equals(frame)
    empty = Rows(LeadRow)
    assert list(empty.to_pandas().columns) == list(table.columns)
    assert polars.read_parquet(empty.to_parquet(tmp_path / "none.parquet")).schema == frame.schema


@dataclasses.dataclass
class Typed:
    """A row whose types are no texts; this module's annotations are."""

    n: int
    share: float


def test_kinds_of_columns_whichever_way_they_are_written() -> None:
    kinds = dataclasses.make_dataclass("Live", [("n", int), ("m", int | None), ("x", float | None), ("t", str)])
    assert [kind for kind, _ in columns_of(kinds, []).values()] == [int, int, float, str]
    assert [kind for kind, _ in columns_of(Typed, []).values()] == [int, float]


def test_rows_stay_lists() -> None:
    rows = Rows(LeadRow, [LeadRow(phenotype_id="g", status="ok")])
    assert rows == [LeadRow(phenotype_id="g", status="ok")]
    rows += [LeadRow(phenotype_id="h", status="ok")]
    again = pickle.loads(pickle.dumps(rows))
    assert (again, again.kind, len(again)) == (rows, LeadRow, 2)


def test_an_evaluation_is_the_table_of_its_rows(result: Results) -> None:
    pytest.importorskip("pandas")
    table = result.evaluations[0].to_pandas()
    assert table["gene_id"].tolist() == list(result.evaluations[0].gene_id)
    assert table["tss"].tolist() == (result.evaluations[0].tss + 1).tolist()
    assert set(table.columns) <= {one.name for one in dataclasses.fields(GeneRow)}
    np.testing.assert_array_equal(table["pearson_r"], result.evaluations[0].pearson_r)


def test_predictions_have_the_columns_of_their_bed(result: Results) -> None:
    polars = pytest.importorskip("polars")
    item = result.predictions[0]
    frame = item.to_polars()
    bed = polars.read_csv(result.path / "predictions" / "demo-promoter.bed.gz", separator="\t")
    assert frame.columns == bed.columns == [*PHENOTYPE_COLUMNS, *item.samples]
    assert frame.sort("gene_id").drop("#chr").equals(bed.sort("gene_id").drop("#chr"))


def test_several_tracks() -> None:
    pytest.importorskip("pandas")
    table = two_tracks().to_pandas()
    assert table["gene_id"].tolist() == ["g1:liver", "g1:brain", "g2:liver", "g2:brain", "g3:liver", "g3:brain"]
    assert table["start"].tolist() == [9, 9, 4, 4, 7, 7]
    assert table["s2"].tolist()[:2] == [2.0, 3.0]
    assert table["s2"].isna().tolist() == [False, False, True, True, False, False]


@pytest.mark.filterwarnings("default")
def test_people_by_genes_as_anndata(result: Results, tmp_path: Path) -> None:
    pytest.importorskip("anndata")
    item = two_tracks()
    found = item.to_anndata()
    assert (found.obs_names.tolist(), found.var_names.tolist()) == (["s1", "s2"], ["g1", "g2", "g3"])
    assert sorted(found.layers) == ["brain", "liver"]
    np.testing.assert_array_equal(found.X, item.values[:, :, 0].T)
    np.testing.assert_array_equal(found.layers["brain"], item.values[:, :, 1].T)
    assert found.var["tss"].tolist() == [10, 5, 8]
    assert found.var["status"].tolist() == ["ok", "no", "ok"]
    assert found.var["reference:brain"].tolist() == [1.0, 3.0, 5.0]
    assert found.uns["model"] == "m"
    one = result.predictions[0].to_anndata()
    assert not one.layers
    one.write_h5ad(tmp_path / "p.h5ad")
    again = gx.read_expression(tmp_path / "p.h5ad")  # genes x people again
    np.testing.assert_array_equal(again.values, result.predictions[0].values[:, :, 0])
    assert again.samples == result.predictions[0].samples


def test_tables_that_were_read_come_back(inputs: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    expression, genes = inputs["expression"], inputs["genes"]
    again = gx.read_expression(expression.to_parquet(tmp_path / "e.parquet"))
    assert (again.gene_id, again.samples) == (expression.gene_id, expression.samples)
    np.testing.assert_array_equal(again.values, expression.values)
    if expression.genes is not None:
        assert again.places is not None
        assert again.places.tss.tolist() == expression.genes.tss.tolist()
    plain = dataclasses.replace(expression, genes=None, places=None)
    np.testing.assert_array_equal(gx.read_expression(plain.to_parquet(tmp_path / "p.parquet")).values, plain.values)
    pytest.importorskip("pandas")
    genes.to_pandas().to_csv(tmp_path / "genes.tsv", sep="\t", index=False)
    read = gx.read_genes(tmp_path / "genes.tsv")
    assert (read.gene_id, read.chrom, read.strand, read.tss.tolist()) == (
        genes.gene_id, genes.chrom, genes.strand, genes.tss.tolist(),
    )  # fmt: skip
    covariates = gx.CovariateTable(("age", "sex"), ("a", "b"), np.array([[1.0, 2.0], [0.0, np.nan]]))
    covariates.to_pandas().to_csv(tmp_path / "k.tsv", sep="\t", index=False)
    np.testing.assert_array_equal(gx.read_covariates(tmp_path / "k.tsv").values, covariates.values)


def test_arrays_of_statistics_are_columns() -> None:
    pytest.importorskip("pandas")
    rng = np.random.default_rng(2)
    found = stats.pearson(rng.normal(size=(5, 9)), rng.normal(size=(5, 9)))
    table = found.to_pandas()
    assert list(table.columns) == ["r", "p", "log10p", "n", "why"]
    np.testing.assert_array_equal(table["r"], found.r)
    assert len(stats.pearson(rng.normal(size=9), rng.normal(size=9)).to_pandas()) == 1
    drivers = stats.select_drivers(rng.integers(0, 3, (6, 30)), rng.normal(size=6), rng.normal(size=30))
    assert list(drivers.to_pandas().columns) == ["is_driver", "own_r", "own_p", "increase", "drop"]


@pytest.mark.parametrize(
    ("package", "method"), [("pandas", "to_pandas"), ("polars", "to_polars"), ("anndata", "to_anndata")]
)
def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, package: str, method: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(gx.InputError, match=f"{method} needs {package}") as caught:
        getattr(two_tracks(), method)()
    extra = "anndata" if package == "anndata" else "frames"
    assert caught.value.remedy == f"pip install 'gxfast[{extra}]'"


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(gx.InputError, match="Parquet needs pyarrow") as caught:
        two_tracks().to_parquet(tmp_path / "p.parquet")
    assert caught.value.remedy == "pip install 'gxfast[io]'"
    assert list(tmp_path.iterdir()) == []


def test_a_person_who_is_called_like_a_column() -> None:
    with pytest.raises(gx.InputError, match="called like a column of the table: 'start'"):
        dataclasses.replace(two_tracks(), samples=("start", "s2")).to_pandas()


def test_a_table_is_no_cube() -> None:
    with pytest.raises(gx.InputError, match="one value per row"):
        stats.Correlation(*np.zeros((5, 2, 3))).to_pandas()
    assert issubclass(stats.Correlation, Arrays)
    assert issubclass(gx.PredictionSet, Table)

"""`gx.run`: what the command writes, as values; and that a run reads each input once, shown by counting."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.demo.simulate import DemoCohort
from gxfast.io.vcf import Genotypes, VariantFile
from gxfast.io.vcf_set import VariantFileSet
from gxfast.workflow import inputs as opening


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> DemoCohort:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), seed=3, n_people=40, n_genes=12)


@pytest.fixture(scope="module")
def second_model(cohort: DemoCohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network under another name."""
    import json

    import onnx

    model = onnx.load(cohort.model)
    card = {entry.key: entry.value for entry in model.metadata_props}
    card["gxfast.card"] = json.dumps(json.loads(card["gxfast.card"]) | {"name": "second"})
    onnx.helper.set_model_props(model, card)
    path = tmp_path_factory.mktemp("model") / "second.onnx"
    onnx.save(model, path)
    return path


def options(cohort: DemoCohort) -> dict[str, Any]:
    return {
        "fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "expression": cohort.expression,
        "cis_window": 20_000, "permutations": 100,
    }  # fmt: skip


def files_of(folder: Path) -> dict[str, bytes]:
    every = (path for path in folder.rglob("*") if path.is_file() and not {".gxfast", "config.toml"} & {*path.parts})
    return {str(path.relative_to(folder)): path.read_bytes() for path in every}


def test_the_same_bytes_as_the_command(cohort: DemoCohort, tmp_path: Path) -> None:
    result = gx.run(tmp_path / "python", model=cohort.model, **options(cohort))
    named = {name.replace("_", "-"): str(value) for name, value in options(cohort).items()}
    flags = [part for name, value in named.items() for part in (f"--{name}", value)]
    assert main(["run", "-q", *flags, "--model", str(cohort.model), "-o", str(tmp_path / "command")]) == 0
    assert result.path == tmp_path / "python"
    found = files_of(tmp_path / "python")
    assert "report.html" in found
    assert found == files_of(tmp_path / "command")


def test_values_are_those_of_the_tables(cohort: DemoCohort, tmp_path: Path) -> None:
    result = gx.run(tmp_path / "run", model=cohort.model, **options(cohort))
    tables = {
        "genes.tsv": result.genes, "certificate.tsv": result.certificate,
        "baseline/elastic_net.tsv": result.baseline, "eqtl/permutation.tsv": result.eqtl,
        "drivers.tsv": result.drivers, "support.tsv": result.support, "direction.tsv": result.direction,
        "motifs.tsv": result.motifs, "motif_clusters.tsv": result.motif_clusters,
        "explainers.tsv": result.explainers,
    }  # fmt: skip
    for name, rows in tables.items():
        with (tmp_path / "run" / name).open() as handle:
            written = list(csv.DictReader(handle, delimiter="\t"))
        assert len(written) == len(rows) > 0 or name == "motif_clusters.tsv", name
        for row, texts in zip(rows, written, strict=True):
            for column, text in texts.items():
                value = getattr(row, column, getattr(row, f"{column}_", None))
                assert text == "" if value is None or value != value else str_of(value) == text, (name, column)
    assert result.predictions[0].values.shape == (12, 40, 1)
    assert result.evaluations[0].pearson_r.shape == (12,)
    assert result.summary["n_people"] == 40
    assert not result.failed


def str_of(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def test_steps_that_were_not_done_are_empty(cohort: DemoCohort, tmp_path: Path) -> None:
    result = gx.run(tmp_path, model=[cohort.model], steps=("predict",), **options(cohort))
    assert result.genes
    assert not result.evaluations
    assert result.baseline == result.eqtl == result.drivers == []
    with pytest.raises(gx.InputError, match="unknown step 'predcit'"):
        gx.run(tmp_path / "x", model=cohort.model, steps=("predcit",), **options(cohort))


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, counts: Counter[str]) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def wrapper(*arguments: Any, **named: Any) -> Any:
        counts[name] += 1
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, wrapper)


def test_each_input_is_read_once(
    cohort: DemoCohort, second_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gxfast.ism

    counts: Counter[str] = Counter()
    for name in ("read_expression", "read_genes", "read_covariates", "choose_samples"):
        counted(monkeypatch, opening, name, counts)
    counted(monkeypatch, VariantFileSet, "__init__", counts)
    counted(monkeypatch, gxfast.ism, "plan", counts)
    decoded: Counter[tuple[str, int]] = Counter()
    region = VariantFile.region

    def remember(self: VariantFile, chrom: str, start: int, end: int) -> Genotypes:
        found = region(self, chrom, start, end)
        # What begins before the stretch was counted where it begins.
        decoded.update({(chrom, at) for at in found.position.tolist() if at >= start})
        return found

    monkeypatch.setattr(VariantFile, "region", remember)
    result = gx.run(
        tmp_path / "run", model=[cohort.model, second_model], covariates=cohort.covariates, n_covariates=1,
        **options(cohort),
    )  # fmt: skip
    assert counts == {
        "read_expression": 1, "read_genes": 1, "read_covariates": 1, "choose_samples": 1, "__init__": 1,
        "plan": 2,  # one per model
    }  # fmt: skip
    assert len(result.predictions) == 2
    assert result.drivers
    assert len(decoded) > 100
    assert set(decoded.values()) == {1}

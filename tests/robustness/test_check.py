"""``gxfast check`` says all that it knows in one pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from robustness.catalogue.project import ARGUMENTS, PEOPLE, Project, make_project

from gxfast.cli.main import main


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project")


def errors(project: Project, capfd: Any, *extra: str) -> list[tuple[str, str]]:
    """What is wrong, by kind; each with its remedy."""
    code = main([*ARGUMENTS["check"](project), "--json", *extra])
    told = json.loads(capfd.readouterr().out)
    found = [row for row in told["findings"] if row["level"] == "error"]
    assert (code, told["ok"]) == ((2, False) if found else (0, True))
    assert all(row["remedy"] for row in found)
    return [(row["what"], row["message"]) for row in found]


def test_every_file_is_spoiled(project: Project, capfd: Any) -> None:
    other = project.folder / "other.onnx"
    other.write_text("<html>")
    (project.folder / "covariates.tsv").write_text("id\tP01\nage\told\n")
    (project.folder / "pips.tsv").write_text("gene_id\tvariant_id\nG00\tchr1_1_A_C\n")
    (project.folder / "names.tsv").write_text("chr1\n")
    project.model.write_bytes(project.model.read_bytes()[:90])
    project.change_cell(project.genes, 3, 2, "x")
    project.change_cell(project.expression, 3, 6, "high")
    project.vcf.write_bytes(project.vcf.read_bytes()[:5_000])
    files = {"model": "other.onnx", "covariates": "covariates.tsv", "finemapped": "pips.tsv", "contigs": "names.tsv"}
    more = [word for what, name in files.items() for word in (f"--{what}", str(project.folder / name))]
    found = errors(project, capfd, *more)
    names = (
        "names.tsv",
        "expression.bed",
        "genes.tsv",
        "cohort.vcf.gz",
        "covariates.tsv",
        "model.onnx",
        "other.onnx",
        "pips.tsv",
    )
    assert [what for what, _ in found] == [
        "contigs", "expression", "genes", "vcf", "covariates", "model", "model", "finemapped"
    ]  # fmt: skip
    assert [name for name, (_, message) in zip(names, found, strict=True) if name not in message] == []
    project.fasta.unlink()
    assert errors(project, capfd, *more)[0][0] == "fasta"


def test_records_of_several_kinds(project: Project, capfd: Any) -> None:
    """One finding for what is mended in one way, in however many windows it is; other windows are looked at too."""
    records = project.records
    at = {chrom: project.place(chrom) for chrom in ("chr1", "chr2")}
    far = project.place("chr2", 46_900)
    for i in at.values():
        records[i][4] = "ZQ!"
        records[i + 1][12] = "0/1"
    records[far][3] = records[far][4]
    records[far][4] = project.base("chr2", int(records[far][1]))
    project.put_vcf(records)
    found = [message for what, message in errors(project, capfd) if what == "records"]
    assert len(found) == 3
    for part in (
        f"chr1:{records[at['chr1']][1]}",
        "ZQ!",
        "(and 1 more records)",
        "without phase",
        "REF does not match",
    ):
        assert any(part in message for message in found), part


def test_what_is_left_is_checked_against_each_other(project: Project, capfd: Any) -> None:
    """A model that cannot be opened does not hide that the people, genes and covariates do not fit together."""
    project.model.write_text("no model")
    rows = project.rows(project.expression)
    project.put_rows(project.expression, [rows[0], *([*row[:3], "X" + row[3], *row[4:]] for row in rows[1:])])
    table = project.folder / "covariates.tsv"
    project.put_rows(table, [["id", *PEOPLE], *([name, *map(str, range(12))] for name in ("age", "again"))])
    found = errors(project, capfd, "--covariates", str(table))
    assert [what for what, _ in found] == ["model", "samples", "genes"]
    assert "again" in found[1][1]
    assert "no gene is in both" in found[2][1]


def test_values_that_are_no_numbers(project: Project, capfd: Any) -> None:
    from robustness.catalogue.project import write_model

    write_model(project.model, nonlinear=("Abs", "Neg", "Sqrt"))
    ((what, message),) = errors(project, capfd)
    assert what == "model"
    assert "gene G00: the model returned nan" in message

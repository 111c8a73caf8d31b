"""Arguments of the library, told as options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
import pytest

import gxfast as gx
from gxfast.cli.command import command
from gxfast.cli.main import main
from gxfast.cli.naming import as_options


@command()
@click.option("--window", "length")
@click.option("--card", "cards", multiple=True)
@click.option("--tiles/--no-tiles", default=True)
@click.option("--resume", is_flag=True)
@click.option("--max-mem")
@click.option("--unphased")
@click.option("--pip")
@click.option("--track", "tracks", multiple=True)
def some(**_: object) -> int:
    raise gx.InputError(
        "give the length with `length=`, or `card=`",
        remedy='`tiles=False`, `resume=True`, `max_mem=104857600`, `policy=gx.HaplotypePolicy(unphased="as_phased")`, '
        "`outputs=OutputOptions(tracks=...)`, `pip=(0.9, 0.01)`, `other_thing=3`, `field=3`",
    )


def test_errors_name_the_options_of_the_command_that_runs() -> None:
    with pytest.raises(gx.InputError) as caught:
        some.main([], standalone_mode=False)
    assert caught.value.message == "give the length with --window, or --card"
    assert caught.value.remedy == (
        "--no-tiles, --resume, --max-mem 100M, --unphased as_phased, --track, --pip 0.9,0.01, "
        "--other-thing 3, --dosage 3"
    )


def test_what_is_no_argument_stays() -> None:
    for text in ("`x`", "`predict`", "a=b", "``", "`a b=c`", "`A=1`", "`gx.f(policy)`"):
        assert as_options(text) == text


def test_remedies_can_be_typed(tmp_path: Path, make_world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world = make_world(tmp_path, {"1": "ACGTACGTAC"}, [("1", 2, "C", "T", ["0/1"])])
    genome, people = gx.Genome(world.fasta), gx.VariantFile(world.vcf)
    windows = gx.Windows(("1",), np.array([0]), 6, np.array([3]), np.array([False]))
    with pytest.raises(gx.InputError, match="without phase") as caught:
        gx.haplotypes(genome, people, windows)
    (first, second) = re.findall(r"`policy=(.*?)`", caught.value.remedy or "")
    assert len(gx.haplotypes(genome, people, windows, policy=eval(first)).sequences) == 2
    assert eval(second).n_phasings == 10
    assert as_options(caught.value.remedy or "").endswith(
        "choose --unphased as_phased, ref or iupac, or draw phasings with --phase sample:10"
    )


def test_a_run_calls_the_length_by_its_own_name(cohort: Any, tmp_path: Path) -> None:
    proto = onnx.load(cohort.model)
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "bases"
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(gx.GxfastError, match="any sequence length") as caught:
        gx.run(tmp_path / "run", fasta=cohort.fasta, vcf=cohort.vcf, genes=cohort.genes, model=tmp_path / "m.onnx")
    assert "`window=`" in (caught.value.remedy or "")
    with pytest.raises(gx.GxfastError, match=r"any sequence length[\s\S]*`length=`"):
        gx.Model(tmp_path / "m.onnx", device="cpu")


def test_python_reads_its_own_names(tmp_path: Path, make_world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world = make_world(tmp_path, {"1": "ACGTACGTAC"}, [("1", 2, "C", "T", ["0|1"])])
    with pytest.raises(gx.InputError, match="`genes=`"):
        gx.run(tmp_path / "run", fasta=world.fasta, vcf=world.vcf, model=tmp_path / "m.onnx")
    assert main(["run", "--fasta", str(world.fasta), "--vcf", str(world.vcf), "--model", "m", "-o", "r"]) == 2
    error = capsys.readouterr().err
    assert "name them with --genes," in error
    assert "`" not in error

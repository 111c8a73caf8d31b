"""Arguments of the library, told as options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
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
def some(**_: object) -> int:
    raise gx.InputError(
        "give the length with `length=`, or `card=`",
        remedy='`tiles=False`, `resume=True`, `max_mem=104857600`, `unphased="as_phased"`, `other_thing=3`',
    )


def test_errors_name_the_options_of_the_command_that_runs() -> None:
    with pytest.raises(gx.InputError) as caught:
        some.main([], standalone_mode=False)
    assert caught.value.message == "give the length with --window, or --card"
    assert caught.value.remedy == "--no-tiles, --resume, --max-mem 100M, --unphased as_phased, --other-thing 3"


def test_what_is_no_argument_stays() -> None:
    for text in ("`x`", "`predict`", "a=b", "``", "`a b=c`", "`A=1`"):
        assert as_options(text) == text


def test_python_reads_its_own_names(tmp_path: Path, make_world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world = make_world(tmp_path, {"1": "ACGTACGTAC"}, [("1", 2, "C", "T", ["0|1"])])
    with pytest.raises(gx.InputError, match="`genes=`"):
        gx.run(tmp_path / "run", fasta=world.fasta, vcf=world.vcf, model=tmp_path / "m.onnx")
    assert main(["run", "--fasta", str(world.fasta), "--vcf", str(world.vcf), "--model", "m", "-o", "r"]) == 2
    error = capsys.readouterr().err
    assert "name them with --genes," in error
    assert "`" not in error

"""Numbers among the options."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from gxfast.cli.ism import _positions, engine_of, reach_of
from gxfast.cli.main import main
from gxfast.cli.numbers import Number, Whole
from gxfast.errors import InputError
from gxfast.workflow.shard import parse_shard


@click.command()
@click.option("--whole", type=Whole(1), default=1)
@click.option("--seed", type=Whole(0, 2**63 - 1), default=0)
@click.option("--share", type=Number(0, 0.5), default=0.01)
def numbers(whole: int, seed: int, share: float) -> None:
    click.echo(f"{whole} {seed} {share}")


def test_numbers() -> None:
    done = CliRunner().invoke(numbers, ["--whole", "12", "--seed", str(2**63 - 1), "--share", "5e-2"])
    assert done.output == f"12 {2**63 - 1} 0.05\n"
    assert CliRunner().invoke(numbers, []).output == "1 0 0.01\n"


@pytest.mark.parametrize("text", ["1_0", "٣", "²", "9" * 5000, "nan", "inf", "0x3", "1e400", "-1", "0", "7"])
@pytest.mark.parametrize("option", ["--whole", "--share"])
def test_what_is_no_number(option: str, text: str) -> None:
    fine = (option, text) in (("--whole", "7"), ("--share", "0"))
    assert CliRunner().invoke(numbers, [option, text]).exit_code == (0 if fine else 2)


def test_no_option_takes_nan(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("nan", "1_0", "٣"):
        assert main(["eqtl", "--vcf", "v", "--expression", "e", "-o", "o", "--min-maf", text]) == 2
        assert "is not a finite number" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["²/3", "1/٣", "0/3", "4/3", "1", "1/", "/", "1/" + "9" * 5000, "1_0/20"])
def test_shards_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="is not a part of a whole"):
        parse_shard(text)


@pytest.mark.parametrize("text", ["²", "٣", "9" * 5000, "-1", "1_0", ""])
def test_reaches_and_positions_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="is no number of bases"):
        reach_of(text)
    with pytest.raises(InputError, match="is no interval"):
        _positions(text)


def test_bins_are_not_counted_without_end() -> None:
    options = {"tracks": ["٣", "2"], "bins": "0-1000000000", "reduce": "mean", "mode": "auto", "threads": 1}
    with pytest.raises(InputError, match="names more than 1000000 bins"):
        engine_of(options, check=False)
    assert engine_of({**options, "bins": "1-2,5"}, check=False).outputs.tracks == ["٣", 2]

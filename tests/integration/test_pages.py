"""AGENTS.md, docs/objects.md and docs/extending.md: what they show runs, and the names in them are there."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast import _plugins
from gxfast.cli.main import main

TOP = Path(gx.__file__).parents[1]


def page(name: str) -> str:
    if not (TOP / name).is_file():
        pytest.skip("the documentation is not beside an installed wheel")
    return (TOP / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.S)


def run_block(text: str, **names: Any) -> dict[str, Any]:
    space = {"gx": gx, "np": np, **names}
    exec(compile(text, "page", "exec", dont_inherit=True), space)
    return space


@pytest.fixture(scope="module")
def opened(cohort: Any) -> dict[str, Any]:
    return {
        "genome": gx.Genome(cohort.fasta), "variants": gx.VariantFile(cohort.vcf), "genes": gx.read_genes(cohort.genes),
        "model": gx.Model(cohort.model, device="cpu"),
    }  # fmt: skip


def test_the_program_of_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks("AGENTS.md", "python")
    monkeypatch.chdir(tmp_path)
    found = run_block(text)
    assert len(found["evaluation"]) == 9
    assert found["x"].shape[1] == 4


@pytest.mark.parametrize("name", ["AGENTS.md", "docs/objects.md", "docs/extending.md"])
def test_names_are_there(name: str) -> None:
    text = page(name)
    missing = []
    for found in set(re.findall(r"`(g(?:x|xfast)(?:\.[A-Za-z_]+)+)", text)):
        if found.startswith("gxfast.torch_data") and find_spec("torch") is None:
            continue  # it is imported with PyTorch alone
        module, value = gx, found.partition(".")[2]
        for part in value.split("."):
            try:
                module = getattr(module, part)
            except AttributeError:
                try:
                    module = importlib.import_module(f"{module.__name__}.{part}")
                except ImportError:
                    missing.append(found)
                    break
    groups = {_plugins.MODELS, _plugins.READERS, _plugins.ISM_OPS}
    assert {one for one in missing if one not in groups} == set()
    broken = [to for to in re.findall(r"\]\(([\w/.]+\.md)", text) if not (TOP / Path(name).parent / to).is_file()]
    assert broken == []


def test_the_commands_of_agents(capsys: pytest.CaptureFixture[str]) -> None:
    """Every gxfast command is there, every script, preset and folder."""
    text = page("AGENTS.md")
    commands = set(re.findall(r"gxfast ([a-z]+(?: [a-z]+)?)", "\n".join(re.findall(r"```\n(.*?)```", text, re.S))))
    commands |= {"model inspect"}
    assert len(commands) >= 5
    for command in commands:
        assert main([*command.split(), "--help"]) == 0, command
    capsys.readouterr()
    for file in ("scripts/test.sh", "tests/codebase", "CMakePresets.json"):
        assert (TOP / file).exists()
    presets = (TOP / "CMakePresets.json").read_text()
    assert all(f'"{preset}"' in presets for preset in re.findall(r"--preset (\w+)", text))


def test_the_reprs_of_objects(cohort: Any, opened: dict[str, Any]) -> None:
    predictions = gx.predict(opened["model"], opened["genome"], opened["variants"], opened["genes"])
    evaluation = gx.evaluate(predictions, gx.read_expression(cohort.expression))
    shown = page("docs/objects.md")
    assert repr(predictions) in shown
    assert repr(evaluation) in shown


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_the_training_loop_of_objects(cohort: Any, opened: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    _, arrays, loop = blocks("docs/objects.md", "python")
    windows = gx.model_windows(opened["model"].card, opened["genes"])
    found = run_block(
        "\n".join(line for line in arrays.splitlines() if "jax" not in line), torch=torch, windows=windows, **opened
    )
    assert found["letters"].data_ptr() == found["batch"].sequences.__array_interface__["data"][0]
    table = gx.read_expression(cohort.expression)
    found = run_block(loop, torch=torch, expression=table.values, **opened)
    assert found["x"].shape[1:] == (4, opened["model"].length)
    gene, person = int(found["gene"][-1]), int(found["person"][-1])
    assert float(found["y"][-1]) == table.values[gene, person]


def test_the_entry_points_of_extending(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has the groups that gxfast reads, and the objects of the example."""
    (text,) = blocks("docs/extending.md", "toml")
    groups = tomllib.loads(text)["project"]["entry-points"]
    assert set(groups) == {_plugins.MODELS, _plugins.READERS, _plugins.ISM_OPS}
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "plugins"))
    for entries in groups.values():
        for value in entries.values():
            module, _, name = value.partition(":")
            assert getattr(importlib.import_module(module), name) is not None
    for module in [name for name in sys.modules if name.startswith("gxfast_example")]:
        del sys.modules[module]

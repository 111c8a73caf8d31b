"""Tiles as commands use them: what `--explain` says, and windows that are predicted whole after all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.directories import fingerprint

from gxfast.bench.cases.ism.networks import xpresso
from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.errors import ModelError
from gxfast.io.npz import npz_bytes
from gxfast.ism.tiled_model import TiledModel
from gxfast.models.saving import save_model


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("tiles")
    cohort = simulate_cohort(folder / "cohort", seed=3, n_people=20, n_genes=9)
    made = xpresso(8_000, (16, 8))
    save_model(made.model, made.card, folder / "long.onnx")
    inputs = ["--fasta", str(cohort.fasta), "--vcf", str(cohort.vcf), "--genes", str(cohort.genes)]
    return ["predict", *inputs, "--model", str(folder / "long.onnx"), "--model", str(cohort.model), "--threads", "1"]


def _differs(self: TiledModel) -> None:
    raise ModelError("predictions in tiles differ", path=self.model.path)


def test_explain(words: list[str], tmp_path: Path, capsys: Any) -> None:
    assert main([*words, "--explain", "-o", str(tmp_path / "tiles")]) == 0
    told = capsys.readouterr().err
    assert "cut at" in told
    assert "times fewer are left than of distinct haplotypes in full" in told
    assert "times fewer multiply-adds than their windows in full, as counted" in told
    assert "demo-promoter: windows are predicted whole: no cut of it promises 1.3 times fewer" in told
    assert main([*words, "--explain", "--no-tiles", "-o", str(tmp_path / "whole")]) == 0
    assert capsys.readouterr().err.count("windows are predicted whole: no tiles were asked for") == 2


def test_tiles_that_differ_are_not_used(
    words: list[str], tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*words, "-q", "--no-tiles", "-o", str(tmp_path / "whole")]) == 0
    monkeypatch.setattr(TiledModel, "check", _differs)
    assert main([*words, "--explain", "-o", str(tmp_path / "refused")]) == 0
    told = capsys.readouterr().err
    assert told.count("windows are predicted whole: predictions in tiles differ") == 2  # a warning, and an explanation
    assert "cut at" not in told
    made, whole = fingerprint(tmp_path / "refused"), fingerprint(tmp_path / "whole")
    assert {name for name in made if made[name] != whole.get(name)} == {"manifest.json"}
    manifest = json.loads((tmp_path / "refused" / "manifest.json").read_text())
    assert list(manifest["summary"]["refused_tiles"].values()) == ["predictions in tiles differ"]
    # Whoever goes on does as was done before.
    monkeypatch.undo()
    for gone in (tmp_path / "refused").glob("predictions/*"):
        gone.unlink()
    (tmp_path / "refused" / "manifest.json").unlink()
    assert main([*words, "-q", "--resume", "-o", str(tmp_path / "refused")]) == 0
    assert fingerprint(tmp_path / "refused") == made


@pytest.mark.parametrize("refused", [False, True])
def test_shards_are_one_run(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:  # fmt: skip
    if refused:
        monkeypatch.setattr(TiledModel, "check", _differs)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main([*words, "-q", "-o", str(whole)]) == 0
    assert main(["plan", "predict", *words[1:-2], "--shards", "2", "-o", str(parts)]) == 0
    for shard in ("2/2", "1/2"):
        assert main(["run", str(parts), "-q", "--shard", shard]) == 0
        assert not [*(parts / ".gxfast").glob("**/tiles.npz")]  # two shards at once would be two writers of it
        assert len([*(parts / ".gxfast").glob("**/tiles-*.npz")]) >= 1
    assert main(["merge", "-q", str(parts)]) == 0
    assert fingerprint(parts) == fingerprint(whole)
    assert bool(json.loads((parts / "manifest.json").read_text())["summary"].get("refused_tiles")) == refused


def test_shards_that_found_different_things_are_not_merged(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    parts = tmp_path / "parts"
    assert main(["plan", "predict", *words[1:-2], "--shards", "2", "-o", str(parts)]) == 0
    for shard in ("1/2", "2/2"):
        assert main(["run", str(parts), "-q", "--shard", shard]) == 0
    (found,) = (parts / ".gxfast").glob("blocks/xpresso/tiles-*.npz")  # the one block of genes is the second's
    name = found.name.replace("00002-", "00001-", 1)
    content = npz_bytes({"whole_because": np.array("they differ")})
    found.with_name(name).write_bytes(content)
    journal = parts / ".gxfast" / "shards" / "00001-of-00002.tsv"
    journal.write_text(f"{journal.read_text()}xpresso/{name}\t{hashlib.sha256(content).hexdigest()}\n")
    capsys.readouterr()
    assert main(["merge", "-q", str(parts)]) == 2
    told = capsys.readouterr().err
    assert "in tiles and in whole windows" in told
    assert "--no-tiles" in told


def test_a_run_that_is_gone_on_with_is_not_judged_anew(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert main([*words, "-q", "-o", str(out)]) == 0
    before = fingerprint(out)
    for gone in (out / "manifest.json", *(out / ".gxfast" / "blocks" / "xpresso").glob("block-*")):
        gone.unlink()
    monkeypatch.setattr(TiledModel, "check", _differs)
    assert main([*words, "-q", "--resume", "-o", str(out)]) == 0
    assert fingerprint(out) == before

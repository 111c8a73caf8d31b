"""The worked example of docs/development.md: a step of a run, as it stands there."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.demo import simulate_cohort
from gxfast.workflow import run as running

GUIDE = Path(__file__).parents[3] / "docs" / "development.md"


def test_the_step_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not GUIDE.is_file():
        pytest.skip("the documentation is not beside an installed wheel")
    (block,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(block, str(GUIDE), "exec", dont_inherit=True), names)
    monkeypatch.setattr(running, "_ORDER", (*running._ORDER, names["SPREAD"]))
    cohort = simulate_cohort(tmp_path / "cohort", seed=1, n_people=20, n_genes=9)
    files = {"fasta": cohort.fasta, "vcf": cohort.vcf, "genes": cohort.genes, "model": cohort.model}
    result = gx.run(tmp_path / "run", **files, steps=("predict",))
    with (result.path / "spread.tsv").open() as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    expected = np.std(result.predictions[0].values[:, :, 0], axis=1)
    assert [float(row["spread"]) for row in rows] == expected.tolist()
    manifest = json.loads((result.path / "manifest.json").read_text())
    assert manifest["summary"]["spread"] == {"n_rows": 9}
    assert "spread.tsv" in manifest["results"]

"""The twins return what was recorded from the real hosts (record.py); no host is needed."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
TOOLS = sorted(path.stem for path in (HERE / "golden").glob("*.json"))


def load_recorder() -> Any:
    spec = importlib.util.spec_from_file_location("gxfast_tests_record", HERE / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECORD = load_recorder()
DNA = SimpleNamespace(array=np.frombuffer(b"ACGT", "S1"))


def call(tool: str, name: str, arguments: list[Any]) -> Any:
    twin = RECORD.resolve(importlib.import_module(f"gxfast.compat.{tool}"), name)
    if name == "VariantSeqExtractor":
        return RECORD.extract(twin, *arguments)
    return twin(*arguments, DNA) if tool == "seqpro" else twin(*arguments)


def test_every_host_is_recorded() -> None:
    assert set(RECORD.HOSTS) == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_recorded_results(tool: str, backend: str) -> None:
    cases = json.loads((HERE / "golden" / f"{tool}.json").read_text())["cases"]
    assert len(cases) >= len(RECORD.TEXTS)
    for case in cases:
        found = RECORD.result_of(lambda *given, c=case: call(tool, c["function"], list(given)), case["arguments"])
        assert found == case["result"], case

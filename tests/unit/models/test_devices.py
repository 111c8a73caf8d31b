"""Devices: never silently another one than was asked for."""

from __future__ import annotations

import logging
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast.demo
from gxfast.errors import DeviceError, InputError
from gxfast.models import runtime, session
from gxfast.models.runtime import CPU, CUDA, cuda_problem, open_session, runtime_facts
from gxfast.models.session import Model

DEMO = Path(str(gxfast.demo.__file__)).with_name("demo_model.onnx")


@pytest.mark.parametrize("device", ["gpu", "CUDA", "cuda:x", "cuda:-1", "cpu:0", ""])
def test_refuses_unknown_devices(device: str) -> None:
    with pytest.raises(InputError, match="device must be"):
        Model(DEMO, device=device)


def without_cuda(ort: Any, index: int) -> str:
    return f"device {index} is not there"


def test_cuda_is_refused_where_it_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "cuda_problem", without_cuda)
    with pytest.raises(DeviceError, match=r"'cuda:1' was asked for, but device 1 is not there[\s\S]*gxfast\[gpu\]"):
        Model(DEMO, device="cuda:1")


def test_auto_takes_the_cpu_and_says_why(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(runtime, "cuda_problem", without_cuda)
    with caplog.at_level(logging.INFO, "gxfast"):
        model = Model(DEMO, device="auto")
    assert (model.device, model.provider) == ("cpu", CPU)
    assert "device 0 is not there" in caplog.text


def test_a_session_that_fell_back_silently_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test model runs on CUDA, but onnxruntime quietly puts the real one on the CPU."""
    create = runtime.create
    monkeypatch.setattr(runtime, "cuda_problem", lambda ort, index: None)
    monkeypatch.setattr(
        runtime,
        "create",
        lambda ort, source, provider, options, *, path, arena: create(ort, source, CPU, {}, path=path),
    )
    with pytest.raises(DeviceError, match="did not put the model on the GPU"):
        Model(DEMO, device="cuda")
    assert Model(DEMO, device="auto").device == "cpu"


def test_cuda_session_records_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    class OnCuda:
        def get_providers(self) -> list[str]:
            return [CUDA, CPU]

    def create(ort: Any, source: Any, provider: str, options: dict[str, str], *, path: Any, arena: bool) -> OnCuda:
        asked.append((provider, options))
        return OnCuda()

    monkeypatch.setattr(runtime, "cuda_problem", lambda ort, index: None)
    monkeypatch.setattr(runtime, "create", create)
    monkeypatch.setattr(session, "check_rows", lambda model: False)
    opened = open_session(DEMO, device="cuda:2")
    assert (opened.device, opened.provider) == ("cuda:2", CUDA)
    assert opened.provider_options == {
        "device_id": "2",
        "use_tf32": "0",
        "cudnn_conv_algo_search": "HEURISTIC",
    }
    assert asked == [(CUDA, opened.provider_options)]
    assert Model(DEMO, device="cuda").batch_size == 256  # no timing there: the size the budget allows


def test_missing_and_broken_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DeviceError, match=r"pip install 'gxfast\[cpu\]' or pip install 'gxfast\[gpu\]'"):
        Model(DEMO, device="cpu")
    facts = runtime_facts()
    assert facts["version"] is None
    assert "cannot be imported" in facts["warnings"][0]
    monkeypatch.setitem(sys.modules, "onnxruntime", type(sys)("onnxruntime"))
    with pytest.raises(DeviceError, match="broken"):
        Model(DEMO, device="cpu")


def test_runtime_facts_test_what_really_works() -> None:
    import onnxruntime

    facts = runtime_facts()
    assert facts["version"] == onnxruntime.__version__
    assert facts["available"] == onnxruntime.get_available_providers()
    assert facts["working"][CPU] is None
    if CUDA not in facts["available"]:
        assert "no CUDA provider" in facts["working"][CUDA]


def test_runtime_facts_warn_of_two_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.31.1")
    facts = runtime_facts()
    assert facts["distributions"] == {"onnxruntime": "1.31.1", "onnxruntime-gpu": "1.31.1"}
    assert "overwrite each other" in facts["warnings"][0]


class FakeRuntime:
    """An onnxruntime that lists CUDA, as the GPU wheel does on every machine."""

    __version__ = "9.9"
    ExecutionMode = type("ExecutionMode", (), {"ORT_SEQUENTIAL": 0})

    def __init__(self, *, runs_on: str = CUDA, values: Any = (2.0, 2.0)) -> None:
        self.runs_on, self.values = runs_on, values
        self.made: list[Any] = []

    def get_available_providers(self) -> list[str]:
        return ["TensorrtExecutionProvider", CUDA, CPU]

    def preload_dlls(self) -> None:
        print("Failed to load libcublas.so")

    def SessionOptions(self) -> Any:  # noqa: N802
        return type("Options", (), {"add_session_config_entry": lambda *_: None})()

    def InferenceSession(self, *_: Any, **options: Any) -> Any:  # noqa: N802
        self.made.append(options)
        return self

    def get_providers(self) -> list[str]:
        return [self.runs_on, CPU]

    def run(self, *_: Any) -> Any:
        if isinstance(self.values, Exception):
            raise self.values
        return [np.array(self.values, np.float32)]


def test_cuda_works_only_if_a_model_really_runs_there(capfd: pytest.CaptureFixture[str]) -> None:
    good = FakeRuntime()
    assert cuda_problem(good, 1) is None
    assert good.made[0]["providers"] == [
        (CUDA, {"device_id": "1", "use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"})
    ]
    assert good.made[0]["enable_fallback"] == 0
    assert "could not be loaded" in str(cuda_problem(FakeRuntime(runs_on=CPU), 0))
    assert "gave [0.0, 2.0]" in str(cuda_problem(FakeRuntime(values=(0.0, 2.0)), 0))
    failing = FakeRuntime(values=RuntimeError("CUDA error 209: no kernel image\nis available"))
    assert cuda_problem(failing, 0) == "CUDA error 209: no kernel image is available"
    assert capfd.readouterr() == ("", "")

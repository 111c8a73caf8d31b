"""The parts of running a model that get the onnxruntime module handed in (only ``session`` imports it)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ModelError
from ._batches import OutOfMemoryError
from .front import FRONT_KEY

__all__ = ["CPU", "CUDA", "CUDA_OPTIONS", "create", "cuda_problem", "device_index", "front_names", "probe", "run"]

CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
CUDA_OPTIONS: Final = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
_OUT_OF_MEMORY: Final = re.compile(r"Failed to allocate memory|out of memory|BFCArena|CUDA error 2\b|bad_alloc", re.I)


def run(
    session: Any, output: str, feeds: dict[str, NDArray[Any]], options: Any, *, n_rows: int, path: Path
) -> NDArray[Any]:
    """Run one batch of ``n_rows``; onnxruntime gets contiguous arrays in native byte order only."""
    for name, array in feeds.items():
        if not (array.flags.c_contiguous and array.dtype.isnative):
            feeds[name] = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    try:
        raw = session.run([output], feeds, options)[0]
    except Exception as error:  # onnxruntime's exceptions share no base class but this
        if _OUT_OF_MEMORY.search(str(error)):
            raise OutOfMemoryError(_first_line(error)) from None
        raise ModelError(
            f"the model fails on a batch of {n_rows}: {_first_line(error)}",
            path=path,
            remedy="if it was exported for another batch size, export it with a dynamic batch axis",
        ) from None
    if not isinstance(raw, np.ndarray) or raw.dtype.kind not in "fiub" or raw.ndim < 1:
        raise ModelError(
            f"output {output!r} is no array of numbers with a batch axis",
            path=path,
            remedy="name another output as output.name in a card",
        )
    if len(raw) != n_rows:
        raise ModelError(
            f"output {output!r} of shape {list(raw.shape)} has no row per sequence (batch of {n_rows})",
            path=path,
            remedy="export the model with a batch axis first",
        )
    return raw


def _first_line(error: Exception) -> str:
    """Return onnxruntime's message on one line without its code and its C++ signature."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", " ".join(str(error).split()))
    return re.sub(r"/onnxruntime_src/\S+:\d+ .*?\)(?: const)? (?=\S)", "", text)[:400]


def create(ort: Any, source: Path | bytes, provider: str, options: dict[str, str], *, path: object) -> Any:
    """Create a single-threaded session; ModelError where onnxruntime refuses the model."""
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    settings.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.use_deterministic_compute = True
    settings.log_severity_level = 4
    try:
        # onnxruntime takes UTF-8 whatever the locale, which made a string with surrogates of the path.
        name = source if isinstance(source, bytes) else os.fsencode(source).decode("utf-8")
        folder = os.fsencode(path.absolute().parent).decode("utf-8") if isinstance(path, Path) else None
    except UnicodeDecodeError:
        raise ModelError(
            "onnxruntime cannot open a path that is not UTF-8", path=path, remedy="rename the file or its folder"
        ) from None
    try:
        if folder is not None and isinstance(source, bytes):
            # Content has no folder of its own: where its external data lie (read since onnxruntime 1.21).
            settings.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        return ort.InferenceSession(
            name,
            settings,
            providers=[(provider, options)],
            enable_fallback=0,
            read_config_from_model=0,  # a model file may not change how it is run
        )
    except Exception as error:  # onnxruntime's exceptions share no base class but this
        text = _first_line(error)
        newer = re.search(r"opset|IR version", text, re.I)
        raise ModelError(
            f"onnxruntime {ort.__version__} cannot load the model: {text}",
            path=path,
            remedy="update onnxruntime, or export the model for an older opset" if newer else "export it again",
        ) from None


def front_names(session: Any) -> dict[str, str]:
    """Return the names of the inputs of a session's front (see `front_inputs`), by role."""
    names: dict[str, str] = json.loads(session.get_modelmeta().custom_metadata_map[FRONT_KEY])["inputs"]
    return names


def device_index(device: str) -> int:
    """Return the number of the CUDA device; InputError where the string is not understood."""
    match = re.fullmatch(r"auto|cpu|cuda(?::(\d{1,3}))?", device)
    if not match:
        raise InputError(
            f"device must be auto, cpu, cuda or cuda:<number>, found {device!r}", remedy="choose one of these"
        )
    return int(match[1] or 0)


def cuda_problem(ort: Any, index: int) -> str | None:
    """Say why CUDA does not work, or None where a test model really runs there."""
    if CUDA not in ort.get_available_providers():
        return f"the installed onnxruntime {ort.__version__} has no CUDA provider"
    preload = getattr(ort, "preload_dlls", None)
    if preload is not None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            preload()  # finds the CUDA libraries of the pip packages; prints what it does not find
    return probe(ort, CUDA, {"device_id": str(index), **CUDA_OPTIONS})


def probe(ort: Any, provider: str, options: dict[str, str]) -> str | None:
    """Run a two-number model on a provider; None, or why it does not run there."""
    from onnx import TensorProto, helper

    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "probe", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    try:
        session = create(ort, model.SerializeToString(), provider, options, path="probe")
        if session.get_providers()[0] != provider:
            return "its libraries or the driver could not be loaded"
        result = session.run(None, {"x": np.ones(2, np.float32)})[0]
    except Exception as error:  # whatever it is, the provider does not work
        return _first_line(error)
    return None if result.tolist() == [2.0, 2.0] else f"a test model gave {result.tolist()}, not [2.0, 2.0]"

"""Open and run onnxruntime sessions: the only module that imports onnxruntime.

Sessions are single-threaded and open where they were asked to, never silently elsewhere.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DeviceError, InputError, ModelError
from ..kernels.arguments import array_of
from ._batches import OutOfMemoryError
from .onnx_writer import GraphWriter

__all__ = [
    "CPU", "CUDA", "CUDA_OPTIONS", "Session", "cuda_problem", "open_session", "run", "run_options", "runtime_facts",
]  # fmt: skip

_LOG = logging.getLogger("gxfast")
CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
CUDA_OPTIONS: Final = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
_OUT_OF_MEMORY: Final = re.compile(r"Failed to allocate memory|out of memory|BFCArena|CUDA error 2\b|bad_alloc", re.I)
_WHEELS: Final = ("onnxruntime", "onnxruntime-gpu")
# How onnxruntime names the elements of a tensor, by NumPy's name.
_ELEMENTS: Final = {"float16": "float16", "float32": "float", "float64": "double", "bool": "bool"} | {
    f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
_INSTALL: Final = "pip install 'gxfast[cpu]' or pip install 'gxfast[gpu]'"
Source = Path | bytes | Callable[[str], Path | bytes]


@dataclass(frozen=True, slots=True)
class Session:
    """An open onnxruntime session and where it really runs.

    Attributes
    ----------
    raw : onnxruntime.InferenceSession
    device : str
        ``"cpu"`` or ``"cuda:<i>"``.
    provider : str
        Execution provider, as onnxruntime names it.
    provider_options : dict of str to str
        Options the provider was created with.
    """

    raw: Any
    device: str
    provider: str
    provider_options: dict[str, str]

    def to_device(self, array: NDArray[Any]) -> Any:
        """Copy an array to the device of the session, for feeds that many runs share.

        Returns
        -------
        onnxruntime.OrtValue
            For `run_bound`.
        """
        return _onnxruntime().OrtValue.ortvalue_from_numpy(_native(array, "array"), *self._place())

    def empty(self, shape: Sequence[int], dtype: np.dtype[Any]) -> Any:
        """Return a tensor (onnxruntime.OrtValue) on the device of the session, of any content."""
        return _onnxruntime().OrtValue.ortvalue_from_shape_and_type(list(shape), dtype.type, *self._place())

    def run_bound(
        self, outputs: Sequence[str], feeds: Mapping[str, Any], options: Any = None, *, keep: bool = False,
        into: Mapping[str, tuple[Any, int, int]] | None = None,
    ) -> list[Any]:  # fmt: skip
        """Run by IOBinding.

        Parameters
        ----------
        outputs : sequence of str
        feeds : mapping of str to array or OrtValue
            Arrays are copied to the device in this run; what `to_device` gave is there already.
        options : onnxruntime.RunOptions, optional
        keep : bool
            Leave the outputs on the device.
        into : mapping of str to (OrtValue, int, int), optional
            Outputs that are written into rows of a tensor of `empty`: its first row, and how many. They are not
            returned.

        Returns
        -------
        list
            Arrays; OrtValues with ``keep``.

        Raises
        ------
        InputError
            If a feed is no plain array of numbers, or has another type or shape than the input declares: a binding
            is not checked by onnxruntime before it is read.
        """
        binding = self.raw.io_binding()
        declared = {one.name: one for one in self.raw.get_inputs()}
        resident = _onnxruntime().OrtValue
        for name, value in feeds.items():
            if isinstance(value, resident):
                _check_feed(declared, name, value.data_type(), value.shape())
                binding.bind_ortvalue_input(name, value)
            else:
                array = _native(value, name)
                _check_feed(declared, name, f"tensor({_ELEMENTS[array.dtype.name]})", array.shape)
                binding.bind_cpu_input(name, array)
        into = into or {}
        for name in outputs:
            if name in into:
                value, first, n = into[name]
                shape, dtype = value.shape(), value.element_type()
                size = value.tensor_size_in_bytes() // shape[0]
                pointer = value.data_ptr() + first * size
                binding.bind_output(name, *self._place(), dtype, [n, *shape[1:]], pointer)
            else:
                binding.bind_output(name, *(self._place() if keep else ("cpu", 0)))
        self.raw.run_with_iobinding(binding, options)
        values = [value for name, value in zip(outputs, binding.get_outputs(), strict=True) if name not in into]
        return values if keep else [value.numpy() for value in values]

    def _place(self) -> tuple[str, int]:
        kind, _, index = self.device.partition(":")
        return kind, int(index or 0)


def _native(array: Any, name: str) -> NDArray[Any]:
    """Return an array as onnxruntime reads it, which takes any byte order for its own."""
    if not isinstance(array, np.ndarray):
        raise InputError(f"{name} must be an array, found {type(array).__name__}")
    plain = array_of(array, name)
    if plain.dtype.name not in _ELEMENTS:
        raise InputError(f"{name} of dtype {plain.dtype} is no tensor that onnxruntime knows")
    return plain


def _check_feed(declared: Mapping[str, Any], name: str, kind: str, shape: Sequence[int]) -> None:
    """Raise InputError where a feed does not fit the input of the graph."""
    if name not in declared:
        raise InputError(f"the graph has no input {name!r}; its inputs: {', '.join(declared)}")
    wanted = declared[name]
    fits = not wanted.shape or (
        len(wanted.shape) == len(shape)
        and all(not isinstance(size, int) or size == n for size, n in zip(wanted.shape, shape, strict=True))
    )
    if kind != wanted.type or not fits:
        raise InputError(f"{name} must be {wanted.type} {wanted.shape}, found {kind} {list(shape)}")


def open_session(
    source: Source, *, device: str = "auto", path: object = None, tf32: bool = False, arena: bool = True
) -> Session:
    """Open a single-threaded session on the device asked for, never silently on another.

    Parameters
    ----------
    source : Path, bytes, or callable
        ONNX file or its content, or what gives one of them for an execution provider.
    device : {"auto", "cpu", "cuda", "cuda:<i>"}
        ``auto`` is CUDA where a test model really runs there, else the CPU.
    path : optional
        Name for messages where ``source`` is no Path; a Path also says where the external data lie.
    tf32 : bool
        Let CUDA multiply with 10 bits of mantissa.
    arena : bool
        On the CPU, keep the memory of a run for the next one: faster, unless that is gigabytes.

    Raises
    ------
    InputError
        If the device string is not understood.
    DeviceError
        If onnxruntime is missing, or CUDA was asked for and does not work.
    ModelError
        If onnxruntime refuses the model.
    """
    index = device_index(device)
    ort = _onnxruntime()
    path = source if path is None and isinstance(source, Path) else path

    def opened(provider: str, options: dict[str, str]) -> Any:
        content = source(provider) if callable(source) else source
        return create(ort, content, provider, options, path=path, arena=arena)

    if device != "cpu":
        problem = cuda_problem(ort, index)
        if problem is None:
            options = {"device_id": str(index), **CUDA_OPTIONS, "use_tf32": str(int(tf32))}
            raw = opened(CUDA, options)
            if raw.get_providers()[0] == CUDA:
                return Session(raw, f"cuda:{index}", CUDA, options)
            problem = "onnxruntime did not put the model on the GPU"
        if device != "auto":
            raise DeviceError(
                f"device {device!r} was asked for, but {problem}",
                path=path,
                remedy="install the GPU runtime (pip uninstall onnxruntime; pip install 'gxfast[gpu]'), "
                'check nvidia-smi and gxfast doctor; or choose `device="cpu"`',
            )
        _LOG.info("device auto: running on the CPU, because %s", problem)
    return Session(opened(CPU, {}), "cpu", CPU, {})


def runtime_facts() -> dict[str, Any]:
    """Say which onnxruntime is installed and which of its providers really run a model.

    Returns
    -------
    dict
        ``version`` (str or None), ``distributions`` (dict of wheel name to version), ``available`` (list of
        providers onnxruntime lists), ``working`` (dict of CPU and CUDA provider to None, or the reason why it
        does not work), ``warnings`` (list of str, each with its remedy).
    """
    from importlib import metadata

    distributions = {}
    for name in _WHEELS:
        try:
            distributions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    facts: dict[str, Any] = {
        "version": None,
        "distributions": distributions,
        "available": [],
        "working": {},
        "warnings": [],
    }
    if len(distributions) > 1:
        facts["warnings"].append(
            "both onnxruntime and onnxruntime-gpu are installed and overwrite each other; remedy: pip "
            f"uninstall -y onnxruntime onnxruntime-gpu, then {_INSTALL}"
        )
    try:
        ort = _onnxruntime()
    except DeviceError as error:
        facts["warnings"].append(str(error).replace("\n ", ";"))
        return facts
    facts["version"] = ort.__version__
    facts["available"] = list(ort.get_available_providers())
    facts["working"] = {CPU: probe(ort, CPU, {}), CUDA: cuda_problem(ort, 0)}
    return facts


def run_options() -> Any:
    """Return quiet options for one run; setting their ``terminate`` ends it."""
    options = _onnxruntime().RunOptions()
    options.log_severity_level = 4
    return options


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(f"onnxruntime cannot be imported ({error})", remedy=_INSTALL) from None
    if not hasattr(onnxruntime, "InferenceSession"):
        # What is left when one of two installed wheels is removed: an empty module.
        raise DeviceError("the installed onnxruntime is broken", remedy=f"uninstall it, then {_INSTALL}")
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime


def run(
    session: Any, output: str, feeds: dict[str, NDArray[Any]], options: Any, *, n_rows: int, path: Path
) -> NDArray[Any]:
    """Run one batch of ``n_rows``; onnxruntime gets contiguous arrays in native byte order only."""
    feeds = {name: _native(array, name) for name, array in feeds.items()}
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


def create(
    ort: Any, source: Path | bytes, provider: str, options: dict[str, str], *, path: object, arena: bool = True
) -> Any:
    """Create a single-threaded session; ModelError where onnxruntime refuses the model."""
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    settings.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.use_deterministic_compute = True
    # Without it, every tensor has memory of its own from its making to its last use, none that waits for another.
    settings.enable_cpu_mem_arena = settings.enable_mem_pattern = settings.enable_mem_reuse = arena
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


def device_index(device: str) -> int:
    """Return the number of the CUDA device; InputError where the string is not understood."""
    match = re.fullmatch(r"auto|cpu|cuda(?::([0-9]{1,3}))?", device)
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
    graph = GraphWriter()
    graph.input("x", [2])
    graph.append("Add", ["x", "x"], ["y"])
    graph.output("y", [2])
    try:
        session = create(ort, graph.model("probe").SerializeToString(), provider, options, path="probe")
        if session.get_providers()[0] != provider:
            return "its libraries or the driver could not be loaded"
        result = session.run(None, {"x": np.ones(2, np.float32)})[0]
    except Exception as error:  # whatever it is, the provider does not work
        return _first_line(error)
    return None if result.tolist() == [2.0, 2.0] else f"a test model gave {result.tolist()}, not [2.0, 2.0]"

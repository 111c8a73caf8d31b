"""Read an ONNX file without running it: what is in it, and whether it can be trusted to run."""

from __future__ import annotations

import hashlib
import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..errors import ModelError
from ..io.files import near_file
from ..io.numbers import whole_number
from ._rows import Suspect, suspects
from .card import METADATA_KEY
from .graphs import subgraphs

__all__ = ["ModelFile", "Tensor", "read_model_file", "read_proto"]

# Domains whose operators ship inside onnxruntime; anything else needs a custom-op library.
KNOWN_DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc")
_MOST_BYTES: Final = 2**62
LARGE_FILE: Final = 64 << 20
_LARGE_TENSOR: Final = 1 << 16  # what shape inference reads is far smaller
# Bits of what is packed: UINT4, INT4, FLOAT4E2M1, UINT2, INT2, FLOAT6E2M3, FLOAT6E3M2.
_PACKED: Final = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2, 27: 6, 28: 6}
_SIGNATURES: Final = (
    (b"PK\x03\x04", "a zip archive (PyTorch .pt, Keras .keras or NumPy .npz)", "export the model to ONNX"),
    (b"\x89HDF", "an HDF5 file", "convert Keras weights with: gxfast model import"),
    (b"\x1f\x8b", "a gzip file", "unpack it with: gunzip"),
    (b"version https://git-lfs", "a Git LFS pointer, not the model itself", "fetch it with: git lfs pull"),
    (b"\x80\x02", "a Python pickle", "export the model to ONNX"),
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output of the graph: name, ONNX element type in lower case, dims (None: any size)."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The facts of one ONNX file.

    Attributes
    ----------
    path : Path
    files : dict of str to str
        SHA-256 of the model (first) and of each external data file, by name relative to the model's folder.
    inputs, outputs : tuple of Tensor
    opset : dict of str to int
        Operator set version per domain.
    ir_version : int
    producer : str
    card_text : str or None
        Metadata entry ``gxfast.card``.
    n_bytes : int
        Size of the ONNX file.
    suspects : tuple of Suspect
        Nodes that mix the rows of a batch.
    """

    path: Path
    files: dict[str, str]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    opset: dict[str, int]
    ir_version: int
    producer: str
    card_text: str | None
    n_bytes: int
    suspects: tuple[Suspect, ...] = ()

    @property
    def external_files(self) -> tuple[str, ...]:
        """Names of the external data files."""
        return tuple(self.files)[1:]


def read_model_file(path: str | Path) -> ModelFile:
    """Read and check an ONNX file; nothing of it is executed.

    Raises
    ------
    ModelError
        If the file is missing, is not ONNX, is cut off, uses custom operators, or its external data are
        missing, too short, or not a file of their own inside the model's folder.
    """
    path = Path(path)
    data = _read_bytes(path)
    model = _parse(data, path)
    _refuse_custom_operators(model, path)
    files = {path.name: hashlib.sha256(data).hexdigest()}
    for location, needed in sorted(_external_locations(model.graph, model.functions, path).items()):
        files[location] = _check_external(path, location, needed)
    constants = {tensor.name for tensor in model.graph.initializer}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    producer = f"{model.producer_name} {model.producer_version}".strip()
    return ModelFile(
        path=path,
        files=files,
        inputs=tuple(_tensor(value) for value in model.graph.input if value.name not in constants),
        outputs=tuple(_tensor(value) for value in model.graph.output),
        opset={entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        ir_version=model.ir_version,
        producer=producer,
        card_text=metadata.get(METADATA_KEY),
        n_bytes=len(data),
        suspects=suspects(model),
    )


def read_proto(path: Path) -> Any:
    """Return the onnx.ModelProto of a file that was checked before; weights in external data are not read.

    Of a large file the weights stay where they are, too: they become external data that lie in the model's own file.
    Graphs are copied many times, and sessions map what is external instead of copying it.

    Raises
    ------
    ModelError
        If the file is gone.
    """
    import onnx

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model: {error.strerror or error}", path=path) from None
    model = onnx.ModelProto.FromString(content)
    # Links are refused as external data, by onnx and onnxruntime alike.
    if len(content) > LARGE_FILE and not path.is_symlink() and path.stat().st_nlink == 1:
        _leave_in_file(model, content, path.name)
    return model


def _leave_in_file(model: Any, content: bytes, name: str) -> None:
    """Let large initializers be read from where they lie in the file of the model."""
    from onnx.external_data_helper import set_external_data

    after = 0
    for tensor in model.graph.initializer:
        n_bytes = len(tensor.raw_data)
        if n_bytes < _LARGE_TENSOR:
            continue
        at = content.find(tensor.raw_data, after)  # in the order of the file, as protobuf parses it
        if at < 0:
            continue
        set_external_data(tensor, name, offset=at, length=n_bytes)
        tensor.ClearField("raw_data")
        after = at + n_bytes


def _read_bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a FIFO would wait for ever
            raise ModelError("the model is not a regular file", path=path, remedy="name the .onnx file")
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"cannot read the model: {error.strerror or error}{near_file(path)}",
            path=path,
            remedy="check the path, and that you may read it",
        ) from None
    if not data:
        raise ModelError("the model file is empty", path=path, remedy="download or export it again")
    for magic, what, remedy in _SIGNATURES:
        if data.startswith(magic):
            raise ModelError(f"not an ONNX model but {what}", path=path, remedy=remedy)
    if data[:512].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise ModelError(
            "not an ONNX model but a web page (HTML)",
            path=path,
            remedy="download the file itself; the address probably led to a page about it",
        )
    return data


def _parse(data: bytes, path: Path) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    model = onnx.ModelProto()
    problem = None
    try:
        model.ParseFromString(data)
    except (DecodeError, ValueError, RecursionError):
        problem = "it cannot be decoded; it may be cut off or of another format"
    else:
        if not model.graph.node or not model.opset_import or model.ir_version < 1:
            problem = "it holds no complete graph; it may be cut off or of another format"
    if problem:
        raise ModelError(f"not an ONNX model: {problem}", path=path, remedy="download or export it again")
    return model


def _tensor(value: Any) -> Tensor:
    import onnx

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        return Tensor(value.name, str(kind or "undefined"), None)
    tensor = value.type.tensor_type
    names = onnx.TensorProto.DataType
    known = tensor.elem_type in names.values()
    dtype = names.Name(tensor.elem_type).lower() if known else f"type{tensor.elem_type}"
    if not tensor.HasField("shape"):
        return Tensor(value.name, dtype, None)
    # Exporters write 0 or -1 for "any size" where they do not write a name.
    dims = tuple(dim.dim_value if dim.dim_value > 0 else None for dim in tensor.shape.dim)
    return Tensor(value.name, dtype, dims)


def _nodes(nodes: Any) -> Iterator[Any]:
    """All nodes, also those of subgraphs (If, Loop, Scan)."""
    for node in nodes:
        yield node
        for graph in subgraphs(node):
            yield from _nodes(graph.node)


def _refuse_custom_operators(model: Any, path: Path) -> None:
    functions = {(function.domain, function.name) for function in model.functions}
    bodies = [model.graph.node, *(function.node for function in model.functions)]
    for body in bodies:
        for node in _nodes(body):
            known = node.domain in KNOWN_DOMAINS or (node.domain, node.op_type) in functions
            if not known:
                raise ModelError(
                    f"the model needs the custom operator {node.domain}::{node.op_type}; "
                    "gxfast loads no operator libraries",
                    path=path,
                    remedy="export the model with standard ONNX operators only",
                )


def _external_locations(graph: Any, functions: Any, path: Path) -> dict[str, int]:
    """External data files and how many bytes of each are needed."""
    needed: dict[str, int] = {}
    for tensor in _tensors(graph, functions):
        if tensor.data_location != tensor.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location, size = entries.get("location", ""), _n_bytes(tensor)
        offset, length = (
            whole_number(entries.get(key, default), last=_MOST_BYTES)
            for key, default in (("offset", "0"), ("length", str(size)))
        )
        if offset is None or length != size or len(entries) < len(tensor.external_data):
            written = ", ".join(f"{entry.key} {entry.value[:40]!r}" for entry in tensor.external_data)
            raise ModelError(
                f"its external data are not where a tensor of {size} bytes can be: {written}",
                path=path, record=f"tensor {tensor.name}", remedy="download or export the model again",
            )  # fmt: skip
        needed[location] = max(needed.get(location, 0), offset + size)
    return needed


def _n_bytes(tensor: Any) -> int:
    """Bytes that a tensor's values take; -1 for a type of which it is not known."""
    import onnx

    count = math.prod(int(size) for size in tensor.dims)
    if tensor.data_type in _PACKED:
        return (count * _PACKED[tensor.data_type] + 7) // 8
    try:
        return count * int(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
    except KeyError:
        return -1


def _tensors(graph: Any, functions: Any) -> Iterator[Any]:
    graphs = [graph]
    node_lists = [function.node for function in functions]
    while graphs or node_lists:
        if graphs:
            current = graphs.pop()
            yield from current.initializer
            for sparse in current.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            node_lists.append(current.node)
        for node in node_lists.pop():
            for attribute in node.attribute:
                yield from attribute.tensors
                if attribute.HasField("t"):
                    yield attribute.t
                for sparse in (*attribute.sparse_tensors, attribute.sparse_tensor):
                    yield from (sparse.values, sparse.indices)
            graphs.extend(subgraphs(node))


def _check_external(model: Path, location: str, needed: int) -> str:
    """Return the SHA-256 of one external data file, or refuse it."""

    def refuse(message: str, remedy: str) -> ModelError:
        return ModelError(f"external data {location!r} {message}", path=model, remedy=remedy)

    inside = "keep the data files in the folder of the model and name them relative to it"
    pure = PurePosixPath(location)
    if not location or pure.is_absolute() or ".." in pure.parts or "\0" in location:
        raise refuse("lie outside the model's folder", inside)
    folder = Path(os.path.realpath(model.parent))
    file = folder / location
    if not file.exists():
        raise refuse("are missing", f"copy the file into {model.parent} beside the model")
    if not Path(os.path.realpath(file)).is_relative_to(folder):
        raise refuse("are a link to a place outside the model's folder", inside)
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise refuse("are not a regular file", inside)
    if status.st_nlink > 1:
        # A hard link may name any file of the same disk; onnxruntime follows it without a word.
        raise refuse(
            "are a hard link, so they may lie outside the model's folder",
            f"make it a file of its own: cp {file.name} {file.name}.copy && mv {file.name}.copy {file.name}",
        )
    if status.st_size < needed:
        raise refuse(f"are cut off: {status.st_size} bytes of {needed}", "download or export the model again")
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

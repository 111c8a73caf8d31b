"""Models, cards and devices."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .case import Spoil, listed, refused, same
from .files import cut, empty, fifo, folder, missing, page, put
from .project import LENGTH, Project, model_of, write_model

__all__ = ["CASES"]

NAME = "model.onnx"


def model(*extra: str, **options: Any) -> Spoil:
    def spoil(p: Project) -> None:
        write_model(p.model, **options)
        p.extra = list(extra)

    return spoil


def edited(change: Callable[[Any], None], **options: Any) -> Spoil:
    """Change the protobuf."""

    def spoil(p: Project) -> None:
        proto = model_of(**options)
        change(proto)
        p.model.write_bytes(proto.SerializeToString())

    return spoil


def opset(version: int) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        proto.opset_import[0].version = version

    return change


def ir(proto: Any) -> None:
    proto.ir_version = 99


def custom_operator(proto: Any) -> None:
    proto.opset_import.add(domain="my.company", version=1)
    proto.graph.node[0].domain = "my.company"


def unknown_operator(proto: Any) -> None:
    proto.graph.node[0].op_type = "FlattenTwice"


def external(location: str, place: Callable[[Project], None], *, length: int = LENGTH * 16) -> Spoil:
    """Weights in another file."""

    def spoil(p: Project) -> None:
        proto = model_of()
        (weight,) = (one for one in proto.graph.initializer if len(one.dims) == 2)
        p.folder.joinpath("weights.bin").write_bytes(weight.raw_data)
        weight.ClearField("raw_data")
        weight.data_location = 1
        weight.external_data.add(key="location", value=location.format(folder=p.folder))
        weight.external_data.add(key="length", value=str(length))
        p.model.write_bytes(proto.SerializeToString())
        place(p)

    return spoil


def outside(p: Project) -> Path:
    """Move the weights out of the model's folder."""
    there = p.folder.parent / "secret.bin"
    p.folder.joinpath("weights.bin").rename(there)
    return there


def in_place(p: Project) -> None: ...


def gone(p: Project) -> None:
    p.folder.joinpath("weights.bin").unlink()


def short(p: Project) -> None:
    p.folder.joinpath("weights.bin").write_bytes(b"\0" * 100)


def soft_link(p: Project) -> None:
    p.folder.joinpath("weights.bin").symlink_to(outside(p))


def hard_link(p: Project) -> None:
    os.link(outside(p), p.folder / "weights.bin")


def pipe(p: Project) -> None:
    gone(p)
    os.mkfifo(p.folder / "weights.bin")


def card(content: dict[str, Any] | str, **options: Any) -> Spoil:
    def spoil(p: Project) -> None:
        write_model(p.model, **options)
        text = content if isinstance(content, str) else json.dumps({"gxfast_card": 1, **content})
        (p.folder / "card.json").write_text(text)
        p.extra = ["--card", str(p.folder / "card.json")]

    return spoil


def nan_at_the_end(p: Project) -> None:
    """The root of a negative number where a window holds N, that is, at the end of a contig."""
    from gxfast.models.onnx_writer import GraphWriter

    graph = GraphWriter()
    x = graph.input("x", ["n", LENGTH, 4])
    known = graph.sum(x, [1, 2], keepdims=False)
    rest = graph.add("Sqrt", graph.add("Sub", known, graph.constant(LENGTH - 0.5, np.float32)))
    weights = graph.constant(np.random.default_rng(1).integers(-64, 65, (LENGTH * 4, 1)).astype(np.float32) / 64)
    linear = graph.add("MatMul", graph.add("Flatten", x, axis=1), weights)
    graph.append("Add", [linear, graph.reshape(rest, [-1, 1])], ["y"])
    graph.output("y", ["n", 1])
    p.model.write_bytes(graph.model("ends").SerializeToString())
    p.put_rows(p.genes, [*p.rows(p.genes), ["EDGE", "chr1", "30", "+"]])


def nan_nowhere(p: Project) -> None:
    nan_at_the_end(p)
    p.put_rows(p.genes, p.rows(p.genes)[:-1])


def two_of_a_name(p: Project) -> None:
    other = p.folder / "other"
    other.mkdir()
    (other / NAME).write_bytes(p.model.read_bytes())
    p.extra = ["--model", str(other / NAME)]


def no_cuda(p: Project) -> None:
    p.extra = ["--device", "cuda"]


def device(name: str) -> Spoil:
    def spoil(p: Project) -> None:
        p.extra = ["--device", name]

    return spoil


def dimension(index: int, size: int) -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        proto.graph.input[0].type.tensor_type.shape.dim[index].dim_value = size

    return change


def cuda_is_there() -> bool:
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


OUTPUT = {"output": {"name": "y"}}
CASES = [
    *refused("model missing", missing("model"), NAME).of("run", "variants"),
    refused("model empty", empty("model"), NAME),
    refused("model a folder", folder("model"), NAME),
    refused("model a pipe", fifo("model"), NAME, child=True),
    refused("model a web page", page("model"), NAME),
    refused("model cut at half", cut("model", 0.5), NAME),
    refused("model cut at the end", cut("model", 0.99), NAME),
    refused("model random bytes", put("model", bytes(range(256)) * 20), NAME),
    refused("model a pickle", put("model", b"\x80\x04\x95cos\nsystem\n(S'touch pwned'\ntR."), NAME),
    refused("model a zip", put("model", b"PK\x03\x04" + b"\0" * 60), NAME),
    refused("opset of tomorrow", edited(opset(99)), NAME, "opset", "update onnxruntime"),
    refused("ir of tomorrow", edited(ir), NAME, "IR", "update onnxruntime"),
    refused("custom operator", edited(custom_operator), NAME, "my.company"),
    refused("unknown operator", edited(unknown_operator), NAME),
    refused("two inputs", model(n_inputs=2), NAME, "x1"),
    refused("five channels", model(channels=5), NAME, "4"),
    refused("two outputs, none named", model(n_outputs=2), NAME, "y1"),
    same("two outputs, one named", card(OUTPUT, n_outputs=2), only="evaluation/*"),
    same("weights in another file", external("weights.bin", in_place), only="evaluation/*"),
    refused("weights missing", external("weights.bin", gone), NAME, "weights.bin"),
    refused("weights short", external("weights.bin", short), NAME, "weights.bin"),
    refused("weights above", external("../secret.bin", outside), NAME, "secret.bin"),
    refused("weights above, in disguise", external("a/../../secret.bin", outside), NAME, "secret.bin"),
    refused("weights at an absolute path", external("{folder}/weights.bin", in_place), NAME, "weights.bin"),
    refused("weights a soft link", external("weights.bin", soft_link), NAME, "weights.bin"),
    refused("weights a hard link", external("weights.bin", hard_link), NAME, "weights.bin"),
    refused("weights a pipe", external("weights.bin", pipe), NAME, "weights.bin", child=True),
    same("layout NCL", model(layout="NCL")),
    same("layout NC1L", model(layout="NC1L")),
    same("layout NCL1", model(layout="NCL1")),
    *(same(f"type {dtype}", model(dtype=dtype)) for dtype in ("float16", "float64", "int32", "int64", "uint8", "bool")),
    refused("type of text", edited(lambda proto: setattr(proto.graph.input[0].type.tensor_type, "elem_type", 8)), NAME),
    *(same(f"batch of {n}", model(batch=n)) for n in (1, 4)),
    refused("any length", model(length="l"), NAME, "--window"),
    same("any length, named", model("--window", str(LENGTH), length="l")),
    refused("length that the graph cannot have", model("--window", "600", length="l"), NAME),
    refused("shape that is not that of the weights", edited(dimension(1, 600)), NAME),
    refused("length 0", edited(dimension(1, 0)), NAME),
    refused("every value nan", model(nonlinear=("Abs", "Neg", "Sqrt")), NAME, "nan"),
    refused("every value infinite", model(nonlinear=("Abs", "Exp", "Exp", "Exp", "Exp", "Exp")), NAME, "inf"),
    listed("nan for one gene", nan_at_the_end, "EDGE", "nan", twin=nan_nowhere, genes=("EDGE",)),
    refused("two models of a name", two_of_a_name, "name"),
    refused("card missing", lambda p: p.extra.extend(["--card", str(p.folder / "card.json")]), "card.json"),
    refused("card empty", card(""), "card.json"),
    refused("card no json", card("{"), "card.json"),
    refused("card without version", card("{}"), "card.json"),
    refused("card with an unknown field", card({"inputt": {}}), "card.json", "inputt"),
    refused("card of another length", card({"input": {"length": 900}}), NAME, "900"),
    refused("card of another layout", card({"input": {"layout": "NCL"}}), NAME, "layout"),
    refused("card with the tss outside", card({"window": {"tss_index": {"+": 5000, "-": 5000}}}), "5000"),
    refused("card with a negative length", card({"input": {"length": -1}}), "card.json"),
    refused("card with an unknown output", card({"output": {"name": "z"}}), NAME, "z"),
    refused("card with a path for a name", card({"name": "../../evil"}), "card.json", "evil"),
    refused("two cards for a model", lambda p: p.extra.extend(["--card", "a", "--card", "b"]), "2 cards"),
    *([] if cuda_is_there() else [refused("cuda that is absent", device("cuda"), "gxfast[gpu]", "CUDA")]),
    refused("device tpu", device("tpu"), "tpu"),
    same("device auto", device("auto"), counted=('"model": "CPUExecutionProvider"',)),
]

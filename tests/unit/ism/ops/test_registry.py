"""Operators from outside gxfast: one object, and plans, mutagenesis and gradients use it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.local_network import CHANNELS, LENGTH, Net, compare, steps_behind

import gxfast as gx
from gxfast.ism.graph.intervals import analyse
from gxfast.ism.graph.view import load_graph
from gxfast.ism.ops import Builder, Context, Gradients, Operator, Reverse, Span, operator_of, register, registry

NAME = "com.microsoft::FusedMatMul"  # onnxruntime's own; gxfast knows nothing about it
ALPHA = 0.5


def reach(context: Context) -> Span | str:
    """Positions stay where they are, as long as they are not the axis that is summed over."""
    span = context.alone()
    return "it mixes positions" if isinstance(span, Span) and span.axis == len(context.shape()) - 1 else span


def step(builder: Builder, node: Any) -> None:
    """A convolution with one tap."""
    weight = ALPHA * builder.graph.constant(node.inputs[1])
    source, target = builder.number(node.inputs[0]), builder.declare(node.outputs[0])
    builder.executor.convolve(source, target, np.ascontiguousarray(weight[None], np.float32), 1, 1, 0)


def gradient(r: Reverse) -> Gradients:
    """The other way through the weights."""
    return r.only_first(
        r.emit.add("FusedMatMul", r.dy, r.name(1), alpha=ALPHA, transB=1, domain="com.microsoft"),
    )


FUSED = Operator(NAME, reach=reach, step=step, gradient=gradient)


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry is put back afterwards."""
    monkeypatch.setattr(registry, "_OPERATORS", dict(registry._OPERATORS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A network in which the operator stands between two others."""
    net = Net()
    rows = net.add("Transpose", net.top, perm=[0, 2, 1])
    weight = net.random(CHANNELS, 5)
    made = net.add("FusedMatMul", rows, weight, alpha=ALPHA, domain="com.microsoft")
    net.top = net.add("Softplus", made)
    return net.save(tmp_path / "m.onnx")


def letters() -> np.ndarray:
    return np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(3).integers(0, 4, LENGTH)]


def test_what_is_not_known_is_a_barrier_with_a_name_and_exact(path: Path) -> None:
    runner = compare(path)
    assert list(runner.barriers.values()) == [f"no compiled step for operator {NAME}"]
    graph = load_graph(runner.model)
    assert list(analyse(graph).barriers.values()) == [f"no reach for operator {NAME}"]
    with pytest.raises(gx.ModelError, match=f"no gradient through operator {NAME}: there is no rule"):
        gx.ism.input_gradient(runner.model, letters()[None])


def test_one_object_makes_it_known_everywhere(path: Path) -> None:
    register(FUSED)
    assert operator_of(NAME) is FUSED
    runner = compare(path)
    assert steps_behind(runner) == ["Flatten", "Identity"]
    plan = gx.ism.plan(runner.model, mode="packed")
    assert NAME not in " ".join(plan.analysis.barriers.values())
    gradient_of = gx.ism.input_gradient(runner.model, letters()[None], track=7)
    # Compared with central differences of the model: one number of it at a time.
    session = runner.model._session.raw
    x = np.eye(4, dtype=np.float32)[np.frombuffer(letters().tobytes().translate(TO_CODES), np.uint8)][None]
    for position, base in ((0, 2), (1, 1), (2, 3)):
        moved = np.zeros_like(x)
        moved[0, position, base] = 1e-2
        up, down = (session.run(["y"], {"x": x + sign * moved})[0][0, 7] for sign in (1, -1))
        np.testing.assert_allclose(gradient_of[0, position, base], (up - down) / 2e-2, atol=2e-4)
    assert np.abs(gradient_of).max() > 0.01


TO_CODES = bytes.maketrans(b"ACGT", bytes(range(4)))


def test_the_example_of_the_documentation_is_true(path: Path) -> None:
    page = Path(gx.__file__).parents[1] / "docs" / "ism.md"
    if not page.is_file():
        pytest.skip("the documentation is not beside an installed wheel")
    section = page.read_text().partition("## A new operator")[2]
    exec(section.partition("```python")[2].partition("```")[0], {})
    runner = compare(path)
    assert steps_behind(runner) == ["Flatten", "Identity"]
    found = gx.ism.input_gradient(runner.model, letters()[None], track=7)
    register(FUSED)
    assert np.array_equal(found, gx.ism.input_gradient(runner.model, letters()[None], track=7))


@pytest.mark.parametrize("part", ["reach", "step", "gradient"])
def test_a_part_of_an_entry_is_replaced_or_left_out(path: Path, part: str) -> None:
    register(replace(FUSED, **{part: None}))
    runner = compare(path)
    reasons = {"reach": [f"no reach for operator {NAME}"], "step": [f"no compiled step for operator {NAME}"]}
    assert [reason for reason in runner.barriers.values() if NAME in reason] == reasons.get(part, [])
    if part == "gradient":
        with pytest.raises(gx.ModelError, match="there is no rule"):
            gx.ism.input_gradient(runner.model, letters()[None])
    else:
        assert np.isfinite(gx.ism.input_gradient(runner.model, letters()[None])).all()


def test_names_may_be_one_or_several() -> None:
    register(Operator(("my.domain::A", "my.domain::B"), reach=Context.alone))
    assert operator_of("my.domain::A") is operator_of("my.domain::B")
    assert operator_of("my.domain::C") == Operator("my.domain::C")

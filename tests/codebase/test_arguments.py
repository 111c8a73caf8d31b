"""An argument that a message names is one of a public function that leads to the message: it can be typed."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracles.callers import Calls

import gxfast as gx
from gxfast.models import IMPORTERS

PACKAGES = ("gxfast", "gxfast.stats", "gxfast.ism", "gxfast.models", "gxfast.demo", "gxfast.io.variant_tables")
# What the rule cannot see: these are called by commands alone, or with another value.
ELSEWHERE = {
    ("gxfast.workflow.steps.nominal:pairs_format", "format"): "a run writes TSV; gxfast eqtl has --format",
    ("gxfast.workflow.scans.background_cache:_REMEDY", "background_cache"): "gxfast ism variants alone has a cache",
    ("gxfast.io.vcf_dosages:lacking", "field"): "a run reads calls",
    ("gxfast.io.vcf_dosages:expected_copies", "field"): "a run reads calls",
    ("gxfast.evaluation.variant_labels:_one_method", "method"): "gxfast variants has --method; read_labels has only=",
    (
        "gxfast.io.variant_tables.scores:_read_table",
        "columns",
    ): "of a benchmark, as it says; runs take signed ones",
    **dict.fromkeys(
        [
            ("gxfast.reporting.benchmark:_ranking", "controls"),
            ("gxfast.reporting.benchmark:_direction", "pip"),
            ("gxfast.reporting.benchmark:_audit", "controls"),
        ],
        "advice to repeat gxfast variants, or evaluate_variants, which take it",
    ),
    ("gxfast.models._contract:_length", "length"): "gx.run says `window=`, as its argument is called",
}
_NAMED = re.compile(r"`(?:([a-z_]+)=([\w.]+)\()?([a-z_]+)=")


@cache
def entries() -> dict[str, tuple[str, frozenset[str]]]:
    """Public functions and methods: where they are, and what they take; methods take what their class took, too."""
    found: dict[str, tuple[str, frozenset[str]]] = {}

    def add(shown: str, thing: Any, more: frozenset[str] = frozenset()) -> frozenset[str]:
        taken = more | {*inspect.signature(thing).parameters}
        found[shown] = (f"{thing.__module__}:{thing.__qualname__}", taken)
        return taken

    things = {f"{name}.{one}": getattr(importlib.import_module(name), one)
              for name in PACKAGES for one in importlib.import_module(name).__all__}  # fmt: skip
    for path in IMPORTERS.values():
        module, _, name = path.partition(":")
        things[f"{module}.{name}"] = getattr(importlib.import_module(module), name)
    for shown, thing in things.items():
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        taken = add(shown, thing)
        for name, part in vars(thing).items() if inspect.isclass(thing) else ():
            method = getattr(part, "__func__", part)
            if not name.startswith("_") and inspect.isfunction(method):
                add(f"{shown}.{name}", method, taken)
    return found


@cache
def graph() -> Calls:
    return Calls(Path(gx.__file__).parent)


@cache
def reached() -> dict[str, set[str]]:
    return {shown: graph().reached(node) for shown, (node, _) in entries().items()}


def named() -> list[tuple[str, str, str, str]]:
    """What messages name: the node that says it, the argument, and its class and field if it has any."""
    found = []
    for node, bodies in graph().bodies.items():
        if node.split(":")[0].split(".")[1:2] in (["cli"], ["bench"], ["patch"]):
            continue
        parts = [part for body in bodies for part in ast.walk(body)]
        plain = {id(part.value) for part in parts if isinstance(part, ast.Expr)}
        texts = [part.value for part in parts if isinstance(part, ast.Constant) and id(part) not in plain]
        for text in filter(lambda value: isinstance(value, str), texts):
            found += [(node, outer or name, kind, name if outer else "")
                      for outer, kind, name in _NAMED.findall(text)]  # fmt: skip
    return found


def lead_to(node: str) -> list[str]:
    return [shown for shown in entries() if node in reached()[shown]]


def test_every_argument_is_one_of_a_function_that_leads_there() -> None:
    assert len(named()) > 100
    wrong = []
    for node, argument, _, _ in named():
        leading = lead_to(node)
        if leading and not any(argument in entries()[one][1] for one in leading):
            wrong.append((node, argument))
    assert {*wrong} <= {*ELSEWHERE}, wrong


def test_a_run_takes_every_argument_that_it_names() -> None:
    _, taken = entries()["gxfast.run"]
    wrong = {(node, argument) for node, argument, _, _ in named()
             if node in reached()["gxfast.run"] and argument not in taken}  # fmt: skip
    assert wrong <= {*ELSEWHERE}


def test_every_field_is_one_of_its_class() -> None:
    classes = {name.rpartition(".")[2]: node for name, (node, _) in entries().items()}
    fields = [(kind, field) for _, _, kind, field in named() if field]
    assert ("gx.HaplotypePolicy", "unphased") in fields
    for kind, field in fields:
        node = classes[kind.removeprefix("gx.")]
        module, _, name = node.partition(":")
        assert field in inspect.signature(getattr(importlib.import_module(module), name)).parameters, (kind, field)
        assert not kind.startswith("gx.") or kind.removeprefix("gx.") in gx.__all__


@pytest.mark.parametrize(
    ("source", "node"),
    [
        ("gxfast.run", "gxfast.personal.records:_refuse_unphased"),
        ("gxfast.haplotypes", "gxfast.personal.checks:check_reference"),
        ("gxfast.evaluate_variants", "gxfast.evaluation.variant_labels:LabelRules.__post_init__"),
    ],
)
def test_what_leads_where_is_seen(source: str, node: str) -> None:
    assert node in reached()[source]
    assert "gxfast.workflow.run:run_job" not in reached()["gxfast.haplotypes"]

"""Shared: the installed hosts' original functions, and the agreement that makes a twin a drop-in."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gxfast.compat._compare import outcome, same_outcome
from gxfast.compat._encode import kernels
from gxfast.compat._hosts import host_original

Agree = Callable[..., None]


@pytest.fixture(autouse=True)
def _fresh_kernels() -> Iterator[None]:
    """The kernels are chosen once per process; here `backend` changes them from test to test."""
    kernels.cache_clear()
    yield
    kernels.cache_clear()


@pytest.fixture(scope="session")
def host() -> Callable[[str, str], Any]:
    """``host(module, attribute)``: the original of an installed tool, else skip the test."""

    def find(module: str, attribute: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                importlib.import_module(module)
            except ImportError as error:
                pytest.skip(f"the host is not installed here ({error}); see scripts/hosts.sh")
        return host_original(module.split(".")[0], module, attribute, "")

    return find


@pytest.fixture(scope="session")
def agree() -> Agree:
    """``agree(original, twin, *args, **kwargs)``: same value, type, dtype, shape, or exception type."""

    def check(original: Callable[..., Any], twin: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        expected, found = outcome(original, args, kwargs), outcome(twin, args, kwargs)
        assert same_outcome(expected, found), f"{args!r} {kwargs!r}\nhost: {expected}\nours: {found}"

    return check

"""New arrays: as numpy.empty, in memory that is used again only when nothing refers to it."""

from __future__ import annotations

import os

import numpy as np
import pytest

from gxfast.kernels import fresh as module
from gxfast.kernels.fresh import fresh

MIB = 1 << 20


@pytest.fixture(autouse=True)
def _forget() -> None:
    module._recent.clear()


@pytest.mark.parametrize("n_bytes", [0, 12, MIB, 3 * MIB, 9 * MIB, 70 * MIB])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
def test_as_empty(n_bytes: int, dtype: str) -> None:
    width = np.dtype(dtype).itemsize
    made = fresh((n_bytes // width // 4, 4), dtype)
    assert (made.shape, made.dtype) == ((n_bytes // width // 4, 4), np.dtype(dtype))
    assert made.flags.c_contiguous
    assert made.flags.writeable
    assert made.flags.aligned
    made[...] = 1
    assert made.sum() == made.size


@pytest.mark.parametrize("n_bytes", [2 * MIB, 8 * MIB])
def test_memory_is_used_again_when_nothing_refers_to_it(n_bytes: int) -> None:
    first = fresh((n_bytes,), "uint8")
    place = first.ctypes.data
    assert fresh((n_bytes,), "uint8").ctypes.data != place
    module._recent.pop()
    tail = first.reshape(2, -1)[1, 7:9].view("uint16")
    del first
    assert fresh((n_bytes,), "uint8").ctypes.data != place
    module._recent.pop()
    del tail
    again = fresh((n_bytes // 4,), "float32")
    assert again.ctypes.data == place
    assert fresh((n_bytes,), "uint8").ctypes.data != place


def test_a_tensor_keeps_its_memory() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(fresh((2 * MIB,), "uint8"))[5:6]
    assert fresh((2 * MIB,), "uint8").ctypes.data + 5 != tensor.data_ptr()


@pytest.mark.parametrize("n_bytes", [3 * MIB, 9 * MIB, 70 * MIB])
def test_where_huge_pages_are_slow_small_ones_serve(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(module, "_STALL", 0.0)
    monkeypatch.setattr(module, "_no_huge_before", 0.0)
    for _ in range(2):
        made = fresh((n_bytes,), "uint8")
        made[:] = 1
        assert made.sum() == n_bytes
        module._recent.clear()
    assert module._no_huge_before > 0


def test_what_waits_is_bounded() -> None:
    kept = [fresh((size,), "uint8") for size in [3 * MIB] * 20 + [31 * MIB, 40 * MIB, 31 * MIB]]
    assert len(module._recent) <= 8
    assert sum(one.size for one in module._recent) <= 64 * MIB
    assert len({one.ctypes.data for one in kept}) == len(kept)


def test_a_fork_does_not_share_it() -> None:
    array = fresh((MIB,), "uint8")
    array[:] = 1
    child = os.fork()
    if not child:
        array[:] = 2
        os._exit(0)
    os.waitpid(child, 0)
    assert (array == 1).all()

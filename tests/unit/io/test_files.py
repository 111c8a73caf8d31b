"""Files and folders appear when they are whole, or not at all."""

from __future__ import annotations

import errno
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.files import atomic_write, sha256_of, written_whole
from gxfast.io.npz import Parts, mapped_npz, npz_bytes, npz_row, write_npz


def test_the_name_is_given_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("old")
    with written_whole(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["t.txt"]


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "cube"
    for name in ("a", "b"):
        with written_whole(path) as partial:
            partial.mkdir()
            (partial / name).write_text(name)
    assert [file.name for file in path.iterdir()] == ["b"]


def fail(path: Path, error: Exception) -> None:
    with written_whole(path) as partial:
        partial.write_text("half")
        raise error


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="mine"):
        fail(path, ValueError("mine"))
    with pytest.raises(InputError, match="cannot write: No space left") as caught:
        fail(path, OSError(errno.ENOSPC, "No space left on device"))
    assert caught.value.path == str(path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["t.txt"]


@pytest.mark.parametrize("folder", ["absent", "file/below"])
def test_a_folder_that_is_none_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        atomic_write(tmp_path / folder / "t.txt", b"x")


def test_what_a_dead_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".t.txt.gxfast").write_text("of a run that was killed, and longer")
    atomic_write(tmp_path / "t.txt", b"x")
    assert (tmp_path / "t.txt").read_bytes() == b"x"


def test_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    arrays = {"a": np.arange(5), "b": np.array(["x", "y"])}
    first, second = npz_bytes(arrays), npz_bytes(arrays)
    assert first == second
    atomic_write(tmp_path / "t.npz", first)
    with np.load(tmp_path / "t.npz", allow_pickle=False) as stored:
        assert {name: stored[name].tolist() for name in stored.files} == {"a": [0, 1, 2, 3, 4], "b": ["x", "y"]}
    assert len(sha256_of(tmp_path / "t.npz")) == 64


def test_a_row_of_an_archive_is_read_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "effects": rng.normal(size=(500, 2, 41, 4)).astype(np.float32),
        "bases": rng.integers(0, 4, (500, 2, 41), np.uint8),
        "pos": np.arange(500),
    }  # fmt: skip
    path = tmp_path / "a.npz"
    path.write_bytes(npz_bytes(arrays))
    tracemalloc.start()
    for name, values in arrays.items():
        for row in (0, 7, 499):
            found = npz_row(path, name, row)
            assert found.dtype == values.dtype
            assert np.array_equal(found, values[row])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < arrays["effects"].nbytes / 2


@pytest.mark.parametrize(("name", "row"), [("pos", 3), ("pos", -1), ("none", 0), ("words", 0)])
def test_a_row_that_is_not_there(tmp_path: Path, name: str, row: int) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(npz_bytes({"pos": np.arange(3), "words": np.array(5)}))
    with pytest.raises(InputError, match=f"cannot read a row of {name}"):
        npz_row(path, name, row)


def test_a_row_of_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    content = npz_bytes({"pos": np.arange(3)})
    for cut in (0, 10, 60, len(content) - 30):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError, match="cannot read the arrays"):
            npz_row(path, "pos", 0)


def test_arrays_written_in_parts_are_read_from_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(1000, 7))
    arrays = {"a": whole, "none": np.empty((0, 3), np.int32), "words": np.array(["x", "yy"]), "one": np.array(5)}
    parts = Parts(np.float64, whole.shape, (whole[i : i + 37] for i in range(0, 1000, 37)))
    write_npz(tmp_path / "parts.npz", {**arrays, "a": parts})
    write_npz(tmp_path / "whole.npz", arrays)
    assert (tmp_path / "parts.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert (tmp_path / "whole.npz").read_bytes() == npz_bytes(arrays)
    with np.load(tmp_path / "parts.npz", allow_pickle=False) as stored:
        found = mapped_npz(tmp_path / "parts.npz")
        assert list(found) == stored.files
        for name, values in found.items():
            assert values.dtype == stored[name].dtype
            assert np.array_equal(values, stored[name])
    assert not found["a"].flags.writeable
    with pytest.raises(ValueError, match="963 rows"):
        write_npz(tmp_path / "short.npz", {"a": Parts(np.float64, whole.shape, [whole[:37]])})
    assert not (tmp_path / "short.npz").exists()
    np.savez_compressed(tmp_path / "packed.npz", a=whole)
    with pytest.raises(InputError, match=r"a\.npy is compressed"):
        mapped_npz(tmp_path / "packed.npz")

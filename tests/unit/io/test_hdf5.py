"""HDF5 files of others: the file itself is read, no more of it than there is, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.errors import GxfastError, InputError
from gxfast.io.hdf5 import open_hdf5, read_dataset
from gxfast.io.tables import read_expression
from gxfast.models.importers.basenji2 import read_network
from gxfast.models.importers.keras_stack import import_keras
from gxfast.models.importers.xpresso import import_xpresso

h5py = pytest.importorskip("h5py")

READERS: dict[str, Callable[[Path], Any]] = {
    "a.h5ad": read_expression,
    "keras.h5": lambda path: import_keras(path, path.with_suffix(".onnx")),
    "xpresso.h5": lambda path: import_xpresso(path, path.with_suffix(".onnx")),
    "basenji2.h5": read_network,
}


def h5ad(path: Path, **more: Any) -> Path:
    with h5py.File(path, "w") as file:
        for group, names in (("obs", ["S1", "S2"]), ("var", ["G1", "G2", "G3"])):
            file.create_group(group).attrs["_index"] = "_index"
            file[group]["_index"] = names
        for name, value in more.items():
            file[name] = value
    return path


def refused(path: Path, match: str, read: Callable[[Path], Any] = read_expression) -> None:
    with pytest.raises(InputError, match=match) as caught:
        read(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("name", READERS)
def test_files_of_another_kind(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole = h5ad(tmp_path / "whole.h5ad", X=np.ones((2, 3))).read_bytes()
    for content in (b"<!doctype html>", b"PK\x03\x04 a .keras file", b"\x89HDF\r\n\x1a\n", whole[:600], whole[:-40]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"is not an HDF5 file|is damaged, or holds something else") as caught:
            READERS[name](path)
        assert caught.value.remedy
    path.unlink()
    refused(path, "No such file", READERS[name])
    path.mkdir()
    refused(path, "not a regular file", READERS[name])
    assert not list(tmp_path.glob("*.onnx"))


def test_damage_on_which_the_library_crashes(tmp_path: Path) -> None:
    """A string of a kind that there is not: HDF5 1.14 reads it through a pointer to nowhere."""
    path = h5ad(tmp_path / "a.h5ad", X=np.ones((2, 3)))
    text_of_any_length = b"\x19\x01\x01\x00\x10\x00\x00\x00"
    data = path.read_bytes()
    assert text_of_any_length in data
    path.write_bytes(data.replace(text_of_any_length, b"\x19\xd3" + text_of_any_length[2:]))
    refused(path, "is damaged")


@pytest.mark.parametrize("name", READERS)
def test_links_out_of_the_file(tmp_path: Path, name: str) -> None:
    """Wherever in the file they are, used or not."""
    h5ad(tmp_path / "secret.h5", X=np.ones((2, 3)))
    path = tmp_path / name
    for link in (h5py.ExternalLink("secret.h5", "/X"), h5py.ExternalLink("/etc/passwd", "/"), h5py.SoftLink("/obs")):
        h5ad(path)
        with h5py.File(path, "a") as file:
            file["var/deep/X"] = link
        refused(path, r"/var/deep/X: a link to '.*' is not followed", READERS[name])


def test_values_in_other_files(tmp_path: Path) -> None:
    path = h5ad(tmp_path / "a.h5ad")
    (tmp_path / "raw.bin").write_bytes(np.ones(6).tobytes())
    with h5py.File(path, "a") as file:
        file.create_dataset("X", (2, 3), float, external=[(str(tmp_path / "raw.bin"), 0, 48)])
    refused(path, "/X: its values lie in another file")
    h5ad(tmp_path / "other.h5", X=np.ones((2, 3)))
    h5ad(path)
    with h5py.File(path, "a") as file:
        layout = h5py.VirtualLayout((2, 3), float)
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "X", (2, 3))
        file.create_virtual_dataset("X", layout)
    refused(path, "/X: its values lie in another file")


@pytest.mark.parametrize("shape", [(2**40,), (2**20, 2**20), (2**13, 2**13, 4)])
def test_shapes_that_the_file_cannot_hold(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Chunks that were never written: a few kB say terabytes."""
    path = h5ad(tmp_path / "a.h5ad")
    with h5py.File(path, "a") as file:
        file.create_dataset("X", shape, float, chunks=True)
    assert path.stat().st_size < 100_000
    refused(path, "is more than the file can hold")
    with open_hdf5(path, "file") as file, pytest.raises(InputError, match="is more than the file can hold"):
        read_dataset(file["X"], path)


def test_what_is_compressed_well_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zeros.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("X", (2000, 2000), float, compression="gzip", compression_opts=9)[:] = 0
        file["empty"] = h5py.Empty("f")
        file["y"] = 5
    with open_hdf5(path, "file") as file:
        assert read_dataset(file["X"], path).shape == (2000, 2000)
        assert read_dataset(file["y"], path) == 5
        with pytest.raises(InputError, match="a dataset was expected"):
            read_dataset(file["/"], path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"indptr": [0, 1, 9]}, "does not fit its shape"),
        ({"indptr": [0, 2]}, "does not fit its shape"),
        ({"indptr": [2, 1, 2]}, "does not fit its shape"),
        ({"indptr": [0.0, 1.0, 2.0]}, "not placed by whole numbers"),
        ({"indices": [0, 3]}, "does not fit its shape"),
        ({"indices": [-1, 0]}, "not placed by whole numbers"),
        ({"data": [1.0]}, "does not fit its shape"),
        ({"data": [b"1", b"2"]}, "not numbers"),
        ({"indices": [1, 1], "indptr": [0, 2, 2]}, "two values for one gene of one person"),
    ],
)
def test_sparse_matrices_that_are_none(tmp_path: Path, change: dict[str, Any], match: str) -> None:
    good = {"data": [1.0, 2.0], "indices": [0, 2], "indptr": [0, 1, 2]}
    for parts in (good, good | change):
        path = h5ad(tmp_path / "a.h5ad")
        with h5py.File(path, "a") as file:
            group = file.create_group("X")
            group.attrs["encoding-type"] = "csr_matrix"
            for name, values in parts.items():
                group[name] = values
        if parts is good:
            assert read_expression(path).values.tolist() == [[1, 0], [0, 0], [0, 2]]
        else:
            refused(path, match)


@pytest.mark.parametrize("names", [["S1", ""], ["S1", "S1"], ["S1", "S\t2"], ["S1", "S\x1b2"], ["S1", "x" * 5000]])
def test_names_of_no_use(tmp_path: Path, names: list[str]) -> None:
    path = h5ad(tmp_path / "a.h5ad", X=np.ones((2, 3)))
    with h5py.File(path, "a") as file:
        del file["obs/_index"]
        file["obs/_index"] = names
    with pytest.raises(GxfastError):
        read_expression(path)

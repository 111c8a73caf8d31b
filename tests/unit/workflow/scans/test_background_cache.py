"""A cached background is whole and of the settings it is asked for, or it is made again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.workflow.scans.background_cache import BackgroundCache

ARRAYS = {"window": np.array([0, 0, 1], np.int32), "effects": np.array([[0.5], [-1.0], [2.0]], np.float32)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    cache = BackgroundCache(tmp_path / "new" / "folder", "m", {"n": 3})
    assert cache.read() is None
    cache.write(ARRAYS)
    found = BackgroundCache(tmp_path / "new" / "folder", "m", {"n": 3}).read()
    assert found is not None
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)
    before = cache.path.read_bytes()
    cache.write(ARRAYS)
    assert cache.path.read_bytes() == before


def test_other_settings_have_another_file(tmp_path: Path) -> None:
    cache, other = (BackgroundCache(tmp_path, "m", {"n": n}) for n in (3, 4))
    cache.write(ARRAYS)
    assert other.read() is None
    cache.path.rename(other.path)  # under a name that is not its own it is no background of these settings
    assert other.read() is None


@pytest.mark.parametrize("at", [0, 40, 150, 250, 400, 520, 600, 700, -1])
def test_a_changed_byte_is_seen(tmp_path: Path, at: int, caplog: pytest.LogCaptureFixture) -> None:
    cache = BackgroundCache(tmp_path, "m", {"n": 3})
    cache.write(ARRAYS)
    content = bytearray(cache.path.read_bytes())
    content[at] ^= 0x5A
    cache.path.write_bytes(content)
    with caplog.at_level(logging.WARNING, "gxfast"):
        found = cache.read()
    if found is None:
        assert str(cache.path) in caplog.text
        assert "made again" in caplog.text
    else:  # a byte of a zip file that means nothing, such as a date
        np.testing.assert_array_equal(found["effects"], ARRAYS["effects"])


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip file"])
def test_what_is_no_file_of_arrays(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    cache = BackgroundCache(tmp_path, "m", {})
    cache.path.write_bytes(content)
    with caplog.at_level(logging.WARNING, "gxfast"):
        assert cache.read() is None
    assert "damaged" in caplog.text


def test_cut_off_files(tmp_path: Path) -> None:
    cache = BackgroundCache(tmp_path, "m", {})
    cache.write(ARRAYS)
    whole = cache.path.read_bytes()
    for length in range(0, len(whole), 37):
        cache.path.write_bytes(whole[:length])
        assert cache.read() is None


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write") as caught:
        BackgroundCache(tmp_path / "file" / "folder", "m", {})
    told: Any = caught.value
    assert "`background_cache=`" in told.remedy

"""What may be the matter with any file."""

from __future__ import annotations

import os
from pathlib import Path

from .case import Spoil
from .project import Project

__all__ = ["bom", "crlf", "cut", "empty", "fifo", "folder", "missing", "page", "put"]


def _path(p: Project, which: str) -> Path:
    path: Path = getattr(p, which)
    return path


def put(which: str, content: bytes) -> Spoil:
    """Replace the content."""
    return lambda p: _path(p, which).write_bytes(content) and None


def missing(which: str) -> Spoil:
    return lambda p: _path(p, which).unlink()


def empty(which: str) -> Spoil:
    return lambda p: _path(p, which).write_bytes(b"") and None


def folder(which: str) -> Spoil:
    def spoil(p: Project) -> None:
        _path(p, which).unlink()
        _path(p, which).mkdir()

    return spoil


def fifo(which: str) -> Spoil:
    def spoil(p: Project) -> None:
        _path(p, which).unlink()
        os.mkfifo(_path(p, which))

    return spoil


def page(which: str) -> Spoil:
    """What a download that failed leaves."""
    return put(which, b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>nginx</body></html>\n")


def cut(which: str, share: float) -> Spoil:
    def spoil(p: Project) -> None:
        content = _path(p, which).read_bytes()
        _path(p, which).write_bytes(content[: int(share * len(content))])

    return spoil


def crlf(which: str) -> Spoil:
    return lambda p: _path(p, which).write_bytes(_path(p, which).read_bytes().replace(b"\n", b"\r\n")) and None


def bom(which: str) -> Spoil:
    return lambda p: _path(p, which).write_bytes(b"\xef\xbb\xbf" + _path(p, which).read_bytes()) and None

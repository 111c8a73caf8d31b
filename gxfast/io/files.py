"""The one way to write: files and folders that appear only when they are whole, and their hashes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from ..errors import InputError, did_you_mean

__all__ = [
    "appended",
    "atomic_write",
    "differing",
    "near_file",
    "opened_lock",
    "plain_files",
    "prefixed",
    "publish",
    "refuse_changed",
    "remove",
    "sha256_of",
    "sha256_of_folder",
    "write_parts",
    "written_whole",
]

_CHUNK = 1 << 22
_MOST_NAMES = 2000
_INDEXES = (".fai", ".gzi", ".tbi", ".csi")


def near_file(path: Path) -> str:
    """Return which file of the folder has a name near to that of one that is not there; see `did_you_mean`.

    An index is near to the name of an index alone.
    """
    indexes = () if path.suffix in _INDEXES else _INDEXES
    with suppress(OSError, ValueError):
        if not path.exists():
            with os.scandir(path.parent) as entries:
                names = [entry.name for entry in islice(entries, _MOST_NAMES)]
                return did_you_mean(path.name, [name for name in names if not name.endswith(indexes)])
    return ""


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_of_folder(path: str | Path) -> tuple[int, str]:
    """Return the bytes of all files of a folder, and one SHA-256 of their names and contents, whatever their order.

    Links are followed, as those who read the files do; one to a folder that it lies in ends there.
    """
    root, size, digest = Path(path), 0, hashlib.sha256()
    seen, files = {os.path.realpath(root)}, list[Path]()
    for folder, names, found in os.walk(root, followlinks=True):
        files += [Path(folder, name) for name in found]
        real = {name: os.path.realpath(os.path.join(folder, name)) for name in sorted(names)}
        names[:] = [name for name, where in real.items() if where not in seen]
        seen |= set(real.values())
    for name, file in sorted((file.relative_to(root).as_posix(), file) for file in files):
        if file.is_file():
            size += file.stat().st_size
            digest.update(os.fsencode(name) + b"\0" + bytes.fromhex(sha256_of(file)))
    return size, digest.hexdigest()


_REMEDY = "make room or choose another directory, then go on with `resume=True`"
_AGAIN = "make it again: the command of the run with `resume=True`"


@contextmanager
def written_whole(path: Path, *, remedy: str = _REMEDY) -> Iterator[Path]:
    """Give a name to write a file or folder under; it gets its own name when the block ends without an error.

    What is at ``path`` is then either absent, old, or whole: another name, sync, rename, sync the folder. The other
    name, ``.NAME.gxfast``, is nobody else's: what a dead writer left under it is removed.

    Raises
    ------
    InputError
        If it cannot be written: no room, no right, no such folder.
    """
    partial = path.with_name(f".{path.name}.gxfast")
    try:
        remove(partial)
        yield partial
        publish(partial, path)
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", path=path, remedy=remedy) from None
    finally:
        with suppress(OSError):
            remove(partial)


def atomic_write(path: Path, content: bytes, *, remedy: str = _REMEDY) -> None:
    """Write a file so that it is either absent, old, or whole; see `written_whole`."""
    write_parts(path, (content,), remedy=remedy)


def write_parts(path: Path, parts: Iterable[bytes], *, remedy: str = _REMEDY) -> None:
    """Write a file as `atomic_write` does, part after part as they are made."""
    with written_whole(path, remedy=remedy) as partial, os.fdopen(_open(partial, os.O_WRONLY | os.O_EXCL), "wb") as out:
        for part in parts:
            out.write(part)


def appended(path: Path, text: str) -> None:
    """Add text to the end of a file and sync it; a symbolic link is not followed."""
    with os.fdopen(_open(path, os.O_WRONLY | os.O_APPEND), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def prefixed(prefix: str | Path, *suffixes: str) -> list[Path]:
    """Return ``PREFIX.SUFFIX`` for each suffix.

    Raises
    ------
    InputError
        If the folder is not there, or the name is no plain one.
    """
    path = Path(prefix)
    if not path.parent.is_dir() or not re.fullmatch(r"\w[\w.-]*", path.name):
        raise InputError(
            "cannot write there", path=path,
            remedy="name a folder that exists, and files by letters, digits, points and dashes",
        )  # fmt: skip
    return [Path(f"{prefix}.{suffix}") for suffix in suffixes]


def opened_lock(path: Path) -> int:
    """Open a file to lock it, made if absent and never written; a symbolic link is not followed."""
    return _open(path, os.O_RDWR)


def _open(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


def plain_files(folder: Path) -> list[Path]:
    """Return every file below a folder, relative to it, in order.

    Raises
    ------
    InputError
        If there is a symbolic link, a pipe or a device: what is read or written there would be elsewhere.
    """
    found = []
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root) / name
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:  # what somebody is writing has got its own name by now
                continue
            if stat.S_ISREG(mode):
                found.append(path.relative_to(folder))
            elif not stat.S_ISDIR(mode):
                what = "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"
                raise InputError(f"{what} in a folder that gxfast writes", path=path, remedy=f"remove it: rm {path}")
    return sorted(found)


def publish(partial: Path, path: Path) -> None:
    """Give a file or folder that is whole its name: sync it, rename it, sync the folder that it is in."""
    if partial.is_dir():
        remove(path)
    else:
        _sync(partial)
    os.replace(partial, path)
    _sync(path.parent)


def differing(folder: Path, recorded: Mapping[str, str]) -> dict[str, str]:
    """Return which files of a folder are not as recorded, and how: ``missing`` or ``changed``.

    Parameters
    ----------
    folder : Path
    recorded : mapping of str to str
        SHA-256 by name relative to the folder.

    Raises
    ------
    InputError
        See `plain_files`.
    """
    there = {str(file) for file in plain_files(folder)}
    found = {}
    for name, digest in recorded.items():
        if name not in there:
            found[name] = "missing"
        elif sha256_of(folder / name) != digest:
            found[name] = "changed"
    return found


def refuse_changed(folder: Path, recorded: Mapping[str, str]) -> None:
    """Refuse results of a run that are not as recorded; see `differing`.

    Raises
    ------
    InputError
        Naming the first.
    """
    changed = differing(folder, recorded)
    if changed:
        name, how = next(iter(changed.items()))
        more = f" (and {len(changed) - 1} more: see gxfast verify)" if len(changed) > 1 else ""
        raise InputError(
            f"{how} since the run wrote it{more}", path=folder / name,
            remedy=_AGAIN,
        )  # fmt: skip


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there; a link itself, not what it points to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

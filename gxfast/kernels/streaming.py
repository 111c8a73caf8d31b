"""How large arrays are written: past the caches from a size on."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Final

from ..errors import InputError

__all__ = ["stream_from"]

# Half of a common last-level cache (32 MiB). Smaller outputs are likely to be read while they are still in
# it, and stores that go past the cache into lines it holds are slow.
_DEFAULT: Final = 16 << 20


def stream_from() -> int:
    """Return the size in bytes from which an output is written with non-temporal stores.

    ``GXFAST_STREAM_FROM`` overrides the default of 16 MiB; 0 streams always.
    """
    return _parsed(os.environ.get("GXFAST_STREAM_FROM"))


@lru_cache(maxsize=4)
def _parsed(text: str | None) -> int:
    if not text:
        return _DEFAULT
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InputError(
            f"GXFAST_STREAM_FROM must be a number of bytes, found {text!r}",
            remedy="unset it, or give a number such as 16777216",
        )
    return int(text)

"""Parts of a job that are done apart, on any machine that sees the run directory: ``--shard i/N``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ..errors import InputError
from ..io.numbers import whole_number

__all__ = ["WHOLE", "Part", "Shard", "parse_shard"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` (from 1) of ``total``: a contiguous run of windows, or of blocks."""

    index: int = 1
    total: int = 1

    def windows(self, n: int) -> tuple[int, int]:
        """Return the windows of this part; the parts differ by one window at most."""
        return (self.index - 1) * n // self.total, self.index * n // self.total

    def of(self, blocks: Sequence[T]) -> Sequence[T]:
        """Return the blocks of this part."""
        first, last = self.windows(len(blocks))
        return blocks[first:last]

    @property
    def name(self) -> str:
        """How files of this part are called."""
        return f"{self.index:05d}-of-{self.total:05d}"

    def __str__(self) -> str:
        return f"{self.index}/{self.total}"


@dataclass(frozen=True, slots=True)
class Part:
    """What is done of a job.

    Attributes
    ----------
    shard : Shard or None
        Only the blocks of a shard are made; nothing is put together.
    merging : bool
        Everything is put together, and no block is made: they are all there, or it is refused.
    planning : bool
        The plan is written, and nothing else is done.
    """

    shard: Shard | None = None
    merging: bool = False
    planning: bool = False

    @property
    def whole(self) -> bool:
        """Whether results are put together."""
        return self.shard is None and not self.planning

    def of(self, blocks: Sequence[T]) -> Sequence[T]:
        """Return the blocks that belong to this part: none where only a plan is made."""
        if self.planning:
            return ()
        return blocks if self.shard is None else self.shard.of(blocks)


WHOLE: Final = Part()


def parse_shard(text: str | None) -> Shard:
    """Translate ``i/N``.

    Raises
    ------
    InputError
    """
    if text is None:
        return Shard()
    part, _, whole = text.partition("/")
    index, total = whole_number(part, 1), whole_number(whole, 1)
    if index is None or total is None or index > total:
        raise InputError(
            f"`shard={text[:40]!r}` is not a part of a whole", remedy="write i/N with i from 1 to N, as 2/8"
        )
    return Shard(index, total)

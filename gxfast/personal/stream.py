"""Personal haplotypes one after the other, for whoever trains on them: one sequence in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, plural
from ..encode.one_hot import one_hot
from ..errors import InputError
from ..io.fasta import Genome
from ..kernels.arguments import whole_number
from ..kernels.streaming import aligned_array
from ..types import Windows
from .batch import checked_windows, window_plan
from .policy import HaplotypePolicy, policy_for, refuse_draws
from .windows import Source, WindowHaplotypes

__all__ = ["HaplotypeStream"]


class HaplotypeStream(Brief):
    """Iterate over the personal haplotypes of some windows, in the order of the windows.

    A window is read and its distinct haplotypes are found when the iteration comes to it; then one sequence is written
    at a time. The bytes are those of `gxfast.haplotypes`.

    Parameters
    ----------
    genome : Genome
    genotypes : Genotypes, VariantFile, VariantFileSet or HaplotypeStore
    windows : Windows
        As of `gxfast.model_windows`.
    each : {"person", "haplotype"}
        One item per person and haplotype, or per distinct sequence of a window; the first of these is the reference,
        carried or not.
    layout : str, optional
        One-hot axes, as in `gxfast.one_hot`; an item lacks N. Letters by default.
    dtype, unknown, channels
        As in `gxfast.one_hot`.
    anchor, policy, max_mem
        As in `gxfast.haplotypes`.

    Yields
    ------
    dict
        ``window`` : int; ``sequence`` : uint8 array, shape (L,), or as ``layout`` says, in memory of its own. Of a
        person also ``person`` : int (index of ``genotypes.samples``) and ``haplotype`` : 0 or 1; who has no second
        haplotype has one item. Of a distinct haplotype also ``carriers`` : int64 array, shape (K, 2), the person and
        the haplotype of each carrier.

    Raises
    ------
    InputError
        As `gxfast.haplotypes`, for the window that the iteration comes to.
    """

    def __init__(
        self,
        genome: Genome,
        genotypes: Source,
        windows: Windows,
        *,
        each: Literal["person", "haplotype"] = "person",
        layout: str | None = None,
        dtype: str = "float32",
        unknown: str = "zero",
        channels: str = "ACGT",
        anchor: str | None = None,
        policy: HaplotypePolicy | None = None,
        max_mem: int | None = None,
    ) -> None:
        if each not in ("person", "haplotype"):
            raise InputError(f"each must be 'person' or 'haplotype', found {each!r}")
        self.genome, self.genotypes, self.windows, self.each = genome, genotypes, checked_windows(windows), each
        self.policy = policy_for(genotypes, policy)
        refuse_draws(self.policy)
        self._layout, self._anchor, self._max_mem = layout, anchor, max_mem
        self._encoding: dict[str, Any] = {"dtype": dtype, "unknown": unknown, "channels": channels}
        self._encoded(np.zeros(1, np.uint8))  # words the errors of what was chosen

    def _facts(self) -> str:
        size = f"{plural(len(self.windows), 'window')} of {self.windows.length} bases"
        return f"{size}, {len(self.genotypes.samples)} people, one item per {self.each}"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.shard(0, 1)

    def shard(self, number: int, of: int) -> Iterator[dict[str, Any]]:
        """Iterate over the windows ``number``, ``number + of``, ``number + 2 * of``, ...: all shards have each once.

        Raises
        ------
        InputError
            Unless 0 <= ``number`` < ``of``.
        """
        of = whole_number(of, "of", 1)
        if not 0 <= whole_number(number, "number", 0) < of:
            raise InputError(f"number must be 0 to {of - 1}, found {number}")
        return self._items(range(number, len(self.windows), of))

    def _items(self, windows: range) -> Iterator[dict[str, Any]]:
        each = _by_person if self.each == "person" else _by_haplotype
        for w in windows:
            plan = window_plan(self.genome, self.genotypes, self.windows, w, self._anchor, self.policy, self._max_mem)
            for row, whose in each(plan):
                letters = aligned_array((1, self.windows.length), np.uint8)
                plan.write_letters(letters, row, 1)
                yield {"window": w, **whose, "sequence": self._encoded(letters[0])}

    def _encoded(self, letters: NDArray[np.uint8]) -> NDArray[Any]:
        return one_hot(letters, layout=self._layout, **self._encoding) if self._layout else letters


def _by_person(plan: WindowHaplotypes) -> Iterator[tuple[int, dict[str, Any]]]:
    for person, rows in enumerate(plan.carriers.tolist()):
        for haplotype, row in enumerate(rows):
            if row >= 0:
                yield row, {"person": person, "haplotype": haplotype}


def _by_haplotype(plan: WindowHaplotypes) -> Iterator[tuple[int, dict[str, Any]]]:
    carried = plan.carriers.reshape(-1)
    order = np.argsort(carried, kind="stable")
    ends = np.searchsorted(carried[order], np.arange(len(plan) + 1))
    for row in range(len(plan)):
        yield row, {"carriers": np.stack(np.divmod(order[ends[row] : ends[row + 1]], 2), axis=1)}

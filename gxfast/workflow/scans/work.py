"""A scan cut into blocks: done one after another, kept in a run directory, put together at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, NotFiniteError
from ...io.files import sha256_of
from ...ism import Plan
from ...models.card import is_model_name
from ..rundir import EXTRA, STATE, RunDirectory, differences, read_journal, read_plan, verify
from ..shard import Shard, parse_shard

__all__ = [
    "NOT_FINITE",
    "Block",
    "Compute",
    "StoredBlocks",
    "counts_of",
    "cut",
    "do_blocks",
    "finished_parts",
    "refuse_not_finite",
]

Arrays = dict[str, NDArray[Any]]
# Effects of one block, so that a block is what is held in memory; and at most so many windows, so that an
# interrupted scan loses little.
BLOCK_VALUES = 2**22
BLOCK_WINDOWS = 16
# How a refusal of effects is known again in the list of what could not be done.
NOT_FINITE: Final = "not finite"


@dataclass(frozen=True, slots=True)
class Block:
    """Some windows, and the part of the scanned axis.

    Attributes
    ----------
    windows : (int, int)
        0-based half-open.
    axis : (int, int)
        0-based half-open.
    """

    windows: tuple[int, int]
    axis: tuple[int, int]

    @property
    def size(self) -> int:
        """Positions in it."""
        return (self.windows[1] - self.windows[0]) * (self.axis[1] - self.axis[0])

    @property
    def name(self) -> str:
        """File name of what is kept of it."""
        return f"{self.windows[0]:07d}-{self.windows[1]:07d}.{self.axis[0]:07d}-{self.axis[1]:07d}.npz"


Compute = Callable[[Block], Arrays]


def cut(windows: tuple[int, int], n_positions: int, values_per_position: int, max_rows: int) -> list[Block]:
    """Cut windows into blocks of bounded size, along the windows where a single one is too large.

    Parameters
    ----------
    windows : (int, int)
    n_positions : int
        Length of the scanned axis.
    values_per_position : int
        Effects per position and sequence.
    max_rows : int
        Sequences that a window may have.
    """
    first, last = windows
    per_position = max(1, values_per_position * max_rows)
    if per_position * n_positions <= BLOCK_VALUES:
        step = max(1, min(BLOCK_WINDOWS, BLOCK_VALUES // max(1, per_position * n_positions)))
        return [Block((w, min(w + step, last)), (0, n_positions)) for w in range(first, last, step)]
    step = max(1, BLOCK_VALUES // per_position)
    parts = [(a, min(a + step, n_positions)) for a in range(0, n_positions, step)]
    return [Block((w, w + 1), part) for w in range(first, last) for part in parts]


def refuse_not_finite(plan: Plan, gene: str, what: str, where: str = "") -> None:
    """Refuse effects that are no numbers; ``what`` says which.

    Raises
    ------
    NotFiniteError
    """
    raise NotFiniteError(
        f"{what} {NOT_FINITE}{where}",
        path=plan.model.path,
        record=gene,
        remedy="check the model's weights and the transform in its card (a log of a negative value?)",
    )


def do_blocks(
    run: RunDirectory,
    name: str,
    blocks: Sequence[Block],
    compute: Compute,
    done: Callable[[Block, Mapping[str, NDArray[Any]]], None],
) -> None:
    """Compute what this part of the run lacks; ``done`` is told of every block with its arrays."""
    left = set(run.todo(blocks, lambda block: run.has_block(f"{name}/{block.name}")))
    for block in run.part.of(blocks):
        file = f"{name}/{block.name}"
        if block in left:
            run.write_block(file, compute(block))
        done(block, run.read_block(file))


class StoredBlocks:
    """Finished blocks of one model, in the order of the windows; one is in memory at a time.

    Parameters
    ----------
    folders : sequence of Path
        Run directories that hold them.
    name : str
        Of the model.
    blocks : sequence of sequence of Block
        Per folder.
    """

    def __init__(self, folders: Sequence[Path], name: str, blocks: Sequence[Sequence[Block]]) -> None:
        self.folders = tuple(folders)
        self.blocks = [block for part in blocks for block in part]
        self._files = {
            block: folder / STATE / "blocks" / name / block.name
            for folder, part in zip(folders, blocks, strict=True)
            for block in part
        }
        self._digests = {folder: read_journal(folder) for folder in folders}
        self._folder = {block: folder for folder, part in zip(folders, blocks, strict=True) for block in part}
        self._name = name
        self._verified: set[Block] = set()

    def read(self, block: Block, *names: str) -> Arrays:
        """Return arrays of a block, all by default.

        Raises
        ------
        InputError
            If the block is missing or differs from what the journal says.
        """
        path, folder = self._files[block], self._folder[block]
        try:
            if block not in self._verified and sha256_of(path) != self._digests[folder].get(
                f"{self._name}/{block.name}"
            ):
                raise OSError("other bytes than the journal says")
            self._verified.add(block)
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
                return {name: stored[name] for name in names or stored.files}
        except (OSError, ValueError, KeyError):
            raise InputError(
                "a block of the scan is missing or damaged",
                path=path,
                remedy=f"run the scan of {folder} with `resume=True`",
            ) from None

    def __iter__(self) -> Iterator[tuple[Block, Arrays]]:
        return ((block, self.read(block)) for block in self.blocks)


def counts_of(stored: StoredBlocks) -> dict[str, int]:
    """Add up the counts of all blocks."""
    total: Counter[str] = Counter()
    for block in stored.blocks:
        found = stored.read(block, "count_names", "count_values")
        total.update(dict(zip(found["count_names"].tolist(), found["count_values"].tolist(), strict=True)))
    return dict(sorted(total.items()))


def finished_parts(folders: Sequence[Path]) -> tuple[dict[str, Any], list[Path]]:
    """Check that directories are the parts of one scan.

    Returns
    -------
    plan : dict
        Of the whole scan.
    folders : list of Path
        In the order of the parts.

    Raises
    ------
    InputError
        Naming a part that is missing, given twice, not finished, or of another scan.
    """
    again = "give every part of one scan exactly once: gxfast ism merge -o DIR PART_DIR..."
    found: dict[int, Path] = {}
    whole: dict[str, Any] = {}
    total = 0
    for folder in folders:
        plan = _finished_plan(folder)
        part = plan.pop("shard", None)
        if part is None:
            raise InputError("this is a whole scan, not a part of one", path=folder, remedy=again)
        try:
            shard = parse_shard(part)
            _check_models(plan["scan"], shard, len(read_journal(folder)))
        except (InputError, KeyError, TypeError, ValueError):
            raise InputError("the plan of this scan is damaged", path=folder, remedy="run the scan again") from None
        index, of = shard.index, shard.total
        whole, total = whole or plan, total or of
        if plan != whole or of != total:
            changed = sorted(differences(whole, plan)) or ["the number of parts"]
            raise InputError(
                f"part {part} is of another scan than {folders[0]}: {', '.join(changed[:5])} differ",
                path=folder,
                remedy=again,
            )
        if index in found:
            raise InputError(f"part {part} is also in {found[index]}", path=folder, remedy=again)
        found[index] = folder
    missing = [f"{i}/{total}" for i in range(1, total + 1) if i not in found]
    if missing or not folders:
        listed = ", ".join(missing[:10]) or "all"
        raise InputError(f"parts are missing: {listed}", path=folders[0] if folders else None, remedy=again)
    return whole, [found[i] for i in range(1, total + 1)]


def _check_models(scan: Mapping[str, Any], shard: Shard, n_blocks: int) -> None:
    """Refuse a plan that was read back and is not as a scan writes it: names become paths, and numbers loops.

    Raises
    ------
    InputError, KeyError, TypeError, ValueError
    """
    for model in scan["models"]:
        if not is_model_name(model["name"]):
            raise ValueError(model["name"])
        numbers = [model[name] for name in ("positions", "windows", "values", "max_rows")]
        if "background" in model:
            numbers += [model["background"][name] for name in ("windows", "drawn", "most")]
            edges = model["background"]["edges"]
            if edges != sorted(edges) or not all(type(edge) is int and abs(edge) < 2**48 for edge in edges):
                raise ValueError(edges)
        if not all(type(number) is int and 0 <= number < 2**48 for number in numbers):
            raise ValueError(numbers)
        if len(numbers) > 4 and numbers[4] // BLOCK_WINDOWS > n_blocks:
            raise ValueError(n_blocks)
        first, last = shard.windows(model["windows"])
        # At least so many blocks, each with a line in the journal.
        if (last - first) // BLOCK_WINDOWS > n_blocks or (
            last > first and model["positions"] > BLOCK_VALUES * n_blocks
        ):
            raise ValueError(n_blocks)


def _finished_plan(folder: Path) -> dict[str, Any]:
    for name, how in verify(folder, blocks=False).items():  # `StoredBlocks` looks at each as it reads it
        if how == EXTRA:
            continue
        remedy = f"run the scan of {folder} with `resume=True`"
        raise InputError(f"{how} since the scan wrote it", path=folder / name, remedy=remedy)
    plan = read_plan(folder)
    if not isinstance(plan.get("scan"), dict):
        raise InputError("this is no scan", path=folder, remedy="name the directories that gxfast ism wrote")
    return plan

"""Tables that put people into populations, or genes into the sets that a model was trained and tested on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...errors import InputError
from .text import at, delimiter_of, read_lines, split

__all__ = ["ALL", "TEST", "TRAIN", "VALID", "read_gene_split", "read_populations"]

ALL: Final = "all"  # populations together
TRAIN, VALID, TEST = "train", "valid", "test"
_PEOPLE: Final = ("sample", "sample_id", "iid", "#iid", "individual", "id", "s")
_POPULATIONS: Final = ("population", "pop", "ancestry", "superpopulation", "super_pop", "group")
_GENES: Final = ("gene_id", "phenotype_id", "gene", "name")
_SETS: Final = ("split", "set", "fold")
_NAMES: Final = {
    **dict.fromkeys(("train", "training", "seen"), TRAIN),
    **dict.fromkeys(("valid", "validation", "val", "dev"), VALID),
    **dict.fromkeys(("test", "testing", "unseen", "held-out", "heldout"), TEST),
}  # fmt: skip


def read_populations(path: str | Path) -> dict[str, str]:
    """Read the population of each person.

    Parameters
    ----------
    path : str or Path
        Tab-, comma- or space-separated, with a header that names ``sample`` and ``population`` (or ``pop``, as the
        panel of the 1000 Genomes Project, ``ancestry``, ``group``); plain, gzip or bgzip.

    Raises
    ------
    InputError
        If a column is missing, a cell is empty, somebody is in two populations, or a population is called `ALL`.
    """
    found = _pairs(path, "table of populations", _PEOPLE, _POPULATIONS)
    if ALL in found.values():
        raise InputError(
            f"a population is called {ALL!r}, as rows of all populations are", path=path,
            record=next(name for name, one in found.items() if one == ALL), remedy="rename it",
        )  # fmt: skip
    return found


def read_gene_split(path: str | Path) -> dict[str, str]:
    """Read the set of each gene: `TRAIN`, `VALID` or `TEST` of the models that are evaluated.

    Parameters
    ----------
    path : str or Path
        As in `read_populations`, with columns ``gene_id`` and ``split`` (or ``set``, ``fold``). Sets are train, valid
        and test, or what means one of them (training, seen; validation, val, dev; testing, unseen, held-out).

    Raises
    ------
    InputError
        As in `read_populations`, and for another set.
    """
    found = _pairs(path, "split of the genes", _GENES, _SETS)
    for gene, text in found.items():
        if text.lower() not in _NAMES:
            raise InputError(
                f"the set {text!r} is none of train, valid and test", path=path, record=gene, remedy="name it so"
            )
    return {gene: _NAMES[text.lower()] for gene, text in found.items()}


def _pairs(path: str | Path, what: str, keys: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    lines = read_lines(Path(path), what)
    header = next(lines, (1, ""))[1]
    delimiter = delimiter_of(header)
    names = _trimmed(split(header, delimiter), 0)
    names = [name.lower() for name in names]
    columns = [next((names.index(name) for name in known if name in names), None) for known in (keys, values)]
    if None in columns:
        missing = keys[0] if columns[0] is None else values[0]
        raise InputError(
            f"the {what} has no column {missing!r}", path=path, remedy=f"write a header with {keys[0]} and {values[0]}"
        )
    key, value = (column or 0 for column in columns)
    found: dict[str, str] = {}
    for number, line in lines:
        if not line.strip():
            continue
        cells = _trimmed(split(line, delimiter), len(names))
        if len(cells) != len(names):
            raise InputError(
                f"the row has {len(cells)} cells, the header {len(names)}", path=path, record=at(number),
                remedy="write every row with the cells of the header; separate by tabs where names hold blanks",
            )  # fmt: skip
        if not cells[key] or not cells[value]:
            raise InputError("a cell is empty", path=path, record=at(number), remedy="fill it, or leave the row out")
        if found.setdefault(cells[key], cells[value]) != cells[value]:
            raise InputError(
                f"{cells[key]} is in {found[cells[key]]} and in {cells[value]}", path=path, record=at(number),
                remedy="keep one row of each",
            )  # fmt: skip
    if not found:
        raise InputError(f"the {what} has no rows", path=path, remedy="leave the option out")
    return found


def _trimmed(cells: Sequence[str], fewest: int) -> list[str]:
    """Cells without blanks around them, and without empty ones at the end, as the panel of 1000 Genomes has them."""
    found = [cell.strip() for cell in cells]
    while len(found) > fewest and not found[-1]:
        found.pop()
    return found

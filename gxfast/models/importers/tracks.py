"""Tables of output tracks (the targets files of Basenji2, Enformer and Borzoi), and the search in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError, did_you_mean
from ...io.numbers import whole_number
from ...io.tables.text import at, delimiter_of, lower_names, read_lines, split

__all__ = ["Track", "TrackTable", "read_tracks"]


@dataclass(frozen=True, slots=True)
class Track:
    """One output: its index on the track axis, its accession and what it measures."""

    index: int
    identifier: str
    description: str


@dataclass(frozen=True, slots=True)
class TrackTable:
    """Tracks in the order of the file."""

    tracks: tuple[Track, ...]
    path: str

    def search(self, text: str) -> tuple[Track, ...]:
        """Return the tracks a text names.

        A whole number is an index. Otherwise tracks whose description or identifier is the text; if there are none,
        those whose description holds it. Case does not count.

        Raises
        ------
        InputError
            If there is none; the message names similar descriptions.
        """
        wanted = text.strip().casefold()
        index = whole_number(wanted)
        if index is not None:
            found = [track for track in self.tracks if track.index == index]
        else:
            found = [t for t in self.tracks if wanted in (t.description.casefold(), t.identifier.casefold())]
            found = found or [t for t in self.tracks if wanted and wanted in t.description.casefold()]
        if not found:
            near = did_you_mean(text, [track.description for track in self.tracks])
            raise InputError(
                f"no track is called {text!r}{near}", path=self.path, remedy="gxfast model tracks FILE TEXT lists them"
            )
        return tuple(found)

    def choose(self, texts: Sequence[str]) -> tuple[Track, ...]:
        """Return the tracks that any of the texts names, each once, in that order."""
        return tuple(dict.fromkeys(track for text in texts for track in self.search(text)))


def read_tracks(path: str | Path) -> TrackTable:
    """Read a targets file: TSV with a header that names ``description``, and ``index`` and ``identifier`` if any.

    The file of Basenji2 and Enformer has 5,313 human tracks, that of Borzoi 7,611. Without an ``index`` column
    (in Borzoi's it has no name) rows are counted from 0.

    Raises
    ------
    InputError
        If the file cannot be read, has no descriptions, or an index is not a whole number or stands twice.
    """
    lines = read_lines(Path(path), "targets file")
    header = next(lines, (1, ""))[1]
    delimiter = delimiter_of(header)
    names = lower_names(split(header, delimiter))
    if "description" not in names:
        raise InputError(
            "the table has no column 'description'", path=path, remedy="name a targets file such as targets_human.txt"
        )
    tracks: list[Track] = []
    seen: set[int] = set()
    for number, line in lines:
        if not line.strip():
            continue
        cells = split(line, delimiter)
        if len(cells) != len(names):
            raise InputError(f"the row has {len(cells)} cells, the header {len(names)}", path=path, record=at(number))
        row = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        text = row.get("index", row.get("", str(len(tracks))))
        index = whole_number(text)
        if index is None or index in seen:
            raise InputError(
                f"the index {text[:40]!r} is not a whole number that stands once", path=path, record=at(number),
                remedy="number the rows from 0",
            )  # fmt: skip
        seen.add(index)
        tracks.append(Track(index, row.get("identifier", ""), row["description"]))
    if not tracks:
        raise InputError("the table has no rows", path=path)
    return TrackTable(tuple(tracks), str(path))

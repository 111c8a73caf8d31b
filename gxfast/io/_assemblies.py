"""Chromosomes of the human assemblies: lengths and accessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

__all__ = ["ASSEMBLIES", "HG19_MITOCHONDRION", "MITOCHONDRION", "Assembly"]

_CHROMOSOMES: Final = (*map(str, range(1, 23)), "X", "Y")
# Numbers that PLINK gives to what has none.
_NUMBERS: Final = {"X": "23", "Y": "24", "MT": "26"}
MITOCHONDRION: Final = 16569  # bases, of the revised Cambridge sequence and of CHM13's own
# UCSC's hg19 alone has another one (NC_001807.4) under the name chrM: the positions differ.
HG19_MITOCHONDRION: Final = 16571

_LENGTHS_37: Final = (
    249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
    135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
    48129895, 51304566, 155270560, 59373566,
)  # fmt: skip
_LENGTHS_38: Final = (
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
    135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
    46709983, 50818468, 156040895, 57227415,
)  # fmt: skip
_LENGTHS_T2T: Final = (
    248387328, 242696752, 201105948, 193574945, 182045439, 172126628, 160567428, 146259331, 150617247, 134758134,
    135127769, 133324548, 113566686, 101161492, 99753195, 96330374, 84276897, 80542538, 61707364, 66210255,
    45090682, 51324926, 154259566, 62460029,
)  # fmt: skip
# NC_000001.10 to NC_000024.9 are GRCh37's; GRCh38's are one version on.
_VERSIONS_37: Final = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)


@dataclass(frozen=True)
class Assembly:
    """An assembly: length, RefSeq and GenBank accession of the chromosomes 1 to 22, X and Y, and of the mitochondrion.

    Attributes
    ----------
    name : str
    length : dict of str to int
        By chromosome (``1`` to ``22``, ``X``, ``Y``, ``MT``).
    chromosome : dict of str to str
        Which of them a name means.
    """

    name: str
    length: dict[str, int]
    accessions: dict[str, tuple[str, ...]]
    chromosome: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {name: key for key in self.length for name in self.names(key)}
        object.__setattr__(self, "chromosome", names)

    def names(self, key: str) -> Iterator[str]:
        """Yield all names of a chromosome."""
        for bare in (key, *(("M",) if key == "MT" else ()), *((_NUMBERS[key],) if key in _NUMBERS else ())):
            yield from (bare, f"chr{bare}")
        yield from self.accessions[key]


def _assembly(name: str, lengths: tuple[int, ...], accessions: list[tuple[str, ...]]) -> Assembly:
    keys = (*_CHROMOSOMES, "MT")
    return Assembly(
        name,
        dict(zip(keys, (*lengths, MITOCHONDRION), strict=True)),
        dict(zip(keys, accessions, strict=True)),
    )


def _grch(lengths: tuple[int, ...], name: str, later: int) -> Assembly:
    found = [
        (f"NC_{i:06d}.{version + later}", f"CM{662 + i:06d}.{1 + later}") for i, version in enumerate(_VERSIONS_37, 1)
    ]
    return _assembly(name, lengths, [*found, ("NC_012920.1", "J01415.2")])


def _t2t() -> Assembly:
    found = [(f"NC_{60924 + i:06d}.1", f"CP{68278 - i:06d}.2") for i in range(1, 24)]
    return _assembly("T2T-CHM13v2.0", _LENGTHS_T2T, [*found, ("NC_060948.1", "CP086569.2"), ("CP068254.1",)])


ASSEMBLIES: Final = (_grch(_LENGTHS_37, "GRCh37", 0), _grch(_LENGTHS_38, "GRCh38", 1), _t2t())

"""Files of genotypes by their names: which reader opens one, and what is read with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..errors import InputError
from . import vcf_dosages
from .pgen import PgenFile, is_pgen, pgen_companions, pvar_of
from .pvar import ids_of_pvar
from .sources import VariantSource
from .vcf import VariantFile
from .vcf_zarr import VcfZarrFile, ids_of_zarr, imputed_of_zarr, is_zarr

__all__ = ["companions", "imputed_fields", "is_zarr", "open_variants", "places_of_ids"]

_OF_PGEN = (".pvar", ".pvar.zst", ".psam")


def open_variants(path: str | Path, *, samples: Sequence[str] | None = None) -> VariantSource:
    """Open a file of genotypes: a PLINK 2 PGEN or a VCF Zarr store by its name, else VCF or BCF.

    Parameters
    ----------
    path : str or Path
    samples : sequence of str, optional
        People to read, in this order; all by default.

    Raises
    ------
    InputError
        See `PgenFile`, `VcfZarrFile` and `VariantFile`.
    """
    if str(path).lower().endswith(_OF_PGEN):
        raise InputError("the file is one of three", path=path, remedy="name the .pgen; the others are found beside it")
    if is_zarr(path):
        return VcfZarrFile(path, samples=samples)
    return PgenFile(path, samples=samples) if is_pgen(path) else VariantFile(path, samples=samples)


def companions(path: str | Path) -> tuple[Path, ...]:
    """Return the files that hold a part of what a file of genotypes says: .pvar and .psam of a PGEN."""
    return pgen_companions(path) if is_pgen(path) else ()


def imputed_fields(path: str | Path) -> tuple[str, ...]:
    """Return what was imputed: by the first record of a VCF or BCF, or the arrays of a store; of a PGEN unknown."""
    if is_zarr(path):
        return imputed_of_zarr(path)
    return () if is_pgen(path) else vcf_dosages.imputed_fields(path)


def places_of_ids(paths: Sequence[str | Path], wanted: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Read files from end to end; return contig and 0-based position of the first record with each ID."""
    left, found = set(wanted), dict[str, tuple[str, int]]()
    for path in paths:
        if not left:
            break
        for names, contig, position in _ids(path):
            for name in left.intersection(names.split(";")):
                left.remove(name)
                found[name] = contig, position
    return found


def _ids(path: str | Path) -> Iterator[tuple[str, str, int]]:
    if is_zarr(path):
        return ids_of_zarr(path)
    return ids_of_pvar(pvar_of(path)) if is_pgen(path) else vcf_dosages.ids_of_vcf(path)

"""Files of genotypes by their names: which reader opens one, and what is read with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .._plugins import READERS, broken, plugin, plugin_function, plugin_names
from ..errors import InputError
from . import vcf_dosages
from .pgen import PgenFile, is_pgen, pgen_companions, pvar_of
from .pvar import ids_of_pvar
from .sources import VariantSource
from .vcf import VariantFile
from .vcf_zarr import VcfZarrFile, ids_of_zarr, imputed_of_zarr, is_zarr

__all__ = [
    "as_given",
    "companions",
    "has_scheme",
    "imputed_fields",
    "is_zarr",
    "open_variants",
    "places_of_ids",
    "reader_name",
]

# What gxfast reads itself, and what a plug-in has to give.
_OWN: Final = ("vcf", "vcf.gz", "vcf.bgz", "gz", "bgz", "bcf", "pgen", "zarr", "vcz")
_SOURCE: Final = (
    "path", "samples", "all_samples", "contigs", "contig_lengths", "subset", "has_records", "require_readable",
    "region", "imputed",
)  # fmt: skip
_OF_PGEN = (".pvar", ".pvar.zst", ".psam")


def open_variants(path: str | Path, *, samples: Sequence[str] | None = None) -> VariantSource:
    """Open a file of genotypes: a PLINK 2 PGEN, a VCF Zarr store or what a plug-in reads by its name, else VCF or BCF.

    Parameters
    ----------
    path : str or Path
    samples : sequence of str, optional
        People to read, in this order; all by default.

    Raises
    ------
    InputError
        See `PgenFile`, `VcfZarrFile` and `VariantFile`; and where a plug-in fails, naming its distribution.
    """
    if str(path).lower().endswith(_OF_PGEN):
        raise InputError("the file is one of three", path=path, remedy="name the .pgen; the others are found beside it")
    if is_zarr(path):
        return VcfZarrFile(path, samples=samples)
    name = reader_name(path)
    if name:
        return _opened(name, path, samples)
    return PgenFile(path, samples=samples) if is_pgen(path) else VariantFile(path, samples=samples)


def reader_name(path: str | Path) -> str:
    """Return the name of the plug-in (``gxfast.readers``) that reads a path by its suffix or scheme; none is "".

    What gxfast reads itself stays with it.
    """
    text = str(path).lower()
    names = [name for name in plugin_names(READERS) if name not in _OWN]
    # a Path has one slash behind its scheme
    fitting = [name for name in names if text.endswith(f".{name}") or text.startswith(f"{name}:/")]
    return max(fitting, key=len, default="")


def has_scheme(path: str | Path) -> bool:
    """Whether a plug-in reads a path by its scheme: there is no file of that name."""
    name = reader_name(path)
    return bool(name) and str(path).lower().startswith(f"{name}:/")


def as_given(path: str | Path) -> str:
    """Return a path as a reader is given it: with two slashes behind a scheme."""
    head, _, rest = str(path).partition(":/")
    return f"{head}://{rest.lstrip('/')}" if has_scheme(path) else str(path)


def _opened(name: str, path: str | Path, samples: Sequence[str] | None) -> VariantSource:
    source = plugin_function(READERS, name)(as_given(path), samples=samples)
    missing = [one for one in _SOURCE if not hasattr(source, one)]
    if missing:
        raise broken(READERS, name, f"{type(source).__name__} has no {missing[0]}; see gxfast.io.sources.VariantSource")
    found: VariantSource = source
    return found


def companions(path: str | Path) -> tuple[Path, ...]:
    """Return the files that hold a part of what a file of genotypes says: .pvar and .psam of a PGEN.

    Those of a plug-in are what ``companions(path)`` of its function returns, where it has that.
    """
    name = reader_name(path)
    if name:
        # A plug-in that fails says so where the file is opened.
        with suppress(InputError):
            of = getattr(plugin(READERS, name), "companions", None)
            return tuple(map(Path, of(as_given(path)))) if of else ()
        return ()
    return pgen_companions(path) if is_pgen(path) else ()


def imputed_fields(path: str | Path) -> tuple[str, ...]:
    """Return what was imputed: by the first record of a VCF or BCF, or the arrays of a store; of others unknown."""
    if is_zarr(path):
        return imputed_of_zarr(path)
    return () if is_pgen(path) or reader_name(path) else vcf_dosages.imputed_fields(path)


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
    if reader_name(path):
        raise InputError(
            "the plug-in that reads the file does not look variants up by ID",
            path=path,
            remedy="name them chrom_pos_ref_alt, or give a VCF",
        )
    return ids_of_pvar(pvar_of(path)) if is_pgen(path) else vcf_dosages.ids_of_vcf(path)

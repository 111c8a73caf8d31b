"""Tables of variant effects of a run: read, brought to the alleles of the FASTA, and named."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import InputError
from ..io.contigs import ContigNames
from ..io.fasta import Genome
from ..io.variant_tables import orient, read_scores, terms_of
from ..models.card import clean_name
from ..models.effects import EffectsTable, effects_table, is_open

__all__ = ["open_effects", "refuse_closed_terms", "split_name"]

_SIGNED_FROM: Final = 20  # rows


def split_name(text: str) -> tuple[str, str]:
    """Return name and file of ``NAME=FILE``, or of a file alone, which is named as it is called.

    Raises
    ------
    InputError
        If the name cannot be that of a file.
    """
    name, sign, path = text.partition("=")
    if not sign or "/" in name:
        return clean_name(Path(text).name.split(".")[0]), text
    if not path:
        raise InputError(f"`effects={text}` names no file", remedy=f'write `effects="{name or "NAME"}=FILE"`')
    if clean_name(name) != name:
        raise InputError(
            f"the name {name!r} would name a file; it may hold letters, digits, '.', '_' and '-', and begins with a "
            "letter or digit",
            path=path, remedy=f"write `effects=\"{clean_name(name)}=FILE\"`",
        )  # fmt: skip
    return name, path


def open_effects(texts: Sequence[str], genome: Genome, names: ContigNames) -> tuple[EffectsTable, ...]:
    """Read tables of effects, with the alleles and the contigs of the genome.

    Rows whose alleles are exchanged are turned, those that do not fit the FASTA are left out; both are counted, and
    said.

    Raises
    ------
    InputError
        If a table cannot be read, is of another build, names no genes, or two have one name.
    """
    found = [_opened(*split_name(text), genome, names) for text in texts]
    known = [one.name for one in found]
    if len(set(known)) != len(known):
        raise InputError(
            f"two tables of effects have one name ({', '.join(known)})", remedy='name them: `effects="NAME=FILE"`'
        )
    return tuple(found)


def _opened(name: str, path: str, genome: Genome, names: ContigNames) -> EffectsTable:
    read = read_scores(path)
    offered = [column for column, values in read.columns.items() if values.dtype.kind == "f"]
    # A handful of effects may all point one way; many do not, unless they have no direction.
    few = len(read) < _SIGNED_FROM
    tracks = [column for column in offered if few or (read.columns[column] < 0).any()]
    if all(np.isnan(read.columns[column]).all() for column in offered):
        raise InputError(
            f"no row has a score ({', '.join(offered[:3])})", path=path, remedy="give effects, or signed scores"
        )
    if not tracks:
        raise InputError(
            f"no score has a sign ({', '.join(offered[:3])}): they say how much a variant matters, not which way",
            path=path, remedy="give effects, or signed scores",
        )  # fmt: skip
    if left := [column for column in offered if column not in tracks]:
        logging.getLogger("gxfast").warning(
            "%s: columns without a negative value are no effects, and are left out: %s", path, ", ".join(left[:10])
        )
    fitted = orient(replace(read, signed=tuple(tracks)), genome, contigs=names)
    turned = {"alleles_turned": fitted.n_turned, "alleles_refused": fitted.n_refused}
    if any(turned.values()):
        message = (
            "%s: %d of %d rows had REF and ALT exchanged and were turned, %d do not fit the FASTA and are left out"
        )
        logging.getLogger("gxfast").warning(message, path, fitted.n_turned, len(read), fitted.n_refused)
    return effects_table(name, fitted.table, tracks, terms=terms_of(path), turned=turned)


def refuse_closed_terms(effects: Sequence[EffectsTable], *, with_right: bool) -> None:
    """Refuse to make weights of nothing, and of scores whose terms of use are not open, unless somebody may.

    Raises
    ------
    InputError
    """
    if not effects:
        raise InputError(
            "weights are written of tables of effects, and none is named",
            remedy="name one with `effects=`, or leave `predictdb=` out; linear baselines write weights by themselves",
        )
    for one in effects:
        if not with_right and not is_open(one.terms):
            raise InputError(
                f"the terms of use of the scores are not open: {one.terms[:200]!r}", path=one.path,
                remedy="leave `predictdb=` out, or say that you have the right: `i_have_the_right=True`",
            )  # fmt: skip

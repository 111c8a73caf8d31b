"""PredictDB files: weights of linear models per gene, with their covariances."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .bgzf import write_bgzf
from .files import written_whole

__all__ = ["GeneWeights", "build_of", "place_of", "read_predictdb", "write_covariances", "write_predictdb"]

Float64Array = NDArray[np.float64]

_WEIGHTS = ("rsid", "gene", "weight", "ref_allele", "eff_allele")
_BETWEEN = "[_:/-]"
_PLACE = re.compile(rf"^(.+?){_BETWEEN}(\d+)(?:{_BETWEEN}[A-Za-z*]+{_BETWEEN}[A-Za-z*]+(?:{_BETWEEN}(\S+))?)?$")


@dataclass(frozen=True, slots=True)
class GeneWeights:
    """Linear model of one gene.

    Attributes
    ----------
    gene, name : str
    rsid, variant_id : tuple of str, length M
    ref, alt : tuple of str, length M
        Other and effect allele.
    weight : float64 array, shape (M,)
        Per copy of ``alt``.
    covariance : float64 array, shape (M, M)
        Of the dosages; empty where it is not known.
    cv_r, cv_p : float
        Mean correlation of held-out people over folds, and the p of all folds together.
    """

    gene: str
    name: str
    rsid: tuple[str, ...]
    variant_id: tuple[str, ...]
    ref: tuple[str, ...]
    alt: tuple[str, ...]
    weight: Float64Array
    covariance: Float64Array
    cv_r: float = float("nan")
    cv_p: float = float("nan")


def write_predictdb(path: str | Path, genes: Sequence[GeneWeights], q: Sequence[float]) -> Path:
    """Write the tables ``weights`` and ``extra``; genes without a weight are left out.

    Parameters
    ----------
    path : str or Path
        Replaced if it exists.
    genes : sequence of GeneWeights
    q : sequence of float
        q value of each gene's ``cv_p``.
    """
    path = Path(path)
    with_weights = [(gene, value) for gene, value in zip(genes, q, strict=True) if gene.weight.size]
    with written_whole(path) as partial, closing(sqlite3.connect(partial)) as connection:
        connection.execute(
            "CREATE TABLE weights (rsid TEXT, gene TEXT, weight REAL, ref_allele TEXT, eff_allele TEXT, varID TEXT)"
        )
        connection.execute(
            'CREATE TABLE extra (gene TEXT, genename TEXT, "n.snps.in.model" INTEGER, "pred.perf.R2" REAL, '
            '"pred.perf.pval" REAL, "pred.perf.qval" REAL)'
        )
        for gene, value in with_weights:
            rows = zip(gene.rsid, gene.weight.tolist(), gene.ref, gene.alt, gene.variant_id, strict=True)
            connection.executemany(
                "INSERT INTO weights VALUES (?, ?, ?, ?, ?, ?)",
                [(rsid, gene.gene, weight, ref, alt, varid) for rsid, weight, ref, alt, varid in rows],
            )
            # PredictDB's squared correlation is that of a positive one
            squared = gene.cv_r**2 if gene.cv_r > 0 else 0.0
            connection.execute(
                "INSERT INTO extra VALUES (?, ?, ?, ?, ?, ?)",
                (gene.gene, gene.name, gene.weight.size, squared, gene.cv_p, float(value)),
            )
        connection.execute("CREATE INDEX weights_gene ON weights (gene)")
        connection.execute("CREATE INDEX weights_rsid ON weights (rsid)")
        connection.commit()
    return path


def write_covariances(path: str | Path, genes: Sequence[GeneWeights]) -> Path:
    """Write ``GENE RSID1 RSID2 VALUE`` for every pair of SNPs of a gene, gzip-compressed."""
    lines = ["GENE RSID1 RSID2 VALUE"]
    for gene in genes:
        for i, first in enumerate(gene.rsid):
            lines += [
                f"{gene.gene} {first} {gene.rsid[j]} {float(gene.covariance[i, j])!r}" for j in range(i, len(gene.rsid))
            ]
    return write_bgzf(path, ("\n".join(lines) + "\n").encode())


def read_predictdb(path: str | Path) -> list[GeneWeights]:
    """Read the weights of a PredictDB file, in order of genes and rows.

    Raises
    ------
    InputError
        If the file is no SQLite database, lacks the table or one of its columns, or a weight is no number.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("file not found", path=path)
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(weights)")]
            missing = [name for name in _WEIGHTS if name not in columns]
            if missing:
                raise InputError(
                    f"the table weights lacks {', '.join(missing)}", path=path, remedy="give a PredictDB weights file"
                )
            varid = "COALESCE(varID, rsid)" if "varID" in columns else "rsid"
            rows = connection.execute(
                f"SELECT gene, COALESCE(rsid, ''), {varid}, ref_allele, eff_allele, weight FROM weights ORDER BY rowid"
            ).fetchall()
    except sqlite3.DatabaseError as error:
        raise InputError(f"not a SQLite database: {error}", path=path, remedy="give a PredictDB .db file") from None
    genes: dict[str, list[tuple[str, str, str, str, float]]] = {}
    for gene, *rest in rows:
        weight = rest[-1]
        if not isinstance(weight, (int, float)) or not np.isfinite(weight):
            raise InputError(f"weight {weight!r} is not a number", path=path, record=f"{gene} {rest[0]}")
        if not all(isinstance(text, str) for text in (gene, *rest[1:4])):
            raise InputError("a weight lacks its gene, its id or an allele", path=path, record=f"{gene} {rest[0]}")
        genes.setdefault(gene, []).append((rest[0], rest[1], rest[2].upper(), rest[3].upper(), float(weight)))
    return [_assembled(gene, found) for gene, found in genes.items()]


def _assembled(gene: str, found: list[tuple[str, str, str, str, float]]) -> GeneWeights:
    rsid, varid, ref, alt, weight = zip(*found, strict=True)
    return GeneWeights(gene, gene, rsid, varid, ref, alt, np.array(weight), np.empty((0, 0)))


def place_of(variant_id: str) -> tuple[str, int] | None:
    """Return contig and 0-based position that an id names; None where it names none, as an rsid.

    ``chr_pos``, ``chr_pos_ref_alt`` and ``chr_pos_ref_alt_build`` with any of ``_ : - /`` between the parts.
    """
    match = _PLACE.match(variant_id)
    return (match[1], int(match[2]) - 1) if match else None


def build_of(variant_id: str) -> str:
    """Return the build that an id ends with, as ``b38``; empty where there is none."""
    match = _PLACE.match(variant_id)
    return (match[3] or "") if match else ""

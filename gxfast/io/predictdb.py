"""PredictDB files: weights of linear models per gene, with their covariances."""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .bgzf import bgzf_text, require_file
from .files import atomic_write
from .numbers import whole_number
from .tables.text import check_id

__all__ = ["GeneWeights", "build_of", "place_of", "read_predictdb", "write_covariances", "write_predictdb"]

Float64Array = NDArray[np.float64]

_WEIGHTS = ("rsid", "gene", "weight", "ref_allele", "eff_allele")
_REMEDY = "give a PredictDB weights file (.db) with a table weights"
_MOST_WEIGHTS = 50_000_000
_MOST_SECONDS = 600.0
_LONGEST_CELL = 1 << 20
_BETWEEN = "[_:/-]"
_PLACE = re.compile(rf"^(.+?){_BETWEEN}([0-9]+)(?:{_BETWEEN}[A-Za-z*]+{_BETWEEN}[A-Za-z*]+(?:{_BETWEEN}(\S+))?)?$")


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
    # In memory, so that there is no journal beside the file and a full disk is met by the one writer of files.
    with closing(sqlite3.connect(":memory:")) as connection:
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
        atomic_write(path, connection.serialize())
    return path


def write_covariances(path: str | Path, genes: Sequence[GeneWeights]) -> Path:
    """Write ``GENE RSID1 RSID2 VALUE`` for every pair of SNPs of a gene, gzip-compressed."""
    path = Path(path)
    with bgzf_text(path) as out:
        out.write("GENE RSID1 RSID2 VALUE\n")
        for gene in genes:
            for i, first in enumerate(gene.rsid):
                pairs = zip(gene.rsid[i:], gene.covariance[i, i:].tolist(), strict=True)
                out.write("".join(f"{gene.gene} {first} {other} {value!r}\n" for other, value in pairs))
    return path


def read_predictdb(path: str | Path) -> list[GeneWeights]:
    """Read the weights of a PredictDB file, in order of genes and rows.

    Raises
    ------
    InputError
        If the file is no SQLite database, lacks the table or one of its columns (what is computed, as a view, is
        none), has no rows or too many, or a cell is empty or of another type; naming gene and rsid.
    """
    path = Path(path)
    require_file(path, "PredictDB file")
    for suffix in ("-wal", "-journal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise InputError(
                f"what was written last is still in {beside.name}", path=path, remedy=f"sqlite3 '{path}' vacuum"
            )
    genes: dict[str, list[_Row]] = {}
    try:
        _refuse_short(path)
        with closing(_opened(path)) as connection:
            (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if problem != "ok":
                raise sqlite3.DatabaseError(problem)
            columns = _columns(connection, path)
            varid = "varID" if "varID" in columns else "NULL"
            # As the rows lie: in the order of rowid, where there is one.
            query = f"SELECT gene, rsid, {varid}, ref_allele, eff_allele, weight FROM weights NOT INDEXED"
            for number, row in enumerate(connection.execute(query), 1):
                gene, weight = _checked(path, row, number)
                genes.setdefault(gene, []).append(weight)
                if number == _MOST_WEIGHTS:
                    raise InputError(f"more than {_MOST_WEIGHTS} weights", path=path, remedy=_REMEDY)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise InputError(f"not a SQLite database that can be read: {error}", path=path, remedy=_REMEDY) from None
    if not genes:
        raise InputError("the table weights has no rows", path=path, remedy=_REMEDY)
    return [_assembled(path, gene, found) for gene, found in genes.items()]


def _refuse_short(path: Path) -> None:
    """Refuse a file with fewer pages than its header says: SQLite would read zeros for them."""
    with path.open("rb") as handle:
        head = handle.read(100)
    if head[:16] == b"SQLite format 3\0" and len(head) == 100 and head[24:28] == head[92:96]:
        page, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
        if path.stat().st_size < (65536 if page == 1 else page) * pages:
            raise InputError("the file is cut off", path=path, remedy="make or copy it again")


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file itself, whatever its name is, to read: nothing is made beside it, and nothing of it is run."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.set_authorizer(_read_only)
    ends = time.monotonic() + _MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > ends, 1_000_000)
    return connection


def _read_only(action: int, *_: object) -> int:
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA)
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY


def _columns(connection: sqlite3.Connection, path: Path) -> set[str]:
    """Return the columns of the table of weights, which is a table of the file: a view is a program."""
    query = "SELECT type, sql FROM sqlite_master WHERE name = 'weights' COLLATE NOCASE"
    found = connection.execute(query).fetchall()
    kinds = ["virtual table" if str(sql).lstrip().upper().startswith("CREATE VIRTUAL") else str(k) for k, sql in found]
    if kinds != ["table"]:
        what = f"weights is a {kinds[0]}, not a table" if kinds else "there is no table weights"
        raise InputError(what, path=path, record="table weights", remedy=_REMEDY)
    # A generated column (hidden = 2 or 3) is a program, too.
    stored = {str(row[1]) for row in connection.execute("PRAGMA table_xinfo(weights)") if not row[6]}
    missing = [name for name in _WEIGHTS if name not in stored]
    if missing:
        raise InputError(f"the table weights lacks {', '.join(missing)}", path=path, remedy=_REMEDY)
    return stored


_Row = tuple[str, str, str, str, float]


def _checked(path: Path, row: tuple[object, ...], number: int) -> tuple[str, _Row]:
    """Return the gene of a row, and (rsid, variant, ref, alt, weight)."""
    gene, rsid, varid, ref, alt, weight = row
    record = f"{gene} {rsid or varid}" if isinstance(gene, str) else f"row {number}"
    rsid = "" if rsid is None else rsid
    varid = rsid if varid is None else varid
    texts = {"gene": gene, "rsid": rsid, "varID": varid, "ref_allele": ref, "eff_allele": alt}
    for column, text in texts.items():
        if not isinstance(text, str) or not (text.strip() or column == "rsid"):
            kind = "empty" if text in (None, "") else f"{type(text).__name__} {str(text)[:20]}"
            raise InputError(f"{column} is {kind}, not text", path=path, record=record, remedy="mend the row")
        if column in ("gene", "rsid", "varID") and text:
            check_id(text, column, path)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
        shown = "empty" if weight is None else repr(weight)[:40]
        raise InputError(f"weight is {shown}, not a finite number", path=path, record=record, remedy="mend the row")
    return str(gene), (str(rsid), str(varid), str(ref).upper(), str(alt).upper(), float(weight))


def _assembled(path: Path, gene: str, found: list[_Row]) -> GeneWeights:
    twice = next((key for key, n in Counter(row[1:4] for row in found).items() if n > 1), None)
    if twice is not None:
        record = f"{gene} {' '.join(twice)}"
        raise InputError("the variant is there twice", path=path, record=record, remedy="keep one weight of each")
    rsid, varid, ref, alt, weight = zip(*found, strict=True)
    return GeneWeights(gene, gene, rsid, varid, ref, alt, np.array(weight), np.empty((0, 0)))


def place_of(variant_id: str) -> tuple[str, int] | None:
    """Return contig and 0-based position that an id names; None where it names none, as an rsid.

    ``chr_pos``, ``chr_pos_ref_alt`` and ``chr_pos_ref_alt_build`` with any of ``_ : - /`` between the parts.
    """
    match = _PLACE.match(variant_id)
    position = whole_number(match[2], 1) if match else None
    return (match[1], position - 1) if match and position is not None else None


def build_of(variant_id: str) -> str:
    """Return the build that an id ends with, as ``b38``; empty where there is none."""
    match = _PLACE.match(variant_id)
    return (match[3] or "") if match else ""

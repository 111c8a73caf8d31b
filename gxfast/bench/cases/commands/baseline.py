"""Whole commands: nested cross-validation of elastic nets, with the same outer and inner folds for everybody."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ....stats import elastic_net_cv, split_people
from ...commands import Command, compare_commands, field_of, gxfast_words, own_environment
from ...measure import UnavailableError
from ...packages import missing
from ...peers import CommandPeer
from ...registry import Case
from ...result import Row
from .people import WINDOW, PeopleFiles, people_files, write_dosages

__all__ = [
    "JOB", "SKLEARN", "NetFiles", "Predictions", "cases", "differing_predictions", "net_files", "read_by_gene",
    "script_words",
]  # fmt: skip

JOB: Final = "baseline"
SKLEARN: Final = "scikit-learn ElasticNetCV"
_GENES: Final = {"tiny": 3, "small": 6, "real": 12}
_FOLDS: Final = {"tiny": (3, 5), "small": (5, 10), "real": (5, 10)}  # outer, inner
# All genes and people together: the same lambdas up to the ends of the paths and the tolerances of the solvers.
_CORRELATION: Final = 0.98

Predictions = Mapping[str, NDArray[np.float64]]  # of each gene, people in the order of the files


@dataclass(frozen=True, eq=False)
class NetFiles:
    """People without covariates, and the table of folds."""

    people: PeopleFiles
    folds: Path
    outer: NDArray[np.int64]
    inner: NDArray[np.int64]
    n_folds: tuple[int, int]


@lru_cache(maxsize=1)
def net_files(size: str) -> NetFiles:
    """Write the files: also the dosages as a table, and the folds that gxfast draws with seed 0."""
    people = people_files(size, _GENES[size], covariates=False)
    write_dosages(people)
    n_outer, n_inner = _FOLDS[size]
    outer = split_people(people.people, n_outer, 0)
    inner = np.full((len(outer), n_outer + 1), -1, np.int64)
    for fold in range(n_outer + 1):  # the last column: nobody is held out
        here = outer != fold
        inner[here, fold] = _drawn(int(here.sum()), n_inner)
    path = people.folder / "folds.tsv"
    header = ["sample", "outer", *(f"inner_{k}" for k in range(n_outer)), "inner_all"]
    rows = [[name, str(o), *map(str, i)] for name, o, i in zip(people.people, outer, inner.tolist(), strict=True)]
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]))
    return NetFiles(people, path, outer, inner, (n_outer, n_inner))


def _drawn(people: int, folds: int) -> NDArray[np.int32]:
    """Return the folds that `gxfast.stats.elastic_net_cv` draws for so many people."""
    alternating = np.arange(people) % 2
    return elastic_net_cv(alternating[None].astype(np.int8), alternating.astype(np.float64), folds=folds, seed=0).folds


def differing_predictions(own: Predictions, theirs: Predictions, at_least: float = _CORRELATION) -> str:
    """Return what differs between held-out predictions of the same genes and people; ``""``: nothing that counts."""
    if set(own) != set(theirs):
        return f"{len(theirs)} genes, gxfast {len(own)}"
    pair = [np.concatenate([one[gene] for gene in own]) for one in (own, theirs)]
    if pair[0].shape != pair[1].shape or not all(np.isfinite(values).all() for values in pair):
        return f"{np.isfinite(pair[1]).sum()} predictions, gxfast {np.isfinite(pair[0]).sum()}"
    r = float(np.corrcoef(pair)[0, 1])
    scale = float(pair[1].std() / pair[0].std())
    if r >= at_least and abs(scale - 1) <= 0.1:
        return ""
    return f"predictions correlate {r:.4f} with gxfast's, their spread is {scale:.2f} of its"


def read_by_gene(path: Path, first: int) -> dict[str, NDArray[np.float64]]:
    """Read a table with a row per gene, its name in the column before ``first``."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return {row[first - 1]: np.array(row[first:], np.float64) for row in rows}


def _words(files: NetFiles, folder: Path) -> list[str | Path]:
    """Return the command line of gxfast."""
    people = files.people
    outer, inner = files.n_folds
    return gxfast_words(
        "baseline", "--vcf", people.vcf, "--expression", people.expression, "--window", str(WINDOW),
        "--folds", str(outer), "--inner-folds", str(inner), "--seed", "0", "-o", folder / "run",
    )  # fmt: skip


def script_words(files: NetFiles) -> list[str | Path]:
    """Return what follows the name of a script: the tables and the window."""
    return [files.people.dosages, files.people.expression, files.folds, str(WINDOW)]


def _standardised(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, spread = x.mean(axis=0), x.std(axis=0)
    return mean, np.where(spread > 0, spread, np.inf)


def _path(x: NDArray[np.float64], y: NDArray[np.float64], alphas: NDArray[np.float64], new: NDArray[np.float64]) -> Any:
    """Predict new people along the path of the others, columns standardised among these; (people, alphas)."""
    from sklearn.linear_model import enet_path

    mean, spread = _standardised(x)
    _, weights, _ = enet_path((x - mean) / spread, y - y.mean(), l1_ratio=0.5, alphas=alphas, tol=1e-5, max_iter=20_000)
    return (new - mean) / spread @ weights + y.mean()


def plain_held_out(files: NetFiles, gene: int) -> NDArray[np.float64]:
    """Return the held-out predictions of one gene as cv.glmnet is documented, with paths of scikit-learn."""
    people = files.people
    x, y = people.matrix[people.near(gene)].T.astype(np.float64), people.values[gene]
    found = np.empty(len(y))
    for fold in np.unique(files.outer).tolist():
        out = files.outer == fold
        known, target, inner = x[~out], y[~out], files.inner[~out, fold]
        mean, spread = _standardised(known)
        largest = float(np.abs(((known - mean) / spread).T @ (target - target.mean())).max()) / len(target) / 0.5
        alphas = np.geomspace(largest, 0.01 * largest, 100)
        errors = np.empty((len(target), 100))
        for k in np.unique(inner).tolist():
            held = inner == k
            errors[held] = (target[held, None] - _path(known[~held], target[~held], alphas, known[held])) ** 2
        chosen = int(np.argmin(errors.mean(axis=0)))
        found[out] = _path(known, target, alphas[: chosen + 1], x[out])[:, -1] - target.mean()
    return found


class _Agreement:
    """Checks gxfast against plain paths on a gene, and keeps what it found for the comparison with the others."""

    def __init__(self, files: NetFiles) -> None:
        self.files = files
        self.found: Predictions = {}

    def own(self, found: Predictions) -> str:
        self.found = found
        people = self.files.people
        if set(found) != set(people.genes):
            return f"{len(found)} genes, expected {len(people.genes)}"
        if missing("scikit-learn", "sklearn"):
            return "" if all(np.isfinite(values).all() for values in found.values()) else "predictions are missing"
        # the gene whose prediction says most
        g = max(range(len(people.genes)), key=lambda g: float(np.std(found[people.genes[g]])))
        plain = plain_held_out(self.files, g)
        return differing_predictions({"gene": plain}, {"gene": found[people.genes[g]]})

    def others(self, found: Predictions) -> str:
        return differing_predictions(self.found, found)


def _sklearn_words(files: NetFiles, folder: Path) -> list[str | Path]:
    script = Path(__file__).resolve().parents[2] / "scripts" / "elastic_net.py"
    return [sys.executable, script, *script_words(files), folder / "out.tsv"]


def _sklearn_there() -> None:
    remedy = missing("scikit-learn", "sklearn")
    if remedy:
        raise UnavailableError(remedy)


def _case(size: str) -> Row:
    files = net_files(size)
    agreement = _Agreement(files)
    own = Command(
        "gxfast", partial(_words, files),
        lambda folder: read_by_gene(folder / "run" / "baseline" / "predictions.bed.gz", 4), own_environment(),
    )  # fmt: skip
    script = CommandPeer(
        SKLEARN, JOB, _sklearn_there, _sklearn_words, lambda files, folder: read_by_gene(folder / "out.tsv", 1)
    )
    field = field_of(JOB, files, own, agreement.own, agreement.others, [script])
    note = (
        f"{len(files.people.genes)} of {files.people.source}, {files.n_folds[0]} x {files.n_folds[1]} folds; gxfast "
        "also fits everybody, lead SNP, promoter SNP, BLUP, heritability, and writes PredictDB; scripts read dosages"
    )
    return compare_commands(JOB, field, size=size, note=note)


def cases() -> dict[str, Case]:
    """Return the case by name."""
    return {JOB: _case}

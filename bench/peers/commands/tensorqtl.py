"""tensorQTL's command on the CPU, modes cis_nominal and cis; GXFAST_BENCH_TENSORQTL names the interpreter."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

from gxfast.bench.cases.commands.eqtl import NOMINAL, PERMUTATIONS, Lead, Leads, Pairs
from gxfast.bench.cases.commands.people import WINDOW, PeopleFiles
from gxfast.bench.measure import UnavailableError
from gxfast.bench.peers import CommandPeer
from gxfast.io.tables import read_table

__all__ = ["peers"]

_VARIABLE: Final = "GXFAST_BENCH_TENSORQTL"
_REMEDY: Final = f"pip install tensorqtl pandas-plink, or name the interpreter of an environment with it by {_VARIABLE}"
_TO_TEXT: Final = """
import glob, sys, pandas
tables = [pandas.read_parquet(path) for path in sorted(glob.glob(sys.argv[1] + "/out.cis_qtl_pairs.*.parquet"))]
pandas.concat(tables)[["phenotype_id", "variant_id", "pval_nominal"]].to_csv(sys.argv[2], sep="\\t", index=False)
"""


def _interpreter() -> str:
    return os.environ.get(_VARIABLE, sys.executable)


def _there() -> None:
    named = os.environ.get(_VARIABLE)
    if named:
        found = subprocess.run([named, "-c", "import tensorqtl, pandas_plink"], capture_output=True).returncode == 0
    else:
        found = all(importlib.util.find_spec(name) is not None for name in ("tensorqtl", "pandas_plink"))
    if not found:
        raise UnavailableError(_REMEDY)


def _words(files: PeopleFiles, folder: Path, *, mode: tuple[str, ...]) -> list[str | Path]:
    extra: list[str | Path] = [] if files.covariates is None else ["--covariates", files.covariates]
    return [
        _interpreter(), "-m", "tensorqtl", files.plink, files.expression, "out", *extra, "--window", str(WINDOW),
        "--maf_threshold", "0.01", *mode, "-o", folder,
    ]  # fmt: skip


def _read_pairs(files: PeopleFiles, folder: Path) -> Pairs:
    """Read Parquet by the interpreter that wrote it, outside the timer."""
    text = folder / "pairs.tsv"
    subprocess.run([_interpreter(), "-c", _TO_TEXT, str(folder), str(text)], check=True)
    table = read_table(text)
    names = zip(table["phenotype_id"], table["variant_id"], strict=True)
    return dict(zip(names, map(float, table["pval_nominal"]), strict=True))


def _read_leads(files: PeopleFiles, folder: Path) -> Leads:
    table = read_table(folder / "out.cis_qtl.txt.gz")
    columns = (table[name] for name in ("phenotype_id", "variant_id", "pval_nominal", "pval_beta"))
    return {gene: Lead(variant, float(p), float(beta)) for gene, variant, p, beta in zip(*columns, strict=True)}


def peers() -> list[CommandPeer]:
    """Return both modes."""
    nominal = partial(_words, mode=("--mode", "cis_nominal"))
    permuted = partial(_words, mode=("--mode", "cis", "--permutations", "1000", "--seed", "5"))
    return [
        CommandPeer("tensorQTL", NOMINAL, _there, nominal, _read_pairs),
        CommandPeer("tensorQTL", PERMUTATIONS, _there, permuted, _read_leads),
    ]

"""Figures and the HTML report, drawn from the files of a run directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError

__all__ = ["write_report"]


def write_report(run_dir: str | Path, *, genes: Sequence[str] = (), fdr_cut: float = 0.05) -> Path:
    """Draw the figures of a run directory and write ``report.html``, one file that needs no network.

    Everything is read from the directory (``manifest.json``, ``genes.tsv``, ``predictions/``, ``evaluation/``; of a
    benchmark of variants ``variants/``), so that it can be called again at any time. Equal directories give equal
    bytes.

    Parameters
    ----------
    run_dir : str or Path
    genes : sequence of str
        Genes (id or name) to show person by person, besides the best and the worst.
    fdr_cut : float
        Genes with q at or below it count as significant.

    Returns
    -------
    Path
        ``run_dir/report.html``; the figures are in ``run_dir/figures`` as SVG, PNG and TSV.

    Raises
    ------
    InputError
        If the directory is no run directory, or a gene is not in it.
    """
    from .benchmark import METRICS, render_benchmark
    from .data import load_files, load_run
    from .html import render
    from .sections import model_sections

    files = load_files(Path(run_dir))
    if files.file(METRICS) is not None:
        if genes:
            raise InputError(
                "a benchmark of variants has no genes to draw", path=files.path, remedy="leave `gene=` out"
            )  # fmt: skip
        return render_benchmark(files)
    run = load_run(files)
    sections, people = model_sections(run, tuple(genes), fdr_cut)
    return render(run, sections, people, fdr_cut)

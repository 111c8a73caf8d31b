"""What the report says of the direction of each gene: the certificate, and how it stands to a planted truth."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .._objects import plural
from .data import ModelTable, RunData
from .parts import Axis, Dots, Figure, Section, stem
from .plots import certificate as figures
from .plots.style import MANY, save

__all__ = ["add_certificate", "right_probabilities"]

_EDGES: Final = (0.5, 0.7, 0.9, 0.99, 1.0)
_FEWEST: Final = 10  # statements about a planted truth that are worth a figure


def right_probabilities(run: RunData, own: ModelTable) -> list[str]:
    """Probability that each gene's direction is right, to three decimals; empty where it is undefined."""
    return [cell and f"{float(cell):.3f}" for cell in _cells(run, own, "p_right")]


def _cells(run: RunData, own: ModelTable, column: str) -> list[str]:
    table = run.tables.get("certificate", {})
    rows = zip(table.get("model", []), table.get("gene_id", []), table.get(column, []), strict=True)
    cells = {gene: cell for model, gene, cell in rows if model == own.model}
    return [cells.get(gene, "") for gene in own.columns["gene_id"]]


def add_certificate(run: RunData, own: ModelTable, section: Section) -> None:
    """Add the figure of all genes of a model, and that of the planted truth where it is known."""
    p = np.array(
        [[float(cell or "nan") for cell in _cells(run, own, f"p_{way}")] for way in ("right", "none", "wrong")]
    )
    there = np.flatnonzero(np.isfinite(p).all(axis=0))
    if there.size < 3:
        return
    order = there[np.lexsort([p[2, there], -p[0, there]])]
    truth = _planted(run, own)
    planted = [truth[i] for i in order]
    right, wrong = int((p[0, order] > 0.5).sum()), int((p[2, order] > 0.5).sum())
    told = (
        f"right in {plural(right, 'gene')}, wrong in {wrong:,}; nothing can be said of {order.size - right - wrong:,}"
    )
    ids = [own.columns["gene_id"][i] for i in order]
    saved = save(figures.certificate(f"{stem(own)}.certificate", ids, p[:, order], planted), run.path / "figures")
    caption = (
        f"How probable it is that prediction and genetic component of expression covary positively (blue), negatively "
        f"(orange), or not (grey), in each of {order.size:,} genes, by probability. Above one half there is a "
        f"statement: {told}." + (" Marks below: the planted direction." if any(planted) else "")
    )
    answer = f"Direction {told}."
    rank = {int(i): k + 1 for k, i in enumerate(order)}
    # of more genes the columns would take too much of a page: their table has the probability
    dots = None if order.size > MANY else Dots(
        own.own_id, saved.frame, Axis("", [str(rank.get(i, "")) for i in range(len(own))]),
        Axis("probability of right", right_probabilities(run, own)), {"of wrong": _cells(run, own, "p_wrong")},
    )  # fmt: skip
    section.figures.append(
        Figure(saved.svg, "Certificate of direction", caption, caption, question="direction", answer=answer, dots=dots)
    )
    _against_truth(run, own, section, p, np.array(truth))


def _planted(run: RunData, own: ModelTable) -> list[str]:
    known = dict(zip(run.truth["gene_id"], run.truth.get("truth", []), strict=False)) if run.truth else {}
    return [known.get(gene, "") for gene in own.own_id]


def _against_truth(
    run: RunData, own: ModelTable, section: Section, p: NDArray[np.float64], truth: NDArray[np.str_]
) -> None:  # fmt: skip
    from ..stats import calibration

    certainty = np.fmax(p[0], p[2])
    said = (np.nan_to_num(certainty) > 0.5) & np.isin(truth, ["right", "wrong"])
    if said.sum() < _FEWEST:
        return
    holds = (p[0] > p[2])[said] == (truth[said] == "right")
    found = calibration(certainty[said], holds, bins=_EDGES)
    saved = save(figures.calibration(f"{stem(own)}.calibration", found), run.path / "figures")
    caption = (
        f"Statements about the {int(said.sum())} genes whose direction was planted: {int(holds.sum())} hold, "
        f"{float(certainty[said].sum()):.1f} are expected to. Dots: share that holds among those of a like certainty, "
        "with 95 % Clopper-Pearson interval and number; dashed: as stated."
    )
    answer = f"{int(holds.sum())} of {int(said.sum())} statements hold."
    section.figures.append(
        Figure(saved.svg, "Certificate against the truth", caption, caption, question="direction", answer=answer)
    )

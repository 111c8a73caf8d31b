"""``MODEL.variants.tsv.gz``: a row per gene and observed allele."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...io.bgzf import bgzf_text
from ...io.tables.plain import number_texts
from .work import Arrays, StoredPieces

__all__ = ["write_variants"]


def write_variants(
    path: Path, stored: StoredPieces, tracks: Sequence[str], *, haplotypes: bool
) -> tuple[dict[str, Any], list[str]]:
    """Write the table; return the numbers for the summary, and the genes that failed.

    ``pos``, ``ref`` and ``alt`` are those of the VCF; ``variant_id`` is ``chrom_pos_ref_alt``; ``dosage_freq``
    is empty without genotypes.
    """
    several = len(tracks) > 1
    header = [
        "gene_id", "variant_id", "chrom", "pos", "ref", "alt", "dosage_freq", *(["haplotype"] if haplotypes else []),
        *(["track"] if several else []), "ism",
    ]  # fmt: skip
    failed: list[str] = []
    n_rows = n_windows = 0
    with bgzf_text(path) as out:
        out.write("\t".join(header) + "\n")
        for piece, part in stored:
            status = part["status"].tolist()
            failed += [f"{name}: {why}" for name, why in zip(part["name"].tolist(), status, strict=True) if why != "ok"]
            n_windows += status.count("ok")
            n_rows += len(part["window"])
            out.write("".join(_lines(part, piece.windows[0], tracks, haplotypes)))
    return {"n_windows": n_windows, "n_rows": n_rows}, failed


def _lines(part: Arrays, first: int, tracks: Sequence[str], haplotypes: bool) -> list[str]:
    refs, alts = (part[name].tobytes().decode("latin-1").splitlines() for name in ("ref", "alt"))
    names, chroms = part["name"].tolist(), part["chrom"].tolist()
    frequencies, labels = number_texts(part["frequency"]), part["haplotype"].tolist()
    texts = iter(number_texts(part["effects"]))
    lines = []
    for i, (w, position) in enumerate(zip(part["window"].tolist(), part["position"].tolist(), strict=True)):
        chrom, pos = chroms[w - first], position + 1
        cells = [
            names[w - first], f"{chrom}_{pos}_{refs[i]}_{alts[i]}", chrom, str(pos), refs[i], alts[i], frequencies[i]
        ]  # fmt: skip
        lead = "\t".join([*cells, labels[i]] if haplotypes else cells)
        middle = [f"\t{track}" for track in tracks] if len(tracks) > 1 else [""]
        lines += [f"{lead}{track}\t{next(texts)}\n" for track in middle]
    return lines

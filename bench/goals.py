"""Goals of the package's cases against peers: what the design set out to reach, by the name of the case."""

from __future__ import annotations

from gxfast.bench.cases.haplotypes import LENGTHS
from gxfast.bench.result import Goal

from .peers import genvarloader, mutants, pyconsensus, statistics

__all__ = ["goals"]

_LONGEST = LENGTHS[-1]
_TANGERMEME = "tangermeme one_hot_encode"


def goals() -> dict[str, list[Goal]]:
    """Return the goals by case."""
    return _one_hot() | _haplotypes() | _statistics()


def _one_hot() -> dict[str, list[Goal]]:
    found: dict[str, list[Goal]] = {}
    for length in (10_500, _LONGEST):
        found |= {
            f"one-hot-f32-nlc-{length}-streaming": [Goal("K1c", "kipoiseq one_hot_dna", 15), Goal("K1c", "seqpro", 15)],
            f"one-hot-f32-ncl-{length}-streaming": [Goal("K1c", _TANGERMEME, 15)],
            f"one-hot-u8-nlc-{length}-streaming": [Goal("K1c", "seqpro", 40)],
            f"one-hot-u8-ncl-{length}-streaming": [Goal("K1c", _TANGERMEME, 4)],
        }
    return found


def _haplotypes() -> dict[str, list[Goal]]:
    found = {f"mutants-written-{_LONGEST}": [Goal("K3a", mutants.TANGERMEME, 10)]}
    composed = [f"{peer.NAME} + numba table" for peer in (pyconsensus, genvarloader)]
    for kind, letters in (("snv", 1.3), ("mix", 2.5)):
        found |= {
            f"haplotype-strings-{kind}-{_LONGEST}": [
                Goal("K2a", pyconsensus.NAME, letters), Goal("K2a", genvarloader.NAME, 4),
            ],
            f"haplotype-one-hot-{kind}-{_LONGEST}-streaming": [
                *(Goal("K2b", name, 2.2) for name in composed), Goal("K2b", genvarloader.WITH_SEQPRO, 18),
            ],
            f"haplotype-one-hot-{kind}-{_LONGEST}-batches": [
                Goal("K2b", f"{name}, 8 at a time", 6) for name in composed
            ],
        }  # fmt: skip
    return found


def _statistics() -> dict[str, list[Goal]]:
    return {
        "pearson-gaps-float32": [Goal("rows", statistics.BOTTLENECK, 10)],
        "spearman-plain": [Goal("ranks", statistics.BOTTLENECK_RANKS, 3)],
        "spearman-ties": [Goal("ranks", statistics.BOTTLENECK_RANKS, 3)],
    }

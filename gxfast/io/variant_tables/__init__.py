"""Variants with what is known of them and what models say of them: readers, orientation, join.

Files come as others publish them; rows come out with ALT as the allele that effects and scores are of.
"""

from __future__ import annotations

from .codes import in_one_spelling
from .duplicates import Duplicates, PipFloor, find_duplicates, pip_floor
from .finemapped import read_finemapped
from .join import join
from .labels import LABEL_FORMATS, read_labels
from .orient import Oriented, OrientedRow, orient
from .scores import SCORE_FORMATS, read_scores
from .terms import terms_file, terms_of

__all__ = [
    "LABEL_FORMATS",
    "SCORE_FORMATS",
    "Duplicates",
    "Oriented",
    "OrientedRow",
    "PipFloor",
    "find_duplicates",
    "in_one_spelling",
    "join",
    "orient",
    "pip_floor",
    "read_finemapped",
    "read_labels",
    "read_scores",
    "terms_file",
    "terms_of",
]

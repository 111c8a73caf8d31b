"""Sequences shuffled so that every pair of neighbouring letters occurs as often as before."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..kernels.arguments import whole_number
from .alphabet import as_sequences
from .one_hot import codes

if TYPE_CHECKING:
    from .alphabet import Sequences

__all__ = ["dinucleotide_shuffle"]

_LETTERS: Final = np.frombuffer(b"ACGTN", np.uint8)
_UNKNOWN: Final = 4


def dinucleotide_shuffle(sequences: Sequences, n: int = 20, seed: int = 0) -> NDArray[np.uint8]:
    """Shuffle sequences, keeping how often each dinucleotide occurs, and the first and the last letter.

    Each shuffle is one of all sequences with these counts and ends, every one of them with the same chance: a random
    Euler path through the graph of dinucleotides (Altschul and Erickson 1985; the last edges of the letters are drawn
    until they form a tree).

    Parameters
    ----------
    sequences : str, bytes, list of them, or uint8 array of shape (L,) or (N, L)
        Letters or codes; case does not matter. Letters other than A, C, G, T and U are unknown: they stay where they
        are, and every stretch between them is shuffled by itself.
    n : int
        Shuffles per sequence.
    seed : int
        From 0. Shuffles are made of the letters and the seed alone: they do not depend on the other sequences, and the
        first k of n are those of k.

    Returns
    -------
    uint8 array, shape (N, n, L)
        Letters A, C, G, T and N.

    Raises
    ------
    InputError
        If an argument is not as said.
    """
    rows, _ = as_sequences(sequences)
    n, seed = whole_number(n, "n", 0), whole_number(seed, "seed", 0)
    found = codes(rows)
    if not found.size:  # NumPy goes over as many rows of nothing as there are
        return np.empty((len(found), n, found.shape[1]), np.uint8)
    result = np.repeat(_LETTERS[found][:, None], n, axis=1)
    for row, made in zip(found, result, strict=True):
        content = hashlib.sha256(b"%d " % seed + row.tobytes()).digest()
        random = np.random.Generator(np.random.PCG64(int.from_bytes(content, "little")))
        known = np.flatnonzero(np.diff(np.concatenate([[True], row == _UNKNOWN, [True]])))
        parts = [(slice(a, b), _Graph(row[a:b])) for a, b in known.reshape(-1, 2).tolist() if b - a > 3]
        for one in made:
            for place, graph in parts:
                one[place] = _LETTERS[np.frombuffer(graph.path(random), np.uint8)]
    return result


class _Graph:
    """The dinucleotides of a sequence: from each letter, those that follow it."""

    def __init__(self, row: NDArray[np.uint8]) -> None:
        words = row.astype(np.intp)  # which NumPy permutes two times faster than bytes
        self.followers = [words[1:][row[:-1] == letter] for letter in range(_UNKNOWN)]
        self.first, self.last, self.n_edges = int(row[0]), int(row[-1]), len(row) - 1
        self.left = [letter for letter in range(_UNKNOWN) if letter != self.last and len(self.followers[letter])]

    def path(self, random: np.random.Generator) -> bytes:
        """Return the codes of a random path over all edges."""
        last = self._last_edges(random)
        takes = []
        for letter, followers in enumerate(self.followers):
            if letter in last:  # taken from the end, so the edge that leaves a letter for good stands first
                order = followers.copy()
                order[[0, last[letter]]] = followers[[last[letter], 0]]
                order[1:] = random.permutation(order[1:])
            else:
                order = random.permutation(followers)
            takes.append(order.tolist().pop)
        here = self.first
        made = [here]
        add = made.append
        for _ in range(self.n_edges):
            here = takes[here]()
            add(here)
        return bytes(made)

    def _last_edges(self, random: np.random.Generator) -> dict[int, int]:
        """Draw the last edge of each letter until all of them lead to the last letter of the sequence."""
        while True:
            drawn = {letter: int(random.integers(len(self.followers[letter]))) for letter in self.left}
            to = {letter: int(self.followers[letter][edge]) for letter, edge in drawn.items()}
            ends = list(self.left)
            for _ in self.left:
                ends = [to.get(letter, letter) for letter in ends]
            if all(letter == self.last for letter in ends):
                return drawn

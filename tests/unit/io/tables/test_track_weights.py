"""Weights of heads over tracks, to a file and back."""

from __future__ import annotations

import numpy as np
import pytest

from gxfast.errors import InputError
from gxfast.io.tables import read_track_weights, write_track_weights


def test_there_and_back(tmp_path):
    from gxfast.stats import fit_tracks

    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 6))
    fit = fit_tracks(x, x[:, 0] + rng.normal(size=80) + 3, folds=4)
    names = [f"CAGE:tissue {t}, adult" for t in range(6)]
    path = write_track_weights(tmp_path / "head.tsv", names, fit.coefficients, fit.intercept)
    head = read_track_weights(path)
    assert head.track == tuple(names)
    assert head.weight.tobytes() == fit.coefficients.tobytes()
    assert head.predict(x).tobytes() == fit.predict(x).tobytes()
    with pytest.raises(InputError, match="shape"):
        head.predict(x[:, 1:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("track\tw\na\t1\noffset\t0\n", "weight is missing"),
        ("track\tweight\na\t1\n", "offset is missing"),
        ("track\tweight\na\t1\na\t2\noffset\t0\n", "twice"),
        ("track\tweight\na\tx\noffset\t0\n", "must be a finite decimal number, found 'x'"),
        ("track\tweight\na\tnan\noffset\t0\n", "must be a finite decimal number, found 'nan'"),
    ],
)
def test_files_that_are_none(tmp_path, text, message):
    path = tmp_path / "head.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_track_weights(path)


def test_what_cannot_be_written(tmp_path):
    for names, weights in ((["a", "a"], [1, 2]), (["a", "offset"], [1, 2]), (["a"], [1, 2]), (["a"], [np.inf])):
        with pytest.raises(InputError):
            write_track_weights(tmp_path / "head.tsv", names, weights, 0.0)

"""Terms of use of scores."""

from __future__ import annotations

import pytest

from gxfast.models.effects import is_open

MIT = (
    "MIT License. Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to "
    "deal in the Software without restriction. IN NO EVENT SHALL THE AUTHORS BE LIABLE; it is not warranted."
)
BSD = "BSD 3-Clause: neither the name of the holder nor of contributors may be used to endorse products"


@pytest.mark.parametrize(
    "terms", ["", " ", "CC0", "CC BY 4.0", "CC-BY-SA 4.0", "Apache 2.0", "public domain", MIT, BSD]
)
def test_open_terms(terms: str) -> None:
    assert is_open(terms)


@pytest.mark.parametrize(
    "terms",
    [
        "all rights reserved", "CC BY-NC 4.0", "CC-BY-ND", "CC BY-SA-NC", "permitted",
        "Non-commercial use only. (c) Broad Institute of MIT and Harvard",
        "MIT and Harvard", "CC BY 4.0; not for commercial use", "Apache 2.0 code; scores may not train other models",
        "CC0 for academic use", "public domain text, noncommercial scores",
    ],
)  # fmt: skip
def test_closed_terms(terms: str) -> None:
    assert not is_open(terms)

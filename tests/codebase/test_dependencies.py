"""What gxfast needs is licensed so that anybody may use it, and bounded to major versions that were tried."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

PERMISSIVE = re.compile(
    r"\b(BSD|0BSD|MIT|Apache|PSF|Python Software Foundation|Zlib|CC0|ISC|Kiwi|matplotlib|SciPy)", re.I
)
RECIPROCAL = re.compile(r"\b(A?GPL|General Public|SSPL|BUSL|proprietary)", re.I)
OPTIONAL = ("onnxruntime", "h5py", "zarr", "pyarrow", "pandas", "polars")


def requirements(name: str) -> list[str]:
    return [text for text in distribution(name).requires or [] if "extra ==" not in text]


def closure() -> set[str]:
    todo, found = [*requirements("gxfast"), *OPTIONAL], set[str]()
    while todo:
        name = re.sub(r"[-_.]+", "-", re.findall(r"[\w.-]+", todo.pop())[0]).lower()
        if name in found:
            continue
        try:
            todo += requirements(name)
        except PackageNotFoundError:  # optional, or of another platform
            continue
        found.add(name)
    return found


def licence(name: str) -> str:
    meta = distribution(name).metadata
    classes = [text.split("::")[-1] for text in meta.get_all("Classifier", []) if text.startswith("License")]
    first = (meta.get("License") or "").split("\n")[0]
    return " ".join([meta.get("License-Expression") or "", *classes, first])


def test_every_dependency_is_permissively_licensed() -> None:
    found = closure()
    assert {"numpy", "scipy", "numba", "pysam", "onnx"} <= found
    wrong = {name: licence(name) for name in found if not PERMISSIVE.search(licence(name))}
    wrong |= {name: licence(name) for name in found if RECIPROCAL.search(licence(name))}
    assert not wrong


def test_every_dependency_is_bounded_above() -> None:
    file = Path(__file__).parents[2] / "pyproject.toml"
    if not file.exists():
        pytest.skip("no pyproject.toml here")
    project = tomllib.loads(file.read_text())["project"]
    extras = project["optional-dependencies"]
    names = ("cpu", "gpu", "models", "io", "frames", "anndata", "pgen")
    bounded = [*project["dependencies"], *(text for name in names for text in extras[name])]
    assert [text for text in bounded if "<" not in text] == []

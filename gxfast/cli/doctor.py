"""``gxfast doctor``: what is installed, what works, and whether the kernels give the right answer."""

from __future__ import annotations

import json
import platform
import sys
from typing import Any, Final

import click
import numpy as np

from .command import command

__all__ = ["doctor", "version_lines"]

_INSTALL: Final = "pip install 'gxfast[cpu]' or pip install 'gxfast[gpu]'"


def version_lines() -> list[str]:
    """Versions of gxfast and of what its results depend on."""
    import pysam
    import pysam.version

    from .. import __version__

    lines = [
        f"gxfast {__version__}",
        f"htslib {pysam.version.__htslib_version__} (pysam {pysam.__version__})",
    ]
    facts = _runtime()
    lines.append(f"onnxruntime {facts.get('version') or 'not installed: ' + _INSTALL}")
    for provider, reason in facts.get("working", {}).items():
        lines.append(f"{provider} {'works' if reason is None else f'does not work: {reason}'}")
    lines += [f"warning: {text}" for text in facts.get("warnings", [])]
    return lines


def _runtime() -> dict[str, Any]:
    from ..errors import DeviceError

    try:
        from ..models.runtime import runtime_facts

        return runtime_facts()
    except DeviceError:
        return {}


def self_test() -> dict[str, bool]:
    """Compare every compiled kernel with its NumPy twin on small random input."""
    from ..kernels import backend

    fast, slow = backend("cpp"), backend("numpy")
    rng = np.random.default_rng(7)
    letters = np.frombuffer(b"ACGTNacgtn", np.uint8)
    sequences = letters[rng.integers(0, 10, (5, 97))]
    results: dict[str, bool] = {}

    def same(name: str, *arguments: Any, out: Any) -> None:
        left, right = np.empty_like(out), np.empty_like(out)
        getattr(fast, name)(*arguments, left, 2)
        getattr(slow, name)(*arguments, right, 1)
        results[name] = results.get(name, True) and bool(np.array_equal(left, right))

    table = rng.integers(0, 2**32, (256, 4)).astype(np.uint32)
    for channels_first in (False, True):
        for reverse in (False, True):
            shape = (5, 4, 97) if channels_first else (5, 97, 4)
            same("one_hot", sequences, table, channels_first, reverse, False, out=np.empty(shape, np.uint32))
    same(
        "translate",
        sequences,
        np.arange(256, dtype=np.uint8)[::-1].copy(),
        True,
        out=np.empty_like(sequences),
    )
    same(
        "write_mutants", sequences[0].copy(), np.arange(0, 97, 7), sequences[1, :14].copy(),
        out=np.empty((14, 97), np.uint8),
    )  # fmt: skip
    calls = rng.integers(0, 3, (4, 30)).astype(np.int8)
    rows = fast.carried_alleles(calls, np.arange(0, 15, 3))
    pairs = [*zip(rows, slow.carried_alleles(calls, np.arange(0, 15, 3)), strict=True)]
    pairs += zip(fast.unique_rows(*rows), slow.unique_rows(*rows), strict=True)
    results["unique_rows"] = all(np.array_equal(a, b) for a, b in pairs)
    results["haplotype_bases"] = _haplotypes_agree(fast, slow, rng)
    return results


def _haplotypes_agree(fast: Any, slow: Any, rng: np.random.Generator) -> bool:
    reference = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, 200)]
    texts = [b"A", b"C", b"AC", b"A", b"G", b"GTT"]
    offsets = np.cumsum([0, *(len(text) for text in texts)]).astype(np.int64)
    arguments = (
        np.array([90, 100, 110], np.int64), np.array([1, 2, 1], np.int64), np.array([0, 2, 4, 6], np.int64),
        offsets, np.frombuffer(b"".join(texts), np.uint8),
    )  # fmt: skip
    calls = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], np.int8).T.copy()
    rows = slow.carried_alleles(calls, arguments[2])
    left, right = np.empty((8, 60), np.uint8), np.empty((8, 60), np.uint8)
    for module, out in ((fast, left), (slow, right)):
        module.haplotype_bases(module.Variants(*arguments), *rows, reference, 0, 100, 30, 30, out, 1)
    return bool(np.array_equal(left, right))


@command()
@click.option("--json", "as_json", is_flag=True)
def doctor(as_json: bool) -> int:
    """Versions, CPU features, devices that really work, and a self-test of each kernel.

    Exit code 1 if a kernel gives a wrong answer.
    """
    from .._threads import thread_budget
    from ..kernels import backend

    tests = self_test()
    facts = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": version_lines(),
        "threads": thread_budget(),
        "cpu_features": backend("cpp").cpu_features(),
        "runtime": _runtime(),
        "kernels": tests,
    }
    failed = [name for name, right in tests.items() if not right]
    if as_json:
        click.echo(json.dumps(facts, indent=1, default=str))
    else:
        for line in version_lines():
            click.echo(line)
        click.echo(f"python {facts['python']} on {facts['platform']}")
        click.echo(f"threads {facts['threads']}; cpu {' '.join(backend('cpp').cpu_features()) or 'baseline'}")
        for name, right in tests.items():
            click.echo(f"kernel {name:<16} {'ok' if right else 'WRONG'}")
    if failed:
        print(f"gxfast: kernels give wrong answers: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0

"""What guards a resumed run: versions, options, and hashes of the inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..io.files import sha256_of

if TYPE_CHECKING:
    from ..ism import Plan
    from ..models.session import Model
    from .inputs import Inputs
    from .options import CohortFiles, EngineOptions, EvaluateOptions, FurtherOptions, InputPaths

__all__ = ["make_plan", "plan_of", "run_plan"]


def _hash_all(paths: InputPaths, files: Sequence[Path], models: Sequence[Model]) -> dict[str, Any]:
    named: list[tuple[str, str | Path]] = [("fasta", paths.fasta), *(("vcf", file) for file in files)]
    for what in ("genes", "sites", "expression", "covariates"):
        value = getattr(paths, what)
        if value:
            named.append((what, value))
    found: dict[str, Any] = {}
    for what, path in named:
        entry = {"file": Path(path).name, "size": Path(path).stat().st_size, "sha256": sha256_of(path)}
        found.setdefault(what, []).append(entry)
    found["models"] = [
        {"name": model.card.name, "files": dict(model.files), "card": model.card.to_json()} for model in models
    ]
    return found


def make_plan(
    inputs: Inputs, options: EvaluateOptions, steps: tuple[str, ...], further: FurtherOptions | None = None
) -> dict[str, Any]:
    """Return everything that changes numbers, for the manifest and to guard a resumed run."""
    import scipy

    from .. import __version__
    from ..models.runtime import runtime_facts

    return {
        "gxfast": __version__,
        "versions": {
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "onnxruntime": runtime_facts()["version"],
        },
        "inputs": inputs.hashes,
        "options": {
            **asdict(inputs.policy),
            **asdict(options),
            "samples": list(inputs.genotypes.samples),
            "genes": hashlib.sha256("\n".join(inputs.genes.gene_id).encode()).hexdigest(),
            "providers": {model.card.name: model.provider for model in inputs.models},
            "steps": list(steps),
            "n_covariates": len(inputs.covariates.name) if inputs.covariates else 0,
            **({} if further is None else _further_plan(further, steps)),
        },
    }


def _further_plan(further: FurtherOptions, steps: tuple[str, ...]) -> dict[str, Any]:
    """Options of the later steps that are done; mutagenesis around drivers depends on how these are chosen."""
    used = {"baseline": "baseline", "eqtl": "eqtl", "ism": "drivers", "drivers": "drivers"}
    plan: dict[str, Any] = {
        name: asdict(getattr(further, name)) for name in sorted({used[step] for step in steps if step in used})
    }
    if further.finemapped and "drivers" in plan:
        plan["finemapped"] = sha256_of(further.finemapped)
    return plan


def _hash_models(models: Sequence[Model]) -> list[dict[str, Any]]:
    return [{"name": model.card.name, "files": dict(model.files), "card": model.card.to_json()} for model in models]


def _digest(texts: Any) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def run_plan(
    plans: Sequence[Plan], engine: EngineOptions, hashes: dict[str, Any], scan: dict[str, Any]
) -> dict[str, Any]:
    """Return everything that changes numbers, for the manifest and to guard a resumed run."""
    from .. import __version__
    from ..models.runtime import runtime_facts

    outputs = engine.outputs
    return {
        "gxfast": __version__,
        "versions": {"numpy": np.__version__, "onnxruntime": runtime_facts()["version"]},
        "inputs": hashes,
        "scan": {
            **scan,
            "outputs": {
                "tracks": None if outputs.tracks is None else list(outputs.tracks),
                "bins": None if outputs.bins is None else list(outputs.bins),
                "reduce": outputs.reduce,
            },
            "modes": {one.model.card.name: one.mode for one in plans},
            "providers": {one.model.card.name: one.model.provider for one in plans},
        },
    }


def _hashes(files: CohortFiles) -> dict[str, Any]:
    named = {"expression": files.expression, "covariates": files.covariates, "genes": files.genes, "sites": files.sites}
    entries = {what: [{"file": Path(path).name, "sha256": sha256_of(path)}] for what, path in named.items() if path}
    genotypes = [Path(path) for path in files.vcf if "{chrom}" not in path]
    return {**entries, "vcf": [{"file": p.name, "sha256": sha256_of(p)} for p in genotypes] or list(files.vcf)}


def plan_of(files: CohortFiles, step: str, options: Any) -> dict[str, Any]:
    """Return what a run directory compares before it is written into again."""
    from .. import __version__

    chosen = {
        "n_covariates": files.n_covariates,
        "samples": list(files.samples),
        "transform": files.transform,
        "regions": list(files.regions),
    }
    return {
        "gxfast": __version__,
        "inputs": _hashes(files),
        "options": {**asdict(options), **chosen, "steps": [step]},
    }

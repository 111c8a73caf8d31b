"""What guards a resumed run, and what the manifest says of its origin: versions, options, hashes of the inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..io.contigs import STRICT
from ..io.files import sha256_of, sha256_of_folder
from ..io.variant_tables import terms_file
from ..io.variants import as_given, companions, has_scheme
from .effects import split_name

if TYPE_CHECKING:
    from ..models.session import Model
    from .options import InputPaths

__all__ = ["digest", "hash_files", "hash_inputs", "hash_models", "plan_of"]

_VERSIONS: Final = ("numpy", "scipy")


def plan_of(inputs: Mapping[str, Any], *, models: Sequence[Model] = (), **parts: Any) -> dict[str, Any]:
    """Return everything that changes numbers, for the manifest and to guard a resumed run.

    Parameters
    ----------
    inputs : mapping
        Hashes, as from `hash_inputs`.
    models : sequence of Model
        Those that are run; the versions then include onnxruntime's.
    **parts
        Options by step, or the description of a scan; JSON-serialisable.
    """
    versions = {name: metadata.version(name) for name in _VERSIONS}
    if models:
        from ..models.runtime import runtime_facts

        versions["onnxruntime"] = runtime_facts()["version"]
    return {"gxfast": metadata.version("gxfast"), "versions": versions, "inputs": dict(inputs), **parts}


def digest(texts: Iterable[str]) -> str:
    """Return one SHA-256 of a list of names."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def hash_files(named: Mapping[str, str | Path | Sequence[str | Path] | None]) -> dict[str, Any]:
    """Return name, size and SHA-256 of each file or folder, and of those read with it, by what it is.

    Only of what was named.
    """
    found = {}
    for what, value in named.items():
        files = [value] if isinstance(value, str | Path) else value
        if files and all(str(file) for file in files):
            files = [each for file in files for each in (file, *companions(file))]
            found[what] = [_told(Path(file)) for file in files]
    return found


def _told(file: Path) -> dict[str, Any]:
    if has_scheme(file):  # what is behind it, its reader knows
        return {"file": as_given(file)}
    if file.is_dir():
        size, sha256 = sha256_of_folder(file)
        return {"file": file.name, "size": size, "sha256": sha256}
    return {"file": file.name, "size": file.stat().st_size, "sha256": sha256_of(file)}


def hash_models(models: Sequence[Model]) -> list[dict[str, Any]]:
    """Return name, files and card of each model."""
    return [{"name": model.card.name, "files": dict(model.files), "card": model.card.to_json()} for model in models]


def hash_inputs(paths: InputPaths, vcf: Sequence[Path], models: Sequence[Model] = ()) -> dict[str, Any]:
    """Return the hashes of everything that was named; ``vcf``: the files that patterns stand for."""
    kinds = ("genes", "exons", "sites", "expression", "covariates", "populations", "gene_split")
    names = {what: getattr(paths, what) for what in kinds}
    names["contigs"] = None if paths.contigs == STRICT else paths.contigs
    tables = [Path(split_name(text)[1]) for text in paths.effects]
    names["effects"] = [file for table in tables for file in (table, terms_file(table)) if file.exists()]
    found = hash_files({"fasta": paths.fasta, "vcf": vcf, **names})
    return {**found, "models": hash_models(models)} if models else found

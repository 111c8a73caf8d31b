"""gxfast: genomic deep models on personal genomes, exactly and fast.

FASTA + phased VCF + genes + expression + an ONNX model -> personal haplotypes -> predictions per person ->
correlation across people and genes, with FDR -> tables, figures, one report. ``import gxfast`` loads none of
it: every name below is resolved when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import compat, ism, stats
    from .compat._binding import accelerate, patch, unpatch
    from .edits import EditedBatches, Edits
    from .encode import codes, one_hot, reverse_complement
    from .errors import DeviceError, GxfastError, InputError, ModelError
    from .evaluation import evaluate
    from .io.fasta import Genome
    from .io.tables import read_covariates, read_expression, read_genes
    from .io.vcf import Genotypes, VariantFile
    from .model_agreement import agreement
    from .models.card import ModelCard
    from .models.session import Model
    from .mutagenesis import apply_edits, saturation_edits, saturation_mutants
    from .personal import HaplotypeBatch, HaplotypePolicy, consensus, haplotypes
    from .prediction import model_windows, predict
    from .reporting import write_report as report
    from .stats.drivers import select_drivers as drivers
    from .store import HaplotypeStore
    from .types import CovariateTable, ExpressionTable, GeneTable, PredictionSet, Windows

_HOME = {
    "model_agreement": ("agreement",),
    "compat._binding": ("accelerate", "unpatch"),
    "edits": ("EditedBatches", "Edits"),
    "encode": ("codes", "one_hot", "reverse_complement"),
    "errors": ("DeviceError", "GxfastError", "InputError", "ModelError"),
    "evaluation": ("evaluate",),
    "personal": ("HaplotypeBatch", "HaplotypePolicy", "consensus", "haplotypes"),
    "io.fasta": ("Genome",),
    "io.tables": ("read_covariates", "read_expression", "read_genes"),
    "io.vcf": ("Genotypes", "VariantFile"),
    "models.card": ("ModelCard",),
    "models.session": ("Model",),
    "mutagenesis": ("apply_edits", "saturation_edits", "saturation_mutants"),
    "prediction": ("model_windows", "predict"),
    "reporting": ("report",),
    "stats.drivers": ("drivers",),
    "store": ("HaplotypeStore",),
    "types": ("CovariateTable", "ExpressionTable", "GeneTable", "PredictionSet", "Windows"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_RENAMED = {"drivers": "select_drivers", "report": "write_report"}

__all__ = [
    "CovariateTable",
    "DeviceError",
    "EditedBatches",
    "Edits",
    "ExpressionTable",
    "GeneTable",
    "Genome",
    "Genotypes",
    "GxfastError",
    "HaplotypeBatch",
    "HaplotypePolicy",
    "HaplotypeStore",
    "InputError",
    "Model",
    "ModelCard",
    "ModelError",
    "PredictionSet",
    "VariantFile",
    "Windows",
    "__version__",
    "accelerate",
    "agreement",
    "apply_edits",
    "codes",
    "compat",
    "consensus",
    "drivers",
    "evaluate",
    "haplotypes",
    "ism",
    "model_windows",
    "one_hot",
    "patch",
    "predict",
    "read_covariates",
    "read_expression",
    "read_genes",
    "report",
    "reverse_complement",
    "saturation_edits",
    "saturation_mutants",
    "stats",
    "unpatch",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("gxfast")
    # `patch` is a callable module, see there.
    if name in ("compat", "ism", "patch", "stats"):
        return importlib.import_module(f".{name}", __name__)
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), _RENAMED.get(name, name))
        # A submodule of the same name (predict, evaluate, haplotypes) must not shadow the function.
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

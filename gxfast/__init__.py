"""gxfast: genomic deep models on personal genomes, exactly and fast.

FASTA + phased VCF + genes + expression + an ONNX model -> personal haplotypes -> predictions per person ->
correlation across people and genes, with FDR -> tables, figures, one report. ``import gxfast`` loads none of
it: every name below is resolved when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._lazy import lazy_names

if TYPE_CHECKING:
    from . import compat, ism, stats
    from .compat.binding import accelerate, patch, unpatch
    from .encode.edits import EditedBatches, Edits, apply_edits, saturation_edits, saturation_mutants
    from .encode.one_hot import codes, one_hot, reverse_complement
    from .encode.shuffles import dinucleotide_shuffle
    from .errors import DeviceError, GxfastError, InputError, ModelError
    from .evaluation.across_people import evaluate
    from .evaluation.agreement import agreement
    from .evaluation.variant_benchmark import evaluate_variants
    from .io.fasta import Genome
    from .io.pgen import PgenFile
    from .io.tables import ExonTable, read_covariates, read_exons, read_expression, read_genes
    from .io.vcf import Genotypes, VariantFile
    from .io.vcf_zarr import VcfZarrFile
    from .ism.tiled import tiled
    from .models.card import ModelCard
    from .models.people import model_windows, predict
    from .models.session import Model
    from .personal.batch import HaplotypeBatch, consensus, haplotypes
    from .personal.policy import HaplotypePolicy
    from .personal.store import HaplotypeStore
    from .personal.stream import HaplotypeStream
    from .reporting import write_report as report
    from .stats.drivers import select_drivers as drivers
    from .types import CovariateTable, ExpressionTable, GeneTable, PredictionSet, Windows
    from .workflow.run import run

__all__ = [
    "CovariateTable",
    "DeviceError",
    "EditedBatches",
    "Edits",
    "ExonTable",
    "ExpressionTable",
    "GeneTable",
    "Genome",
    "Genotypes",
    "GxfastError",
    "HaplotypeBatch",
    "HaplotypePolicy",
    "HaplotypeStore",
    "HaplotypeStream",
    "InputError",
    "Model",
    "ModelCard",
    "ModelError",
    "PgenFile",
    "PredictionSet",
    "VariantFile",
    "VcfZarrFile",
    "Windows",
    "__version__",
    "accelerate",
    "agreement",
    "apply_edits",
    "codes",
    "compat",
    "consensus",
    "dinucleotide_shuffle",
    "drivers",
    "evaluate",
    "evaluate_variants",
    "haplotypes",
    "ism",
    "model_windows",
    "one_hot",
    "patch",
    "predict",
    "read_covariates",
    "read_exons",
    "read_expression",
    "read_genes",
    "report",
    "reverse_complement",
    "run",
    "saturation_edits",
    "saturation_mutants",
    "stats",
    "tiled",
    "unpatch",
]

_lazy, __dir__ = lazy_names(
    __name__,
    {
        "compat.binding": ("accelerate", "unpatch"),
        "encode.edits": ("EditedBatches", "Edits", "apply_edits", "saturation_edits", "saturation_mutants"),
        "encode.one_hot": ("codes", "one_hot", "reverse_complement"),
        "encode.shuffles": ("dinucleotide_shuffle",),
        "errors": ("DeviceError", "GxfastError", "InputError", "ModelError"),
        "evaluation.across_people": ("evaluate",),
        "evaluation.agreement": ("agreement",),
        "evaluation.variant_benchmark": ("evaluate_variants",),
        "io.fasta": ("Genome",),
        "io.pgen": ("PgenFile",),
        "io.vcf_zarr": ("VcfZarrFile",),
        "io.tables": ("ExonTable", "read_covariates", "read_exons", "read_expression", "read_genes"),
        "io.vcf": ("Genotypes", "VariantFile"),
        "models.card": ("ModelCard",),
        "models.people": ("model_windows", "predict"),
        "ism.tiled": ("tiled",),
        "models.session": ("Model",),
        "personal.batch": ("HaplotypeBatch", "consensus", "haplotypes"),
        "personal.policy": ("HaplotypePolicy",),
        "personal.store": ("HaplotypeStore",),
        "personal.stream": ("HaplotypeStream",),
        "reporting": ("write_report as report",),
        "stats.drivers": ("select_drivers as drivers",),
        "types": ("CovariateTable", "ExpressionTable", "GeneTable", "PredictionSet", "Windows"),
        "workflow.run": ("run",),
    },
    # `patch` is a callable module, see there.
    modules=("compat", "ism", "patch", "stats"),
)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("gxfast")
    return _lazy(name)

"""What `gxfast.patch` replaces, and how the tools are recognised: the one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["TOOLS", "Target", "Tool"]


@dataclass(frozen=True)
class Target:
    """One function of a tool.

    Attributes
    ----------
    module, attribute : str
        Where it lives; a method as ``Class.method``.
    replacement : str
        The twin, ``module:function`` under gxfast.compat.
    older : tuple of str
        Twins for other signatures that the function has had; the one whose parameters fit is taken.
    examples : tuple
        Positional arguments with which the tool's function must do what the twin does before it is replaced: for
        tools whose version says nothing.
    """

    module: str
    attribute: str
    replacement: str
    older: tuple[str, ...] = ()
    examples: tuple[tuple[Any, ...], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.module}.{self.attribute}"


@dataclass(frozen=True)
class Tool:
    """A tool: its distribution, the versions [first, end) whose contract is known, its targets.

    Without versions (``""``) the tool is recognised by its functions alone: their parameters and the examples. What
    serves for more than genomes is replaced ``by_name`` alone, never by ``patch()``.
    """

    distribution: str
    first: str
    end: str
    targets: tuple[Target, ...]
    remedy: str = ""
    by_name: bool = False

    @property
    def package(self) -> str:
        return self.targets[0].module.split(".")[0]


# Calico's own numbers: basenji's set-up says 0.1 at its tags 0.5 to 0.6, a clone of baskerville 0.1.devN.
_DNA_EXAMPLES = (("ACGTacgtNR",), ("ACGTN", 8), ("ACGTNA", 3), ("", 2), ("AcNG", None, True))
_INDEX_EXAMPLES = (("ACGTacgt",), ("ACGTNA",), ("",))
_SPELL_EXAMPLES = ((np.eye(5, 4),), (np.eye(4)[np.newaxis],))
_CALICO = "clone its repository and put it on PYTHONPATH (what PyPI has under that name is something else)"


TOOLS = {
    "baskerville": Tool(
        "baskerville",
        "",
        "",
        (
            Target("baskerville.dna", "dna_1hot", "baskerville:dna_1hot", examples=_DNA_EXAMPLES),
            Target("baskerville.dna", "dna_1hot_index", "baskerville:dna_1hot_index", examples=_INDEX_EXAMPLES),
            Target("baskerville.dna", "hot1_dna", "baskerville:hot1_dna", examples=_SPELL_EXAMPLES),
        ),
        _CALICO,
    ),
    "basenji": Tool(
        "basenji",
        "",
        "",
        (
            Target(
                "basenji.dna_io",
                "dna_1hot",
                "basenji:dna_1hot",
                older=("basenji:dna_1hot_sampling",),
                examples=(("ACGTacgt",), ("ACGT", 8), ("ACGTTA", 3), ("", 2), ("AcNG", None, True)),
            ),
            Target("basenji.dna_io", "hot1_dna", "basenji:hot1_dna", examples=_SPELL_EXAMPLES),
        ),
        _CALICO,
    ),
    "crested": Tool(
        "crested",
        "1.11",
        "1.12",
        (
            Target("crested.utils._seq_utils", "one_hot_encode_sequence", "crested:one_hot_encode_sequence"),
            Target("crested.utils._seq_utils", "generate_mutagenesis", "crested:generate_mutagenesis"),
        ),
    ),
    "enformer_pytorch": Tool(
        "enformer-pytorch",
        "0.8.10",
        "0.9",
        (
            Target("enformer_pytorch.data", "str_to_one_hot", "enformer_pytorch:str_to_one_hot"),
            Target("enformer_pytorch.data", "seq_indices_to_one_hot", "enformer_pytorch:seq_indices_to_one_hot"),
        ),
    ),
    "grelu": Tool(
        "gReLU",
        "1.1",
        "1.2",
        (
            Target("grelu.sequence.format", "strings_to_one_hot", "grelu:strings_to_one_hot"),
            Target("grelu.sequence.format", "check_string_dna", "grelu:check_string_dna"),
            Target("grelu.sequence.format", "strings_to_indices", "grelu:strings_to_indices"),
            Target("grelu.sequence.format", "indices_to_one_hot", "grelu:indices_to_one_hot"),
            Target("grelu.sequence.format", "indices_to_strings", "grelu:indices_to_strings"),
            Target("grelu.sequence.mutate", "mutate", "grelu:mutate"),
            Target("grelu.sequence.mutate", "insert", "grelu:insert"),
            Target("grelu.sequence.mutate", "delete", "grelu:delete"),
        ),
    ),
    "kipoiseq": Tool(
        "kipoiseq",
        "0.7.1",
        "0.8",
        (
            Target("kipoiseq.transforms.functional", "one_hot_dna", "kipoiseq:one_hot_dna"),
            Target("kipoiseq.transforms.functional", "one_hot", "kipoiseq:one_hot"),
            Target("kipoiseq.extractors.vcf_seq", "VariantSeqExtractor.extract", "kipoiseq:extract_variants"),
            Target(
                "kipoiseq.extractors.vcf_seq", "SingleSeqVCFSeqExtractor.extract", "kipoiseq:extract_single_sequence"
            ),
        ),
    ),
    "selene": Tool(
        "selene-sdk",
        "0.6",
        "0.7",
        (Target("selene_sdk.sequences.sequence", "sequence_to_encoding", "selene:sequence_to_encoding"),),
    ),
    "scipy": Tool(
        "scipy",
        "1.17",
        "1.18",
        (
            Target("scipy.stats._stats_py", "pearsonr", "scipy:pearsonr"),
            Target("scipy.stats._stats_py", "spearmanr", "scipy:spearmanr"),
            Target("scipy.stats._morestats", "false_discovery_control", "scipy:false_discovery_control"),
        ),
        by_name=True,
    ),
    "seqpro": Tool(
        "seqpro",
        "0.23",
        "0.24",
        (
            Target("seqpro._encoders", "ohe", "seqpro:ohe"),
            Target("seqpro._analyzers", "gc_content", "seqpro:gc_content"),
        ),
    ),
    "sklearn": Tool(
        "scikit-learn",
        "1.9",
        "1.10",
        (Target("sklearn.linear_model._coordinate_descent", "LinearModelCV.fit", "sklearn:fit_cross_validated"),),
        by_name=True,
    ),
    "statsmodels": Tool(
        "statsmodels",
        "0.15",
        "0.16",
        (
            Target("statsmodels.stats.multitest", "fdrcorrection", "statsmodels:fdrcorrection"),
            Target("statsmodels.stats.multitest", "multipletests", "statsmodels:multipletests"),
        ),
        by_name=True,
    ),
    "tangermeme": Tool(
        "tangermeme",
        "1.6",
        "1.7",
        (
            Target("tangermeme.utils", "one_hot_encode", "tangermeme:one_hot_encode"),
            Target("tangermeme.utils", "characters", "tangermeme:characters"),
            Target("tangermeme.ersatz", "substitute", "tangermeme:substitute"),
            Target("tangermeme.ersatz", "insert", "tangermeme:insert"),
            Target("tangermeme.ersatz", "delete", "tangermeme:delete"),
        ),
    ),
    "tensorqtl": Tool(
        "tensorqtl",
        "1.0.10",
        "1.0.11",
        (
            Target("tensorqtl.cis", "map_nominal", "tensorqtl:map_nominal"),
            Target("tensorqtl.cis", "map_cis", "tensorqtl:map_cis"),
        ),
        by_name=True,
    ),
}

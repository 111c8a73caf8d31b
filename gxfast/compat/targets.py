"""What `gxfast.patch` replaces, and in which versions: the one table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TOOLS", "Target", "Tool"]


@dataclass(frozen=True)
class Target:
    """One function of a tool: where it lives, and the twin (``module:function`` under gxfast.compat)."""

    module: str
    attribute: str
    replacement: str

    @property
    def name(self) -> str:
        return f"{self.module}.{self.attribute}"


@dataclass(frozen=True)
class Tool:
    """A tool: its distribution, the versions [first, end) whose contract is known, its targets."""

    distribution: str
    first: str
    end: str
    targets: tuple[Target, ...]


TOOLS = {
    "baskerville": Tool(
        "baskerville",
        "0.0",
        "0.1",
        (
            Target("baskerville.dna", "dna_1hot", "baskerville:dna_1hot"),
            Target("baskerville.dna", "dna_1hot_index", "baskerville:dna_1hot_index"),
            Target("baskerville.dna", "hot1_dna", "baskerville:hot1_dna"),
        ),
    ),
    "basenji": Tool(
        "basenji",
        "0.5",
        "0.7",
        (
            Target("basenji.dna_io", "dna_1hot", "basenji:dna_1hot"),
            Target("basenji.dna_io", "hot1_dna", "basenji:hot1_dna"),
        ),
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
    ),
    "statsmodels": Tool(
        "statsmodels",
        "0.15",
        "0.16",
        (
            Target("statsmodels.stats.multitest", "fdrcorrection", "statsmodels:fdrcorrection"),
            Target("statsmodels.stats.multitest", "multipletests", "statsmodels:multipletests"),
        ),
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
    ),
}

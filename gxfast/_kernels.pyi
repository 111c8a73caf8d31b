from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

def cpu_features() -> list[str]: ...
def instruction_sets() -> list[str]: ...
def limit_instruction_set(most: str) -> None: ...
def stream_fill(out: NDArray[np.uint8], value: int, non_temporal: bool) -> None: ...
def stream_copy(source: NDArray[np.uint8], out: NDArray[np.uint8], non_temporal: bool) -> None: ...
def one_hot(
    sequences: NDArray[np.uint8],
    table: NDArray[np.unsignedinteger],
    channels_first: bool,
    reverse: bool,
    stream: bool,
    out: NDArray[np.unsignedinteger],
    n_threads: int,
) -> None: ...
def translate(
    sequences: NDArray[np.uint8], table: NDArray[np.uint8], reverse: bool, out: NDArray[np.uint8], n_threads: int
) -> None: ...
def one_hot_text(
    text: str, letters: bytes, table: NDArray[Any], stream: bool, out: NDArray[Any], n_threads: int
) -> int: ...
def one_hot_faults(x: NDArray[Any]) -> int: ...

class Variants:
    def __init__(
        self,
        position: NDArray[np.int64],
        ref_length: NDArray[np.int64],
        first_allele: NDArray[np.int64],
        allele_offset: NDArray[np.int64],
        bases: NDArray[np.uint8],
    ) -> None: ...

def carried_alleles(
    calls: NDArray[np.int8], first_allele: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...
def unique_rows(
    offset: NDArray[np.int64], alleles: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...
def join_rows(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int32]]], shifts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...
def rows_in_window(
    variants: Variants,
    offset: NDArray[np.int64],
    alleles: NDArray[np.int32],
    chosen: NDArray[np.int64],
    low: int,
    high: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...
def resolve_overlaps(
    variants: Variants, offset: NDArray[np.int64], alleles: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...
def haplotype_extents(
    variants: Variants,
    offset: NDArray[np.int64],
    alleles: NDArray[np.int32],
    reference: NDArray[np.uint8],
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    out: NDArray[np.int64],
) -> None: ...
def haplotype_bases(
    variants: Variants,
    offset: NDArray[np.int64],
    alleles: NDArray[np.int32],
    reference: NDArray[np.uint8],
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    out: NDArray[np.uint8],
    n_threads: int,
) -> None: ...
def haplotype_one_hot(
    variants: Variants,
    offset: NDArray[np.int64],
    alleles: NDArray[np.int32],
    reference: NDArray[np.uint8],
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    table: NDArray[np.unsignedinteger],
    channels_first: bool,
    reverse: bool,
    stream: bool,
    out: NDArray[np.unsignedinteger],
    n_threads: int,
) -> None: ...
def haplotype_positions(
    variants: Variants,
    offset: NDArray[np.int64],
    alleles: NDArray[np.int32],
    reference: NDArray[np.uint8],
    reference_start: int,
    anchor: int,
    left: int,
    right: int,
    out: NDArray[np.int64],
    n_threads: int,
) -> None: ...
def consensus(
    variants: Variants,
    offset: NDArray[np.int64],
    alleles: NDArray[np.int32],
    reference: NDArray[np.uint8],
    reference_start: int,
    start: int,
    end: int,
) -> list[bytes]: ...
def list_saturation_edits(
    sequence: NDArray[np.uint8], start: int, end: int, positions: NDArray[np.int64], bases: NDArray[np.uint8]
) -> int: ...
def write_mutants(
    sequence: NDArray[np.uint8],
    positions: NDArray[np.int64],
    bases: NDArray[np.uint8],
    out: NDArray[np.uint8],
    n_threads: int,
) -> None: ...

class EditedRows:
    def __init__(
        self,
        sequence: NDArray[np.uint8],
        table: NDArray[np.uint8],
        channels_first: bool,
        offset: NDArray[np.int64],
        position: NDArray[np.int64],
        base: NDArray[np.uint8],
        batch: NDArray[np.uint8],
    ) -> None: ...
    def step(self) -> int: ...
    def reset(self) -> None: ...

class DeltaProgram:
    def __init__(self, length: int) -> None: ...
    def tensor(self, length: int, channels: int, lo: NDArray[np.int32], hi: NDArray[np.int32]) -> int: ...
    def convolve(
        self,
        source: int,
        target: int,
        weight: NDArray[np.float32],
        stride: int,
        dilation: int,
        before: int,
        groups: int = ...,
    ) -> None: ...
    def convolve_transposed(
        self,
        source: int,
        target: int,
        weight: NDArray[np.float32],
        stride: int,
        dilation: int,
        before: int,
        groups: int = ...,
    ) -> None: ...
    def activate(self, source: int, target: int, name: str, first: float = ..., second: float = ...) -> None: ...
    def activate_channels(
        self, source: int, target: int, name: str, first: NDArray[np.float32], second: float = ...
    ) -> None: ...
    def activate_by(self, source: int, by: int, target: int, name: str, second: float = ...) -> None: ...
    def max_pool(self, source: int, target: int, kernel: int, stride: int, dilation: int, before: int) -> None: ...
    def average_pool(
        self, source: int, target: int, kernel: int, stride: int, dilation: int, before: int, by_kernel: bool
    ) -> None: ...
    def add(self, first: int, second: int, target: int, sign: float) -> None: ...
    def multiply(self, first: int, second: int, target: int) -> None: ...
    def layer_norm(
        self, source: int, target: int, factors: NDArray[np.float32], offsets: NDArray[np.float32], epsilon: float
    ) -> None: ...
    def softmax(self, source: int, target: int) -> None: ...
    def attention_pool(self, source: int, logits: int, target: int, group: int) -> None: ...
    def scale(self, source: int, target: int, factors: NDArray[np.float32]) -> None: ...
    def select(self, source: int, target: int, shift: int, first_channel: int) -> None: ...
    def reverse(self, source: int, target: int, last: int) -> None: ...
    def repeat(self, source: int, target: int, factor: int) -> None: ...
    def join(self, sources: list[int], target: int) -> None: ...
    def whole(self, source: int) -> int: ...
    def dense(self, source: int, weight: NDArray[np.float32]) -> int: ...
    def sum(self, source: int, factor: float) -> int: ...
    def largest(self, source: int) -> int: ...
    def referenced(self) -> list[int]: ...
    def run(
        self,
        reference: DeltaReference,
        offset: NDArray[np.int64],
        position: NDArray[np.int64],
        change: NDArray[np.float32],
    ) -> list[NDArray[np.float32]]: ...

class DeltaReference:
    def __init__(self, program: DeltaProgram) -> None: ...
    def set(self, index: int, rows: NDArray[np.float32]) -> None: ...
    def prepare(self) -> None: ...

def pearson_rows(
    x: NDArray[Any], y: NDArray[Any], r: NDArray[np.float64], n: NDArray[np.int64], why: NDArray[np.int8]
) -> None: ...
def spearman_rows(
    x: NDArray[Any], y: NDArray[Any], r: NDArray[np.float64], n: NDArray[np.int64], why: NDArray[np.int8]
) -> None: ...
def correlation_p(r: NDArray[np.float64], df: float, p: NDArray[np.float64], log10p: NDArray[np.float64]) -> None: ...
def step_up(p: NDArray[np.float64], factor: float, q: NDArray[np.float64]) -> None: ...
def residual_squares(
    dosages: NDArray[np.int8], basis: NDArray[np.float64], squares: NDArray[np.float64], n_threads: int
) -> None: ...
def associate(
    dosages: NDArray[np.int8],
    squares: NDArray[np.float64],
    residual: NDArray[np.float64],
    variance: NDArray[np.float64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    begin: NDArray[np.int64],
    df: float,
    n_threads: int,
    r: NDArray[np.float64],
    slope: NDArray[np.float64],
    slope_se: NDArray[np.float64],
) -> None: ...
def largest_products(
    unit: NDArray[np.float32],
    permuted: NDArray[np.float32],
    cuts: NDArray[np.int64],
    n_threads: int,
    largest: NDArray[np.float32],
) -> None: ...
def susie(
    dosages: NDArray[np.int8],
    basis: NDArray[np.float64],
    scale: NDArray[np.float64],
    phenotype: NDArray[np.float64],
    prior_variance: float,
    tolerance: float,
    most: int,
    alpha: NDArray[np.float64],
    mean: NDArray[np.float64],
    prior: NDArray[np.float64],
    lbf: NDArray[np.float64],
) -> tuple[float, float, int, bool]: ...
def elastic_net_cv(
    dosages: NDArray[np.int8],
    y: NDArray[np.float64],
    folds: NDArray[np.int32],
    n_folds: int,
    lambdas: Sequence[float],
    l1_ratio: float,
    lambda_ratio: float,
    n_lambdas: int,
    stop_after: int,
    gap: float,
    keep_path: bool,
) -> dict[str, Any]: ...

class ElasticNetPath:
    def __init__(
        self, x: NDArray[np.float64], y: NDArray[np.float64], l1_ratio: float, gap: float, most_sweeps: int
    ) -> None: ...
    def advance(self, lambda_: float) -> NDArray[np.float64]: ...
    @property
    def gap(self) -> float: ...
    @property
    def sweeps(self) -> int: ...

def table_text(columns: list[Any], n_rows: int) -> bytes: ...

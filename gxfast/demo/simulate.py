"""Simulate a small cohort with planted truth: genome, phased variants, genes, expression, covariates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..io.bgzf import write_bgzf
from ..io.files import atomic_write
from ..io.indexing import index_bed, index_fasta, index_vcf
from .genome import DemoGenome, build_genome, window
from .model import MODEL_FILE, packaged_model, predict
from .variants import DemoVariant, simulate_variants

__all__ = ["DemoCohort", "simulate_cohort"]

MIN_PEOPLE, MIN_GENES = 20, 9
CROSS_GENE_R = 0.8
H2_SEEN = (0.06, 0.45)  # share of the variance due to the causal SNV, right and wrong genes
H2_MISSED = (0.15, 0.50)
LINKED_R2 = (0.1, 0.5)  # of a second causal SNV with the first
LINKED_WITHIN = 3000  # bases of the first
ENVIRONMENT = 0.3  # of what is not genetic
_LINE = 60

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DemoCohort:
    """Files of a simulated cohort and what is in them.

    Attributes
    ----------
    directory, fasta, vcf, genes, expression, covariates, model, truth : Path
        ``truth`` (TSV) has one row per gene: ``gene_id truth causal_variant effect h2 model_effect story``; with
        ``n_linked`` also ``linked_variant linked_effect``, empty in genes with one causal SNV.
    samples : tuple of str
        People in the order of the VCF (the expression table has another order).
    n_people, n_genes, n_variants, n_right, n_wrong, n_missed, seed : int
    """

    directory: Path
    fasta: Path
    vcf: Path
    genes: Path
    expression: Path
    covariates: Path
    model: Path
    truth: Path
    samples: tuple[str, ...]
    n_people: int
    n_genes: int
    n_variants: int
    n_right: int
    n_wrong: int
    n_missed: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Expression:
    values: Floats  # (G, S), people in VCF order
    effect: Floats  # (G,), per alternate allele
    h2: Floats  # (G,)
    covariates: Floats  # (2, S)
    linked: dict[int, tuple[DemoVariant, float]]  # second causal SNV of a gene, and its effect


def simulate_cohort(
    directory: str | Path, *, seed: int = 7, n_people: int = 80, n_genes: int = 36, n_linked: int = 0
) -> DemoCohort:
    """Write a cohort with planted truth into ``directory``; the same seed gives the same bytes.

    A third of the genes follow the demo model (``right``), two ninths do the opposite (``wrong``); in the
    rest the causal variant is out of the model's sight (``missed``).

    Parameters
    ----------
    directory : str or Path
        Created where it is missing. Not a run directory: both have a ``genes.tsv``.
    seed : int
        Non-negative.
    n_people, n_genes : int
        At least 20 and 9.
    n_linked : int, default 0
        So many genes at most get a second causal SNV in linkage with the first, as large and in the other direction:
        marginal slopes of both are smaller than those given the other. ``h2`` stays that of the first. Everything
        else has the bytes that it has without.

    Returns
    -------
    DemoCohort

    Raises
    ------
    InputError
        If a number is too small or a file cannot be written.
    """
    if seed < 0 or n_people < MIN_PEOPLE or n_genes < MIN_GENES or not 0 <= n_linked <= n_genes:
        raise InputError(
            f"the demo needs seed >= 0, at least {MIN_PEOPLE} people and {MIN_GENES} genes, of which some are linked, "
            f"found seed {seed}, {n_people} people, {n_genes} genes, {n_linked} linked"
        )
    # one stream per stage: a change in one stage leaves the others as they were
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    genome = build_genome(streams[0], n_genes)
    variants = simulate_variants(streams[1], genome, n_people)
    expression = _simulate_expression(streams[2], genome, variants, n_people, n_linked)
    width = max(2, len(str(n_people)))
    samples = tuple(f"person{i + 1:0{width}d}" for i in range(n_people))
    try:
        return _write(streams[3], Path(directory), genome, variants, expression, samples, seed)
    except OSError as error:
        raise InputError(
            f"the demo cohort cannot be written: {error}", path=directory, remedy="choose another directory"
        ) from error


def _simulate_expression(
    rng: np.random.Generator, genome: DemoGenome, variants: list[DemoVariant], n_people: int, n_linked: int
) -> _Expression:
    """Mean of the gene + causal SNVs + shared environment and covariates + noise, log2 units."""
    n_genes = len(genome.genes)
    mean = _gene_means(rng, genome)
    dosage = {(v.contig, v.position): v.alleles.sum(axis=1, dtype=np.float64) for v in variants}
    h2 = _heritabilities(rng, genome)
    batch = (rng.random(n_people) < 0.5).astype(np.float64)
    age = np.round(rng.normal(70.0, 8.0, n_people), 1)
    shared = np.stack([_standard(batch), _standard(age), _standard(rng.normal(size=n_people))])
    loading = rng.normal(size=(n_genes, 3))
    loading /= np.sqrt((loading**2).sum(axis=1, keepdims=True))
    values, effect = np.empty((n_genes, n_people)), np.empty(n_genes)
    for g, gene in enumerate(genome.genes):
        if gene.causal is None:
            raise InputError("a simulated gene has no causal variant", record=gene.gene_id)
        scale = rng.uniform(0.3, 0.6)
        count = dosage[gene.contig, gene.causal.position]
        sign = math.copysign(1.0, gene.causal.model_effect if gene.causal.model_effect else rng.normal())
        effect[g] = (-sign if gene.truth == "wrong" else sign) * scale * math.sqrt(h2[g]) / count.std()
        other = math.sqrt(1.0 - h2[g]) * scale
        environment = math.sqrt(ENVIRONMENT) * (loading[g] @ shared)
        noise = math.sqrt(1.0 - ENVIRONMENT) * rng.normal(size=n_people)
        values[g] = mean[g] + effect[g] * (count - count.mean()) + other * (environment + noise)
    linked = _linked(genome, variants, effect, n_linked)
    for g, (variant, slope) in linked.items():
        count = variant.alleles.sum(axis=1, dtype=np.float64)
        values[g] += slope * (count - count.mean())
    return _Expression(values, effect, h2, np.stack([batch, age]), linked)


def _linked(
    genome: DemoGenome, variants: list[DemoVariant], effect: Floats, n_linked: int
) -> dict[int, tuple[DemoVariant, float]]:
    """Choose second causal SNVs: of each gene the one most linked to the first, in the genes of the largest effect."""
    count = {(v.contig, v.position): v.alleles.sum(axis=1, dtype=np.float64) for v in variants}
    planted = {
        (g.contig, snv.position) for g in genome.genes for snv in (g.causal, g.decoy) if snv is not None
    }  # fmt: skip
    free = [v for v in variants if len(v.ref + "".join(v.alts)) == 2 and (v.contig, v.position) not in planted]
    found: dict[int, tuple[DemoVariant, float]] = {}
    rows = [(g, gene, gene.causal) for g, gene in enumerate(genome.genes) if gene.causal is not None]
    for g, gene, causal in sorted(
        rows, key=lambda row: -abs(effect[row[0]]) * count[row[1].contig, row[2].position].std()
    ):
        if len(found) == n_linked:
            break
        first = count[gene.contig, causal.position]
        best = LINKED_R2[0]
        for v in free:
            second = count[v.contig, v.position]
            if v.contig != gene.contig or abs(v.position - causal.position) > LINKED_WITHIN or not second.std():
                continue
            r = float(np.corrcoef(first, second)[0, 1])
            if best < r * r < LINKED_R2[1]:
                best, found[g] = r * r, (v, -math.copysign(1.0, r) * float(effect[g] * first.std() / second.std()))
    return found


def _gene_means(rng: np.random.Generator, genome: DemoGenome) -> Floats:
    """Mean expression per gene: follows the model's reference prediction with correlation 0.8."""
    windows = [window(genome.contigs[g.contig], g.tss, g.strand) for g in genome.genes]
    signal = _standard(predict(np.stack(windows)))
    rest = rng.normal(size=len(signal))
    rest = _standard(rest - rest.mean() - signal * float(signal @ rest) / len(signal))
    return 4.0 + 1.5 * (CROSS_GENE_R * signal + math.sqrt(1.0 - CROSS_GENE_R**2) * rest)


def _heritabilities(rng: np.random.Generator, genome: DemoGenome) -> Floats:
    """Spread each class evenly over its range, in random order: some effects are too small to be found."""
    h2 = np.empty(len(genome.genes))
    for truth, limits in (("right", H2_SEEN), ("wrong", H2_SEEN), ("missed", H2_MISSED)):
        rows = [i for i, gene in enumerate(genome.genes) if gene.truth == truth]
        h2[rows] = rng.permutation(np.linspace(*limits, len(rows)))
    return h2


def _standard(values: Floats) -> Floats:
    scaled: Floats = (values - values.mean()) / values.std()
    return scaled


def _write(
    rng: np.random.Generator,
    directory: Path,
    genome: DemoGenome,
    variants: list[DemoVariant],
    expression: _Expression,
    samples: tuple[str, ...],
    seed: int,
) -> DemoCohort:
    directory.mkdir(parents=True, exist_ok=True)
    order = rng.permutation(len(samples))
    texts = {
        "genes.tsv": _genes_text(genome),
        "covariates.tsv": _covariates_text(expression, samples, order),
        "truth.tsv": _truth_text(genome, expression),
    }
    for name, text in texts.items():
        atomic_write(directory / name, text.encode())
    atomic_write(directory / MODEL_FILE, packaged_model())
    fasta = write_bgzf(directory / "genome.fa.gz", _fasta_bytes(rng, genome))
    index_fasta(fasta)
    vcf = write_bgzf(directory / "cohort.vcf.gz", _vcf_text(genome, variants, samples).encode())
    index_vcf(vcf)
    bed = _bed_text(genome, expression, samples, order)
    expression_path = write_bgzf(directory / "expression.bed.gz", bed.encode())
    index_bed(expression_path)
    truths = [gene.truth for gene in genome.genes]
    return DemoCohort(
        directory=directory,
        fasta=fasta,
        vcf=vcf,
        genes=directory / "genes.tsv",
        expression=expression_path,
        covariates=directory / "covariates.tsv",
        model=directory / MODEL_FILE,
        truth=directory / "truth.tsv",
        samples=samples,
        n_people=len(samples),
        n_genes=len(truths),
        n_variants=len(variants),
        n_right=truths.count("right"),
        n_wrong=truths.count("wrong"),
        n_missed=truths.count("missed"),
        seed=seed,
    )


def _fasta_bytes(rng: np.random.Generator, genome: DemoGenome) -> bytes:
    """Return the genome with about a third of it in lower case, as repeats are."""
    parts = []
    for name, contig in zip(genome.names, genome.contigs, strict=True):
        bases, start = contig.copy(), int(rng.integers(200, 800))
        while start < len(bases):
            end = start + int(rng.integers(100, 600))
            bases[start:end] |= 0x20
            start = end + int(rng.integers(200, 1200))
        lines = [bytes(bases[i : i + _LINE]) for i in range(0, len(bases), _LINE)]
        parts.append(b">" + name.encode() + b"\n" + b"\n".join(lines) + b"\n")
    return b"".join(parts)


def _vcf_text(genome: DemoGenome, variants: list[DemoVariant], samples: tuple[str, ...]) -> str:
    lines = [
        "##fileformat=VCFv4.2",
        "##source=gxfast-demo",
        '##FILTER=<ID=PASS,Description="All filters passed">',
    ]
    for name, contig in zip(genome.names, genome.contigs, strict=True):
        lines.append(f"##contig=<ID={name},length={len(contig)}>")
    lines += [
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Count of each alternate allele">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Count of called alleles">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Phased genotype">',
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]
    for v in variants:
        counts = ",".join(str(int((v.alleles == i + 1).sum())) for i in range(len(v.alts)))
        calls = [f"{a}|{b}" for a, b in v.alleles.tolist()]
        site = [genome.names[v.contig], str(v.position + 1), ".", v.ref, ",".join(v.alts), ".", "PASS"]
        lines.append("\t".join([*site, f"AC={counts};AN={v.alleles.size}", "GT", *calls]))
    return "\n".join(lines) + "\n"


def _genes_text(genome: DemoGenome) -> str:
    rows = ["gene_id\tchrom\ttss\tstrand\tname"]
    rows += [f"{g.gene_id}\t{genome.names[g.contig]}\t{g.tss + 1}\t{g.strand}\t{g.name}" for g in genome.genes]
    return "\n".join(rows) + "\n"


def _bed_text(genome: DemoGenome, expression: _Expression, samples: tuple[str, ...], order: NDArray[np.int64]) -> str:
    rows = ["\t".join(["#chr", "start", "end", "gene_id", *(samples[i] for i in order)])]
    for gene, values in zip(genome.genes, expression.values, strict=True):
        place = [genome.names[gene.contig], str(gene.tss), str(gene.tss + 1), gene.gene_id]
        rows.append("\t".join([*place, *(f"{values[i]:.4f}" for i in order)]))
    return "\n".join(rows) + "\n"


def _covariates_text(expression: _Expression, samples: tuple[str, ...], order: NDArray[np.int64]) -> str:
    batch, age = expression.covariates
    rows = [
        ["id", *(samples[i] for i in order)],
        ["batch", *(f"{batch[i]:.0f}" for i in order)],
        ["age", *(f"{age[i]:.1f}" for i in order)],
    ]
    return "\n".join("\t".join(row) for row in rows) + "\n"


def _truth_text(genome: DemoGenome, expression: _Expression) -> str:
    rows = ["gene_id\ttruth\tcausal_variant\teffect\th2\tmodel_effect\tstory"]
    rows[0] += "\tlinked_variant\tlinked_effect" if expression.linked else ""
    for g, gene in enumerate(genome.genes):
        snv = gene.causal
        if snv is None:
            continue
        variant = f"{genome.names[gene.contig]}_{snv.position + 1}_{snv.ref}_{snv.alt}"
        numbers = f"{expression.effect[g]:.4f}\t{expression.h2[g]:.4f}\t{snv.model_effect:.6g}"
        rows.append(f"{gene.gene_id}\t{gene.truth}\t{variant}\t{numbers}\t{gene.story}")
        if expression.linked:
            second, slope = expression.linked.get(g, (None, math.nan))
            rows[-1] += f"\t{second.variant_id(genome.names)}\t{slope:.4f}" if second else "\t\t"
    return "\n".join(rows) + "\n"

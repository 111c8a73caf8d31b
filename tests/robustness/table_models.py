"""Personal haplotypes, models, mutagenesis and evaluation, on a small simulated cohort."""

from __future__ import annotations

import tempfile
from functools import partial
from typing import Any

import numpy as np

import gxfast as gx
from gxfast.demo import simulate_cohort
from gxfast.encode.edits import Edits
from gxfast.models.runtime import run_options
from gxfast.types import CovariateTable, ExpressionTable, PredictionSet, Windows

from .table_sequences import FAR, FIRST_AXIS, GAPS, TEXT
from .target import Target

__all__ = ["World", "targets"]


class World:
    """One cohort with its model, opened."""

    def __init__(self) -> None:
        cohort = simulate_cohort(tempfile.mkdtemp(), n_people=20, n_genes=9)
        self.genome, self.variants = gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf)
        self.model = gx.Model(cohort.model)
        self.genes = gx.read_genes(cohort.genes)
        self.expression = gx.read_expression(cohort.expression)
        self.store = gx.HaplotypeStore.read(self.genome, self.variants, "chr1")
        self.letters = self.store.letters(6000, 6000 + self.model.length, haplotypes=[0, 1, 5])
        self.plan = gx.ism.plan(self.model)


def targets() -> list[Target]:
    """Return one entry per function."""
    world = World()
    return [*_personal(world), *_models(world), *_mutagenesis(world), *_evaluation(world), *_logos()]


def _personal(world: World) -> list[Target]:
    chrom = ("chr1", "chr1", "chr2")

    def haplotypes(start: Any, anchor: Any, reverse: Any) -> Any:
        made = Windows(chrom, start, 40, anchor, reverse)
        found = gx.haplotypes(world.genome, world.variants, made)
        return found.sequences, found.carriers, found.n_variants

    start = np.array([6000, 7000, 5000])
    windows = {"start": start, "anchor": start + 10, "reverse": np.array([False, True, False])}
    chosen, at = {"haplotypes": np.array([3, 0, 39, 3])}, (6000, 6200)
    roles = {"start": "whole", "anchor": "whole", "reverse": "truths"}
    words = {"start": "anchor|window", "anchor": "anchor"}

    def at_the_end(start: Any) -> Any:
        made = Windows(chrom, start, 40, windows["anchor"], windows["reverse"])
        return gx.haplotypes(world.genome, world.variants, made, anchor="end").sequences

    found = [Target("gx.haplotypes", haplotypes, windows, roles, words=words)]
    found.append(
        Target(
            "gx.haplotypes[end]", at_the_end, {"start": start}, {"start": "whole"}, words=words, legal={"start": FAR}
        )
    )
    free = {
        "haplotypes": (
            *FIRST_AXIS,
            "one short",
            "one long",
            "nothing behind",
            "no element",
            "empty list",
            "one element",
            "None",
        )
    }
    for name, made in {
        "letters": lambda haplotypes: world.store.letters(*at, haplotypes=haplotypes),
        "one_hot": lambda haplotypes: world.store.one_hot(*at, haplotypes=haplotypes, layout="NCL"),
        "edits": lambda haplotypes: world.store.edits(6000, 6003, haplotypes=haplotypes),
    }.items():
        found.append(Target(f"gx.HaplotypeStore.{name}", made, chosen, {"haplotypes": "whole"}, legal=free))
    letters = world.store.letters(*at, haplotypes=[0, 1])
    filled = partial(world.store.letters, *at, haplotypes=[0, 1])
    found.append(Target("gx.HaplotypeStore.letters", filled, {"out": letters}, {"out": "out"}))
    encoded = world.store.one_hot(*at, haplotypes=[0, 1])
    filled = partial(world.store.one_hot, *at, haplotypes=[0, 1])
    found.append(Target("gx.HaplotypeStore.one_hot", filled, {"out": encoded}, {"out": "out"}))
    return found


def _models(world: World) -> list[Target]:
    rows, session = {"sequences": world.letters}, world.model._session
    free = {"sequences": (*FIRST_AXIS, "an axis less")}  # one row of letters is one sequence
    one_hot = {"feed": gx.one_hot(world.letters)}
    name = world.model.card.input_name

    def bound(feed: Any) -> Any:
        return session.run_bound([str(world.model.card.output_name)], {str(name): feed}, run_options())

    def shared(feed: Any) -> Any:
        return bound(session.to_device(feed))

    words = {"feed": f"{name}|array"}
    legal = {"feed": ("first axis short", "first axis long", "twice", "nothing", "nan in float32")}
    return [
        Target("gx.Model.predict", world.model.predict, rows, {"sequences": "letters"}, legal=free),
        Target("Session.run_bound", bound, one_hot, {"feed": "feed"}, words=words, legal=legal),
        Target("Session.to_device", shared, one_hot, {"feed": "feed"}, words=words, legal=legal),
    ]


def _mutagenesis(world: World) -> list[Target]:
    plan, one, many = world.plan, world.letters[0], world.letters
    at = np.array([1000, 1001, 1500, 1501])

    def variants(sequences: Any, offset: Any, position: Any, base: Any) -> Any:
        return gx.ism.variants(plan, sequences, Edits(offset, position, base))

    rows = {
        "sequences": one,
        "offset": np.array([0, 2, 2, 4]),
        "position": at,
        "base": np.frombuffer(b"ACGT", np.uint8),
    }
    roles = {"sequences": "letters", "offset": "whole", "position": "whole", "base": "letters"}
    saturate = partial(gx.ism.saturate, plan, start=1000, end=1003)
    return [
        Target(
            "gx.ism.saturate",
            saturate,
            {"seqs": many},
            {"seqs": "letters"},
            words={"seqs": "sequence"},
            legal={
                "seqs": (*FIRST_AXIS, "an axis less", "no element", "empty list", "nothing of 2^31", "nothing of 2^32")
            },
        ),
        Target(
            "gx.ism.variants",
            variants,
            rows,
            roles,
            words={"sequences": "sequence"},
            legal={"base": TEXT, "position": FAR[3:7], "sequences": ("an axis more in front", "flat")},
        ),
        Target(
            "gx.ism.input_gradient",
            partial(gx.ism.input_gradient, world.model),
            {"sequences": many},
            {"sequences": "letters"},
            legal={"sequences": (*FIRST_AXIS, "an axis less")},
        ),
        Target(
            "gx.ism.deeplift",
            partial(gx.ism.deeplift, world.model, n_references=2),
            {"sequences": many},
            {"sequences": "letters"},
            legal={"sequences": (*FIRST_AXIS, "an axis less")},
        ),
        Target(
            "gx.ism.deeplift[references]",
            lambda references: gx.ism.deeplift(world.model, many, references=references),
            {"references": many},
            {"references": "letters"},
            legal={"references": (*FIRST_AXIS, "an axis less")},
        ),
        Target(
            "gx.ism.input_x_gradient",
            partial(gx.ism.input_x_gradient, world.model),
            {"sequences": many},
            {"sequences": "letters"},
            legal={"sequences": (*FIRST_AXIS, "an axis less")},
        ),
        Target(
            "gx.ism.gradient_x_variant",
            partial(gx.ism.gradient_x_variant, world.model),
            {"sequence": one, "positions": at, "bases": np.frombuffer(b"ACGT", np.uint8)},
            {"sequence": "letters", "positions": "whole", "bases": "letters"},
            words={"sequence": "sequences"},
            legal={"positions": FAR[3:7], "bases": TEXT},
        ),
    ]


def _evaluation(world: World) -> list[Target]:
    rng = np.random.default_rng(5)
    genes, samples = world.genes, tuple(world.expression.samples)
    counts = np.ones(len(genes), np.int64)
    status = ("ok",) * len(genes)

    def evaluate(predictions: Any, reference: Any, expression: Any, covariates: Any) -> Any:
        made = PredictionSet("m", genes, samples, ("t",), predictions, reference, counts, counts + 3, status)
        table = ExpressionTable(genes.gene_id, samples, expression)
        return gx.evaluate(made, table, covariates=CovariateTable(("a", "b"), samples, covariates))

    def numbers(*shape: int) -> Any:
        return np.round(rng.normal(0, 2, shape) * 8) / 8

    shape = len(genes), len(samples)
    arguments = {
        "predictions": numbers(*shape, 1),
        "reference": numbers(len(genes), 1),
        "expression": numbers(*shape),
        "covariates": numbers(2, len(samples)),
    }
    forms = frozenset(("list", "tuple", "__array__", "zero stride"))
    words = {"predictions": "x or y", "expression": "y: an infinite", "covariates": "covariate (row|.a.)"}
    legal = {
        "predictions": ("nan", "all nan", "nan in float32", "nan in float16"),
        "expression": ("nan", "all nan", "nan in float32", "nan in float16"),
        "reference": GAPS,
    }
    return [
        Target(
            "gx.evaluate",
            evaluate,
            arguments,
            dict.fromkeys(arguments, "numbers"),
            words=words,
            loose=forms,
            legal=legal,
        )
    ]


def _logos() -> list[Target]:
    from gxfast.reporting.plots.logo import reference_heights

    arguments = {"effects": np.arange(24.0).reshape(6, 4) / 8, "reference": np.array([0, 3, 4, 1, 2, 2])}
    gaps = ("nan", "all nan", "nan in float32", "nan in float16", "nan in a list")
    roles = {"effects": "numbers", "reference": "whole"}
    return [Target("plots.reference_heights", reference_heights, arguments, roles, legal={"effects": gaps})]

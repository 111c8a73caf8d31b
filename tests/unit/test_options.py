"""What takes an object of options says so where it gets something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gxfast as gx
from gxfast._objects import options_of
from gxfast.models import OutputOptions
from gxfast.personal.policy import HaplotypePolicy


@pytest.fixture(scope="module")
def opened(cohort: Any) -> dict[str, Any]:
    model = gx.Model(cohort.model, device="cpu")
    genes = gx.read_genes(cohort.genes)
    return {
        "genome": gx.Genome(cohort.fasta), "genotypes": gx.VariantFile(cohort.vcf), "genes": genes, "model": model,
        "windows": gx.model_windows(model.card, genes), "sequence": ["A" * model.card.read_length], "cohort": cohort,
    }  # fmt: skip


CALLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "haplotypes": ("policy", lambda o, x: gx.haplotypes(o["genome"], o["genotypes"], o["windows"], policy=x)),
    "consensus": ("policy", lambda o, x: gx.consensus(o["genome"], o["genotypes"], "chr1", 0, 9, policy=x)),
    "stream": ("policy", lambda o, x: gx.HaplotypeStream(o["genome"], o["genotypes"], o["windows"], policy=x)),
    "store": ("policy", lambda o, x: gx.HaplotypeStore.read(o["genome"], o["genotypes"], "chr1", policy=x)),
    "predict": ("policy", lambda o, x: gx.predict(o["model"], o["genome"], o["genotypes"], o["genes"], policy=x)),
    "run": ("policy", lambda o, x: gx.run("out", fasta=o["cohort"].fasta, vcf=o["cohort"].vcf, policy=x)),
    "gradient": ("outputs", lambda o, x: gx.ism.input_gradient(o["model"], o["sequence"], outputs=x)),
    "deeplift": ("outputs", lambda o, x: gx.ism.deeplift(o["model"], o["sequence"], outputs=x)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("value", ["x", {"unphased": "ref"}, 0, ()])
def test_something_else_is_refused_by_its_name(name: str, value: Any, opened: dict[str, Any]) -> None:
    argument, call = CALLS[name]
    with pytest.raises(gx.InputError, match=f"^{argument} must be of (HaplotypePolicy|Outputs), found .* of "):
        call(opened, value)


def test_a_plan_takes_tracks_too(opened: dict[str, Any]) -> None:
    assert gx.ism.plan(opened["model"], 0, check=0).tracks == gx.ism.plan(opened["model"], [0], check=0).tracks
    with pytest.raises(gx.InputError, match=r"outputs must be of Outputs, found '1\.5' of float"):
        gx.ism.plan(opened["model"], 1.5)  # type: ignore[arg-type]


def test_what_is_right_and_what_is_left_out() -> None:
    policy = HaplotypePolicy(missing="N")
    assert options_of(HaplotypePolicy, policy, "policy") is policy
    assert options_of(HaplotypePolicy, None, "policy") == HaplotypePolicy()
    with pytest.raises(gx.InputError, match="outputs must be of OutputOptions, found 'all' of str"):
        options_of(OutputOptions, "all", "outputs")

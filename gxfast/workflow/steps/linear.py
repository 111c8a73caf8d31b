"""What `gxfast eqtl` and `gxfast baseline` have in common: a run directory of one step, and its cohort."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from ...errors import InputError
from ...personal.dosage_sources import conventions
from ..cohort import LinearCohort, linear_cohort
from ..inputs import open_people
from ..naming import contigs_of_plan, tell_renamed
from ..options import InputPaths
from ..provenance import hash_files, hash_inputs, plan_of
from ..rundir import RunDirectory
from ..shard import WHOLE, Part

__all__ = ["counted", "linear_job", "no_room"]


def counted(statuses: Iterable[str], left_out: Iterable[int]) -> dict[str, int]:
    """Return how many genes have each status, for the manifest.

    ``left_out``: how many records of each stretch that was read are not biallelic, no bases, or repeat one; told once.
    """
    counts = dict(sorted(Counter(statuses).items()))
    n = sum(left_out)
    if n:
        counts["records_left_out"] = n
        logging.getLogger("gxfast").warning("records left out, not biallelic or there twice: %d", n)
    return counts


def no_room(cohort: LinearCohort, g: int) -> InputError:
    """Return the error for a gene whose variants take more memory than is allowed."""
    return InputError(
        f"the variants in the window of {cohort.genes.gene_id[g]} and {len(cohort.people)} people take more memory "
        "than is allowed",
        path=cohort.genotypes.paths[0], remedy="allow more (`max_mem=`), or read a smaller window",
    )  # fmt: skip


@contextmanager
def linear_job(
    paths: InputPaths,
    output: str,
    step: str,
    options: Any,
    *,
    transform: str,
    resume: bool,
    beside: Sequence[str] = (),
    part: Part = WHOLE,
) -> Iterator[tuple[RunDirectory, LinearCohort]]:
    """Open people and expression, and the run directory that guards what is fitted on them.

    Raises
    ------
    InputError
    """
    people = open_people(paths, strands=False)
    cohort = linear_cohort(people, transform)
    chosen = {
        "n_covariates": paths.n_covariates,
        "samples": list(paths.samples),
        "transform": transform,
        "regions": list(paths.regions),
        **conventions(options.dosage),
    }
    tell_renamed(people.renamed, people.covariates)
    chosen |= contigs_of_plan(paths, people.renamed)
    hashes = hash_inputs(paths, people.genotypes.paths) | hash_files({"beside": beside})
    plan = plan_of(hashes, options={**asdict(options), **chosen, "steps": [step]})
    with RunDirectory(output, plan, resume=resume, part=part) as run:
        yield run, cohort

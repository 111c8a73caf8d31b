"""The interface of the README, on the demo cohort, against the demo's independent truth per haplotype."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.demo_people import person_predictions

import gxfast as gx
from gxfast.demo import simulate_cohort


def test_haplotypes_model_people_correlation(tmp_path: Path) -> None:
    cohort = simulate_cohort(tmp_path, n_people=30, n_genes=12)
    genome, people = gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf)
    genes, model = gx.read_genes(cohort.genes), gx.Model(cohort.model)
    batch = gx.haplotypes(genome, people, gx.model_windows(model.card, genes))
    values = model.predict(batch)
    predictions = gx.predict(model, genome, people, genes, n_threads=2)
    by_hand = (values[batch.carriers[:, :, 0]] + values[batch.carriers[:, :, 1]]) / 2
    assert np.array_equal(predictions.values, by_hand)
    truth = person_predictions(cohort)
    order = [truth.samples.index(name) for name in predictions.samples]
    # Weights are dyadic: onnxruntime and the NumPy twin agree to the bit.
    assert np.array_equal(predictions.values[:, :, 0], truth.haplotypes.mean(axis=2)[:, order])
    result = gx.evaluate(predictions, gx.read_expression(cohort.expression))
    g = int(np.nanargmax(np.abs(result.pearson_r)))
    expression = gx.read_expression(cohort.expression)
    row = expression.gene_id.index(genes.gene_id[g])
    observed = expression.values[row, [expression.samples.index(name) for name in predictions.samples]]
    assert abs(result.pearson_r[g] - np.corrcoef(predictions.values[g, :, 0], observed)[0, 1]) < 1e-12


def test_an_expression_table_without_strands_has_no_genes_to_predict(tmp_path: Path) -> None:
    """The demo's BED is as FastQTL has it: ``genes`` is None, and what needs genes says where they come from."""
    cohort = simulate_cohort(tmp_path, n_people=20, n_genes=9)
    genes = gx.read_expression(cohort.expression).genes
    assert genes is None
    model = gx.Model(cohort.model)
    with pytest.raises(gx.InputError, match=r"genes is None.*\n.*gxfast.read_genes"):
        gx.predict(model, gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf), genes)  # type: ignore[arg-type]
    with pytest.raises(gx.InputError, match="genes is None"):
        gx.model_windows(model.card, genes)  # type: ignore[arg-type]

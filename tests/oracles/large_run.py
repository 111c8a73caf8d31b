"""A finished run directory of any size, its tables written as a run writes them; the numbers are made up."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.io.bgzf import write_bgzf
from gxfast.io.files import plain_files, sha256_of
from gxfast.io.npz import write_npz
from gxfast.io.tables import write_phenotype_bed, write_table
from gxfast.types import GeneTable

# Values that are shown otherwise by a careless rule: ties, edges of the formats, whole numbers.
EDGES = [
    0.0625,
    0.1875,
    -0.3125,
    0.99996,
    0.0009996,
    1.0,
    -1.0,
    0.0,
    0.001,
    1e-7,
    -0.00012345,
    0.9995,
    0.0005,
    0.31249999,
]


def write_large_run(
    folder: Path, *, n_genes: int = 20_000, n_models: int = 3, n_people: int = 20, drivers_per_gene: int = 1
) -> dict[str, dict[str, list[Any]]]:
    """Write the directory; return ``genes.tsv`` by model: its columns, None where a cell is empty."""
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True)
    for name in ("predictions", "evaluation", "ism"):
        (folder / name).mkdir()
    genes = _genes(rng, n_genes)
    people = [f"P{s:04d}" for s in range(n_people)]
    models = [f"model-{m}" for m in range(n_models)]
    places = range(n_genes)
    _write_values(folder / "evaluation" / "observed.bed.gz", genes, people, rng)
    by_model = {model: _table(rng, genes, model) for model in models}
    write_table(folder / "genes.tsv", _stacked(list(by_model.values())))
    drivers = []
    for model in models:
        _write_values(folder / "predictions" / f"{model}.bed.gz", genes, people, rng)
        drivers.append(_drivers(rng, genes, model, drivers_per_gene))
        _write_variants(folder / "ism" / f"{model}.variants.tsv.gz", drivers[-1])
        main = [k for k, cell in enumerate(drivers[-1]["is_main"]) if cell == "yes"]
        content = {
            "effects": rng.normal(size=(len(main), 2, 41, 4)).astype(np.float32),
            "bases": rng.integers(0, 4, (len(main), 2, 41)).astype(np.uint8),
            "gene_id": np.array([drivers[-1]["gene_id"][k] for k in main]),
            "variant_id": np.array([drivers[-1]["variant_id"][k] for k in main]),
            "pos": np.array([drivers[-1]["pos"][k] for k in main]),
        }
        write_npz(folder / "ism" / f"{model}.main_drivers.npz", content)
    write_table(folder / "drivers.tsv", _stacked(drivers))
    learned = {"gene_id": list(genes.gene_id), "name": list(genes.name)}
    write_table(folder / "learned.tsv", {**learned, **{c: _some(rng, n_genes) for c in ("people_r", "genes_r")}})
    write_table(folder / "certificate.tsv", _stacked([_certificate(genes, model) for model in models]))
    support = [_support(rng, genes, model) for model in models]
    write_table(folder / "support.tsv", _stacked(support))
    eqtl = {"phenotype_id": list(genes.gene_id), "pval_beta": [10 ** -(k % 97 / 7) for k in places]}
    (folder / "eqtl").mkdir()
    write_table(folder / "eqtl" / "permutation.tsv", eqtl)
    _write_manifest(folder, n_people, n_genes)
    return by_model


def _genes(rng: np.random.Generator, n: int) -> GeneTable:
    ids = tuple(f"ENSG{k:011d}" for k in rng.choice(10 * n, n, replace=False).tolist())
    names = tuple(f"GENE{k}" if k % 9 else ids[k] for k in range(n))
    chroms = tuple(f"chr{1 + 22 * k // n}" for k in range(n))
    tss = np.sort(rng.integers(10_000, 240_000_000, n))
    return GeneTable(ids, names, chroms, tss, tuple("+-"[k % 2] for k in range(n)))


def _some(rng: np.random.Generator, n: int) -> list[float | None]:
    """Numbers, one in fifty undefined."""
    return [
        None if gap < 0.02 else value for value, gap in zip(rng.uniform(-1, 1, n).tolist(), rng.random(n), strict=True)
    ]


def _amounts(n: int) -> list[float]:
    """Of the genes, the same in every model."""
    values: list[float] = np.exp(np.random.default_rng(8).normal(size=n) * 3).tolist()
    return values


def _table(rng: np.random.Generator, genes: GeneTable, model: str) -> dict[str, list[Any]]:
    n = len(genes.gene_id)
    r: list[float | None] = _some(rng, n)
    r[: len(EDGES)] = EDGES[:n]
    defined = [value is not None for value in r]
    p = [float(v) if there else None for v, there in zip(rng.random(n) ** 4, defined, strict=True)]
    return {
        "gene_id": list(genes.gene_id), "name": list(genes.name), "chrom": list(genes.chrom),
        "tss": [int(v) + 1 for v in genes.tss], "strand": list(genes.strand), "model": [model] * n,
        "n_people": [445] * n, "n_variants": rng.integers(0, 90, n).tolist(),
        "n_haplotypes": rng.integers(1, 400, n).tolist(),
        "pearson_r": r, "pearson_p": p, "pearson_q": [None if v is None else min(1.0, 3 * v) for v in p],
        "spearman_rho": [None if v is None else 0.9 * v for v in r],
        "mean_observed": _amounts(n),
        "mean_predicted": rng.normal(size=n).tolist(), "reference_prediction": rng.normal(size=n).tolist(),
        "baseline_r": _some(rng, n), "status": ["ok" if there else "one_haplotype" for there in defined],
    }  # fmt: skip


def _drivers(rng: np.random.Generator, genes: GeneTable, model: str, each: int) -> dict[str, list[Any]]:
    n = len(genes.gene_id) * each
    gene = [k // each for k in range(n)]
    distance = rng.integers(-20_000, 20_000, n)
    pos = [max(1, int(genes.tss[g]) + 1 + d) for g, d in zip(gene, distance.tolist(), strict=True)]
    numbers = {c: rng.normal(size=n).tolist() for c in ("ism", "linear_r", "own_r", "increase", "eqtl_slope")}
    return {
        "model": [model] * n, "gene_id": [genes.gene_id[g] for g in gene],
        "variant_id": [f"{genes.chrom[g]}_{p}_A_G" for g, p in zip(gene, pos, strict=True)], "pos": pos,
        "tss_distance": distance.tolist(), **numbers, "is_main": ["no" if k % each else "yes" for k in range(n)],
        "carrier_freq": rng.random(n).tolist(), "allele_freq": rng.random(n).tolist(), "eqtl_p": rng.random(n).tolist(),
        "support": [("supported", "unsupported")[k % 2] for k in range(n)],
    }  # fmt: skip


def _certificate(genes: GeneTable, model: str) -> dict[str, list[Any]]:
    n = len(genes.gene_id)
    p = np.random.default_rng(9).dirichlet((1, 1, 1), n)
    said = np.where(p[:, 0] > 0.5, "right", np.where(p[:, 1] > 0.5, "wrong", ""))
    numbers = {f"p_{way}": p[:, k].tolist() for k, way in enumerate(("right", "wrong", "none"))}
    return {"gene_id": list(genes.gene_id), "model": [model] * n, **numbers, "direction": said.tolist()}


def _support(rng: np.random.Generator, genes: GeneTable, model: str) -> dict[str, list[Any]]:
    n = len(genes.gene_id)
    numbers = {name: rng.uniform(-1, 1, n).tolist() for name in ("pearson_r", "linear_r")}
    return {
        "model": [model] * n, "gene_id": list(genes.gene_id), **numbers,
        "supported_fraction": rng.uniform(0, 1, n).tolist(),
    }  # fmt: skip


def _write_variants(path: Path, drivers: dict[str, list[Any]]) -> None:
    names = ("gene_id", "variant_id", "pos", "ism", "eqtl_slope", "eqtl_p")
    lines = ["\t".join([*names, "is_driver"])]
    for cells in zip(*(drivers[name] for name in names), strict=True):
        chrom, pos, *_ = cells[1].split("_")
        lines.append("\t".join([*map(str, cells), "yes"]))
        other = str(int(pos) + 7)
        lines.append("\t".join([cells[0], f"{chrom}_{other}_C_T", other, "0.01", "0.2", "0.5", "no"]))
    write_bgzf(path, ("\n".join(lines) + "\n").encode())


def _write_values(path: Path, genes: GeneTable, people: list[str], rng: np.random.Generator) -> None:
    values: NDArray[np.float64] = rng.normal(size=(len(genes.gene_id), len(people)))
    write_phenotype_bed(path, genes, people, genes.gene_id, values, range(len(genes.gene_id)))


def _stacked(tables: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    return {name: [cell for table in tables for cell in table[name]] for name in tables[0]}


def _write_manifest(folder: Path, n_people: int, n_genes: int) -> None:
    content = {
        "gxfast": "0", "options": {"transform": "none"}, "counts": {}, "complete": True,
        "inputs": {"vcf": [{"file": "a.vcf.gz", "sha256": hashlib.sha256(b"a").hexdigest()}]},
        "summary": {"n_people": n_people, "n_genes": n_genes},
        "results": {str(file): sha256_of(folder / file) for file in plain_files(folder)},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(content))

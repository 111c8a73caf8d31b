"""Baselines, eQTLs, drivers and comparisons as steps of a run, on the simulated cohort."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pysam
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.demo import simulate_cohort


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), seed=3, n_people=60, n_genes=12)


def command(cohort: Any, output: Path, *more: str, verb: str = "run") -> list[str]:
    return [
        verb, "-q", "--fasta", str(cohort.fasta), "--vcf", str(cohort.vcf), "--genes", str(cohort.genes),
        "--expression", str(cohort.expression), "--model", str(cohort.model), "-o", str(output), *more,
    ]  # fmt: skip


_FAST = ("--permutations", "50", "--cis-window", "20000")


@pytest.fixture(scope="module")
def done(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("run") / "out"
    assert main(command(cohort, output, *_FAST, "--threads", "1")) == 0
    return output


def rows(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def hashes(run: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((run / "manifest.json").read_text())["results"]
    return found


def test_threads_and_resuming_change_no_byte(cohort: Any, done: Path, tmp_path: Path) -> None:
    assert main(command(cohort, tmp_path / "two", *_FAST, "--threads", "2")) == 0
    assert hashes(tmp_path / "two") == hashes(done)
    shutil.copytree(done, tmp_path / "again")
    for gone in ("drivers.tsv", "manifest.json", "ism", ".gxfast/blocks/demo-promoter/effects-00000.npz"):
        path = tmp_path / "again" / gone
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert main(command(cohort, tmp_path / "again", *_FAST, "--resume")) == 0
    assert hashes(tmp_path / "again") == hashes(done)


def test_effects_are_those_of_the_model(cohort: Any, done: Path) -> None:
    """Every observed SNV of some genes, put into the window by hand."""
    model, genome, genes = gx.Model(cohort.model, device="cpu"), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    table = rows(done / "ism" / "demo-promoter.variants.tsv.gz")
    checked = 0
    for g in range(0, 12, 3):
        start, end, reverse = model.card.window(int(genes.tss[g]), genes.strand[g])
        reference = bytearray(genome.fetch(genes.chrom[g], start, end))
        for row in [row for row in table if row["gene_id"] == genes.gene_id[g]]:
            changed = bytearray(reference)
            at = int(row["pos"]) - 1 - start
            assert chr(changed[at]).upper() == row["ref"]
            changed[at] = ord(row["alt"])
            both = [bytes(reference), bytes(changed)]
            both = [gx.reverse_complement(one) for one in both] if reverse else both
            values = model.predict(np.stack([np.frombuffer(one, np.uint8) for one in both]))[:, 0]
            assert float(row["ism"]) == pytest.approx(values[1] - values[0], abs=1e-6)
            checked += 1
    assert checked > 20


def test_surroundings_of_the_main_drivers(cohort: Any, done: Path) -> None:
    """The driver's own change is its effect; some changes by hand, on both strands, with either allele."""
    model, genome, genes = gx.Model(cohort.model, device="cpu"), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    mains = {row["gene_id"]: row for row in rows(done / "drivers.tsv") if row["is_main"] == "yes"}
    with np.load(done / "ism" / "demo-promoter.main_drivers.npz") as stored:
        found = {name: stored[name] for name in stored.files}
    assert found["gene_id"].tolist() == list(mains)
    assert {row["strand"] for row in mains.values()} == {"+", "-"}
    for k, (gene, row) in enumerate(mains.items()):
        g = genes.gene_id.index(gene)
        start, end, reverse = model.card.window(int(genes.tss[g]), genes.strand[g])
        sequence = bytearray(genome.fetch(genes.chrom[g], start, end))
        centre = int(row["pos"]) - 1 - start
        effects, bases = found["effects"][k], found["bases"][k]
        assert effects[0, 20, "ACGT".index(row["alt"])] == pytest.approx(float(row["ism"]), abs=1e-6)
        assert effects[1, 20, "ACGT".index(row["ref"])] == pytest.approx(-float(row["ism"]), abs=1e-6)
        assert "ACGT"[bases[1, 20]] == row["alt"]
        sequence[centre] = ord(row["alt"])
        changed = bytearray(sequence)
        changed[centre + 3] = ord("G" if chr(sequence[centre + 3]) != "G" else "T")
        both = [gx.reverse_complement(bytes(s)) if reverse else bytes(s) for s in (sequence, changed)]
        values = model.predict(np.stack([np.frombuffer(one, np.uint8) for one in both]))[:, 0]
        assert effects[1, 23, "ACGT".index(chr(changed[centre + 3]))] == pytest.approx(values[1] - values[0], abs=1e-6)


def test_tables_fit_together(done: Path) -> None:
    variants, drivers = rows(done / "ism" / "demo-promoter.variants.tsv.gz"), rows(done / "drivers.tsv")
    chosen = {(row["gene_id"], row["variant_id"]) for row in variants if row["is_driver"] == "yes"}
    assert {(row["gene_id"], row["variant_id"]) for row in drivers} == chosen
    assert drivers
    for row in drivers:
        same = float(row["ism"]) * float(row["eqtl_slope"]) > 0
        assert row["support"] == ("supported" if same else "unsupported")
        assert int(row["tss_distance"]) == int(row["pos"]) - int(row["tss"])
        assert 0 < float(row["allele_freq"]) <= float(row["carrier_freq"]) <= 1
    support = {row["gene_id"]: row for row in rows(done / "support.tsv")}
    counts = {gene: sum(row["gene_id"] == gene for row in drivers) for gene in support}
    assert {gene: int(row["n_drivers"]) for gene, row in support.items()} == counts
    (everything,) = [row for row in rows(done / "direction.tsv") if row["stratum"] == "all"]
    assert 0 <= float(everything["equal_sign_low"]) <= float(everything["equal_sign"])
    genes = rows(done / "genes.tsv")
    net = {r["gene_id"]: r["cv_r"] for r in rows(done / "baseline/elastic_net.tsv") if r["model"] == "elastic_net"}
    assert {row["gene_id"]: row["baseline_r"] for row in genes} == net
    assert {row["explainer"] for row in rows(done / "explainers.tsv")} >= {"eqtl_log10p", "h2", "n_variants"}


def test_motifs_of_the_main_drivers(cohort: Any, done: Path, tmp_path: Path) -> None:
    mains = [row for row in rows(done / "drivers.tsv") if row["is_main"] == "yes"]
    motifs = rows(done / "motifs.tsv")
    assert [row["variant_id"] for row in motifs] == [row["variant_id"] for row in mains]
    assert all(
        len(row["kmer"]) == 13 and row["kmer"][6] == main["ref"] for row, main in zip(motifs, mains, strict=True)
    )
    sizes = [[int(row[f"size_{t}"]) for t in (5, 10, 20, 50)] for row in motifs]
    assert all(size == sorted(size, reverse=True) for size in sizes)
    assert max(size[0] for size in sizes) > 1
    assert sum(int(row["n"]) for row in rows(done / "motif_clusters.tsv")) <= len(motifs)
    assert main(command(cohort, tmp_path / "wide", "--motif-reach", "300", verb="drivers")) == 0
    wider = rows(tmp_path / "wide" / "motifs.tsv")
    assert all(float(b["scale"]) >= float(a["scale"]) for a, b in zip(motifs, wider, strict=True))
    assert any(float(b["scale"]) > float(a["scale"]) for a, b in zip(motifs, wider, strict=True))


def test_the_steps_that_are_named(cohort: Any, tmp_path: Path) -> None:
    assert main(command(cohort, tmp_path / "a", "--steps", "predict,ism")) == 0
    assert (tmp_path / "a" / "ism").is_dir()
    assert not (tmp_path / "a" / "baseline").exists()
    assert main(command(cohort, tmp_path / "b", "--driver-rule", "backward", verb="drivers")) == 0
    assert (tmp_path / "b" / "drivers.tsv").exists()
    assert main(command(cohort, tmp_path / "c", "--steps", "predict,dance")) == 2


def test_few_people_leave_linear_models_out_and_say_so(
    cohort: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = ",".join(cohort.samples[:8])
    arguments = [part for part in command(cohort, tmp_path / "few", "-s", people) if part != "-q"]
    assert main(arguments) == 0
    assert "left out: baselines and eQTLs need more than 8 people" in capsys.readouterr().out
    assert not (tmp_path / "few" / "eqtl").exists()
    assert (tmp_path / "few" / "drivers.tsv").exists()


@pytest.mark.parametrize("asked", [("--independent", "--susie"), ("--susie",)])
def test_drivers_beside_signals(cohort: Any, done: Path, tmp_path: Path, asked: tuple[str, ...]) -> None:
    """The published rule stays as it is; what a driver tags is read again from the VCF."""
    output = tmp_path / "out"
    assert main(command(cohort, output, *_FAST, *asked, "--steps", "predict,evaluate,eqtl,drivers")) == 0
    plain, drivers = rows(done / "drivers.tsv"), rows(output / "drivers.tsv")
    assert [{name: row[name] for name in plain[0]} for row in drivers] == plain
    source = "independent" if len(asked) == 2 else "susie"
    found = rows(output / "eqtl" / f"{source}.tsv")
    slopes = {(row["phenotype_id"], row["variant_id"]): float(row["slope"]) for row in found}
    with pysam.VariantFile(str(cohort.vcf)) as file:
        dosages = {
            f"{one.chrom}_{one.pos}_{one.ref}_{one.alts[0]}": [sum(s["GT"]) for s in one.samples.values()]
            for one in file
            if one.alts and len(one.alts) == 1 and not any(None in s["GT"] for s in one.samples.values())
        }

    seen = set()
    for row in drivers:
        seen.add(row["signal_support"])
        if not row["signal"]:
            assert row["signal_support"] == "untagged"
            continue
        slope = slopes[row["gene_id"], row["signal"]]
        r = np.corrcoef(dosages[row["variant_id"]], dosages[row["signal"]])[0, 1]
        assert float(row["signal_slope"]) == slope
        assert float(row["signal_r"]) == pytest.approx(r)
        same = float(row["ism"]) * slope * r > 0
        assert row["signal_support"] == ("untagged" if r * r < 0.5 else "supported" if same else "unsupported")
    assert {"supported", "untagged"} <= seen
    support = {row["gene_id"]: row for row in rows(output / "support.tsv")}
    for gene, row in support.items():
        own = [one["signal_support"] for one in drivers if one["gene_id"] == gene]
        counts = own.count("supported"), own.count("unsupported"), own.count("untagged")
        assert (int(row["n_signal_supported"]), int(row["n_signal_unsupported"]), int(row["n_untagged"])) == counts
        assert (row["signal_supported_fraction"] == "") == (counts[:2] == (0, 0))
    strata = {row["stratum"] for row in rows(output / "direction.tsv")}
    assert ("signal" in strata, "susie_pip" in strata) == (len(asked) == 2, True)
    assert "conditional_equal_sign" not in rows(done / "direction.tsv")[0]

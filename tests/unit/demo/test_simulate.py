"""The simulated cohort: files, alleles, planted signs through the real model, correlations as planted."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from oracles.demo_people import (
    OraclePredictions,
    haplotype_sequence,
    person_predictions,
    read_expression,
    read_fasta,
)

from gxfast.demo import DemoCohort, simulate_cohort
from gxfast.demo.model import LENGTH, packaged_model
from gxfast.errors import InputError

FILES = ["fasta", "vcf", "genes", "expression", "covariates", "model", "truth"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> DemoCohort:
    return simulate_cohort(tmp_path_factory.mktemp("demo") / "cohort")


@pytest.fixture(scope="module")
def oracle(cohort: DemoCohort) -> OraclePredictions:
    return person_predictions(cohort)


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def vcf_rows(cohort: DemoCohort) -> list[list[str]]:
    with gzip.open(cohort.vcf, "rt") as handle:
        return [line.rstrip("\n").split("\t") for line in handle if not line.startswith("#")]


def test_numbers(cohort: DemoCohort) -> None:
    assert (cohort.n_people, cohort.n_genes) == (80, 36)
    assert (cohort.n_right, cohort.n_wrong, cohort.n_missed) == (12, 8, 16)
    assert cohort.n_variants == len(vcf_rows(cohort))
    assert cohort.model.read_bytes() == packaged_model()
    for suffix in (".fai", ".gzi"):
        assert Path(f"{cohort.fasta}{suffix}").is_file()
    for path in (cohort.vcf, cohort.expression):
        assert Path(f"{path}.tbi").is_file()


def test_same_seed_same_bytes_other_seed_other(cohort: DemoCohort, tmp_path: Path) -> None:
    again, other = simulate_cohort(tmp_path / "again"), simulate_cohort(tmp_path / "other", seed=8)
    names = sorted(path.name for path in cohort.directory.iterdir())
    assert names == sorted(path.name for path in again.directory.iterdir())
    for name in names:
        assert (cohort.directory / name).read_bytes() == (again.directory / name).read_bytes(), name
    changed = [f for f in FILES if getattr(cohort, f).read_bytes() != getattr(other, f).read_bytes()]
    assert changed == [f for f in FILES if f != "model"]


def test_vcf_agrees_with_the_genome(cohort: DemoCohort) -> None:
    genome = read_fasta(cohort.fasta)
    last: tuple[str, int] = ("", 0)
    kinds = dict.fromkeys(["snv", "insertion", "deletion", "mnv", "multi"], 0)
    for row in vcf_rows(cohort):
        chrom, position, ref, alts = row[0], int(row[1]), row[3], row[4].split(",")
        assert genome[chrom][position - 1 : position - 1 + len(ref)] == ref
        assert set(ref + "".join(alts)) <= set("ACGT")
        assert ref not in alts
        assert (chrom, position) > last
        last = (chrom, position + len(ref) - 1)
        calls = [call.split("|") for call in row[9:]]
        numbers = [int(a) for call in calls for a in call]
        assert len(calls) == 80
        assert all(len(call) == 2 for call in calls)
        counts = [numbers.count(i + 1) for i in range(len(alts))]
        assert row[7] == f"AC={','.join(map(str, counts))};AN=160"
        assert min(counts) > 0
        change = len(alts[0]) - len(ref)
        kind = "multi" if len(alts) > 1 else "insertion" if change > 0 else "deletion" if change < 0 else "mnv"
        kinds["snv" if kind == "mnv" and len(ref) == 1 else kind] += 1
    assert kinds["snv"] > 0.8 * cohort.n_variants
    assert all(kinds.values())


def test_spectrum_and_sharing(cohort: DemoCohort, oracle: OraclePredictions) -> None:
    counts = np.array([sum(call.count("1") for call in row[9:]) for row in vcf_rows(cohort) if "," not in row[4]])
    minor = np.minimum(counts, 160 - counts)
    # neutral: i derived copies with weight 1/i, so about 0.18 singletons and a long common tail
    assert 0.1 < np.mean(minor == 1) < 0.35
    assert np.mean(minor >= 16) > 0.25
    distinct = np.array(oracle.n_haplotypes)
    assert np.median(distinct) < 20
    assert distinct.sum() < 0.15 * 2 * 80 * 36


def test_real_cases(cohort: DemoCohort, oracle: OraclePredictions) -> None:
    genome = read_fasta(cohort.fasta)
    with gzip.open(cohort.fasta, "rt") as handle:
        text = handle.read()
    assert 0.1 < sum(map(str.islower, text)) / len(text) < 0.5
    assert all(contig.endswith("N" * 500) for contig in genome.values())
    genes = rows_of(cohort.genes)
    assert {gene["strand"] for gene in genes} == {"+", "-"}
    assert {gene["chrom"] for gene in genes} == {"chr1", "chr2"}
    windows = [haplotype_sequence(genome[g["chrom"]], [], int(g["tss"]) - 1, g["strand"]) for g in genes]
    # gene 1: TSS at 400 (0-based), so 624 bases of its window are before the contig
    assert genes[0]["tss"] == "401"
    assert windows[0][:624] == "N" * 624
    assert "N" not in windows[0][624:]
    assert sum("N" in window for window in windows) == 3
    assert oracle.n_variants.count(0) == 1
    assert oracle.n_haplotypes[oracle.n_variants.index(0)] == 1


def test_expression_table(cohort: DemoCohort) -> None:
    with gzip.open(cohort.expression, "rt") as handle:
        lines = [line.rstrip("\n").split("\t") for line in handle]
    genes = rows_of(cohort.genes)
    assert lines[0][:4] == ["#chr", "start", "end", "gene_id"]
    assert sorted(lines[0][4:]) == sorted(cohort.samples)
    assert lines[0][4:] != list(cohort.samples)
    for line, gene in zip(lines[1:], genes, strict=True):
        assert line[:4] == [gene["chrom"], str(int(gene["tss"]) - 1), gene["tss"], gene["gene_id"]]
    header = cohort.covariates.read_text().splitlines()[0].split("\t")
    assert header == ["id", *lines[0][4:]]


def test_planted_signs_through_onnx(cohort: DemoCohort) -> None:
    """Right genes have the sign of the model, wrong genes the other one; missed causal SNVs leave it cold."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is an optional dependency")
    session = onnxruntime.InferenceSession(packaged_model(), providers=["CPUExecutionProvider"])
    genome = read_fasta(cohort.fasta)
    genes = {gene["gene_id"]: gene for gene in rows_of(cohort.genes)}
    called = {(row[0], row[1], row[3], row[4]) for row in vcf_rows(cohort)}
    truth = rows_of(cohort.truth)
    assert [row["gene_id"] for row in truth] == list(genes)
    for row in truth:
        chrom, position, ref, alt = row["causal_variant"].split("_")
        assert (chrom, position, ref, alt) in called
        gene = genes[row["gene_id"]]
        tss = int(gene["tss"]) - 1
        pair = [
            haplotype_sequence(genome[chrom], edits, tss, gene["strand"])
            for edits in ([], [(int(position) - 1, ref, alt)])
        ]
        codes = np.stack([np.frombuffer(text.encode(), np.uint8) for text in pair])
        one_hot = (codes[..., None] == np.frombuffer(b"ACGT", np.uint8)).astype(np.float32)
        low, high = session.run(None, {"sequence": one_hot})[0][:, 0]
        model_effect = float(high) - float(low)
        assert model_effect == pytest.approx(float(row["model_effect"]), abs=1e-5)
        assert float(row["effect"]) != 0
        expected = {"right": 1, "wrong": -1, "missed": 0}[row["truth"]]
        assert np.sign(model_effect) * np.sign(float(row["effect"])) == expected


def test_correlations_come_out_as_planted(cohort: DemoCohort, oracle: OraclePredictions) -> None:
    """NumPy and SciPy only: the story that the demo tells is in the files."""
    from scipy import stats

    predicted = oracle.haplotypes.mean(axis=2)
    observed = read_expression(cohort.expression, oracle.samples)
    truth = np.array([row["truth"] for row in rows_of(cohort.truth)])
    defined = np.ptp(predicted, axis=1) > 0
    r, q = np.full(36, np.nan), np.full(36, np.nan)
    tests = [stats.pearsonr(x, y) for x, y in zip(predicted[defined], observed[defined], strict=True)]
    r[defined] = [test.statistic for test in tests]
    q[defined] = stats.false_discovery_control([test.pvalue for test in tests])
    positive, negative = (q < 0.05) & (r > 0), (q < 0.05) & (r < 0)
    assert np.corrcoef(oracle.reference, observed.mean(axis=1))[0, 1] == pytest.approx(0.8, abs=0.03)
    assert abs(np.nanmean(r)) < 0.1
    assert (positive[truth == "right"].sum(), negative[truth == "right"].sum()) == (10, 0)
    assert (negative[truth == "wrong"].sum(), positive[truth == "wrong"].sum()) == (7, 0)
    assert (positive | negative)[truth == "missed"].sum() == 0
    assert (~defined[truth == "missed"]).sum() == 8
    assert defined[truth != "missed"].all()


def test_effect_and_heritability(cohort: DemoCohort) -> None:
    """The slope of expression on the causal dosage is the planted effect, and its share of variance is h2."""
    vcf = {f"{row[0]}_{row[1]}_{row[3]}_{row[4]}": row[9:] for row in vcf_rows(cohort)}
    observed = read_expression(cohort.expression, cohort.samples)
    truth = rows_of(cohort.truth)
    error, share = [], []
    for row, values in zip(truth, observed, strict=True):
        dosage = np.array([call.count("1") for call in vcf[row["causal_variant"]]], float)
        slope, intercept = np.polyfit(dosage, values, 1)
        residual = values - slope * dosage - intercept
        standard_error = residual.std(ddof=2) / (dosage.std() * np.sqrt(80))
        error.append((slope - float(row["effect"])) / standard_error)
        share.append(np.corrcoef(dosage, values)[0, 1] ** 2 - float(row["h2"]))
    assert np.max(np.abs(error)) < 4
    assert 0.6 < np.std(error) < 1.5
    assert abs(np.mean(share)) < 0.05


class TestHaplotypeSequence:
    """Worked by hand on a contig of 3,000 bases: C, with G at the TSS."""

    CONTIG = "C" * 1500 + "G" + "C" * 1499

    def test_reference(self) -> None:
        text = haplotype_sequence(self.CONTIG, [], 1500, "+")
        assert len(text) == LENGTH
        assert text.index("G") == 1024

    def test_tss_keeps_its_index_with_indels_on_both_sides(self) -> None:
        edits = [(1489, "C", "CTTT"), (1600, "CCC", "C"), (1700, "C", "A")]
        text = haplotype_sequence(self.CONTIG, edits, 1500, "+")
        assert len(text) == LENGTH
        assert text.index("G") == 1024
        # 1490 follows the insertion, ten bases before the TSS: TTT sits at 1011..1013
        assert text.index("TTT") == 1024 - 10 - 3
        assert text.index("A") == 1024 + 200 - 2

    def test_insertion_next_to_the_tss(self) -> None:
        text = haplotype_sequence(self.CONTIG, [(1499, "C", "CTTT")], 1500, "+")
        assert text[1020:1026] == "CTTTGC"

    def test_minus_strand_reads_the_complement(self) -> None:
        text = haplotype_sequence(self.CONTIG, [(1490, "C", "A")], 1500, "-")
        assert len(text) == LENGTH
        assert text.index("C") == 1024
        assert text.index("T") == 1024 + 10

    def test_edge(self) -> None:
        text = haplotype_sequence("G" + "C" * 99, [], 0, "+")
        assert text == "N" * 1024 + "G" + "C" * 99 + "N" * 924


@pytest.mark.parametrize("options", [{"n_people": 19}, {"n_genes": 8}, {"seed": -1}])
def test_too_small(options: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 20 people and 9 genes"):
        simulate_cohort(tmp_path, **options)


def test_smallest_cohort(tmp_path: Path) -> None:
    cohort = simulate_cohort(tmp_path, seed=0, n_people=20, n_genes=9)
    assert (cohort.n_right, cohort.n_wrong, cohort.n_missed) == (3, 2, 4)
    assert person_predictions(cohort).haplotypes.shape == (9, 20, 2)


def test_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        simulate_cohort(tmp_path / "file" / "cohort")


def test_linked_causal_snvs_leave_all_else_as_it_was(cohort: DemoCohort, tmp_path: Path) -> None:
    found = simulate_cohort(tmp_path, n_linked=12)
    for name in ("fasta", "vcf", "genes", "covariates"):
        assert getattr(found, name).read_bytes() == getattr(cohort, name).read_bytes()
    plain, linked = rows_of(cohort.truth), rows_of(found.truth)
    assert [{name: row[name] for name in plain[0]} for row in linked] == plain
    several = [row for row in linked if row["linked_variant"]]
    assert len(several) == 12
    dosage = {
        f"{row[0]}_{row[1]}_{row[3]}_{row[4]}": np.array([call.count("1") for call in row[9:]], float)
        for row in vcf_rows(found)
    }
    for row in several:
        first, second = dosage[row["causal_variant"]], dosage[row["linked_variant"]]
        r, a, b = np.corrcoef(first, second)[0, 1], float(row["effect"]), float(row["linked_effect"])
        assert 0.1 < r * r < 0.5
        assert np.sign(r * a * b) == -1  # they hide each other
        assert abs(a) * first.std() == pytest.approx(abs(b) * second.std(), rel=1e-3)
    (tmp_path / "more").mkdir()
    with pytest.raises(InputError, match="linked"):
        simulate_cohort(tmp_path / "more", n_genes=9, n_linked=10)

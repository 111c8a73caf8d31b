"""Small inputs of the kinds that people have: each with the value that must come out (``cases/`` of the shared data).

Each case stands for its kind; tests of other members of the kind are beside the code that decides it.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gxfast as gx
from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_vcf
from gxfast.io.vcf import VariantFile
from gxfast.models import ModelCard, card_from_json, inspect_model
from gxfast.stats.motifs import motif_sizes

Case = Callable[[str], Path]


@pytest.fixture
def case(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Copy a case by its name and go there."""

    def open_case(name: str) -> Path:
        source = data_dir / "cases" / name
        if not source.is_dir():
            pytest.skip(f"{source} is absent")
        folder = tmp_path / name
        shutil.copytree(source, folder)
        monkeypatch.chdir(folder)
        return folder

    return open_case


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def predict(*options: str, genes: str = "genes.tsv", vcf: str = "c.vcf.gz") -> int:
    """Run ``gxfast predict`` on the files of a case, into ``out``."""
    return main(["predict", "-q", "--fasta", "ref.fa", "--vcf", vcf, "--genes", genes, "--model", "m.onnx",
                 "-o", "out", *options])  # fmt: skip


def values_of(gene: str, folder: str = "out") -> dict[str, float]:
    """Predictions of a gene by person."""
    (file,) = Path(folder, "predictions").glob("*.bed.gz")
    (row,) = [row for row in rows_of(file) if row["gene_id"] == gene]
    return {
        name: float(value.replace("NA", "nan"))
        for name, value in row.items()
        if name not in ("#chr", "start", "end", "gene_id")
    }


# -- records and phase


def test_haploid_calls(case: Case) -> None:
    case("02-chrX-haploid")
    assert predict() == 0
    (gene,) = {row["gene_id"] for row in rows_of(Path("out/genes.tsv"))}
    expected = {"M1": -17.810465, "F1": -18.140425, "M2": -18.470385, "F2": -17.810465}
    assert values_of(gene) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("04-iupac-reference", -0.879179),
        ("05-cn0-1000g", 3.291505),  # by hand: <CN0> takes 986-995 from one copy, 1006-1012 from the other
        ("07h-two-del-alleles-end", 4.764063),
    ],
)
def test_records(case: Case, name: str, expected: float) -> None:
    case(name)
    assert predict() == 0
    assert values_of("G1")["A"] == pytest.approx(expected, abs=2e-6)


def use_pair_model(folder: Path, data_dir: Path) -> None:
    """The case's own model is a sum over bases, to which phase does not matter; that of 01e looks at pairs."""
    shutil.copy(data_dir / "cases" / "01e-v44-leading-phase" / "m.onnx", folder / "m.onnx")


def test_phase_sets(case: Case, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    use_pair_model(case("01b-gatk-pid-ps"), data_dir)
    assert predict() == 2
    message = capsys.readouterr().err
    assert "chr1:980 G>T and chr1:1020 A>C" in message
    assert "--phase" in message
    for phase, expected in (("as_one", 13.486), ("per_set", 11.621)):
        shutil.rmtree("out")
        assert predict("--phase", phase) == 0
        assert values_of("G1")["A"] == pytest.approx(expected, abs=1e-3)
        counts = json.loads(Path("out/manifest.json").read_text())["counts"]
        assert [one["between_phase_sets"] for one in counts.values()] == [1]
    shutil.rmtree("out")
    assert predict("--phase", "sample:200") == 0
    assert values_of("G1")["A"] == pytest.approx((13.486 + 11.621) / 2, abs=0.2)


def test_check_tells_the_share_of_windows(case: Case, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    use_pair_model(case("01b-gatk-pid-ps"), data_dir)
    command = ["check", "--fasta", "ref.fa", "--vcf", "c.vcf.gz", "--genes", "genes.tsv", "--model", "m.onnx"]
    assert main(command) == 2
    assert "1 of 1 windows (100 %) hold heterozygous calls of one person in several" in capsys.readouterr().out
    assert main([*command, "--phase", "per_set"]) == 0
    assert "joined by --phase per_set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "same_as"),
    [("|0|1", "0|1"), ("/0|1", "0|1"), ("|1|0", "1|0"), ("/1/1", "1|1"), ("|1", "1"), ("/0/1", None)],
)
def test_leading_phase(case: Case, capsys: pytest.CaptureFixture[str], call: str, same_as: str | None) -> None:
    """VCF 4.4 may write a phase before the first allele too."""
    folder = case("01e-v44-leading-phase")
    assert predict(vcf="d.vcf.gz") == 0
    text = gzip.decompress((folder / "d.vcf.gz").read_bytes()).decode()
    found = []
    for written in (call, same_as or "0/1"):
        path = write_bgzf(folder / "e.vcf.gz", text.replace("\tGT\t|1", f"\tGT\t{written}").encode())
        index_vcf(path)
        shutil.rmtree("out", ignore_errors=True)
        code = predict(vcf="e.vcf.gz")
        if same_as is None:
            assert code == 2
            assert "without phase" in capsys.readouterr().err
            continue
        assert code == 0
        twin = VariantFile(path, reader="pysam").region("chr1", 0, 2000)
        assert twin.unphased.tolist() == [[False]]
        found.append(values_of("G1")["A"])
    assert same_as is None or found[0] == found[1]


# -- ploidy, dosages and weights


def test_eqtls_of_men(case: Case) -> None:
    """Frequencies as AF of bcftools +fill-tags; a haploid ALT counts 2 in the regression, as in the manifest."""
    case("30-eqtl-chrX-men-haploid")
    assert main(["eqtl", "-q", "--vcf", "c.vcf.gz", "--expression", "e.bed.gz", "--window", "100", "--permutations",
                 "0", "--min-maf", "0", "-o", "eq"]) == 0  # fmt: skip
    with gzip.open("c.vcf.gz", "rt") as handle:
        calls = handle.read().splitlines()[-1].split("\t")[9:]
    called = "".join(calls).replace("|", "").replace(".", "")
    n, copies = len(called), called.count("1")
    (row,) = rows_of(Path("eq/eqtl/nominal.tsv.gz"))
    assert float(row["af"]) == copies / n
    assert int(row["ma_count"]) == min(copies, n - copies)
    rare = "1" if copies * 2 <= n else "0"
    assert int(row["ma_samples"]) == sum(rare in call for call in calls)
    dosage = np.array([np.nan if "." in call else call.count("1") * (1 if "|" in call else 2) for call in calls])
    known = dosage[np.isfinite(dosage)].astype(int)
    dosage[np.isnan(dosage)] = np.bincount(known).argmax()
    (expression,) = rows_of(Path("e.bed.gz"))
    y = np.array([float(expression[f"S{i}"]) for i in range(40)])
    assert float(row["slope"]) == pytest.approx(np.polyfit(dosage, y, 1)[0])
    options = json.loads(Path("eq/manifest.json").read_text())["options"]
    assert (options["haploid_dosage"], options["missing_dosage"]) == ("double", "most_frequent")


def apply_weights(*options: str) -> dict[str, dict[str, float]]:
    """Predictions of the people by gene, of ``baseline --apply`` on the files of a case."""
    assert main(["baseline", "--apply", "w.db", "--vcf", "c.vcf.gz", "-o", "p.tsv", *options]) == 0
    rows = rows_of(Path("p.tsv"))
    return {row.pop("gene_id"): {name: float(value) for name, value in row.items()} for row in rows}


def test_weights_of_gtex(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case("33-predictdb-gtex-v8")
    # B lacks a call, which takes the most frequent dosage: of 1 and 2 once each, the smaller
    assert apply_weights() == {"ENSG1.5": {"A": 1211, "B": 102 + 10 * 1, "C": 1020}}
    told = capsys.readouterr().out
    assert "4 of 5 weights" in told
    assert "1 not in the VCF" in told
    assert "missing calls: 1, each took the most frequent dosage" in told
    rows = rows_of(Path("p.weights.tsv"))
    assert list(rows[0]) == ["gene", "varID", "rsid", "ref", "eff", "weight", "status"]
    assert [row["status"] for row in rows] == ["matched", "matched", "swapped", "matched", "not in the VCF"]
    (gene,) = rows_of(Path("p.genes.tsv"))
    assert (gene["n_weights"], gene["n_matched"], gene["share_matched"]) == ("5", "4", "0.8")
    apply_weights("--json", "--weights-table", "elsewhere.tsv")
    summary = json.loads(capsys.readouterr().out)
    assert summary["share_matched"] == {"ENSG1.5": 0.8}
    assert summary["missing_dosage"] == "most_frequent"
    assert Path("elsewhere.tsv").read_bytes() == Path("p.weights.tsv").read_bytes()


def test_weights_on_imputed_dosages(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case("36-predictdb-dosage")
    assert apply_weights("--dosage", "DS") == {"G": {"A": 0.62, "B": 1.9, "C": 0.31}}
    capsys.readouterr()
    assert apply_weights() == {"G": {"A": 1, "B": 2, "C": 0}}
    assert "the VCF has DS too: --dosage DS" in capsys.readouterr().out


def test_weights_on_the_x_of_a_man(case: Case) -> None:
    """The effect allele is REF, and men count double."""
    case("37-predictdb-chrX")
    assert apply_weights() == {"G": {"A": 0, "B": 1, "C": 2}}


def test_imputed_dosages_alone(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    case("12a-gt-absent")
    assert predict() == 2
    told = capsys.readouterr().err
    assert "GT" in told
    assert "--dosage DS" in told
    assert "sort" not in told


def test_motif_sizes_of_table_3(case: Case) -> None:
    """24 genes of Supplementary Table 3 of Sasse et al., with the reference and with the main variant."""
    case("table3")
    rows = rows_of(Path("rows.tsv"))
    assert len(rows) == 48
    for row in rows:
        z = np.array([-float(row[f"mean_effect_{k}"]) for k in range(-20, 21)])
        sizes, distances = motif_sizes(z, 20, float(row["max_abs_ism"]))
        found = {f"size_{at}": size for at, size in zip((5, 10, 20, 50), sizes.tolist(), strict=True)}
        found |= {f"distance_{at}": far for at, far in zip((5, 10, 20, 50), distances.tolist(), strict=True)}
        assert found == {name: int(float(row[name])) for name in found}, (row["gene_id"], row["sequence"])


# -- names, genes and files


def test_an_accession_that_cannot_be_proved(case: Case, capfd: Any) -> None:
    case("14-refseq-accession")
    assert predict() == 2
    message = capfd.readouterr().err
    assert "NC_000001.11 chr1" in message
    assert "bcftools annotate --rename-chrs" in message
    Path("names.tsv").write_text("NC_000001.11\tchr1\n")
    assert predict("--contigs", "names.tsv", "-o", "named") == 0


def test_gtf_of_ucsc(case: Case) -> None:
    case("20b-gtf-ucsc-alt-contigs")
    assert predict("-r", "chr1:1-1600", genes="g.gtf") == 0
    found = [
        tuple(row[name] for name in ("gene_id", "chrom", "tss", "strand")) for row in rows_of(Path("out/genes.tsv"))
    ]
    assert found == [("AAA", "chr1", "1000", "+"), ("BBB", "chr1", "1500", "-")]


def test_gtf_of_refseq(case: Case, capfd: Any) -> None:
    case("21-gtf-refseq")
    assert predict(genes="g.gtf") == 3
    assert "not predicted: PAR1_chrY: contig not in the VCF" in capfd.readouterr().err
    rows = rows_of(Path("out/genes.tsv"))
    assert [(row["gene_id"], row["chrom"], row["tss"], row["strand"]) for row in rows] == [
        ("AAA", "chr1", "1000", "+"), ("DUP", "chr1", "1500", "-"), ("DUP_1", "chr1", "1900", "+"),
        ("PAR1", "chrX", "500", "+"), ("PAR1_chrY", "chrY", "500", "+"),
    ]  # fmt: skip


def pairs_of(folder: str) -> list[tuple[str, ...]]:
    rows = rows_of(Path(folder, "eqtl", "nominal.tsv.gz"))
    return [(row["phenotype_id"], row["variant_id"].split("_")[1], row["start_distance"], row.get("end_distance", ""))
            for row in rows]  # fmt: skip


def test_phenotypes_that_are_intervals(case: Case) -> None:
    """Start - 100 to end + 100, as tensorQTL >= 1.0.8: of the records at 970 to 2020, those up to 1400."""
    case("25-expression-bed")
    run = ["eqtl", "-q", "--vcf", "c.vcf.gz", "--window", "100", "--permutations", "0", "--expression"]
    assert main([*run, "i.bed.gz", "-o", "eq"]) == 0
    name = "chr1:900:1300:clu_1_+"
    assert pairs_of("eq") == [
        (name, "970", "70", "-330"), (name, "990", "90", "-310"), (name, "1010", "110", "-290"),
        (name, "1030", "130", "-270"),
    ]  # fmt: skip
    assert main([*run[:-3], "--permutations", "0", "--window", "170", "--expression", "i.bed.gz", "-o", "wider"]) == 0
    assert [pair[1] for pair in pairs_of("wider")] == ["970", "990", "1010", "1030", "1470"]


@pytest.mark.parametrize(
    ("name", "genes", "missing"), [("a", "AB", 0), ("b", "AB", 0), ("c", "AB", 0), ("d", "A", 0), ("f", "A", 3)]
)
def test_expression_beds_that_people_have(case: Case, name: str, genes: str, missing: int) -> None:
    """QTLtools' six columns, tensorQTL's four, a byte order mark, a header in capitals, NA and empty and nan."""
    from gxfast.io.tables import read_expression

    folder = case("25-expression-bed")
    table = read_expression(folder / f"{name}.bed.gz")
    assert table.gene_id == tuple(genes)
    assert table.samples == tuple(f"S{i}" for i in range(12))
    assert (table.values[0, 0], table.values[0, 11]) == (6.0902, 4.7399)
    assert int((table.values != table.values).sum()) == missing
    run = ["eqtl", "-q", "--vcf", "c.vcf.gz", "--window", "100", "--permutations", "0", "--genes", "g.tsv"]
    assert main([*run, "--expression", f"{name}.bed.gz", "-o", "eq"]) == 0
    assert {pair[:3] for pair in pairs_of("eq") if pair[0] == "A"} == {
        ("A", "970", "-30"), ("A", "990", "-10"), ("A", "1010", "10"), ("A", "1030", "30")
    }  # fmt: skip


def test_men_alone_have_chromosome_y(case: Case) -> None:
    case("39-chrY-men-only")
    assert predict(genes="g.tsv", vcf="{chrom}.vcf.gz") == 0
    y, first = values_of("GY"), values_of("G1")
    assert sorted(name for name, value in y.items() if value == value) == ["A", "C"]
    assert sorted(name for name, value in first.items() if value == value) == ["A", "B", "C"]
    assert y["A"] != y["C"]
    assert predict("--missing", "N", "-o", "n", genes="g.tsv", vcf="{chrom}.vcf.gz") == 0
    assert values_of("GY", "n") == pytest.approx(y, nan_ok=True)
    assert {row["gene_id"]: row["n_haplotypes"] for row in rows_of(Path("n/genes.tsv"))} == {"G1": "2", "GY": "2"}


def test_snps_and_indels_in_two_files(case: Case) -> None:
    case("40-snps-and-indels-in-two-files")
    both = ["predict", "-q", "--fasta", "ref.fa", "--genes", "g.tsv", "--model", "m.onnx"]
    files = ["--vcf", "snps.vcf.gz", "--vcf", "indels.vcf.gz"]
    assert main([*both, *files, "-o", "out"]) == 0
    assert main([*both, *files[2:], *files[:2], "-o", "turned"]) == 0
    (row,) = rows_of(Path("out/genes.tsv"))
    assert (row["n_variants"], row["n_haplotypes"]) == ("2", "3")
    found = values_of("G1")
    assert found == values_of("G1", "turned")
    # A carries T>A and the insertion on one haplotype, B the insertion alone.
    assert found == pytest.approx({"A": -6.000331282615662, "B": -5.8904184103012085}, abs=1e-6)


def test_a_gene_whose_prediction_is_no_number(case: Case, capfd: Any) -> None:
    case("45-nan-outputs")
    assert predict(genes="g.tsv") == 3
    assert "not predicted: GN: the model returned nan" in capfd.readouterr().err
    assert all(value == value for value in values_of("G2").values())
    assert all(value != value for value in values_of("GN").values())
    status = {row["gene_id"]: row["status"] for row in rows_of(Path("out/genes.tsv"))}
    assert status["GN"].startswith("the model returned nan")


def test_a_window_whose_effects_are_no_numbers(case: Case, capfd: Any) -> None:
    """The same of a scan: the other window is done."""
    case("45-nan-outputs")
    inputs = ["-q", "--fasta", "ref.fa", "--genes", "g.tsv", "--model", "m.onnx"]
    assert main(["ism", "saturate", *inputs, "--window", "5", "--format", "tsv", "-o", "scan"]) == 3
    assert "not scanned: GN: the effects of 11 of 11 positions are not finite" in capfd.readouterr().err
    windows = {row["gene_id"]: row["status"] for row in rows_of(Path("scan/ism/m.windows.tsv"))}
    assert windows["G2"] == "ok"
    assert windows["GN"].startswith("the effects of")
    assert {row["gene_id"] for row in rows_of(Path("scan/ism/m.saturation.tsv.gz"))} == {"G2"}
    Path("g.tsv").write_text("gene_id\tchrom\ttss\tstrand\nGN\tchr1\t1000\t+\n")
    assert main(["ism", "saturate", *inputs, "--window", "5", "--format", "tsv", "-o", "none"]) == 2
    assert main(["predict", *inputs, "--vcf", "c.vcf.gz", "-o", "none2"]) == 2


# -- models

LETTERS = np.frombuffer(b"ACGTN", np.uint8)
Published = Callable[[str], dict[str, Any]]


@pytest.fixture
def published(data_dir: Path) -> Published:
    """What torch gives: sequences, outputs, and the gradient of the first value of the last axis."""

    def read(name: str) -> dict[str, Any]:
        path = data_dir / "cases" / name
        if not path.is_file():
            pytest.skip(f"{path} is absent")
        with np.load(path) as file:
            return {**file, "letters": LETTERS[file["codes"]]}

    return read


def one_output(name: str) -> ModelCard:
    return card_from_json(json.dumps({"gxfast_card": 1, "output": {"name": name}}), source="a test")


def gradient_error(model: gx.Model, torch: dict[str, Any]) -> float:
    """Largest difference, as a share of the largest gradient."""
    expected = torch["grad_first_of_last"]
    found = gx.ism.input_gradient(model, torch["letters"], track=0)
    return float(np.abs(found - expected).max() / np.abs(expected).max())


NETWORKS = {
    "beluga": ("out",), "borzoi_unet": ("out",), "bpnet": ("profile", "counts"), "chrombpnet": ("logits", "logcounts"),
    "danq_lstm": ("out",), "gru_ceil": ("out",), "legnet": ("out",), "malinois": ("out",),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_field(name: str, data_dir: Path, published: Published) -> None:
    torch, path = published(f"models/{name}.npz"), data_dir / f"cases/models/{name}.onnx"
    for output in NETWORKS[name]:
        model = gx.Model(path, card=one_output(output), device="cpu")
        assert model.rows_seen
        expected = torch[f"y_{output}"].reshape(len(torch["letters"]), -1)
        found = model.predict(torch["letters"])
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * max(1.0, np.abs(expected).max()))
        assert gx.ism.plan(model).verify(torch["letters"][0]) < 1e-5
    assert gradient_error(gx.Model(path, card=one_output(NETWORKS[name][-1]), device="cpu"), torch) < 1e-5


def test_rows_of_a_batch_are_independent(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    folder = case("47-quantised-model")
    shutil.copy(folder / "q.onnx", folder / "m.onnx")
    for size in ("2", "16"):
        assert predict("--batch-size", size, genes="g5.tsv") == 2
        told = capsys.readouterr().err
        assert "seq_QuantizeLinear" in told
        assert "rows of a batch are not independent" in told
        assert "quantize_static" in told
    shutil.copy(folder / "float.onnx", folder / "m.onnx")
    assert predict(genes="g5.tsv") == 0
    alone = [-0.25561, -0.25564, -0.25519, -0.25508, -0.25497, -0.25465, -0.25554, -0.25573]
    assert list(values_of("G0:track0").values()) == pytest.approx(alone, abs=5e-3)  # of the quantised model, one by one


@pytest.mark.parametrize("name", ["m.onnx", "named.onnx"])
def test_left_out_outputs(name: str, case: Case) -> None:
    import onnxruntime

    folder = case("50-lstm-y-left-out")
    assert main(["ism", "saturate", "--model", name, "--sequences", "s.fa", "--positions", "40-60", "--format", "tsv",
                 "-o", "scan", "-q"]) == 0  # fmt: skip
    letters = np.frombuffer("".join((folder / "s.fa").read_text().split("\n")[1:]).encode(), np.uint8)[:96]
    model = gx.Model(name, device="cpu")
    session = onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"])
    mutants = np.repeat(letters[None], 4, axis=0)
    mutants[:, 50] = LETTERS[:4]
    values = session.run(["out"], {"seq": gx.one_hot(mutants, layout="NCL")})[0]
    expected = values - values[mutants[:, 50] == letters[50]]
    for mode in ("auto", "naive", "packed", "delta"):
        effects = gx.ism.saturate(gx.ism.plan(model, mode=mode), letters[None], start=50, end=51)[0, 0]
        np.testing.assert_allclose(effects, expected, rtol=0, atol=1e-6)
    gradient = gx.ism.input_gradient(model, letters[None])
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 1e-4


def test_two_heads(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    folder = case("54-two-heads")
    assert main(["model", "inspect", "m.onnx"]) == 0
    told = capsys.readouterr().out
    assert "output.name: logits or logcounts" in told
    draft = json.loads(told[told.index("\n{\n") :])
    for name, n in (("logits", 250), ("logcounts", 1)):
        draft["output"]["name"] = name
        for card in (draft, {"gxfast_card": 1, "output": {"name": name}}):
            (folder / "m.card.json").write_text(json.dumps(card))
            assert gx.Model("m.onnx", device="cpu").n_tracks == n


def test_height_of_bases_and_width_of_one(case: Case, published: Published, capsys: pytest.CaptureFixture[str]) -> None:
    case("55-basset-ncl1")
    torch = published("55-basset-ncl1/expected.npz")
    assert main(["model", "inspect", "m.onnx"]) == 0
    assert "600 bases as NCL1" in capsys.readouterr().out
    for feed in ("one_hot", "codes"):
        model = gx.Model("m.onnx", device="cpu", feed=feed)
        np.testing.assert_allclose(model.predict(torch["letters"]), torch["y_out"], rtol=0, atol=1e-6)
    assert gradient_error(model, torch) < 1e-5


def test_constant_channels(case: Case, published: Published) -> None:
    case("56-legnet-extra-channels")
    torch = published("56-legnet-extra-channels/expected.npz")
    with pytest.raises(gx.ModelError) as error:
        gx.Model("m.onnx", device="cpu")
    assert '"extra_channels": [0, 0]' in str(error.value.remedy)
    Path("m.card.json").write_text('{"gxfast_card": 1, "input": {"extra_channels": [0, 0]}}')
    model = gx.Model("m.onnx", device="cpu")
    np.testing.assert_allclose(model.predict(torch["letters"])[:, 0], torch["y_out"], rtol=0, atol=5e-6)
    assert gradient_error(model, torch) < 1e-5


def test_two_dimensional_output(case: Case) -> None:
    case("57-orca-2d")
    found = inspect_model("m.onnx")
    assert found["problems"] == []
    assert found["card"]["output"]["layout"] == "NT"
    assert gx.Model("m.onnx", device="cpu").tracks[17] == "track1:1"
    assert main(["ism", "saturate", "--model", "m.onnx", "--sequences", "s.fa", "-o", "scan", "-q"]) == 0


def test_gradient_through_resize(case: Case, published: Published) -> None:
    case("58-borzoi-unet-gradient")
    assert gradient_error(gx.Model("m.onnx", device="cpu"), published("58-borzoi-unet-gradient/expected.npz")) < 1e-5

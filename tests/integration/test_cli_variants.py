"""`gxfast variants` on made-up tables: files, directions turned by the FASTA, exit codes, refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from gxfast.cli.main import main

N = 400
COLUMNS = [
    "model", "tissue", "stratum", "level", "controls", "metric", "value", "low", "high", "se", "n", "n_positive",
    "n_dropped", "method", "status",
]  # fmt: skip


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))


def _write(path: Path, columns: dict[str, Any]) -> Path:
    lines = ["\t".join(columns), *("\t".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


class Made:
    """Labels of which a tenth have REF and ALT exchanged, two tables of scores, and the reference."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        self.folder = folder
        letters = rng.choice(list("ACGT"), 20_000)
        (folder / "ref.fa").write_text(">chr1\n" + "".join(letters) + "\n")
        (folder / "ref.fa.fai").write_text("chr1\t20000\t6\t20000\t20001\n")
        pos = np.sort(rng.choice(20_000, N, replace=False))
        ref = letters[pos]
        alt = np.array([rng.choice([b for b in "ACGT" if b != r]) for r in ref])
        self.causal = rng.random(N) < 0.25
        self.beta = np.round(rng.normal(size=N), 4)
        self.a = np.round(np.where(self.causal, self.beta + rng.normal(size=N), 0.3 * rng.normal(size=N)), 4)
        self.turned = rng.random(N) < 0.1
        written = np.where(self.turned, alt, ref), np.where(self.turned, ref, alt)
        sign = np.where(self.turned, -1, 1)
        self.labels = _write(
            folder / "labels.tsv",
            {
                "chrom": ["chr1"] * N, "pos": pos + 1, "ref": written[0], "alt": written[1],
                "pip": np.where(self.causal, 0.98, 0.001), "beta": sign * self.beta,
                "tss_distance": rng.integers(-50_000, 50_000, N),
            },
        )  # fmt: skip
        places = {"chrom": ["chr1"] * N, "pos": pos + 1, "ref": ref, "alt": alt}
        self.scores = _write(folder / "a.tsv", {**places, "score": self.a})
        self.others = _write(folder / "b.tsv", {**places, "score": np.round(rng.normal(size=N), 4)})

    def run(self, name: str, *more: str) -> tuple[int, Path]:
        out = self.folder / name
        return main(["variants", "-q", "--labels", str(self.labels), "-o", str(out), *more]), out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("variants"))


def _value(rows: list[dict[str, str]], model: str, metric: str, **where: str) -> float:
    where = {"tissue": "all", **where}
    (row,) = [
        row for row in rows
        if (row["model"], row["metric"]) == (model, metric) and all(row[key] == one for key, one in where.items())
    ]  # fmt: skip
    return float(row["value"])


def test_tables(made: Made) -> None:
    code, out = made.run(
        "whole", "--scores", f"A={made.scores}", "--scores", f"B={made.others}", "--fasta",
        str(made.folder / "ref.fa"), "--controls", "2", "--compare", "A,B", "--strata", "distance:0/20000/50000",
    )  # fmt: skip
    assert code == 0
    assert {path.name for path in (out / "variants").iterdir()} == {
        "metrics.tsv", "strata.tsv", "matched.tsv", "audit.tsv", "turned.tsv",
    }  # fmt: skip
    rows = _rows(out / "variants" / "metrics.tsv")
    assert list(rows[0]) == COLUMNS
    causal, size = made.causal, np.abs(made.a)
    assert _value(rows, "A", "auroc", controls="all") == pytest.approx(roc_auc_score(causal, size), abs=1e-12)
    assert _value(rows, "A", "auprc", controls="all") == pytest.approx(average_precision_score(causal, size), abs=1e-12)
    right = made.a[causal] * made.beta[causal] > 0
    assert _value(rows, "A", "sign_share") == pytest.approx(right.mean(), abs=1e-12)
    assert _value(rows, "A", "sign_auroc") == pytest.approx(
        roc_auc_score(made.beta[causal] > 0, made.a[causal]), abs=1e-12
    )
    assert _value(rows, "A/B", "direction_odds_paired") > 1
    turned = _rows(out / "variants" / "turned.tsv")
    assert [int(row["row"]) - 1 for row in turned] == np.flatnonzero(made.turned).tolist()
    assert {row["status"] for row in turned} == {"exchanged"}
    matched = _rows(out / "variants" / "matched.tsv")
    assert len(matched) == 3 * causal.sum()
    assert [row["causal"] for row in matched[:3]] == ["1", "0", "0"]
    assert {row["stratum"] for row in _rows(out / "variants" / "strata.tsv")} == {"distance"}
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["summary"]["alleles"]["n_turned"] == made.turned.sum()
    assert manifest["inputs"].keys() == {"labels", "scores", "fasta"}
    assert main(["verify", str(out)]) == 0
    assert (out / "config.toml").is_file()


def test_without_a_fasta_scores_are_turned_to_the_alleles_of_labels(made: Made) -> None:
    code, out = made.run("bare", "--scores", str(made.scores))
    assert code == 0
    rows = _rows(out / "variants" / "metrics.tsv")
    right = made.a[made.causal] * made.beta[made.causal] > 0
    assert _value(rows, "score", "sign_share") == pytest.approx(right.mean(), abs=1e-12)
    assert {path.name for path in (out / "variants").iterdir()} == {"metrics.tsv"}


def test_the_terminal_says_what_was_turned_and_which_metrics_are_undefined(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fasta, labels = str(made.folder / "ref.fa"), made.labels.read_text()
    twice = tmp_path / "twice.tsv"
    twice.write_text(labels + "".join(line + "\n" for line in labels.splitlines()[1:4]))
    more = ["--scores", str(made.scores), "--fasta", fasta, "-o", str(tmp_path / "told")]
    assert main(["variants", "--labels", str(twice), *more]) == 0
    said = capsys.readouterr().out
    n = int(made.turned.sum() + made.turned[:3].sum())
    assert f"alleles: REF and ALT exchanged in {n} of {N + 3} rows of the labels: turned.tsv lists them" in said
    assert "repeated rows 3" in said
    _write(tmp_path / "causal.tsv", {"chrom": ["chr1"], "pos": [1], "ref": ["A"], "alt": ["C"], "pip": [0.99]})
    _write(tmp_path / "s.tsv", {"chrom": ["chr1"], "pos": [1], "ref": ["A"], "alt": ["C"], "s": [0.5]})
    of_one = ["--labels", str(tmp_path / "causal.tsv"), "--scores", str(tmp_path / "s.tsv"), "-o", str(tmp_path / "1")]
    assert main(["variants", *of_one]) == 0
    assert "s: no auroc, auprc, auprc_by_chromosome: one class only" in capsys.readouterr().out


def test_the_same_bytes_again_and_in_json(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--scores", str(made.scores), "--controls", "1", "--json"]
    for name in ("one", "two"):
        assert made.run(name, *options)[0] == 0
    files = [sorted((made.folder / name / "variants").iterdir()) for name in ("one", "two")]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    told = capsys.readouterr().out
    summary = json.loads(told[: len(told) // 2])
    assert summary["n_matched"] == made.causal.sum()
    assert {row["metric"] for row in summary["models"]["score"]} >= {"sign_share", "auroc", "pairwise_accuracy"}


def test_variants_that_fit_no_allele_and_positives_without_controls_are_listed(made: Made) -> None:
    rows = _rows(made.labels)
    others = sorted({"A", "C", "G", "T"} - {rows[7]["ref"], rows[7]["alt"]})
    rows[7] |= {"ref": others[0], "alt": others[1]}
    few = Made.__new__(Made)
    few.folder, few.labels = made.folder, made.folder / "few.tsv"
    _write(few.labels, {name: [row[name] for row in rows] for name in rows[0]})
    code, out = few.run("few", "--scores", str(made.scores), "--fasta", str(made.folder / "ref.fa"), "--controls", "9")
    assert code == 3
    assert {"fits neither", "other strand"} & {row["status"] for row in _rows(out / "variants" / "turned.tsv")}
    without = [row for row in _rows(out / "variants" / "matched.tsv") if not row["match_group"]]
    assert without
    assert "candidates for" in without[0]["status"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert len(manifest["failed"]) == len(without) + 1


def test_percentiles_among_null_snvs_in_strata_of_distance(made: Made) -> None:
    """Near ones score 0.01 to 1.00, far ones all 9: scores of the labels lie among them as sorting says."""
    pos = np.arange(1, 201)
    places = {"chr": ["chr2"] * 200, "pos": pos, "ref": ["A"] * 200, "alt": ["C"] * 200}
    size = np.where(pos <= 100, pos / 100, 9.0)
    null = _write(made.folder / "null.tsv", {**places, "score": -size, "TSS_dist": np.where(pos <= 100, -20_000, 5)})
    code, out = made.run("null", "--scores", f"A={made.scores}", "--scores", f"B={made.others}", "--null", f"A={null}")
    assert code == 0
    distance = np.array([abs(int(row["tss_distance"])) for row in _rows(made.labels)])
    used = made.causal & ((distance < 1000) | ((distance >= 10_000) & (distance < 100_000)))
    mine = np.abs(made.a[used])
    among = np.where((distance[used] < 1000)[:, None], 9.0, np.arange(1, 101) / 100)
    equal, below = (among == mine[:, None]).sum(axis=1), (among < mine[:, None]).sum(axis=1)
    (row,) = [one for one in _rows(out / "variants" / "metrics.tsv") if one["metric"] == "null_percentile"]
    assert float(row["value"]) == pytest.approx(np.mean((below + equal / 2 + 0.5) / 101), abs=1e-12)
    assert (row["model"], int(row["n"]), int(row["n_dropped"])) == ("A", used.sum(), made.causal.sum() - used.sum())
    assert row["method"] == "Student's t; among 200 null SNVs of 2 strata of distance to the TSS"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["inputs"].keys() == {"labels", "scores", "nulls"}
    assert main(["variants", "-q", "--config", str(out / "config.toml"), "-o", str(made.folder / "again")]) == 0
    again, first = (made.folder / name / "variants" / "metrics.tsv" for name in ("again", "null"))
    assert again.read_bytes() == first.read_bytes()


def test_the_summary_is_told(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    out = made.folder / "told"
    assert main(["variants", "--labels", str(made.labels), "--scores", f"toy={made.scores}", "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("toy: sign_share 0.")
    assert f"n {N}, all negatives" in told


def test_two_methods_and_one_tissue_of_a_release(tmp_path: Path) -> None:
    """Rows of SUSIE and FINEMAP: their mean PIP, where both are there and agree; Liver alone is used."""
    rows = [
        # position, tissue, pip of SUSIE, of FINEMAP, beta, score
        (10, "Liver", 0.99, 0.97, 1.0, 0.5),
        (20, "Liver", 0.95, 0.93, -1.0, -0.5),
        (30, "Liver", 0.95, 0.80, 1.0, -0.5),
        (40, "Liver", 0.99, None, 1.0, -0.5),
        (50, "Liver", 0.001, 0.002, 0.1, 0.7),
        (60, "Liver", 0.001, 0.0, 0.1, 0.1),
        (70, "Brain", 0.99, 0.99, 1.0, -3.0),
    ]
    lines = ["chrom\tpos\tref\talt\ttissue\tmethod\tpip\tbeta"]
    for pos, tissue, susie, finemap, beta, _ in rows:
        for method, pip in (("SUSIE", susie), ("FINEMAP", finemap)):
            if pip is not None:
                lines.append(f"chr1\t{pos}\tA\tG\t{tissue}\t{method}\t{pip}\t{beta}")
    (tmp_path / "labels.tsv").write_text("\n".join(lines) + "\n")
    scores = [f"chr1\t{row[0]}\tA\tG\t{row[5]}" for row in rows]
    (tmp_path / "scores.tsv").write_text("\n".join(["chrom\tpos\tref\talt\ttoy", *scores]) + "\n")
    out = tmp_path / "out"
    argv = ["--labels", str(tmp_path / "labels.tsv"), "--scores", str(tmp_path / "scores.tsv"), "--tissue", "Liver"]
    assert main(["variants", "-q", *argv, "-o", str(out)]) == 0
    found = _rows(out / "variants" / "metrics.tsv")
    assert _value(found, "toy", "sign_share") == 1.0  # 10 and 20; the others would have the other sign
    assert _value(found, "toy", "auroc", controls="all") == 0.5  # 0.5 and 0.5 against 0.7 and 0.1
    counts = json.loads((out / "manifest.json").read_text())["counts"]["variants"]
    assert counts["PIP of one method only"] == 1
    assert counts["PIPs of two methods differ"] == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--scores", "A={a}", "--scores", "{b}"], "has no name"),
        (["--scores", "A={a}", "--scores", "A={b}"], "two tables of scores are called 'A'"),
        (["--scores", "{a}", "--compare", "A,B"], "no score is called 'A'"),
        (["--scores", "{a}", "--compare", "A"], "no pair of models"),
        (["--scores", "{a}", "--pip", "0.9"], "no pair of numbers"),
        (["--scores", "{a}", "--pip", "0.01,0.9"], "write --pip 0.9,0.01"),
        (["--scores", "{a}", "--strata", "gene"], "strata by 'gene'"),
        (["--scores", "{a}", "--strata", ","], "--strata lists nothing"),
        (["--scores", "{a}", "--tissue", "Liver"], "tells the tissue"),
        (["--scores", "{a}.gone"], "gone"),
        (["--scores", "A={a}", "--null", "a={b}"], "null SNVs are called 'a', and no model is"),
        (["--scores", "{a}", "--null", "A={a}", "--null", "{b}"], "one of several tables of null has no name"),
        (["--scores", "A={a}", "--null", "A={b}.gone"], "gone"),
        (["--scores", "A={a}", "--null", "A={two}"], "no column 'score' for the model 'A'"),
        ([], "score"),
    ],
)
def test_what_cannot_be_used_is_refused(
    made: Made, more: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {"chrom": ["1"] * 120, "pos": range(1, 121), "ref": ["A"] * 120, "alt": ["C"] * 120}
    two = _write(made.folder / "two.tsv", {**columns, "x": range(120), "y": range(120)})
    named = [one.format(a=made.scores, b=made.others, two=two) for one in more]
    assert main(["variants", "-q", "--labels", str(made.labels), "-o", str(tmp_path / "out"), *named]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_no_input_is_written_over(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["variants", "-q", "--labels", str(made.labels), "--scores", f"A={made.scores}",
                 "-o", str(made.folder)]) == 2  # fmt: skip
    assert "lies in the folder to be written" in capsys.readouterr().err


def test_labels_of_the_other_strand_are_taken_where_that_is_asked_for(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, pair = _rows(made.labels), dict(zip("ACGT", "TGCA", strict=True))
    other = Made.__new__(Made)
    other.folder, other.labels = tmp_path, tmp_path / "other.tsv"
    kept = [row for row, turned in zip(rows, made.turned, strict=True) if not turned]
    columns = {name: [row[name] for row in kept] for name in rows[0]}
    _write(other.labels, columns | {name: [pair[one] for one in columns[name]] for name in ("ref", "alt")})
    more = ["--scores", str(made.scores), "--fasta", str(made.folder / "ref.fa")]
    assert other.run("refused", *more)[0] == 2
    said = capsys.readouterr().err
    assert "is of the other strand (100.0% fit)" in said
    assert "take it with --strands" in said
    code, out = other.run("taken", *more, "--strands")
    assert code == 0
    right = (made.a * made.beta > 0)[made.causal & ~made.turned]
    assert _value(_rows(out / "variants" / "metrics.tsv"), "score", "sign_share") == pytest.approx(
        right.mean(), abs=1e-12
    )
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["failed"] == []
    assert manifest["summary"]["alleles"]["n_other_strand"] == (~made.turned).sum()
    assert main(["variants", "-q", "--config", str(out / "config.toml"), "-o", str(tmp_path / "again")]) == 0


def test_a_method_is_chosen_of_three_and_a_pip_of_the_threshold_is_causal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["chrom\tpos\tref\talt\tmethod\tpip\tbeta"]
    for method, pip in (("ABF", 0.5), ("FINEMAP", 0.7), ("SUSIE", 0.9)):
        lines += [f"chr1\t{pos}\tA\tG\t{method}\t{pip if pos < 30 else 0}\t{pos - 15}" for pos in (10, 20, 30, 40)]
    (tmp_path / "labels.tsv").write_text("\n".join(lines) + "\n")
    scores = ["chrom\tpos\tref\talt\ttoy", *[f"chr1\t{pos}\tA\tG\t{pos - 15}" for pos in (10, 20, 30, 40)]]
    (tmp_path / "scores.tsv").write_text("\n".join(scores) + "\n")
    argv = ["variants", "-q", "--labels", str(tmp_path / "labels.tsv"), "--scores", str(tmp_path / "scores.tsv"), "-o"]
    assert main([*argv, str(tmp_path / "all")]) == 2
    assert "3 methods give PIPs: ABF, FINEMAP, SUSIE" in (said := capsys.readouterr().err)
    assert "--method" in said
    assert main([*argv, str(tmp_path / "above"), "--method", "SUSIE"]) == 0
    assert (
        "2 PIPs are exactly 0.9, and not causal: causal is above it (--pip-inclusive takes" in capsys.readouterr().err
    )
    assert main([*argv, str(tmp_path / "from"), "--method", "SUSIE", "--pip-inclusive"]) == 0
    rows = _rows(tmp_path / "from" / "variants" / "metrics.tsv")
    assert _value(rows, "toy", "sign_share") == 1.0
    assert [row["n_positive"] for row in rows if row["metric"] == "auroc"] == ["2"]


def test_labels_alone_are_no_scores(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Whole_Blood.v8.signif_variant_gene_pairs.tsv"
    _write(
        path, {"variant_id": ["chr1_5_A_C"], "gene_id": ["G"], "pval_nominal": [1e-9], "slope": [1], "slope_se": [1]}
    )
    assert main(["variants", "--labels", str(path), "-o", str(tmp_path / "out")]) == 2
    assert "give a table of scores, or, of a benchmark, name them with --column" in capsys.readouterr().err

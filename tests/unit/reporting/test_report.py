"""The report on hand-made run directories: numbers, escaping, missing parts, determinism."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from oracles.page_file import cells_of, data_of
from oracles.report_runs import ROWS, make_run, text_of

from gxfast.errors import InputError
from gxfast.reporting import write_report


def test_key_numbers_and_counts(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"))
    # (0.9 - 0.8 + 0.1) / 3
    assert "mean r across people 0.067" in text
    assert "1 gene is predicted in the right direction and 1 in the wrong one" in text
    assert "<b>3</b>of 4 genes" in text
    assert re.search(r"missing_calls</td>\s*<td[^>]*>7<", text)
    assert "half_calls" not in text
    assert "one_haplotype" in text
    assert "ab" * 32 in text


def test_across_gene_correlation_is_the_hand_worked_one(tmp_path: Path) -> None:
    # x = 1 2 3 2, y = 1.5 2.5 3 4: covariance sum 1.5, squares 2 and 3.25
    text = text_of(make_run(tmp_path / "run"))
    assert f"Pearson {1.5 / (2 * 3.25) ** 0.5:.3f}" in text


def test_figures_come_with_their_tables(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    write_report(folder)
    names = {p.name for p in (folder / "figures").iterdir()}
    for stem in ("m.across_genes", "m.r_histogram", "m.person.G1", "m.person.G2", "m.person.G3"):
        assert {f"{stem}.svg", f"{stem}.png", f"{stem}.tsv"} <= names
    lines = (folder / "figures" / "m.person.G1.tsv").read_text().splitlines()
    assert lines == ["sample\tpredicted\tobserved", "a\t1.0\t1.0", "b\t2.0\t2.0", "c\t3.0\t3.0"]


def test_one_file_without_network(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"))
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert "<link" not in text
    assert "@import" not in text


def test_ids_are_unique(tmp_path: Path) -> None:
    ids = re.findall(r'\bid="([^"]+)"', text_of(make_run(tmp_path / "run")))
    assert len(ids) == len(set(ids))


def test_names_are_harmless(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    folder = make_run(tmp_path / "run", G1=evil, UP="$x_{1}$&<b>")
    text = text_of(folder)
    assert evil not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert all("<" not in p.name and "/" not in p.name for p in (folder / "figures").iterdir())


def test_a_gene_name_is_no_path(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", G1="../../escape")
    write_report(folder)
    assert {p.name for p in tmp_path.iterdir()} == {"run"}


def test_same_bytes_twice(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        folder = make_run(tmp_path / name)
        write_report(folder)
        files = [*sorted((folder / "figures").iterdir()), folder / "report.html"]
        digests.append([hashlib.sha256(p.read_bytes()).hexdigest() for p in files])
    assert digests[0] == digests[1]


def test_chosen_genes_by_id_or_name(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"), genes=["NONE"])
    assert "Chosen gene: NONE" in text
    assert "undefined: one_haplotype" in text
    with pytest.raises(InputError, match="'G9' is not in this run"):
        write_report(tmp_path / "run", genes=["G9"])


def test_without_matrices_the_scatter_is_left_out_with_a_reason(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run", matrices=False))
    assert "Left out: the figures person by person need" in text


def test_nothing_defined(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run", [ROWS[3]]))
    assert "no gene has a defined correlation across people" in text
    assert "no defined correlation" in text


def test_several_models(tmp_path: Path) -> None:
    rows = [*ROWS, *(row.replace(" m ", " other ") for row in ROWS[:3])]
    text = text_of(make_run(tmp_path / "run", rows, matrices=False))
    assert "Do the models predict people?" in text
    assert '<section id="m1">' in text
    assert '<section id="m2">' in text
    assert "other: mean r across people 0.067" in text


def test_planted_truth(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (folder / "demo_truth.tsv").write_text(
        "gene_id\ttruth\tcausal_variant\teffect\tfound\tagrees\nG1\tright\tv\t1\tpositive\tyes\n"
        "G2\twrong\tv\t1\tpositive\tno\n"
    )
    assert "1 of 2 genes came out as planted" in text_of(folder)


def write_certificate(folder: Path, p: list[tuple[str, str, str]]) -> None:
    rows = [f"G{i + 1}\tm\t{right}\t{none}\t{wrong}" for i, (right, none, wrong) in enumerate(p)]
    header = "gene_id\tmodel\tp_right\tp_none\tp_wrong"
    (folder / "certificate.tsv").write_text("\n".join([header, *rows]) + "\n")


def test_certificate(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    write_certificate(folder, [("0.2", "0.7", "0.1"), ("0.9", "0.08", "0.02"), ("0.01", "0.09", "0.9"), ("", "", "")])
    text = text_of(folder)
    assert "Direction right in 1 gene, wrong in 1; nothing can be said of 1." in text
    drawn = (folder / "figures" / "m.certificate.tsv").read_text().split("\n")
    assert drawn[:3] == ["gene_id\tp_right\tp_none\tp_wrong", "G2\t0.9\t0.08\t0.02", "G1\t0.2\t0.7\t0.1"]
    assert "Marks below" not in text
    assert not (folder / "figures" / "m.calibration.tsv").exists()


def test_certificate_of_planted_truth(tmp_path: Path) -> None:
    rows = [ROWS[0].replace("G1", f"G{i + 1}") for i in range(12)]
    folder = make_run(tmp_path / "run", rows, matrices=False)
    write_certificate(folder, [("0.95", "0.05", "0.0")] * 11 + [("0.1", "0.8", "0.1")])
    truth = [f"G{i + 1}\t{'wrong' if i == 4 else 'right'}" for i in range(12)]
    (folder / "demo_truth.tsv").write_text("\n".join(["gene_id\ttruth", *truth]) + "\n")
    text = text_of(folder)
    assert "10 of 11 statements hold." in text
    assert "Marks below: the planted direction." in text
    header, row = (line.split("\t") for line in (folder / "figures" / "m.calibration.tsv").read_text().split("\n")[:2])
    found = dict(zip(header, row, strict=True))
    assert (found["low"], found["high"], found["n"], found["n_right"]) == ("0.9", "0.99", "11", "10")


def test_no_run_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run directory"):
        write_report(tmp_path)


def change_manifest(folder: Path, **parts: Any) -> Path:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **parts}))
    return folder


def test_tracks_are_not_counted_as_genes(tmp_path: Path) -> None:
    # Two tracks, one with a colon in its name; expression is by gene. Track b differs in G1 only: 0.3, not 0.9.
    rows = []
    for row in ROWS[:3]:
        gene, rest = row.split(" ", 1)
        rows += [f"{gene}:CAGE:a {rest}", f"{gene}:b {rest}".replace(" 0.9 ", " 0.3 ")]
    folder = make_run(tmp_path / "run", rows)
    observed = folder / "evaluation" / "observed.bed.gz"
    with gzip.open(observed, "wt") as handle:
        handle.write("#chr\tstart\tend\tgene_id\ta\tb\tc\td\n")
        for i in range(3):
            handle.write(f"chr1\t{100 * i}\t{100 * i + 1}\tG{i + 1}\t1.0\t2.0\t{3.0 + i}\tNA\n")
    text = text_of(folder)
    assert "4 people, 3 genes." in text
    # (0.9 - 0.8 + 0.1) / 3 and (0.3 - 0.8 + 0.1) / 3
    assert "m, CAGE:a: mean r across people 0.067" in text
    assert "m, b: mean r across people -0.133" in text
    # two figures across genes and one of the two tracks, each with its words for those who do not see it
    assert text.count("one dot a gene (n = 3)") == 6
    assert "(n = 6" not in text
    assert "Left out" not in text
    assert (folder / "figures" / "m.CAGE%3Aa.person.G1.svg").exists()


def test_a_colon_in_a_gene_is_no_track(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run", G1="HLA:A", G2="HLA:B", G3="HLA:C", G4="HLA:D"))
    assert "4 people, 4 genes. m: mean r across people 0.067" in text
    text = text_of(make_run(tmp_path / "other", matrices=False, G1="HLA:A", G2="HLA:B", G3="HLA:C", G4="X"))
    assert "4 genes. m: mean r across people 0.067" in text


def test_many_models_stand_side_by_side(tmp_path: Path) -> None:
    rows = [row.replace(" m ", f" m{k:02d} ") for k in range(14) for row in ROWS[:3]]
    text = text_of(make_run(tmp_path / "run", rows, matrices=False))
    assert "The first 12 have figures below" in text
    assert len(re.findall(r'<section id="m\d+">', text)) == 12
    assert re.search(r"<td>m13</td><td class=\"n\">3</td><td class=\"n\">3</td><td class=\"n\">0.067</td>", text)


@pytest.mark.parametrize(
    "parts",
    [
        {"counts": {"missing_calls": 3}},
        {"inputs": {"vcf": {"path": "x.vcf", "sha256": "aa"}, "note": "text"}},
        {"summary": {"models": {"m": {"unique_haplotypes": 5}}}},
        {"summary": None, "options": None, "versions": None, "inputs": None, "counts": None},
    ],
    ids=["flat counts", "flat inputs", "no sequences", "nulls"],
)
def test_other_manifests_are_shown_too(tmp_path: Path, parts: dict[str, Any]) -> None:
    text = text_of(change_manifest(make_run(tmp_path / "run"), **parts))
    assert "mean r across people 0.067" in text
    if parts.get("counts"):
        assert re.search(r"missing_calls</td>\s*<td[^>]*>3<", text)


def test_command_is_shown_escaped(tmp_path: Path) -> None:
    folder = change_manifest(make_run(tmp_path / "run"), command=["gxfast", "run", "-o", "<a b>"])
    assert "<code>gxfast run -o &#39;&lt;a b&gt;&#39;</code>" in text_of(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tmodel\t", "\tmodle\t", "no column model"),
        ("\tstatus\n", "\tstat\n", "no column status"),
        ("\t0.9\t", "\tabc\t", "'pearson_r' holds text"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = make_run(tmp_path / "run")
    file = folder / "genes.tsv"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InputError, match=message):
        write_report(folder)
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(InputError, match="JSON object"):
        write_report(folder)


def test_long_and_similar_names_keep_files_and_ids_apart(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", G1="A.1", G2="A_1", G3="G" * 300)
    text = text_of(folder)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 0
    assert set(re.findall(r'(?:href="#|url\(#)(f[^")]+)', text)) <= set(ids)
    assert len(list((folder / "figures").glob("m.person.*.svg"))) == 3


def test_an_undefined_gene_has_neither_sign_nor_line(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    text = text_of(folder, genes=["G4"])
    svg = (folder / "figures" / "m.person.G4.svg").read_text().lower()
    assert "#8a8f98" in svg
    assert "#d55e00" not in svg
    assert "#0072b2" not in svg
    assert "1 of 4 without a defined r: one_haplotype (1)" in text


def test_covariates_are_named_under_the_scatter(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    observed = folder / "evaluation" / "observed.bed.gz"
    (folder / "evaluation" / "observed.residual.bed.gz").write_bytes(observed.read_bytes())
    text = text_of(folder)
    assert "Shown: expression without the covariates, and the prediction as it is." in text
    assert "partial correlation" not in text
    change_manifest(folder, options={"residualise": "both", "n_covariates": 2})
    assert "r is the partial correlation" in text_of(folder)


def test_nothing_significant_and_one_gene(tmp_path: Path) -> None:
    rows = [row.replace("0.004", "0.4") for row in ROWS[:1]]
    text = text_of(make_run(tmp_path / "run", rows))
    assert "1 gene. m: mean r across people 0.900; at FDR 5 % 0 genes are" in text
    assert "Dashed" not in text
    assert "the figure across genes needs" in text


def test_many_dots_become_a_bitmap(tmp_path: Path) -> None:
    rows = [f"G{i} N{i} chr1 {i + 1} + m 4 3 5 0.1 0.5 0.9 0.1 {i % 7} 2 {i % 11} ok" for i in range(2001)]
    text = text_of(make_run(tmp_path / "run", rows, matrices=False))
    assert "data:image/png;base64," in text
    assert "one dot a gene (n = 2001)" in text


def write_drivers(folder: Path, n: int) -> None:
    header = "model\tgene_id\tvariant_id\ttss_distance\tism\tlinear_r\tis_main\tsupport"
    lines = [f"m\tG{i % 3 + 1}\tv{i}\t{i}\t0.5\t0.9\t{'yes' if i % 2000 == 7 else 'no'}\tsupported" for i in range(n)]
    (folder / "drivers.tsv").write_text("\n".join([header, *lines]) + "\n")


def test_the_page_shows_the_first_rows_and_holds_all(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    write_drivers(folder, 5000)
    text = text_of(folder)
    assert [f">v{i}<" in text for i in (0, 99, 100)] == [True, True, False]
    drivers = cells_of(data_of(text), "Driver SNVs")
    assert drivers["variant_id"] == [f"v{i}" for i in range(5000)]
    assert drivers["tss_distance"] == list(range(5000))
    assert drivers["own"] == [f"G{i % 3 + 1}" for i in range(5000)]
    assert "rows: a page" not in text


def test_tables_beyond_what_a_page_holds_are_cut_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gxfast.reporting.tables._MOST_CELLS", 8 * 2)  # 8 columns are shown
    folder = make_run(tmp_path / "run")
    write_drivers(folder, 5000)
    text = text_of(folder)
    assert "Main drivers only: there are 5,000 in all. The first 2 of 3 rows: a page does not hold more." in text
    assert cells_of(data_of(text), "Driver SNVs")["variant_id"] == ["v7", "v2007"]
    assert cells_of(data_of(text), "genes of m")["gene_id"] == ["G1", "G2", "G3", "G4"]


def test_what_tables_share_is_stored_once(tmp_path: Path) -> None:
    rows = [*ROWS, *(row.replace(" m ", " other ").replace(" 0.9 ", " 0.7 ") for row in ROWS)]
    data = data_of(text_of(make_run(tmp_path / "run", rows)))
    one, two = (table for table in data["tables"] if table["label"].startswith("genes of"))
    places = [{name: k for name, k, _ in table["columns"]} for table in (one, two)]
    shared = {name for name in places[0] if places[0][name] == places[1][name]}
    assert {"gene_id", "name", "chrom", "tss", "strand", "mean_observed"} <= shared
    assert "pearson_r" not in shared
    assert one["gene"] == places[0]["gene_id"]
    assert len(data["words"]) == len(set(data["words"]))


def test_undefined_cells_and_places_keep_their_meaning(tmp_path: Path) -> None:
    genes = cells_of(data_of(text_of(make_run(tmp_path / "run"))), "genes of m")
    assert genes["pearson_r"] == [0.9, -0.8, 0.1, None]
    assert genes["tss"] == [100, 200, 300, 400]
    assert genes["status"] == ["ok", "ok", "ok", "one_haplotype"]


def test_no_value_ends_the_script(tmp_path: Path) -> None:
    evil = "</script><!--<script>]]>"
    text = text_of(make_run(tmp_path / "run", G3=evil, NONE="&amp;"))
    data = data_of(text)  # the element ends where it is meant to
    assert {evil, "&amp;"} <= set(data["words"])
    assert text.count("<!--") == 0


def test_a_gene_leads_to_its_figures(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"), genes=["NONE,G3"])
    data = data_of(text)
    figures = {data["words"][int(k)]: found for k, found in data["figures"].items()}
    assert {gene: [title for _, title in found] for gene, found in figures.items()} == {
        "G1": ["Best gene: UP"], "G2": ["Worst gene: DOWN"], "G3": ["Chosen gene: FLAT"], "G4": ["Chosen gene: NONE"],
    }  # fmt: skip
    assert all(f'<figure id="{anchor}">' in text for found in figures.values() for anchor, _ in found)


def test_a_comma_separates_genes_unless_it_is_in_a_name(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", G3="a,b")
    assert "Chosen gene: FLAT" in text_of(folder, genes=["a,b"])
    assert "Chosen gene: NONE" in text_of(folder, genes=["a,b", "G2,G4"])
    with pytest.raises(InputError, match="'b' is not in this run"):
        write_report(folder, genes=["G2,b"])


def test_tracks_are_found_by_their_gene(tmp_path: Path) -> None:
    rows = [row.replace(" ", f":{track} ", 1) for track in "ab" for row in ROWS]
    data = data_of(text_of(make_run(tmp_path / "run", rows, matrices=False)))
    assert cells_of(data, "genes of m, b")["gene_id"] == ["G1:b", "G2:b", "G3:b", "G4:b"]
    assert cells_of(data, "genes of m, b")["own"] == ["G1", "G2", "G3", "G4"]


def test_without_a_script_the_page_names_the_table(tmp_path: Path) -> None:
    (said,) = re.findall(r"<noscript><p>(.*?)</p>", text_of(make_run(tmp_path / "run")))
    assert "genes.tsv" in said


def test_raw_expression_is_on_a_log_scale(tmp_path: Path) -> None:
    rows = [row.replace(" 1.5 2.5 1.0 ", " 900 2.5 1.0 ") for row in ROWS]
    text = text_of(make_run(tmp_path / "raw", rows))
    assert "Expression is raw, and on a log scale; Pearson with its logarithm -0." in text
    assert "Expression on a log scale; r is of the values themselves." in text
    data = data_of(text)
    assert [d["y"]["how"] for d in data["dots"] if d["x"]["label"] == "predicted"] == ["log"]
    assert data["people"]["log"]
    data = data_of(text_of(make_run(tmp_path / "run")))
    assert [d["y"]["how"] for d in data["dots"] if d["x"]["label"] == "predicted"] == [""]
    assert not data["people"]["log"]


def test_people_are_in_the_page_by_number(tmp_path: Path) -> None:
    text = text_of(make_run(tmp_path / "run"))
    data = data_of(text)
    people = data["people"]
    assert [data["words"][k] for k in people["genes"]][:2] == ["G1", "G2"]
    assert (people["n"], people["models"], len(data["codes"])) == (4, ["m"], 4 * 2 * 4)
    assert list(data["codes"][:8]) == [0, 127, 254, 255] * 2  # 1, 2, 3, undefined
    assert people["ends"][:4] == [1, 3, 1, 3]
    assert "holds the people of" not in text


def test_symbols_stand_beside_ids(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    write_drivers(folder, 3)
    drivers = cells_of(data_of(text_of(folder)), "Driver SNVs")
    assert list(drivers)[1:3] == ["gene_id", "name"]
    assert drivers["name"] == ["UP", "DOWN", "FLAT"]

"""Found against planted: every way a gene can come out, the verdict that can be negative, bad tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxfast.demo import DemoComparison, compare
from gxfast.errors import InputError

Row = tuple[str, str, str]  # planted class, r, q


def tables(folder: Path, rows: list[Row], *, extra: str = "") -> tuple[Path, Path]:
    truth, genes = folder / "truth.tsv", folder / "genes.tsv"
    planted = [f"G{i}\t{row[0]}\tchr1_{i + 1}_A_C\t0.5\t0.2" for i, row in enumerate(rows)]
    truth.write_text("\n".join(["gene_id\ttruth\tcausal_variant\teffect\th2", *planted]) + "\n")
    found = [f"G{i}\tdemo\t{row[1]}\t{row[2]}" for i, row in enumerate(rows)]
    genes.write_text("\n".join(["gene_id\tmodel\tpearson_r\tpearson_q", *found]) + "\n" + extra)
    return truth, genes


def compared(folder: Path, rows: list[Row]) -> DemoComparison:
    return compare(*tables(folder, rows))


@pytest.mark.parametrize(
    ("row", "found", "agrees"),
    [
        (("right", "0.5", "0.001"), "positive", True),
        (("right", "0.2", "0.05"), "not significant", False),  # q below the level, not at it
        (("right", "-0.5", "0.001"), "negative", False),
        (("right", "", ""), "undefined", False),
        (("right", "nan", "nan"), "undefined", False),
        (("wrong", "-0.5", "1e-300"), "negative", True),
        (("wrong", "0.5", "0.001"), "positive", False),
        (("wrong", "-0.1", "0.9"), "not significant", False),
        (("missed", "0.1", "0.6"), "not significant", True),
        (("missed", "", ""), "undefined", True),
        (("missed", "0.5", "0.01"), "positive", False),
        (("missed", "-0.5", "0.01"), "negative", False),
    ],
)
def test_one_gene(tmp_path: Path, row: Row, found: str, agrees: bool) -> None:
    gene = compared(tmp_path, [row]).genes[0]
    assert (gene.gene_id, gene.truth, gene.causal_variant, gene.effect) == ("G0", row[0], "chr1_1_A_C", "0.5")
    assert (gene.found, gene.agrees) == (found, agrees)


GOOD: list[Row] = [
    *[("right", "0.5", "0.001")] * 5,
    ("right", "0.1", "0.3"),
    *[("wrong", "-0.5", "0.001")] * 3,
    *[("missed", "0.0", "0.9")] * 4,
    ("missed", "0.4", "0.02"),
]


def test_text_of_a_good_result(tmp_path: Path) -> None:
    comparison = compared(tmp_path, GOOD)
    assert comparison.ok
    assert comparison.text().splitlines() == [
        "planted right 6: found positive 5 (not significant 1)",
        "planted wrong 3: found negative 3",
        "planted missed 5: significant 1",
        "the result bears out the planted truth (FDR 0.05)",
    ]


def test_swapped_signs_are_a_failure(tmp_path: Path) -> None:
    flipped = [(c, r.lstrip("-") if r.startswith("-") else f"-{r}", q) for c, r, q in GOOD]
    comparison = compared(tmp_path, flipped)
    assert not comparison.ok
    assert comparison.problems == (
        "only 0 of 6 planted right genes are positive",
        "5 planted right genes are negative",
        "only 0 of 3 planted wrong genes are negative",
        "3 planted wrong genes are positive",
    )
    assert "does NOT bear out" in comparison.text()


def test_nothing_found_is_a_failure(tmp_path: Path) -> None:
    comparison = compared(tmp_path, [(c, "0.0", "1.0") for c, _, _ in GOOD])
    assert comparison.problems[0] == "only 0 of 6 planted right genes are positive"
    assert not comparison.ok


def test_too_much_found_is_a_failure(tmp_path: Path) -> None:
    rows = [(c, "-0.4" if c == "wrong" else "0.4", "0.001") for c, _, _ in GOOD]
    assert compared(tmp_path, rows).problems == ("5 of 5 genes that the model should miss are significant",)


def test_absent_gene_is_a_failure_even_where_missed(tmp_path: Path) -> None:
    truth, genes = tables(tmp_path, GOOD)
    genes.write_text("\n".join(genes.read_text().splitlines()[:-2]) + "\n")  # two missed genes go
    comparison = compare(truth, genes)
    assert comparison.genes[-1].found == "absent"
    assert not comparison.genes[-1].agrees
    assert comparison.problems == ("2 planted genes are not in the result",)


def test_write_truth(tmp_path: Path) -> None:
    path = compared(tmp_path, GOOD[4:7]).write_truth(tmp_path)
    assert path == tmp_path / "demo_truth.tsv"
    assert path.read_text() == (
        "gene_id\ttruth\tcausal_variant\teffect\tfound\tagrees\tdriver\tsupport\tcertified\tcertainty\n"
        "G0\tright\tchr1_1_A_C\t0.5\tpositive\tyes\t\t\t\t\n"
        "G1\tright\tchr1_2_A_C\t0.5\tnot significant\tno\t\t\t\t\n"
        "G2\twrong\tchr1_3_A_C\t0.5\tnegative\tyes\t\t\t\t\n"
    )
    with pytest.raises(InputError, match="cannot write"):
        compared(tmp_path, GOOD[:1]).write_truth(tmp_path / "nowhere")


def test_drivers_are_compared_too(tmp_path: Path) -> None:
    rows = [("right", "0.5", "0.001"), ("wrong", "-0.5", "0.001"), ("right", "0.5", "0.001")]
    truth, genes = tables(tmp_path, rows)
    drivers = tmp_path / "drivers.tsv"
    header = "gene_id\tvariant_id\tsupport\tmodel\n"
    good = "G0\tchr1_1_A_C\tsupported\tdemo\nG1\tchr1_2_A_C\tunsupported\tdemo\nG2\tchr1_3_A_C\tsupported\tdemo\n"
    drivers.write_text(header + good)
    found = compare(truth, genes, drivers_tsv=drivers)
    assert found.ok
    assert [g.driver for g in found.genes] == ["causal"] * 3
    assert "2 of 2 in right genes, supported by eQTLs; 1 of 1 in wrong genes" in found.text()
    drivers.write_text(header + "G0\tchr1_9_A_C\tsupported\tdemo\n")
    found = compare(truth, genes, drivers_tsv=drivers)
    assert [g.driver for g in found.genes] == ["other", "none", "none"]
    assert "only 0 of 2 causal variants of right genes are supported drivers" in found.problems


def test_several_models_need_a_choice(tmp_path: Path) -> None:
    truth, genes = tables(tmp_path, [("right", "0.5", "0.001")], extra="G0\tother\t-0.5\t0.001\n")
    with pytest.raises(InputError, match="more than one row"):
        compare(truth, genes)
    assert compare(truth, genes, model="demo").genes[0].found == "positive"
    assert compare(truth, genes, model="other").genes[0].found == "negative"
    assert compare(truth, genes, model="third").genes[0].found == "absent"


def test_bad_tables(tmp_path: Path) -> None:
    truth, genes = tables(tmp_path, [("right", "strong", "0.001")])
    with pytest.raises(InputError, match="not a number"):
        compare(truth, genes)
    genes.write_text("gene_id\tpearson_r\nG0\t0.5\n")
    with pytest.raises(InputError, match="columns not found: pearson_q"):
        compare(truth, genes)
    genes.write_text("gene_id\tpearson_r\tpearson_q\nG0\t0.5\n")
    with pytest.raises(InputError, match="the row has 2 cells, the header has 3"):
        compare(truth, genes)
    with pytest.raises(InputError, match="cannot open the table"):
        compare(truth, tmp_path / "none.tsv")
    truth, genes = tables(tmp_path, [("perhaps", "0.5", "0.001")])
    with pytest.raises(InputError, match="must be one of right, wrong, missed"):
        compare(truth, genes)


def test_certificates(tmp_path: Path) -> None:
    truth, genes = tables(tmp_path, [*GOOD, ("wrong", "-0.1", "0.9")])
    said = [f"G{i}\tdemo\tright\t0.9" for i in range(5)] + ["G5\tdemo\twrong\t0.6", "G6\tdemo\twrong\t0.99"]
    said += ["G7\tdemo\t\t", "G9\tdemo\tright\t0.7", "G6\tother\tright\t0.9"]
    path = tmp_path / "certificate.tsv"
    path.write_text("\n".join(["gene_id\tmodel\tdirection\tcertainty", *said]) + "\n")
    found = compare(truth, genes, certificate_tsv=path, model="demo")
    # five right ones, one that is turned round, one wrong; G9 has no planted direction
    assert found.statements == (7, 6, pytest.approx(5 * 0.9 + 0.6 + 0.99))
    assert (found.genes[5].certified, found.genes[5].certainty, found.genes[7].certified) == ("wrong", 0.6, "")
    assert "certificates of direction: 6 of 7 hold in right and wrong genes (6.1 expected)" in found.text()
    assert found.ok
    path.write_text(path.read_text().replace("right\t0.9", "wrong\t0.9"))
    found = compare(truth, genes, certificate_tsv=path, model="demo")
    assert "1 of 7 certificates of direction hold, 6.1 were expected to" in found.problems
    path.write_text(path.read_text().replace("0.99", "much"))
    with pytest.raises(InputError, match="not a number"):
        compare(truth, genes, certificate_tsv=path, model="demo")

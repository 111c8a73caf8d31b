"""One genome under two namings: every command finds its contigs, and gives the same numbers."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_fasta, index_vcf


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def bare(path: Path) -> Path:
    """Write the file again with 1 for chr1."""
    packed = path.suffix == ".gz"
    text = text_of(path)
    for name in ("chr1", "chr2"):
        for before in ("\t", "\n", ">", "ID="):
            text = text.replace(f"{before}{name}", f"{before}{name[3:]}")
    other = path.with_name(f"bare.{path.name}")
    if packed:
        write_bgzf(other, text.encode())
    else:
        other.write_text(text)
    if ".vcf" in path.name:
        index_vcf(other)
    if ".fa" in path.name:
        index_fasta(other)
    return other


@pytest.fixture
def named(world: dict[str, Path]) -> dict[str, Path]:
    return {**world, **{f"bare_{name}": bare(world[name]) for name in ("fasta", "vcf", "genes", "expression")}}


def inputs(files: dict[str, Path], *, alike: str = "", bared: str = "") -> list[str]:
    names = [*alike.split(), *bared.split()]
    return [word for name in names for word in (f"--{name}", str(files[f"bare_{name}" if name in bared else name]))]


def test_predictions(named: dict[str, Path], tmp_path: Path) -> None:
    """Whichever file spells otherwise; the FASTA's spelling goes on."""
    model = ["--model", str(named["model"]), "-q", "-r", "chr1"]
    cases = {"same": "", "vcf": "vcf", "genes": "genes", "both": "vcf genes", "fasta": "fasta"}
    for case, bared in cases.items():
        alike = " ".join(name for name in ("fasta", "vcf", "genes") if name not in bared.split())
        assert main(["predict", *inputs(named, alike=alike, bared=bared), *model, "-o", str(tmp_path / case)]) == 0
    first = (tmp_path / "same" / "genes.tsv").read_text()
    assert "\tchr1\t" in first
    for case in ("vcf", "genes", "both"):
        assert (tmp_path / case / "genes.tsv").read_text() == first
    assert (tmp_path / "fasta" / "genes.tsv").read_text() == first.replace("\tchr1\t", "\t1\t")


def test_check_tells_it_once(named: dict[str, Path], capsys: Any) -> None:
    model = ["--model", str(named["model"]), "--json"]
    assert main(["check", *inputs(named, alike="fasta genes expression", bared="vcf"), *model]) == 0
    notes = [row for row in json.loads(capsys.readouterr().out)["findings"] if row["level"] == "note"]
    assert [row["message"] for row in notes] == ["VCF: 1 as chr1, 2 as chr2: same name with and without chr"]


def test_check_without_genes(named: dict[str, Path], capsys: Any) -> None:
    """The TSSs of the expression are enough to look; which way genes read is not in it."""
    model = ["--model", str(named["model"]), "--json"]
    assert main(["check", *inputs(named, alike="fasta vcf expression"), *model]) == 0
    found = [row["message"] for row in json.loads(capsys.readouterr().out)["findings"] if row["level"] == "warning"]
    assert any("9 of 9 genes have no strand" in message for message in found)


def test_scans(named: dict[str, Path], tmp_path: Path) -> None:
    model = ["--model", str(named["model"]), "-q", "--format", "tsv"]
    for case, region in (("a", "chr1:1000-1010"), ("b", "1:1000-1010")):
        scan = ["ism", "saturate", *inputs(named, alike="fasta"), *model, "-r", region, "-o", str(tmp_path / case)]
        assert main(scan) == 0
    lines = [next((tmp_path / case / "ism").glob("*.saturation.tsv.gz")) for case in "ab"]
    one, two = (text_of(path) for path in lines)
    assert [line.split("\t")[1:] for line in one.splitlines()] == [line.split("\t")[1:] for line in two.splitlines()]
    for case, bared in (("c", ""), ("d", "vcf genes")):
        alike = " ".join(name for name in ("fasta", "vcf", "genes") if name not in bared.split())
        words = [*inputs(named, alike=alike, bared=bared), *model[:3], "-o", str(tmp_path / case)]
        assert main(["ism", "variants", *words]) == 0
    tables = [next((tmp_path / case / "ism").glob("*.variants.tsv.gz")).read_bytes() for case in "cd"]
    assert tables[0] == tables[1]


def test_weights_of_others(named: dict[str, Path], tmp_path: Path) -> None:
    """Weights say chr1_POS, the VCF 1."""
    text = text_of(named["vcf"]).splitlines()
    record = next(line.split("\t") for line in text if line.startswith("chr1\t") and len(line.split("\t")[3]) == 1)
    database = tmp_path / "w.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE weights (rsid, gene, weight, ref_allele, eff_allele, varID)")
        connection.execute('CREATE TABLE extra (gene, genename, "n.snps.in.model")')
        name = f"chr1_{record[1]}_{record[3]}_{record[4]}"
        connection.execute("INSERT INTO weights VALUES (?, 'G', 0.5, ?, ?, ?)", (name, record[3], record[4], name))
        connection.execute("INSERT INTO extra VALUES ('G', 'G', 1)")
    found = []
    for name in ("vcf", "bare_vcf"):
        out = tmp_path / f"{name}.tsv"
        assert main(["baseline", "--apply", str(database), "--vcf", str(named[name]), "-q", "-o", str(out)]) == 0
        found.append(out.read_text())
    assert found[0] == found[1]
    strict = ["baseline", "--apply", str(database), "--contigs", "strict", "-q", "-o", str(tmp_path / "strict.tsv")]
    assert main([*strict, "--vcf", str(named["vcf"])]) == 0
    assert main([*strict, "--vcf", str(named["bare_vcf"])]) == 2
    with sqlite3.connect(database) as connection:  # the other gene spells it as the VCF
        connection.execute(
            "INSERT INTO weights SELECT rsid, 'H', 0.5, ref_allele, eff_allele, substr(varID, 4) FROM weights"
        )
        connection.execute("INSERT INTO extra VALUES ('H', 'H', 1)")
    out = tmp_path / "both.tsv"
    assert main(["baseline", "--apply", str(database), "--vcf", str(named["bare_vcf"]), "-q", "-o", str(out)]) == 0
    g, h = (line.split("\t")[1:] for line in out.read_text().splitlines()[1:])
    assert g == h == found[0].splitlines()[1].split("\t")[1:]


def test_weights_by_place_and_by_rsid(tmp_path: Path, make_vcf_text: Any) -> None:
    """An rsid's place has the VCF's name of the contig, the other weights' places have theirs."""
    people, options = ["a", "b", "c"], []
    for chrom, calls in (("1", ["0|1", "1|1", "0|0"]), ("2", ["0|0", "0|1", "1|1"])):
        records = [(chrom, at, "A", "C", calls) for at in (400, 500)]
        text = make_vcf_text({chrom: "A" * 900}, records, people).replace("500\t.\t", f"500\trs{chrom}\t")
        path = write_bgzf(tmp_path / f"{chrom}.vcf.gz", text.encode())
        index_vcf(path)
        options += ["--vcf", str(path)]
    database, out = tmp_path / "w.db", tmp_path / "p.tsv"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE weights (rsid, gene, weight, ref_allele, eff_allele, varID)")
        connection.execute('CREATE TABLE extra (gene, genename, "n.snps.in.model")')
        for name, weight in (("chr1_400_A_C", 1.0), ("chr2_400_A_C", 10.0), ("rs2", 100.0)):
            connection.execute("INSERT INTO weights VALUES (?, 'G', ?, 'A', 'C', ?)", (name, weight, name))
        connection.execute("INSERT INTO extra VALUES ('G', 'G', 3)")
    assert main(["baseline", "--apply", str(database), *options, "-q", "-o", str(out)]) == 0
    assert [float(value) for value in out.read_text().splitlines()[1].split("\t")[1:]] == [1.0, 112.0, 220.0]


def test_eqtls_of_those_who_have_the_chromosome(tmp_path: Path, make_vcf_text: Any) -> None:
    """Nine men and three women: on Y, the slope is that of the men, whatever the women's values are."""
    people = [f"p{i}" for i in range(12)]
    men = people[:9]
    calls = ["1", "0", "1", "1", "0", "0", "1", "0", "1"]
    values = [3.0, 1.5, 2.5, 3.5, 1.0, 2.0, 2.0, 1.2, 3.1, 90.0, -70.0, 55.0]
    files = []
    for chrom, names, genotypes in (("1", people, ["0|1", "1|1", "0|0"] * 4), ("Y", men, calls)):
        path = write_bgzf(
            tmp_path / f"{chrom}.vcf.gz",
            make_vcf_text({chrom: "A" * 900}, [(chrom, 500, "A", "C", genotypes)], names).encode(),
        )
        index_vcf(path)
        files += ["--vcf", str(path)]
    bed = tmp_path / "e.bed"
    rows = ["\t".join([chrom, "499", "500", f"G{chrom}", *map(str, values)]) for chrom in ("1", "Y")]
    bed.write_text("\n".join(["\t".join(["#chr", "start", "end", "id", *people]), *rows]) + "\n")
    out = tmp_path / "out"
    assert main(["eqtl", "-q", *files, "--expression", str(bed), "--permutations", "0", "-o", str(out)]) == 0
    lines = [line.split("\t") for line in text_of(out / "eqtl" / "nominal.tsv.gz").splitlines()]
    found = {row[0]: dict(zip(lines[0], row, strict=True)) for row in lines[1:]}
    carriers = [value for value, call in zip(values, calls, strict=False) if call == "1"]
    others = [value for value, call in zip(values, calls, strict=False) if call == "0"]
    difference = sum(carriers) / len(carriers) - sum(others) / len(others)
    # A man's one allele counts once or twice; either way r is that of nine men.
    assert abs(float(found["GY"]["slope"])) in (pytest.approx(difference), pytest.approx(difference / 2))
    assert int(found["GY"]["ma_samples"]) <= 9
    assert set(found) == {"G1", "GY"}

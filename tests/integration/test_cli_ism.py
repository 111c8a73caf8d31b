"""The scan commands: outputs, threads, resuming, parts, costs, refusals."""

from __future__ import annotations

import gzip
import hashlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.ism_networks import random_network

import gxfast as gx
from gxfast.cli.main import main

zarr = pytest.importorskip("zarr")
NAME = "demo-promoter"


def arguments(cohort: Any, command: str, *extra: str) -> list[str]:
    return [
        "ism", command, "--fasta", str(cohort.fasta), "--genes", str(cohort.genes), "--model", str(cohort.model),
        "--threads", "1", *extra,
    ]  # fmt: skip


def run(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not {".gxfast", "config.toml"} & {*file.parts}
    }


def table(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    header, *lines = (line.split("\t") for line in text.splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Enough genes for several blocks of work."""
    from gxfast.demo import simulate_cohort

    return simulate_cohort(tmp_path_factory.mktemp("many"), n_people=20, n_genes=40)


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 64 bases and three tracks."""
    import onnx

    path = tmp_path_factory.mktemp("model") / "small.onnx"
    onnx.save(random_network(3, length=64), path)
    return path


@pytest.fixture(scope="module")
def scanned(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scan") / "out"
    run(*arguments(cohort, "saturate", "--window", "40", "-q", "-o", str(out)))
    return out


def test_table_and_cube_hold_the_numbers_of_the_engine(cohort: Any, scanned: Path) -> None:
    model, genome, genes = gx.Model(cohort.model), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    group = zarr.open_group(str(scanned / "ism" / f"{NAME}.zarr"), mode="r")
    effects = group["effects"][:]
    assert effects.shape == (len(genes), 81, 4, 1)
    assert effects.dtype == np.float32
    assert tuple(group["gene_id"][:]) == genes.gene_id
    assert tuple(group["strand"][:]) == genes.strand
    assert group.attrs["tracks"] == ["expression"]
    np.testing.assert_array_equal(group["start"][:], genes.tss - 40)
    np.testing.assert_array_equal(group["position"][:], genes.tss[:, np.newaxis] + np.arange(-40, 41))
    windows = gx.model_windows(model.card, genes)
    for g in range(len(genes)):
        sequence = genome.fetch_array(genes.chrom[g], windows.start[g], windows.start[g] + windows.length)
        letters = np.asarray(gx.reverse_complement(sequence)) if windows.reverse[g] else sequence
        index = model.card.tss_index[genes.strand[g]]
        found = gx.ism.saturate(gx.ism.plan(model), letters, start=index - 40, end=index + 41)[0]
        np.testing.assert_array_equal(effects[g], found[::-1, ::-1] if windows.reverse[g] else found)
    rows = table(scanned / "ism" / f"{NAME}.saturation.tsv.gz")
    assert list(rows[0]) == ["gene_id", "chrom", "pos", "strand", "haplotype", "ref", "alt", "effect"]
    assert len(rows) == len(genes) * 81 * 3
    where = {gene: g for g, gene in enumerate(genes.gene_id)}
    for row in rows[::7]:
        g, pos = where[row["gene_id"]], int(row["pos"])
        assert genome.fetch(row["chrom"], pos - 1, pos).decode() == row["ref"] != row["alt"]
        value = effects[g, pos - 1 - (int(genes.tss[g]) - 40), "ACGT".index(row["alt"]), 0]
        assert np.float32(row["effect"]) == value
    manifest = json.loads((scanned / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["counts"][NAME]["mutants"] == len(rows)
    assert f"ism/{NAME}.zarr/effects/0.0.0.0" in manifest["results"]


@pytest.mark.parametrize("options", [("--threads", "2"), ("--max-mem", "64M")])
def test_threads_and_memory_do_not_matter(cohort: Any, scanned: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    run(*arguments(cohort, "saturate", "--window", "40", "-q", "-o", str(tmp_path / "out"), *options))
    assert fingerprint(tmp_path / "out") == fingerprint(scanned)


def test_people(cohort: Any, tmp_path: Path) -> None:
    out, names = tmp_path / "out", cohort.samples[:2]
    run(
        *arguments(cohort, "saturate", "--window", "20", "--vcf", str(cohort.vcf), "-s", ",".join(names)),
        "-q", "-o", out,
    )  # fmt: skip
    genes = gx.read_genes(cohort.genes)
    batch = gx.haplotypes(
        gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf, samples=names),
        gx.model_windows(gx.Model(cohort.model).card, genes),
    )  # fmt: skip
    rows = table(out / "ism" / f"{NAME}.windows.tsv")
    assert len(rows) == batch.n_haplotypes.sum()
    for g, gene in enumerate(genes.gene_id):
        groups: dict[int, list[str]] = {}
        for i, j in np.ndindex(2, 2):
            groups.setdefault(int(batch.carriers[g, i, j]), []).append(f"{names[i]}|{j + 1}")
        assert [row["carriers"] for row in rows if row["gene_id"] == gene] == [",".join(v) for v in groups.values()]
    group = zarr.open_group(str(out / "ism" / f"{NAME}.zarr"), mode="r")
    carriers = group["carriers"][:]
    assert carriers.shape == (len(genes), 2, 2)
    labels = group["haplotype"][:]
    assert all(labels[carriers[g, 0, 0]] == f"{names[0]}|1" for g in range(len(genes)))
    assert [row["haplotype"] for row in rows] == labels.tolist()


def test_several_models_tracks_and_axes_in_parts(
    cohort: Any, small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tmp_path / "card.json"
    first = gx.Model(small_model)
    card.write_text(replace(first.card, name="again").to_json())
    extra = ["--model", small_model, "--model", small_model, "--card", tmp_path / "own.json", "--card", card]
    (tmp_path / "own.json").write_text(first.card.to_json())
    common = [
        "ism", "saturate", "-q", "--fasta", cohort.fasta, "-r", "chr1:3001-3020,chr1:7000-7003", *extra,
        "--track", "2", "--track", "0", "--bins", "0-1,3", "--reduce", "mean", "--mode", "naive",
    ]  # fmt: skip
    run(*common, "-o", tmp_path / "a")
    monkeypatch.setattr("gxfast.workflow.scans.work.BLOCK_VALUES", 8 * 7)  # seven positions a block
    run(*common, "-o", tmp_path / "b")
    names = [first.card.name, "again"]
    plan = gx.ism.plan(first, gx.ism.Outputs([2, 0], [0, 1, 3], "mean"), mode="naive")
    for folder in ("a", "b"):
        for name in names:
            cube = zarr.open_group(str(tmp_path / folder / "ism" / f"{name}.zarr"), mode="r")
            effects = cube["effects"][:]
            assert effects.shape == (2, 20, 4, 2)
            assert np.isnan(effects[1, 4:]).all()
            for r, (begin, end) in enumerate(((3000, 3020), (6999, 7003))):
                start = (begin + end) // 2 - 32
                sequence = gx.Genome(cohort.fasta).fetch_array("chr1", start, start + 64)
                expected = gx.ism.saturate(plan, sequence, start=begin - start, end=end - start)
                np.testing.assert_allclose(effects[r, : end - begin], expected[0], atol=1e-6)
    whole, parts = (table(tmp_path / folder / "ism" / "again.saturation.tsv.gz") for folder in ("a", "b"))
    assert len(whole) == len(parts) == 24 * 3 * 2
    assert [{**row, "effect": ""} for row in whole] == [{**row, "effect": ""} for row in parts]
    assert [row["track"] for row in whole[:2]] == list(plan.tracks)


def test_sequences(small_model: Path, tmp_path: Path) -> None:
    letters = "".join(np.random.default_rng(1).choice(list("ACGT"), 64).tolist())
    fasta = tmp_path / "s.fa"
    fasta.write_text(f">one\n{letters}\n>two\n{letters[:10]}N{letters[11:]}\n")
    out = tmp_path / "out"
    run(
        "ism", "saturate", "-q", "--model", small_model, "--sequences", fasta, "--positions", "10-12", "-o", out,
        "--format", "tsv", "--track", "1", "--reduce", "sum",
    )  # fmt: skip
    model = gx.Model(small_model)
    rows = table(out / "ism" / f"{model.card.name}.saturation.tsv.gz")
    assert len(rows) == 9 + 10  # an unknown base has four mutants
    expected = gx.ism.saturate(gx.ism.plan(model, gx.ism.Outputs([1], reduce="sum")), letters, start=9, end=12)[0]
    for row in rows[:9]:
        assert row["ref"] == letters[int(row["pos"]) - 1]
        assert np.float32(row["effect"]) == expected[int(row["pos"]) - 10, "ACGT".index(row["alt"]), 0]
    assert not list((out / "ism").glob("*.zarr"))


@pytest.mark.parametrize("command", ["saturate", "variants"])
def test_parts_make_the_whole(many: Any, tmp_path: Path, command: str) -> None:
    extra = ["--vcf", str(many.vcf)] if command == "variants" else ["--window", "25"]
    common = [*arguments(many, command), *extra, "-q"]
    run(*common, "-o", tmp_path / "whole")
    parts = [tmp_path / f"part{i}" for i in (1, 2, 3)]
    for i, part in enumerate(parts, 1):
        run(*common, "--shard", f"{i}/3", "-o", part)
    run("ism", "merge", "-q", "-o", tmp_path / "merged", parts[2], parts[0], parts[1])
    assert fingerprint(tmp_path / "merged") == fingerprint(tmp_path / "whole")
    if command == "saturate":
        assert len(list((tmp_path / "whole" / ".gxfast" / "blocks" / NAME).iterdir())) == 3


def test_merge_refuses_what_is_no_whole(many: Any, tmp_path: Path, capfd: Any) -> None:
    parts = [tmp_path / f"part{i}" for i in (1, 2)]
    for i, part in enumerate(parts, 1):
        run(*arguments(many, "saturate", "--window", "3", "-q", "--format", "tsv", "--shard", f"{i}/2"), "-o", part)
    run(*arguments(many, "saturate", "--window", "4", "-q", "--format", "tsv", "--shard", "2/2"), "-o", tmp_path / "x")
    for folders, what in (
        (parts[:1], "missing: 2/2"),
        ([parts[0], parts[1], parts[0]], "part 1/2 is also in"),
        ([parts[0], tmp_path / "x"], "of another scan"),
        ([tmp_path / "nowhere"], "no finished run"),
    ):
        code = main(["ism", "merge", "-o", str(tmp_path / "out"), *map(str, folders)])
        message = capfd.readouterr().err
        assert code == 2, message
        assert what in message
        assert "remedy:" in message
        assert not (tmp_path / "out" / "manifest.json").exists()
    shard = next((parts[1] / ".gxfast" / "blocks").rglob("*.npz"))
    shard.write_bytes(shard.read_bytes()[:-3])
    assert main(["ism", "merge", "-o", str(tmp_path / "damaged"), *map(str, parts)]) == 2
    assert str(shard) in capfd.readouterr().err
    assert not (tmp_path / "damaged" / "manifest.json").exists()


@pytest.mark.parametrize("command", ["saturate", "variants"])
def test_killed_and_resumed(many: Any, tmp_path: Path, command: str) -> None:
    extra = ["--mode", "naive", "-q"]
    extra += ["--vcf", str(many.vcf)] if command == "variants" else ["--window", "30"]
    words = [*arguments(many, command), *extra]
    run(*words, "-o", tmp_path / "plain")
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-m", "gxfast", *words, "-o", str(out)])
    journal = out / ".gxfast" / "journal.tsv"
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") >= 2):
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    before = len(journal.read_text().splitlines()) - 1  # the plan's
    assert 1 <= before < 4
    assert main([*words, "-o", str(out)]) == 2  # not by accident over what is there
    run(*words, "-o", out, "--resume")
    notes = json.loads((out / ".gxfast" / "run.json").read_text())
    assert notes[-1]["resumed_blocks"] == before
    assert fingerprint(out) == fingerprint(tmp_path / "plain")


def test_variants_of_a_cohort(cohort: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = ",".join(cohort.samples[:4])
    run(*arguments(cohort, "variants", "--vcf", str(cohort.vcf), "-s", names, "-q", "-o", str(out)))
    rows = table(out / "ism" / f"{NAME}.variants.tsv.gz")
    lead = ["gene_id", "variant_id", "chrom", "pos", "ref", "alt", "dosage_freq", "ism"]
    known_without_expression = dict.fromkeys(("eqtl_slope", "eqtl_r", "eqtl_p", "is_driver"), "")
    assert list(rows[0]) == [*lead, *known_without_expression]
    assert all(row | known_without_expression == row for row in rows)
    model, genome, genes = gx.Model(cohort.model), gx.Genome(cohort.fasta), gx.read_genes(cohort.genes)
    windows = gx.model_windows(model.card, genes)
    people = gx.VariantFile(cohort.vcf, samples=list(cohort.samples[:4]))
    n_snvs = 0
    for g, gene in enumerate(genes.gene_id):
        start, end = int(windows.start[g]), int(windows.start[g]) + windows.length
        mine = [row for row in rows if row["gene_id"] == gene]
        read = people.region(genes.chrom[g], start, end)
        carried = [
            (int(read.position[v]) + 1, read.allele(v, k).decode(), (read.calls[v] == k).mean())
            for v in range(len(read))
            for k in range(1, int(read.first_allele[v + 1] - read.first_allele[v]))
            if (read.calls[v] == k).any()
        ]
        assert [(int(r["pos"]), r["alt"]) for r in mine] == [(pos, alt) for pos, alt, _ in carried]
        np.testing.assert_allclose([float(r["dosage_freq"]) for r in mine], [share for _, _, share in carried])
        sequence = genome.fetch_array(genes.chrom[g], start, end)
        for row in mine:
            assert row["variant_id"] == f"{row['chrom']}_{row['pos']}_{row['ref']}_{row['alt']}"
            if len(row["ref"]) != 1 or len(row["alt"]) != 1:
                continue
            mutant = sequence.copy()
            mutant[int(row["pos"]) - 1 - start] = ord(row["alt"])
            pair = np.stack([sequence, mutant])
            values = model.predict(np.asarray(gx.reverse_complement(pair)) if windows.reverse[g] else pair)
            assert float(row["ism"]) == pytest.approx(values[1, 0] - values[0, 0], abs=1e-5)
            n_snvs += 1
    assert n_snvs > 20


def test_haplotype_backgrounds_add_a_column(cohort: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(
        *arguments(cohort, "variants", "--vcf", str(cohort.vcf), "--on", "haplotypes", "-s", cohort.samples[0]),
        "-q", "-o", out,
    )  # fmt: skip
    rows = table(out / "ism" / f"{NAME}.variants.tsv.gz")
    assert {row["haplotype"] for row in rows} == {f"{cohort.samples[0]}|1", f"{cohort.samples[0]}|2"}
    assert len({row["ism"] for row in rows}) > 3


@pytest.mark.parametrize("people", [False, True])
def test_costs_are_those_of_the_real_scan(
    cohort: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, people: bool
) -> None:
    from gxfast.ism.modes.naive import NaiveRunner

    words = arguments(cohort, "saturate", "--window", "40", "--mode", "naive")
    words += ["--vcf", str(cohort.vcf), "-s", cohort.samples[0]] if people else []
    assert main([*words, "--dry-run", "--json", "-o", str(tmp_path / "dry")]) == 0
    costs = json.loads(capsys.readouterr().out)
    assert not (tmp_path / "dry").exists()
    entry = costs["models"][NAME]
    calls = 0
    real = NaiveRunner._values

    def counted(self: Any, window: Any, edits: Any, flipped: bool) -> Any:
        nonlocal calls
        calls += len(edits.offset)  # the rows, and the sequence itself
        return real(self, window, edits, flipped)

    monkeypatch.setattr(NaiveRunner, "_values", counted)
    out = tmp_path / "out"
    assert main([*words, "-q", "--json", "-o", str(out)]) == 0
    summary = json.loads(capsys.readouterr().out)["models"][NAME]
    assert entry["windows"] == summary["n_windows"]
    assert costs["at_most"] is people
    if people:
        assert summary["n_sequences"] <= entry["sequences"] == 2 * entry["windows"]
        assert summary["n_mutants"] <= entry["mutants"]
        assert calls <= entry["model_calls"]
        return
    assert entry["mutants"] == summary["n_mutants"]
    assert entry["model_calls"] == entry["passes"] == calls
    assert entry["hours"] > 0


def test_sizes_are_those_of_the_real_scan(cohort: Any, tmp_path: Path, capsys: Any) -> None:
    words = arguments(cohort, "saturate")
    assert main([*words, "--dry-run", "--json"]) == 0
    sizes = json.loads(capsys.readouterr().out)["models"][NAME]["bytes"]
    out = tmp_path / "out"
    run(*words, "-q", "-o", out)
    blocks = sum(file.stat().st_size for file in (out / ".gxfast" / "blocks").rglob("*.npz"))
    cube = sum(file.stat().st_size for file in (out / "ism" / f"{NAME}.zarr").rglob("*") if file.is_file())
    text = (out / "ism" / f"{NAME}.saturation.tsv.gz").stat().st_size
    for what, found in (("blocks", blocks), ("zarr", cube), ("tsv", text)):
        assert sizes[what] == pytest.approx(found, rel=0.3), what


def test_a_dry_run_reads_one_window_only(cohort: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    fetch = gx.Genome.fetch_array
    monkeypatch.setattr(gx.Genome, "fetch_array", lambda self, *where: reads.append(where) or fetch(self, *where))
    assert main(arguments(cohort, "saturate", "--dry-run", "--format", "tsv")) == 0
    assert len(reads) == 1
    text = capsys.readouterr().out
    assert "mutants" in text
    assert "nothing was written" in text


def test_genes_that_fail_are_listed(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    genes = tmp_path / "genes.tsv"
    genes.write_text(Path(cohort.genes).read_text() + "LOST\tchr9\t100\t+\tlost\n")
    for command, extra in (("saturate", ["--window", "5"]), ("variants", ["--vcf", str(cohort.vcf)])):
        words = [str(genes) if word == str(cohort.genes) else word for word in arguments(cohort, command, *extra)]
        out = tmp_path / command
        assert main([*words, "-o", str(out)]) == 3
        assert "not scanned: LOST: contig not in the FASTA" in capfd.readouterr().err
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["failed"][NAME] == ["LOST: contig not in the FASTA"]
    assert table(tmp_path / "saturate" / "ism" / f"{NAME}.windows.tsv")[-1]["status"] == "contig not in the FASTA"


@pytest.mark.parametrize(
    ("extra", "parts"),
    [
        (["--genes", "GENES", "--shard", "5/4"], ["5/4"]),
        (["--genes", "GENES", "--shard", "1/99"], ["1/99", "9 windows"]),
        (["--genes", "GENES", "--window", "1100"], ["--window 1100", "--window 1023"]),
        (["--genes", "GENES", "--window", "x"], ["'x'"]),
        (["--genes", "GENES", "--vcf", "VCF", "-s", "nobody"], ["nobody", "VCF"]),
        (["--genes", "GENES", "--vcf", "VCF"], ["people"]),
        (["--genes", "GENES", "--format", "png"], ["png"]),
        (["--genes", "GENES", "--max-mem", "1K"], ["--max-mem"]),
        (["-r", "chr1:1-5000"], ["chr1:1-5000", "5000 bases", "2048"]),
        (["-r", "chr1:999999999-999999999"], ["chr1", "inside"]),
        (["-r", "chr1"], ["no interval"]),
        ([], ["no windows"]),
    ],
)
def test_refusals(cohort: Any, tmp_path: Path, capfd: Any, extra: list[str], parts: list[str]) -> None:
    paths = {"GENES": str(cohort.genes), "VCF": str(cohort.vcf)}
    words = ["ism", "saturate", "--model", str(cohort.model), "--fasta", str(cohort.fasta), "-o", str(tmp_path / "out")]
    code = main([*words, *(paths.get(word, word) for word in extra)])
    message = capfd.readouterr().err
    assert code == 2, message
    for part in (*(paths.get(part, part) for part in parts), "remedy:"):
        assert part in message, message
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("command", ["saturate", "variants"])
def test_effects_that_are_not_finite_stop_the_scan(cohort: Any, tmp_path: Path, capfd: Any, command: str) -> None:
    import onnx
    from onnx import numpy_helper

    card, broken = tmp_path / "card.json", tmp_path / "broken.onnx"
    card.write_text(replace(gx.Model(cohort.model).card, transform="log2").to_json())
    proto = onnx.load(cohort.model)
    [bias] = [one for one in proto.graph.initializer if list(one.dims) == [1]]
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) - np.float32(100.0), bias.name))
    onnx.save(proto, broken)  # its values are negative, and the card takes their logarithm
    extra = ["--window", "30"] if command == "saturate" else ["--vcf", str(cohort.vcf)]
    out = tmp_path / "out"
    words = arguments(cohort, command, *extra, "--card", str(card), "--mode", "naive", "-q", "-o", str(out))
    words[words.index(str(cohort.model))] = str(broken)
    with np.errstate(all="ignore"):
        assert main(words) == 2
    message = capfd.readouterr().err
    assert "finite" in message
    assert "DEMO000" in message
    assert not (out / "manifest.json").exists()


def test_sequences_of_another_length_are_refused(small_model: Path, tmp_path: Path, capfd: Any) -> None:
    fasta = tmp_path / "s.fa"
    fasta.write_text(">good\n" + "A" * 64 + "\n>bad\n" + "A" * 63 + "\n")
    words = ["ism", "saturate", "--model", str(small_model), "--sequences", str(fasta), "-o", str(tmp_path / "out")]
    assert main(words) == 2
    message = capfd.readouterr().err
    for part in (str(fasta), "bad (line 3)", "63 bases", "64", "remedy:"):
        assert part in message, message
    assert not (tmp_path / "out").exists()


def test_without_zarr(cohort: Any, tmp_path: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    out = tmp_path / "out"
    words = arguments(cohort, "saturate", "--window", "2", "-q", "-o", str(out))
    assert main(words) == 2
    message = capfd.readouterr().err
    assert "pip install 'gxfast[io]'" in message
    assert "--format tsv" in message
    assert not out.exists()
    assert main([*words, "--format", "tsv"]) == 0
    assert not list((out / "ism").glob("*.zarr"))


def test_people_of_a_file_without_genotypes_are_refused(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    from gxfast.io.bgzf import write_bgzf
    from gxfast.io.indexing import index_vcf

    with gzip.open(cohort.vcf, "rt") as handle:
        lines = [line.rstrip("\n") for line in handle]
    kept = [line if line.startswith("##") else "\t".join(line.split("\t")[:8]) for line in lines]
    sites = write_bgzf(tmp_path / "sites.vcf.gz", ("\n".join(kept) + "\n").encode())
    index_vcf(sites)
    words = arguments(cohort, "variants", "--vcf", str(sites), "-q")
    for extra in (["-s", "person01"], ["--allele", "most-common"], ["--on", "haplotypes", "-s", "person01"]):
        assert main([*words, *extra, "-o", str(tmp_path / "no")]) == 2
        message = capfd.readouterr().err
        assert str(sites) in message
        assert "sites only" in message
    run(*words, "-o", tmp_path / "out")
    rows = table(tmp_path / "out" / "ism" / f"{NAME}.variants.tsv.gz")
    assert rows
    assert {row["dosage_freq"] for row in rows} == {""}

"""``gxfast ism variants --background``: ranks, what is kept, resuming, parts, costs, refusals."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.ism_networks import random_network

from gxfast.cli.main import main

NAME = "demo-promoter"
TABLE = f"ism/{NAME}.variants.tsv.gz"


def arguments(cohort: Any, *extra: object, genes: object = None) -> list[str]:
    return [
        "ism", "variants", "--fasta", str(cohort.fasta), "--genes", str(genes or cohort.genes),
        "--model", str(cohort.model), "--vcf", str(cohort.vcf), "--threads", "1", *map(str, extra),
    ]  # fmt: skip


def run(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def rows_of(path: Path) -> list[dict[str, str]]:
    header, *lines = (line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]


def results(folder: Path) -> dict[str, bytes]:
    names = ["manifest.json", *(str(file.relative_to(folder)) for file in (folder / "ism").iterdir())]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def done(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a background, and beside it the folder that keeps it."""
    folder = tmp_path_factory.mktemp("background")
    run(*arguments(cohort, "-q", "--background", 600, "--background-cache", folder / "cache", "-o", folder / "out"))
    return folder


def kept_in(folder: Path) -> Path:
    [file] = folder.glob("*.npz")
    return file


def test_ranks_are_those_among_the_kept_effects(cohort: Any, done: Path) -> None:
    import gxfast as gx

    rows = rows_of(done / "out" / TABLE)
    assert list(rows[0])[7:10] == ["ism", "quantile", "abs_quantile"]
    genes, kept = gx.read_genes(cohort.genes), np.load(kept_in(done / "cache"))
    assert kept["effects"].shape == (600, 1)
    assert set(genes.strand) == {"+", "-"}
    edges = (-500, -250, 0, 250, 500)
    seen = 0
    for row in rows:
        if len(row["ref"]) != 1 or len(row["alt"]) != 1:
            assert (row["quantile"], row["abs_quantile"]) == ("", "")
            continue
        g = genes.gene_id.index(row["gene_id"])
        distance = (int(row["pos"]) - 1 - int(genes.tss[g])) * (-1 if genes.strand[g] == "-" else 1)
        null = kept["effects"][kept["stratum"] == sum(edge <= distance for edge in edges), 0]
        assert len(null) == 100
        for column, among, effect in (
            ("quantile", null, np.float32(row["ism"])), ("abs_quantile", np.abs(null), abs(np.float32(row["ism"]))),
        ):  # fmt: skip
            rank = (among < effect).sum() + (among == effect).sum() / 2
            assert float(row[column]) == pytest.approx((rank + 0.5) / 101)
        seen += 1
    assert seen > 50
    assert seen < len(rows)  # indels
    manifest = json.loads((done / "out" / "manifest.json").read_text())
    assert manifest["summary"]["models"][NAME]["n_background"] == 600
    assert manifest["scan"]["models"][0]["background"]["n"] == 600


def test_other_columns_are_those_without_a_background(cohort: Any, done: Path, tmp_path: Path) -> None:
    run(*arguments(cohort, "-q", "-o", tmp_path / "out"))
    ranks = {"quantile", "abs_quantile"}
    expected = [{key: value for key, value in row.items() if key not in ranks} for row in rows_of(done / "out" / TABLE)]
    assert rows_of(tmp_path / "out" / TABLE) == expected


def test_the_second_run_reads_what_the_first_kept(cohort: Any, done: Path, tmp_path: Path) -> None:
    file = kept_in(done / "cache")
    before = file.stat()
    run(*arguments(cohort, "-q", "--background", 600, "--background-cache", done / "cache", "-o", tmp_path / "out"))
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert results(tmp_path / "out") == results(done / "out")

    def mutants(folder: Path) -> int:
        blocks = (folder / ".gxfast" / "blocks" / NAME / "background").glob("*.npz")
        return sum(int(np.load(block)["count_values"][0]) for block in blocks)

    assert (mutants(done / "out"), mutants(tmp_path / "out")) == (600, 0)
    # Another number of SNVs is another background.
    run(*arguments(cohort, "-q", "--background", 120, "--background-cache", done / "cache", "-o", tmp_path / "fewer"))
    assert mutants(tmp_path / "fewer") == 120
    [other] = [one for one in (done / "cache").glob("*.npz") if one != file]
    other.unlink()


@pytest.mark.parametrize("damage", ["changed", "cut off"])
def test_a_damaged_cache_is_made_again(cohort: Any, done: Path, tmp_path: Path, capsys: Any, damage: str) -> None:
    whole = kept_in(done / "cache").read_bytes()
    cache = tmp_path / "cache"
    cache.mkdir()
    file = cache / kept_in(done / "cache").name
    middle = len(whole) // 2
    file.write_bytes(
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :] if damage == "changed" else whole[:middle]
    )
    run(*arguments(cohort, "--background", 600, "--background-cache", cache, "-o", tmp_path / "out"))
    told = capsys.readouterr().err
    assert str(file) in told
    assert "made again" in told
    assert file.read_bytes() == whole
    assert results(tmp_path / "out") == results(done / "out")


def test_an_interrupted_run_goes_on(cohort: Any, done: Path, tmp_path: Path) -> None:
    words = arguments(cohort, "-q", "--background", 600, "-o", tmp_path / "out")
    run(*words)
    [block] = (tmp_path / "out" / ".gxfast" / "blocks" / NAME / "background").glob("*.npz")
    block.write_bytes(b"")
    (tmp_path / "out" / "manifest.json").unlink()
    run(*words, "--resume")
    assert results(tmp_path / "out") == results(done / "out")
    # Another number of SNVs is another run.
    assert main([*arguments(cohort, "-q", "--background", "700", "-o", tmp_path / "out"), "--resume"]) == 2


def test_parts_and_threads_do_not_matter(cohort: Any, done: Path, tmp_path: Path) -> None:
    words = arguments(cohort, "-q", "--background", 600)
    for i in (1, 2, 3):
        run(*words, "--shard", f"{i}/3", "-o", tmp_path / f"part{i}")
    run("ism", "merge", "-q", "-o", tmp_path / "merged", *(tmp_path / f"part{i}" for i in (3, 1, 2)))
    assert results(tmp_path / "merged") == results(done / "out")
    # A part is complete in itself.
    rows = rows_of(tmp_path / "part1" / TABLE) + rows_of(tmp_path / "part2" / TABLE)
    assert rows == rows_of(done / "out" / TABLE)[: len(rows)]
    run(*arguments(cohort, "-q", "--background", 600, "--threads", 2, "-o", tmp_path / "threads"))
    assert results(tmp_path / "threads") == results(done / "out")


def test_a_part_without_its_background_is_refused(cohort: Any, tmp_path: Path, capsys: Any) -> None:
    for i in (1, 2):
        run(*arguments(cohort, "-q", "--background", 600, "--shard", f"{i}/2", "-o", tmp_path / f"part{i}"))
    [block] = (tmp_path / "part1" / ".gxfast" / "blocks" / NAME / "background").glob("*.npz")
    block.write_bytes(block.read_bytes()[:-1])
    assert main(["ism", "merge", "-o", str(tmp_path / "out"), str(tmp_path / "part1"), str(tmp_path / "part2")]) == 2
    assert str(block) in capsys.readouterr().err


def test_machines_that_share_a_directory(cohort: Any, done: Path, tmp_path: Path) -> None:
    run("plan", "ism", *arguments(cohort)[1:], "--background", 600, "-o", tmp_path / "job", "--shards", 2)
    for i in (2, 1):
        run("run", tmp_path / "job", "--shard", f"{i}/2", "-q")
    run("merge", tmp_path / "job", "-q")
    assert results(tmp_path / "job")[TABLE] == results(done / "out")[TABLE]


def test_regions_and_the_order_of_genes_do_not_change_ranks(cohort: Any, done: Path, tmp_path: Path) -> None:
    expected = {(row["gene_id"], row["variant_id"]): row for row in rows_of(done / "out" / TABLE)}
    lines = cohort.genes.read_text().splitlines()
    turned = tmp_path / "genes.tsv"
    turned.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    run(*arguments(cohort, "-q", "--background", 600, "-o", tmp_path / "turned", genes=turned))
    found = rows_of(tmp_path / "turned" / TABLE)
    assert {(row["gene_id"], row["variant_id"]): row for row in found} == expected
    gene = lines[1].split("\t")
    place = dict(zip(lines[0].split("\t"), gene, strict=True))
    region = f"{place['chrom']}:{place['tss']}-{place['tss']}"
    run(*arguments(cohort, "-q", "--background", 600, "-r", region, "-o", tmp_path / "one"))
    few = rows_of(tmp_path / "one" / TABLE)
    assert 0 < len(few) < len(expected)
    assert all(expected[row["gene_id"], row["variant_id"]] == row for row in few)


def test_several_models_and_tracks(cohort: Any, done: Path, tmp_path: Path) -> None:
    import onnx

    import gxfast as gx

    onnx.save(random_network(3, length=64), tmp_path / "small.onnx")
    name = gx.Model(tmp_path / "small.onnx").card.name
    extra = ["--model", tmp_path / "small.onnx", "--background-cache", tmp_path / "cache"]
    run(*arguments(cohort, "-q", "--background", 600, *extra, "-o", tmp_path / "out"))
    assert (tmp_path / "out" / TABLE).read_bytes() == (done / "out" / TABLE).read_bytes()
    rows = rows_of(tmp_path / "out" / "ism" / f"{name}.variants.tsv.gz")
    tracks = list(dict.fromkeys(row["track"] for row in rows))
    assert len(tracks) == 24  # three of eight bins
    [file] = (tmp_path / "cache").glob(f"{name}.*.npz")
    kept = np.load(file)
    assert kept["effects"].shape == (600, 24)
    for row in rows[:600:7]:
        if len(row["ref"]) == len(row["alt"]) == 1:
            # The model begins at the TSS: one stratum.
            null, effect = kept["effects"][:, tracks.index(row["track"])], np.float32(row["ism"])
            rank = (null < effect).sum() + (null == effect).sum() / 2
            assert float(row["quantile"]) == pytest.approx((rank + 0.5) / 601)


def test_more_than_there_are_is_told(cohort: Any, tmp_path: Path, capsys: Any) -> None:
    lines = cohort.genes.read_text().splitlines()
    (tmp_path / "one.tsv").write_text("\n".join(lines[:2]) + "\n")
    run(*arguments(cohort, "--background", 1_000_000, "-o", tmp_path / "out", genes=tmp_path / "one.tsv"))
    told = capsys.readouterr()
    drawn = json.loads((tmp_path / "out" / "manifest.json").read_text())["summary"]["models"][NAME]["n_background"]
    assert 0 < drawn <= 3 * 2048
    assert f"{drawn} random SNVs, not 1000000" in told.err
    assert f"background {drawn}" in told.out


def test_costs_have_the_background(cohort: Any, capsys: Any) -> None:
    entries = []
    for extra in ([], ["--background", "600"]):
        assert main([*arguments(cohort, *extra), "--dry-run", "--json"]) == 0
        entries.append(json.loads(capsys.readouterr().out)["models"][NAME])
    plain, ranked = entries
    windows = 30  # 600 / 20
    n_genes = len(cohort.genes.read_text().splitlines()) - 1
    assert ranked["background"] == ranked["mutants"] - plain["mutants"] == 600
    assert ranked["model_calls"] - plain["model_calls"] == 600 + min(windows, n_genes)
    assert ranked["multiply_adds"] > plain["multiply_adds"]
    assert main([*arguments(cohort, "--background", 600), "--dry-run"]) == 0
    assert "600 of the mutants are the background's" in capsys.readouterr().out


def test_on_haplotypes(cohort: Any, tmp_path: Path) -> None:
    run(
        *arguments(cohort, "-q", "--background", 600, "--on", "haplotypes", "-s", cohort.samples[0]),
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert all(0 < float(row["quantile"]) < 1 for row in rows_of(tmp_path / "out" / TABLE))


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (["--background-cache", "x"], "belongs to --background"),
        (["--background", "99"], "--background"),
        (["--background", "600", "--max-mem", "1K"], "memory|MiB"),
    ],
)
def test_refusals(cohort: Any, tmp_path: Path, capsys: Any, extra: list[str], why: str) -> None:
    import re

    assert main([*arguments(cohort, *extra), "-o", str(tmp_path / "out")]) == 2
    assert re.search(why, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_cache_that_cannot_be_written_is_refused_first(cohort: Any, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("")
    words = arguments(cohort, "--background", 600, "--background-cache", tmp_path / "file", "-o", tmp_path / "out")
    assert main(words) == 2
    assert "--background-cache" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

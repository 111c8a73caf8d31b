"""Differential tests on random records: bcftools and a slow oracle write the sequences that must come out.

One call of bcftools writes one haplotype of one person on every contig, and each contig is a window, so that
some 30,000 haplotypes are compared in seconds.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pysam.bcftools
import pytest

import gxfast as gx
from gxfast.types import Windows

SAMPLES = ("s1", "s2", "s3")
N_CONTIGS = 400
CONTIG_LENGTH = 400
HAPLOTYPES = [(i, h) for i in range(len(SAMPLES)) for h in (0, 1)]
PER_SEED = N_CONTIGS * len(HAPLOTYPES)
# 24,000 haplotypes each time; a release asks for more (docs/reliability.md).
SCALE = int(os.environ.get("GXFAST_SCALE", "1"))
MakeWorld = Callable[..., Any]
# Per person and haplotype: the sequence of each contig or slice.
Expected = dict[tuple[int, int], dict[str, str]]
Records = list[tuple[str, int, str, str, list[str]]]


def letters(rng: random.Random, n: int) -> str:
    return "".join(rng.choices("ACGT", k=n))


def simple_alt(rng: random.Random, ref: str) -> str:
    """SNV, plain insertion, plain deletion."""
    if len(ref) > 1:
        return ref[0]
    return rng.choice("ACGT".replace(ref, "")) if rng.random() < 0.6 else ref + letters(rng, rng.randint(1, 6))


def clean_alt(rng: random.Random, ref: str) -> str:
    """Also MNV, and replacements of another length that keep the first base."""
    kinds = [
        lambda: simple_alt(rng, ref),
        lambda: letters(rng, len(ref)),
        lambda: ref[0] + letters(rng, rng.randint(0, len(ref) + 2)),
    ]
    return rng.choices(kinds, [4, 2, 2])[0]()


def dirty_alt(rng: random.Random, ref: str) -> str:
    """Also replacements that share no base with REF."""
    return clean_alt(rng, ref) if rng.random() < 0.8 else letters(rng, rng.randint(1, len(ref) + 2))


ALT = {"simple": simple_alt, "clean": clean_alt, "dirty": dirty_alt}


def make_records(rng: random.Random, name: str, bases: str, kind: str) -> Records:
    found: Records = []
    position = rng.randint(0, 4)
    dirty = kind == "dirty"
    while True:
        # Steps of 0 put several records on one base; clean records keep a base between them.
        position += rng.choice([0, 0, 1, 1, 2, 3, 5, 8, 13]) if dirty else rng.choice([1, 2, 3, 5, 8, 13, 21])
        ref = bases[position : position + rng.choice([1, 1, 1, 1, 2, 3, 5, 8])]
        if position + 8 > len(bases):
            return found
        alts = list(dict.fromkeys(ALT[kind](rng, ref) for _ in range(rng.choice([1, 1, 2, 3]))))
        alts = [alt for alt in alts if alt != ref] or [ref + "T"]
        calls = [f"{rng.randint(0, len(alts))}|{rng.randint(0, len(alts))}" for _ in SAMPLES]
        found.append((name, position + 1, ref, ",".join(alts), calls))
        position += 0 if dirty else len(ref)


def make_case(
    folder: Path, make_world: MakeWorld, seed: int, kind: str
) -> tuple[Any, dict[str, str], dict[str, Records]]:
    rng = random.Random(seed)
    contigs = {f"c{i}": letters(rng, CONTIG_LENGTH) for i in range(N_CONTIGS)}
    records = {name: make_records(rng, name, bases, kind) for name, bases in contigs.items()}
    world = make_world(folder, contigs, [record for per_contig in records.values() for record in per_contig], SAMPLES)
    return world, contigs, records


def by_bcftools(world: Any, sample: str, haplotype: int, fasta: Path | None = None) -> dict[str, str]:
    text = pysam.bcftools.consensus("-s", sample, "-H", str(haplotype), "-f", str(fasta or world.fasta), str(world.vcf))
    found: dict[str, str] = {}
    for block in text.split(">")[1:]:
        name, _, bases = block.partition("\n")
        found[name.split()[0]] = bases.replace("\n", "")
    return found


def all_by_bcftools(world: Any, fasta: Path | None = None) -> Expected:
    return {(i, h): by_bcftools(world, SAMPLES[i], h + 1, fasta) for i, h in HAPLOTYPES}


def write_slices(path: Path, contigs: dict[str, str], slices: dict[str, tuple[str, int, int]]) -> Path:
    path.write_text("".join(f">{title}\n{contigs[name][a:b]}\n" for title, (name, a, b) in slices.items()))
    return path


def differences(world: Any, windows: dict[str, tuple[str, int, int]], expected: Expected) -> tuple[int, int]:
    """Haplotypes of variable length that differ, and how many were compared."""
    genome, variants = world.genome, world.variants
    wrong = total = 0
    for name, (chrom, start, end) in windows.items():
        found, carriers = gx.consensus(genome, variants, chrom, start, end)
        for (i, h), by_name in expected.items():
            total += 1
            wrong += found[carriers[i, h]].decode() != by_name[name]
    return wrong, total


def fixed_differences(world: Any, contigs: dict[str, str], expected: Expected) -> int:
    """Of windows anchored on the first base of a contig, with N behind what bcftools writes."""
    n, length = len(contigs), CONTIG_LENGTH + 100
    zeros = np.zeros(n, np.int64)
    batch = gx.haplotypes(world.genome, world.variants, Windows(tuple(contigs), zeros, length, zeros, zeros > 0))
    found = [[row.tobytes().decode() for row in batch.sequences[batch.carriers[w].ravel()]] for w in range(n)]
    padded = [[(expected[key][name] + "N" * length)[:length] for key in HAPLOTYPES] for name in contigs]
    return sum(x != y for one, other in zip(found, padded, strict=True) for x, y in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("kind", "seeds"),
    [("clean", range(10_000, 10_000 + 4 * SCALE)), ("dirty", range(20_000, 20_000 + 6 * SCALE))],
    ids=["clean", "overlapping and complex"],
)
def test_whole_contigs(kind: str, seeds: range, tmp_path: Path, make_world: MakeWorld) -> None:
    total = 0
    for seed in seeds:
        world, contigs, _ = make_case(tmp_path / str(seed), make_world, seed, kind)
        expected = all_by_bcftools(world)
        wrong, compared = differences(world, {n: (n, 0, len(bases)) for n, bases in contigs.items()}, expected)
        assert (wrong, fixed_differences(world, contigs, expected)) == (0, 0), f"seed {seed}"
        total += compared
    assert total == len(seeds) * PER_SEED


def test_windows(tmp_path: Path, make_world: MakeWorld) -> None:
    """Slices of a contig, with records over both edges. No replacements: bcftools 1.24 spoils its memory on those
    that begin before a slice."""
    world, contigs, _ = make_case(tmp_path, make_world, 5, "simple")
    rng = random.Random(6)
    windows = {}
    for name in contigs:
        start = rng.randint(0, CONTIG_LENGTH - 60)
        end = start + rng.randint(1, 60)
        windows[f"{name}:{start + 1}-{end}"] = (name, start, end)
    slices = write_slices(tmp_path / "slices.fa", contigs, windows)
    assert differences(world, windows, all_by_bcftools(world, slices)) == (0, PER_SEED)


def test_fixed_length_from_what_bcftools_writes_on_either_side(tmp_path: Path, make_world: MakeWorld) -> None:
    """The contig cut before the TSS: what bcftools writes for both blocks, trimmed or padded outwards."""
    world, contigs, _ = make_case(tmp_path, make_world, 9, "simple")
    rng = random.Random(10)
    tss = {name: rng.randint(1, CONTIG_LENGTH - 1) for name in contigs}
    start = [t - rng.randint(0, 119) for t in tss.values()]
    blocks: dict[str, Expected] = {}
    for side in ("left", "right"):
        cut = {n: (n, 0, t) if side == "left" else (n, t, CONTIG_LENGTH) for n, t in tss.items()}
        titles = {f"{n}:{a + 1}-{b}": (n, a, b) for n, a, b in cut.values()}
        written = all_by_bcftools(world, write_slices(tmp_path / f"{side}.fa", contigs, titles))
        blocks[side] = {key: {t.split(":")[0]: bases for t, bases in w.items()} for key, w in written.items()}
    windows = Windows(tuple(contigs), np.array(start), 120, np.array(list(tss.values())), np.zeros(N_CONTIGS, np.bool_))
    batch = gx.haplotypes(world.genome, world.variants, windows)
    wrong = total = 0
    for w, (name, at) in enumerate(tss.items()):
        n_left = at - start[w]
        for i, h in blocks["left"]:
            left, right = blocks["left"][i, h][name], blocks["right"][i, h][name]
            expected = ("N" * n_left + left)[len(left) :] + (right + "N" * 120)[: 120 - n_left]
            total += 1
            wrong += batch.sequences[batch.carriers[w, i, h]].tobytes().decode() != expected
    assert (wrong, total) == (0, PER_SEED)


@pytest.mark.parametrize(
    ("ref", "alt", "start", "end", "expected"),
    [
        ("GGTT", "TAAC", 0, 6, "AACCTA"),  # contig AACCGGTTACGATTACAGGC, record on bases 4-7
        ("GGTT", "TAAC", 5, 6, "A"),
        ("GGTT", "TAAC", 6, 12, "ACACGA"),
        ("GGTT", "GACCCC", 0, 6, "AACCGA"),
        ("GGT", "TAACC", 0, 7, "AACCTAACC"),
        ("GGT", "TAACC", 6, 9, "ACCTA"),
        ("GGTT", "G", 5, 6, ""),
    ],
)
def test_replacements_over_window_edges(
    ref: str, alt: str, start: int, end: int, expected: str, tmp_path: Path, make_world: MakeWorld
) -> None:
    """Expected: what bcftools 1.24 wrote, one process per case."""
    contig = "AACCGGTTACGATTACAGGC"
    world = make_world(tmp_path, {"c": contig}, [("c", 5, ref, alt, ["1|0"])])
    assert world.consensus("c", start, end) == [expected, contig[start:end]]


def slow_haplotype(
    contig: str, records: Records, sample: int, haplotype: int, window: range, tss: int
) -> tuple[str, list[int]]:
    """The letters of a fixed window and the position of each, by walking along the contig base by base."""
    # Per base of the reference: the letters that stand there, each with its position (-1: inserted).
    cells = [[(base, at)] for at, base in enumerate(contig)]
    for _, pos, ref, alts, calls in records:
        allele = int(calls[sample].split("|")[haplotype])
        if not allele:
            continue
        alt = alts.split(",")[allele - 1]
        for k in range(len(ref)):
            cells[pos - 1 + k] = [(alt[k], pos - 1 + k)] if k < len(alt) else []
        cells[pos - 2 + len(ref)] += [(letter, -1) for letter in alt[len(ref) :]]
    at = tss
    while at < len(cells) and not cells[at]:
        at += 1  # a deleted anchor hands over to the next retained base
    left = [item for cell in cells[:at] for item in cell]
    right = [item for cell in cells[at:] for item in cell]
    n_left = tss - window.start
    before = [("N", -1 - k) for k in range(n_left)][::-1]
    after = [("N", len(contig) + k) for k in range(len(window))]
    walked = (before + left)[len(left) :] + (right + after)[: len(window) - n_left]
    return "".join(letter for letter, _ in walked), [place for _, place in walked]


@dataclass(frozen=True)
class Walked:
    """One haplotype of one window: what came out, and what walking along the contig says, on the plus strand."""

    found: str
    expected: str
    found_places: list[int]
    expected_places: list[int]


def walk_windows(folder: Path, make_world: MakeWorld, kind: str, reverse: bool, n_windows: int) -> Iterator[Walked]:
    rng = random.Random(7)
    world, contigs, records = make_case(folder, make_world, 8, kind)
    names = list(contigs)[:n_windows]
    tss = [rng.randint(0, CONTIG_LENGTH - 1) for _ in names]
    starts = [t - rng.randint(0, 119) for t in tss]
    windows = Windows(tuple(names), np.array(starts), 120, np.array(tss), np.full(len(names), reverse, np.bool_))
    batch = gx.haplotypes(world.genome, world.variants, windows, positions=True)
    assert batch.positions is not None
    complement = str.maketrans("ACGTN", "TGCAN")
    for w, name in enumerate(names):
        distinct = set()
        for i, h in HAPLOTYPES:
            window = range(starts[w], starts[w] + 120)
            expected, places = slow_haplotype(contigs[name], records[name], i, h, window, tss[w])
            distinct.add(expected)
            row = batch.carriers[w, i, h]
            assert batch.window[row] == w
            found, found_places = batch.sequences[row].tobytes().decode(), batch.positions[row].tolist()
            if reverse:
                found, found_places = found[::-1].translate(complement), found_places[::-1]
            yield Walked(found, expected, found_places, places)
        assert batch.n_haplotypes[w] >= len(distinct)


@pytest.mark.parametrize("kind", ["simple", "clean"])
@pytest.mark.parametrize("reverse", [False, True], ids=["plus", "minus"])
def test_fixed_length_by_walking(kind: str, reverse: bool, tmp_path: Path, make_world: MakeWorld, backend: str) -> None:
    n_windows = N_CONTIGS if backend == "cpp" else 60
    walked = list(walk_windows(tmp_path, make_world, kind, reverse, n_windows))
    assert len(walked) == n_windows * len(HAPLOTYPES)
    assert sum(one.found != one.expected for one in walked) == 0
    # Past the start of a contig the positions have a test of their own.
    inside = [one for one in walked if one.expected[0] != "N"]
    assert len(inside) > len(walked) // 2
    assert sum(one.found_places != one.expected_places for one in inside) == 0


def test_positions_past_the_contig_start_by_walking(tmp_path: Path, make_world: MakeWorld, backend: str) -> None:
    beyond = [one for one in walk_windows(tmp_path, make_world, "clean", False, 200) if one.expected[0] == "N"]
    assert len(beyond) > 30
    # The N before the contig have no position.
    on_contig = [(list(one.found_places), [max(p, -1) for p in one.expected_places]) for one in beyond]
    assert sum(found != expected for found, expected in on_contig) == 0

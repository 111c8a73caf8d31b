"""Differential tests: variable-length haplotypes against bcftools, fixed-length ones against a slow oracle."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pysam.bcftools
import pytest

from gxfast.personal import consensus, haplotypes
from gxfast.types import Windows

SAMPLES = ("s1", "s2", "s3")
Records = list[tuple[str, int, str, str, list[str]]]


def letters(rng: random.Random, n: int) -> str:
    return "".join(rng.choices("ACGT", k=n))


def clean_alt(rng: random.Random, ref: str) -> str:
    """SNV, plain insertion, plain deletion."""
    if len(ref) > 1:
        return ref[0]
    return rng.choice("ACGT".replace(ref, "")) if rng.random() < 0.6 else ref + letters(rng, rng.randint(1, 6))


def dirty_alt(rng: random.Random, ref: str) -> str:
    """Also MNV, replacements of another length, with and without a shared first base."""
    kinds = [
        lambda: clean_alt(rng, ref),
        lambda: letters(rng, len(ref)),
        lambda: ref[0] + letters(rng, rng.randint(0, len(ref) + 2)),
        lambda: letters(rng, rng.randint(1, len(ref) + 2)),
    ]
    return rng.choices(kinds, [4, 2, 2, 2])[0]()


def make_records(rng: random.Random, name: str, bases: str, dirty: bool) -> Records:
    found: Records = []
    position = rng.randint(0, 4)
    while True:
        # Steps of 0 put several records on one base; clean records keep a base between them.
        position += rng.choice([0, 0, 1, 1, 2, 3, 5, 8, 13]) if dirty else rng.choice([1, 2, 3, 5, 8, 13, 21])
        ref = bases[position : position + rng.choice([1, 1, 1, 1, 2, 3, 5, 8])]
        if position + 8 > len(bases):
            return found
        make = dirty_alt if dirty else clean_alt
        alts = list(dict.fromkeys(make(rng, ref) for _ in range(rng.choice([1, 1, 2, 3]))))
        alts = [alt for alt in alts if alt != ref] or [ref + "T"]
        calls = [f"{rng.randint(0, len(alts))}|{rng.randint(0, len(alts))}" for _ in SAMPLES]
        found.append((name, position + 1, ref, ",".join(alts), calls))
        position += 0 if dirty else len(ref)


def make_case(folder: Path, make_world: Callable[..., Any], seed: int, dirty: bool) -> tuple[Any, dict[str, str]]:
    rng = random.Random(seed)
    contigs = {f"c{i}": letters(rng, 300 if dirty else 400) for i in range(400)}
    records = [record for n, bases in contigs.items() for record in make_records(rng, n, bases, dirty)]
    return make_world(folder, contigs, records, SAMPLES), contigs


def by_bcftools(world: Any, sample: str, haplotype: int, fasta: Path | None = None) -> dict[str, str]:
    text = pysam.bcftools.consensus("-s", sample, "-H", str(haplotype), "-f", str(fasta or world.fasta), str(world.vcf))
    found: dict[str, str] = {}
    for block in text.split(">")[1:]:
        name, _, bases = block.partition("\n")
        found[name.split()[0]] = bases.replace("\n", "")
    return found


def differences(world: Any, windows: dict[str, tuple[str, int, int]], fasta: Path | None = None) -> tuple[int, int]:
    """Haplotypes that differ from bcftools, and how many were compared."""
    expected = {(i, h): by_bcftools(world, s, h + 1, fasta) for i, s in enumerate(SAMPLES) for h in (0, 1)}
    genome, variants = world.genome, world.variants
    wrong = total = 0
    for name, (chrom, start, end) in windows.items():
        found, carriers = consensus(genome, variants, chrom, start, end)
        for i in range(len(SAMPLES)):
            for h in (0, 1):
                total += 1
                wrong += found[carriers[i, h]].decode() != expected[i, h][name]
    return wrong, total


@pytest.mark.parametrize(
    ("dirty", "seeds"), [(False, (1, 2)), (True, (3, 4))], ids=["clean", "overlapping and complex"]
)
def test_whole_contigs(dirty: bool, seeds: tuple[int, ...], tmp_path: Path, make_world: Callable[..., Any]) -> None:
    total = 0
    for seed in seeds:
        world, contigs = make_case(tmp_path / str(seed), make_world, seed, dirty)
        wrong, compared = differences(world, {n: (n, 0, len(bases)) for n, bases in contigs.items()})
        assert wrong == 0, f"seed {seed}"
        total += compared
    assert total == 4_800


def test_windows(tmp_path: Path, make_world: Callable[..., Any]) -> None:
    """Slices of a contig, with records over both edges. Clean records only: bcftools 1.24 corrupts its memory
    on replacements that begin before a slice."""
    world, contigs = make_case(tmp_path, make_world, 5, dirty=False)
    rng = random.Random(6)
    windows = {}
    for name, bases in contigs.items():
        start = rng.randint(0, 340)
        end = start + rng.randint(1, 60)
        windows[f"{name}:{start + 1}-{end}"] = (name, start, end)
        assert end <= len(bases)
    slices = tmp_path / "slices.fa"
    slices.write_text("".join(f">{w}\n{contigs[n][a:b]}\n" for w, (n, a, b) in windows.items()))
    assert differences(world, windows, slices) == (0, 2_400)


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
    ref: str, alt: str, start: int, end: int, expected: str, tmp_path: Path, make_world: Callable[..., Any]
) -> None:
    """Expected: what bcftools 1.24 wrote, one process per case."""
    contig = "AACCGGTTACGATTACAGGC"
    world = make_world(tmp_path, {"c": contig}, [("c", 5, ref, alt, ["1|0"])])
    assert world.consensus("c", start, end) == [expected, contig[start:end]]


def slow_haplotype(
    contig: str, records: Records, sample: int, haplotype: int, start: int, length: int, tss: int
) -> str:
    """The fixed-length window by editing one list of letters, last record first. Clean records only."""
    cells = list(contig)
    for _, pos, ref, alts, calls in reversed(records):
        allele = int(calls[sample].split("|")[haplotype])
        if allele:
            # The bases removed stay as empty cells, so every cell keeps its reference position.
            alt = alts.split(",")[allele - 1]
            cells[pos - 1 : pos - 1 + len(ref)] = ["" for _ in ref]
            cells[pos - 1] = alt
    at = tss
    while at < len(cells) and cells[at] == "":
        at += 1  # a deleted anchor hands over to the next retained base
    left, right = "".join(cells[:at]), "".join(cells[at:])
    n_left = tss - start
    return ("N" * n_left + left)[len(left) :] + (right + "N" * length)[: length - n_left]


@pytest.mark.parametrize("reverse", [False, True])
def test_fixed_length_against_slow_oracle(
    reverse: bool, tmp_path: Path, make_world: Callable[..., Any], backend: str
) -> None:
    rng = random.Random(7)
    world, contigs = make_case(tmp_path, make_world, 8, dirty=False)
    by_contig: dict[str, Records] = {name: [] for name in contigs}
    with pysam.VariantFile(str(world.vcf)) as handle:
        for r in handle:
            calls = ["|".join(str(a) for a in r.samples[s]["GT"]) for s in SAMPLES]
            by_contig[r.chrom].append((r.chrom, r.pos, r.ref, ",".join(r.alts), calls))
    names = list(contigs)[: 400 if backend == "cpp" else 60]
    tss = [rng.randint(0, 399) for _ in names]
    starts = [t - rng.randint(0, 119) for t in tss]
    windows = Windows(tuple(names), np.array(starts), 120, np.array(tss), np.full(len(names), reverse, np.bool_))
    batch = haplotypes(world.genome, world.variants, windows, positions=True)
    assert batch.positions is not None
    complement = str.maketrans("ACGTN", "TGCAN")
    wrong = 0
    for w, name in enumerate(names):
        distinct = set()
        for i in range(len(SAMPLES)):
            for h in (0, 1):
                expected = slow_haplotype(contigs[name], by_contig[name], i, h, starts[w], 120, tss[w])
                distinct.add(expected)
                row = batch.carriers[w, i, h]
                assert batch.window[row] == w
                found = batch.sequences[row].tobytes().decode()
                wrong += found != (expected.translate(complement)[::-1] if reverse else expected)
                letters_at = found.translate(complement)[::-1] if reverse else found
                places = batch.positions[row][::-1] if reverse else batch.positions[row]
                kept = places[places >= 0]
                assert (np.diff(kept) > 0).all()
                assert all(c == "N" for c, p in zip(letters_at, places, strict=True) if p >= 400)
        assert batch.n_haplotypes[w] >= len(distinct)
    assert wrong == 0

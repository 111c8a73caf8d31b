"""Predictions in tiles beside whole windows, for one gene of a cohort of any size: seconds, shares, exactness.

    python bench/validation/tiles.py basenji2 PEOPLE.vcf.gz FASTA [--length 131072] [--tss 18000000] [--bins 443-452]

The networks have the published sizes and random weights (``gxfast/bench/cases/ism/networks.py``), or NETWORK is an ONNX
file. Whole passes and what is behind the cut are timed on ``--timed`` haplotypes and multiplied by their number; tiles
are all computed, or ``--timed-tiles`` of them and multiplied: they have one shape. Both are of the distinct haplotypes.
Whole passes are timed before and after the tiles. CPU seconds of one thread; shares are of what tiles take.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import gxfast as gx
from gxfast.bench.cases.ism import networks
from gxfast.ism.tiled import tiled
from gxfast.ism.tiled_device import DeviceTiledModel
from gxfast.models._file import read_model_file
from gxfast.models.card import find_card
from gxfast.models.people import model_windows
from gxfast.models.saving import save_model
from gxfast.models.session import Model
from gxfast.personal.policy import HaplotypePolicy
from gxfast.personal.windows import plan_window
from gxfast.types import GeneTable


def open_model(name: str, length: int, bins: str, folder: Path) -> Model:
    """Return a network of the benchmark, or a file; of a profile the wanted bins of the first track."""
    if Path(name).exists():
        file = read_model_file(name)
        found = find_card(file.path, explicit=None, metadata=file.card_text)
        assert found is not None
        card = found
    else:
        made = getattr(networks, name)(length)
        card, name = made.card, str(folder / f"{name}.onnx")
        save_model(made.model, card, Path(name))
    if card.output_layout != "NT":
        first, last = map(int, bins.split("-"))
        card = replace(card, bins=tuple(range(first, last + 1)), tracks=(0,), track_names=None, reduce="mean")
    return Model(name, card=card)


def peak() -> float:
    """GiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def seconds_of(call: Any) -> float:
    """CPU seconds of the second of two calls; of the first, where it takes minutes."""
    for _ in range(2):
        started = time.process_time()
        call()
        seconds = time.process_time() - started
        if seconds > 60:
            break
    return seconds


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("vcf", type=Path)
    parser.add_argument("fasta", type=Path)
    parser.add_argument("--length", type=int, default=131_072)
    parser.add_argument("--bins", default="443-452", help="of a profile")
    parser.add_argument("--timed", type=int, default=8, help="haplotypes that are timed whole")
    parser.add_argument("--timed-tiles", type=int, help="distinct tiles that are computed; default: all")
    parser.add_argument("--tss", type=int, default=18_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = open_model(chosen.network, chosen.length, chosen.bins, Path(folder))
        genome, file = gx.Genome(chosen.fasta), gx.VariantFile(chosen.vcf)
        contig = file.contigs[0]
        genes = GeneTable(("g",), ("g",), (contig,), np.array([chosen.tss]), ("+",))
        window = model_windows(model.card, genes)
        plan = plan_window(
            genome, file, contig, int(window.start[0]), window.length, int(window.anchor[0]), False, HaplotypePolicy(),
            None,
        )  # fmt: skip
        letters = np.empty((len(plan), window.length), np.uint8)
        plan.write_letters(letters, 0, 1)
        some = letters[np.linspace(0, len(letters) - 1, chosen.timed).astype(int)]
        values: dict[str, Any] = {}
        whole = seconds_of(lambda: values.update(whole=model.predict(some))) / chosen.timed
        before, started = peak(), time.process_time()
        found = tiled(model)
        opening = time.process_time() - started
        if found is None:
            raise SystemExit("no tiles")
        print(f"opened in parts in {opening:.0f} s, {peak() - before:.1f} GiB more")
        away = np.abs(found.predict(some) - values["whole"]).max()
        started = time.process_time()  # its tiles are kept: what is behind the cut is left
        found.predict(some)
        head = (time.process_time() - started) / chosen.timed
        found.forget()
        pair = some[[0, -1]]

        def unshared() -> None:
            found.forget()
            found.predict(pair)

        alone = seconds_of(unshared) / seconds_of(lambda: model.predict(pair))
        found.forget()
        started = time.process_time()
        distinct = list(dict.fromkeys(key for keys in found.keys(letters) for key in keys))
        hashing = time.process_time() - started
        timed = distinct[: chosen.timed_tiles]
        started = time.process_time()
        made = found.compute([timed])
        tiles = (time.process_time() - started) * len(distinct) / len(timed)
        started = time.process_time()
        if len(timed) == len(distinct) and not isinstance(found, DeviceTiledModel):
            joined = np.zeros(found._shape, found._dtype)
            for keys in found.keys(some):
                found._join(joined[0], [made[key] for key in keys])
        gathering = (time.process_time() - started) / chosen.timed
        again = seconds_of(lambda: model.predict(some)) / chosen.timed
    tiling, n = found.tiling, len(letters)
    share = len(distinct) / (n * len(tiling.tiles))
    spent = hashing + tiles + n * head
    first, whole = whole, (whole + again) / 2
    bound = found.work / tiling.left(share)
    print(found.explain().splitlines()[0])
    print(
        f"{len(file.samples)} people, {n} distinct haplotypes ({n / 2 / len(file.samples):.2f}); "
        f"{len(distinct)} distinct tiles ({share:.2%}); away {away:.1e}; peak {peak():.1f} GiB"
    )
    print(f"two of them by themselves: {alone:.2f} times the time of whole windows")
    print(
        f"whole {first:.2f} and {again:.2f} s, behind the cut {head:.2f} s a haplotype; tiles {tiles:.1f} s: "
        f"{n * whole:.0f} s against {spent:.0f} s, {n * whole / spent:.2f} times (counted {bound:.2f})"
    )
    print(
        f"finding tiles {hashing:.2f} s ({hashing / spent:.1%}), putting them together {n * gathering:.2f} s "
        f"({n * gathering / spent:.1%})"
    )


if __name__ == "__main__":
    main()

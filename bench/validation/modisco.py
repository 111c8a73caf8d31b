"""TF-MoDISco finds what was planted: sequences with three motifs, a network that knows them, contributions, patterns.

    pip install modisco-lite; python bench/validation/modisco.py

For each method the command ``gxfast ism attribute`` and then ``modisco motifs`` on what it wrote; all motifs have to be
among the patterns of their sign.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from gxfast.models.card import ModelCard
from gxfast.models.onnx_writer import GraphWriter
from gxfast.models.saving import save_model

LENGTH, N = 400, 600
MOTIFS = {"TGACTCAT": 1.0, "CAGATAAG": 1.5, "CCGCCATC": -1.2}  # and what each adds to the prediction
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def network(path: Path) -> Path:
    """Write a network that scans both strands for the motifs, and adds up what is found."""
    writer = GraphWriter()
    x = writer.input("sequence", ["n", 4, LENGTH])
    both = [one for motif in MOTIFS for one in (motif, motif.translate(COMPLEMENT)[::-1])]
    weights = np.stack([np.eye(4, dtype=np.float32)[["ACGT".index(base) for base in motif]].T for motif in both])
    bias = np.full(len(both), -5.5, np.float32)  # from six matches of eight on
    found = writer.add("Conv", x, writer.constant(weights), writer.constant(bias), kernel_shape=[8])
    total = writer.sum(writer.add("Relu", found), [2], keepdims=False)
    effects = np.repeat(np.array(list(MOTIFS.values()), np.float32), 2)[:, None]
    y = writer.add("MatMul", total, writer.constant(effects), output=writer.free("y"))
    writer.output(y, ["n", 1])
    card = ModelCard(name="planted", length=LENGTH, layout="NCL", tss_index={"+": 0, "-": 0})
    return save_model(writer.model("planted"), card, path)


def sequences(path: Path) -> Path:
    """Write random sequences, each with one or two of the motifs at random places of either strand."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(N):
        letters = list("".join(rng.choice(list("ACGT"), LENGTH)))
        for motif in rng.choice(list(MOTIFS), rng.integers(1, 3), replace=False):
            at = int(rng.integers(20, LENGTH - 30))
            letters[at : at + 8] = motif if rng.random() < 0.5 else motif.translate(COMPLEMENT)[::-1]
        lines += [f">s{i}", "".join(letters)]
    path.write_text("\n".join(lines) + "\n")
    return path


def patterns(path: Path) -> list[tuple[str, int, str]]:
    """Return sign, number of seqlets and consensus of the patterns in a file of TF-MoDISco."""
    import h5py

    rows = []
    with h5py.File(path) as file:
        for sign in ("pos_patterns", "neg_patterns"):
            for pattern in file.get(sign, {}).values():
                frequencies = np.asarray(pattern["sequence"])
                consensus = "".join("ACGT"[row.argmax()] if row.max() > 0.6 else "." for row in frequencies)
                rows.append((sign[:3], int(np.asarray(pattern["seqlets"]["n_seqlets"])[0]), consensus.strip(".")))
    return rows


def main() -> None:
    """Print what was found, and fail where a motif was not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, fasta = network(folder / "planted.onnx"), sequences(folder / "planted.fa")
        for method in ("deeplift", "ism"):
            prefix, out = folder / method, folder / f"{method}.h5"
            command = ["ism", "attribute", "--model", model, "--sequences", fasta, "--method", method, "-o", prefix]
            subprocess.run([sys.executable, "-m", "gxfast", *command, "-q"], check=True)
            modisco = Path(sys.executable).with_name("modisco")
            files = ["-s", f"{prefix}.ohe.npz", "-a", f"{prefix}.shap.npz", "-o", out]
            subprocess.run([modisco, "motifs", *files, "-n", "1000", "-w", str(LENGTH)], check=True)
            found = patterns(out)
            print(f"{method}: " + "; ".join(f"{sign} {n} seqlets {text}" for sign, n, text in found), flush=True)
            for motif, effect in MOTIFS.items():
                sign = "pos" if effect > 0 else "neg"
                ways = (motif, motif.translate(COMPLEMENT)[::-1])
                if not any(kind == sign and any(way in text for way in ways) for kind, _, text in found):
                    raise SystemExit(f"{method}: {motif} is not among the {sign} patterns")


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# Time fastISM 0.5.1 on the Basset-like and BPNet-like networks of the cases ism-*-1000, with the same weights.
#
#   GXFAST_BENCH_CACHE=FOLDER bench/fastism.sh [VENV]     default .venv-bench-fastism
#
# Makes the environment (tensorflow-cpu, some GB) if it is not there, and writes FOLDER/ism-v1/fastism.json, which
# `python bench/run.py` with the same GXFAST_BENCH_CACHE adds to its rows. gxfast must be importable by
# ${PYTHON:-python3}: it writes the weights. fastISM is frozen at Keras 2, hence tf_keras.
# CPU seconds of one thread, not interleaved with the other rows: for orders of magnitude.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${1:-$root/.venv-bench-fastism}
python=${PYTHON:-python3}
: "${GXFAST_BENCH_CACHE:?set it to the folder that keeps the models}"

if [ ! -x "$venv/bin/python" ]; then
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet "tensorflow-cpu>=2.16,<3" tf_keras fastism==0.5.1 "setuptools<81"
fi

"$python" "$root/bench/fastism_weights.py" basset 1000
"$python" "$root/bench/fastism_weights.py" bpnet 1000
TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=-1 \
  "$venv/bin/python" - "$GXFAST_BENCH_CACHE/ism-v1" <<'PYTHON'
import json
import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from fastism import FastISM, NaiveISM
from tensorflow.keras import Model, layers

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
folder = Path(sys.argv[1])


def conv(x, weights, at, width, dilation=1):
    """Convolution from ONNX weights (out, in, k); `same` pads an odd kernel as the original does."""
    kernel, bias = weights[at], weights[at + 1]
    layer = layers.Conv1D(len(bias), width, padding="same", dilation_rate=dilation)
    y = layer(x)
    layer.set_weights([kernel.transpose(2, 1, 0), bias])
    return y


def dense(x, weight, bias):
    layer = layers.Dense(len(bias))
    y = layer(x)
    layer.set_weights([weight.T, bias])
    return y


def basset(w):
    x = source = layers.Input((1000, 4))
    at = 0
    for width, pool in ((19, 3), (11, 4), (7, 4)):
        x = conv(x, w, at, width)
        norm = layers.BatchNormalization(epsilon=1e-5)
        x = norm(x)
        norm.set_weights(w[at + 2 : at + 6])
        x = layers.MaxPooling1D(pool)(layers.Activation("relu")(x))
        at += 6
    length, channels = x.shape[1:]
    x = layers.Flatten()(x)
    # Keras flattens time first, ONNX channels first.
    first = w[at].reshape(-1, channels, length).transpose(0, 2, 1).reshape(-1, length * channels)
    for weight, bias in ((first, w[at + 1]), (w[at + 2], w[at + 3])):
        x = layers.Activation("relu")(dense(x, weight, bias))
    return Model(source, layers.Activation("sigmoid")(dense(x, w[at + 4], w[at + 5])))


def bpnet(w):
    source = layers.Input((1000, 4))
    x = layers.Activation("relu")(conv(source, w, 0, 21))
    shrink = float(w[2])
    for i, at in zip(range(1, 9), range(3, 19, 2)):
        # The factor behind the ReLU goes into the weights before it, which gives the same numbers.
        scaled = {at: w[at] * shrink, at + 1: w[at + 1] * shrink}
        x = layers.add([x, layers.Activation("relu")(conv(x, scaled, at, 3, 2**i))])
    return Model(source, dense(layers.GlobalAveragePooling1D()(x), w[19], w[20]))


def scan(engine, batch):
    """Effects of writing A at every position, and CPU seconds per position that changes."""
    write = [1.0, 0.0, 0.0, 0.0]
    engine(batch, replace_with=write)
    times = []
    for _ in range(3):
        start = time.process_time()
        found = engine(batch, replace_with=write)
        times.append(time.process_time() - start)
    return found, float(np.median(times))


result = {}
for name, make in (("basset", basset), ("bpnet", bpnet)):
    stored = np.load(folder / f"{name}-1000.npz")
    model = make([stored[f"w{i}"] for i in range(len([key for key in stored.files if key[0] == "w"]))])
    one_hot = np.eye(4, dtype=np.float32)[stored["codes"]]
    start = int(stored["start"])
    ranges = [(i, i + 1) for i in range(start, start + stored["effects"].shape[0])]
    row = {}
    fast, naive = FastISM(model, change_ranges=ranges), NaiveISM(model, change_ranges=ranges)
    for n in (1, 16):
        batch = tf.constant(one_hot[:n])
        changed = int((one_hot[:n, start : start + len(ranges), 0] == 0).sum())
        (found, seconds), (expected, plain) = scan(fast, batch), scan(naive, batch)
        for engine, outputs in (("fastISM", found), ("NaiveISM", expected)):
            difference = np.abs(outputs[0] - model(one_hot[:1]).numpy() - stored["effects"]).max()
            if not difference < 1e-5 < np.abs(stored["effects"]).max():
                sys.exit(f"{name}: effects of {engine} differ from those of the ONNX model by {difference}")
            row[f"largest difference of {engine}, batch of {n}"] = float(difference)
        row[f"seconds per mutant, batch of {n}"] = seconds / changed
        row[f"seconds per mutant of its NaiveISM, batch of {n}"] = plain / changed
    result[f"ism-{name}-1000"] = row
text = json.dumps(result, indent=1)
(folder / "fastism.json").write_text(text + "\n")
print(text)
PYTHON

"""Keras files against TensorFlow itself: the published Basenji2 architecture, and a network of common layers.

    python bench/validation/keras_models.py FOLDER

Needs tensorflow-cpu and tf_keras (the Keras that wrote the published files). Weights are drawn. Each model is built in
TensorFlow, saved as its users have it, imported from that file without TensorFlow, and compared on random sequences.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import onnxruntime
import tensorflow as tf
import tf_keras as keras

from gxfast.models import OutputOptions, importer

layers = keras.layers
TOLERANCE = 1e-5


class GELU(layers.Layer):  # type: ignore[misc]
    """As in Basenji: x times sigmoid(1.702 x)."""

    def call(self, x: Any) -> Any:
        """Apply it."""
        return x * tf.sigmoid(1.702 * x)


def basenji2() -> Any:
    """The published sizes, block by block: activation, convolution, normalisation, pooling."""

    def block(x: Any, filters: int, width: int, dilation: int = 1, *, pool: bool = False) -> Any:
        x = layers.Conv1D(filters, width, padding="same", dilation_rate=dilation, use_bias=False)(GELU()(x))
        x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.MaxPool1D(2, padding="same")(x) if pool else x

    sequence = keras.Input((131_072, 4))
    x = block(sequence, 288, 15, pool=True)
    for k in range(6):
        x = block(x, int(np.round(339 * 1.1776**k)), 5, pool=True)
    rate = 1.0
    for _ in range(11):
        inner = block(x, 384, 3, int(np.round(rate)))
        x = layers.Add()([x, layers.Dropout(0.3)(block(inner, x.shape[-1], 1))])
        rate = np.round(rate * 1.5)
    x = GELU()(block(layers.Cropping1D(64)(x), 1536, 1))
    return keras.Model(sequence, layers.Dense(5313, activation="softplus")(x))


def common() -> Any:
    """Layers of the generic route."""
    sequence = keras.Input((501, 4))
    x = layers.Conv1D(32, 11, padding="same", activation="relu", strides=2)(sequence)
    x = layers.BatchNormalization()(x)
    y = layers.Conv1D(32, 4, padding="same", dilation_rate=3, activation="elu")(x)
    x = layers.Concatenate()([x, layers.Add()([x, y])])
    x = layers.MaxPool1D(4, padding="same")(x)
    x = layers.AveragePooling1D(3)(layers.ZeroPadding1D((1, 3))(x))
    x = layers.Conv1D(8, 3, padding="causal", activation="tanh")(layers.LeakyReLU(0.2)(x))
    x = layers.Concatenate()([layers.Flatten()(x), layers.GlobalMaxPool1D()(x)])
    return keras.Model(sequence, layers.Dense(3)(layers.Dropout(0.5)(x)))


def lively(model: Any) -> None:
    """Draw what starts at zero or one."""
    rng = np.random.default_rng(2)
    for weight in model.weights:
        if "kernel" not in weight.name:
            spread = (
                rng.uniform(0.6, 1.2, weight.shape) if "variance" in weight.name or "gamma" in weight.name else None
            )
            weight.assign(rng.normal(0, 0.1, weight.shape) if spread is None else spread)


def compare(name: str, model: Any, path: Path, cut: Any) -> None:
    """Run both on the same sequences."""
    length, channels = model.input_shape[1:]
    one_hot = np.eye(channels, dtype=np.float32)[np.random.default_rng(1).integers(0, 4, (2, length))]
    expected = cut(model(one_hot).numpy())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    x = one_hot if entry.shape[2] == channels else np.ascontiguousarray(one_hot.transpose(0, 2, 1))
    (found,) = session.run(None, {entry.name: x})
    difference = float(np.abs(found - expected).max())
    size = f"{model.count_params():,} parameters, {length:,} bases, outputs {found.shape}"
    print(f"{name}: {size}, {expected.min():.3g} to {expected.max():.3g}: largest difference {difference:.2g}")
    if not difference <= TOLERANCE:
        raise SystemExit(f"{name}: differs by more than {TOLERANCE:g}")


def main() -> None:
    """Verify both."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    model = common()
    lively(model)
    model.save(folder / "common.h5")
    compare("common layers", model, importer("keras")(folder / "common.h5", folder), lambda y: y)
    model = basenji2()
    lively(model)
    model.save(folder / "basenji2.h5", include_optimizer=False)
    path = importer("basenji2")(folder / "basenji2.h5", folder, outputs=OutputOptions(tracks=["5110", "4980"]))
    compare("Basenji2", model, path, lambda y: y[:, 443:453, [5110, 4980]])


if __name__ == "__main__":
    main()

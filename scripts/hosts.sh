#!/usr/bin/env bash
# Make a virtual environment with the tool kits that gxfast.compat is tested against, and run those tests in it.
# Usage: scripts/hosts.sh [FOLDER]     (default: hosts-venv beside the checkout; about 8 GB, PyTorch with CUDA)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-../hosts-venv}
if [ ! -x "$folder/bin/python" ]; then
    python3 -m venv "$folder"
fi
pip="$folder/bin/python -m pip install --quiet"
# shellcheck disable=SC2086
$pip "numpy>=2,<3" "pysam>=0.24.1,<0.25" click pytest hypothesis six cyvcf2 torch
$pip "kipoiseq==0.7.1" "seqpro==0.23.*" "tangermeme==1.6.*" "enformer-pytorch==0.8.*" "crested==1.11.*" "gReLU==1.1.*"
# selene pins an old PyTorch and needs pkg_resources; its encoder is a small Cython module that builds without either.
$pip cython "setuptools<81" pytabix ruamel.yaml seaborn statsmodels plotly scikit-learn docopt h5py
$pip --no-deps --no-build-isolation "selene-sdk==0.6.*"
# gxfast itself is taken from the checkout, where its compiled modules lie (see CONTRIBUTING.md).
PYTHONPATH=$PWD exec "$folder/bin/python" -m pytest tests/compat -q

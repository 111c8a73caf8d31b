#!/usr/bin/env bash
# Make the environments in which `python bench/run.py` finds the peers. Some GB of packages, from PyPI.
#
#   bench/peers.sh [FOLDER]      default .venv-bench; a second one, FOLDER-selene, for the one that needs an old torch
#   PEERS_ONLY=1 bench/peers.sh  do not install gxfast itself (use PYTHONPATH)
#
# Then: FOLDER/bin/python bench/run.py --size real --record bench/results
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root/.venv-bench}
python=${PYTHON:-python3}

install() { # VENV PACKAGE...
  local venv=$1
  shift
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet "$@"
  if [ -z "${PEERS_ONLY:-}" ]; then
    "$venv/bin/python" -m pip install --quiet "$root[cpu,test]"
  else
    "$venv/bin/python" -m pip install --quiet "pysam>=0.24.1,<0.25" click rich onnx onnxruntime scipy pytest pytest-benchmark
  fi
}

# kipoiseq imports six without asking for it.
install "$folder" \
  genvarloader==0.43.1 pyconsensus-rs==0.1.0 tangermeme==1.6.0 kipoiseq==0.7.1 six enformer-pytorch==0.8.12 \
  gReLU==1.1.0 bionumpy==1.0.14 cyvcf2==0.35.0 Bottleneck==1.6.0 statsmodels==0.15.0 numba "torch${TORCH_VERSION:-}"

# For bench/validation/models.py; borzoi-pytorch asks for newer transformers than enformer-pytorch, and runs with these.
"$folder/bin/python" -m pip install --quiet torchinfo pooch natsort pytorch-lightning torchmetrics intervaltree
"$folder/bin/python" -m pip install --quiet --no-deps basenji2-pytorch==0.1.2 borzoi-pytorch==0.5.1

# tensorqtl imports packages it does not ask for, and one of these asks for an old NumPy that it can do without.
"$folder/bin/python" -m pip install --quiet pandas pyarrow pandas_plink
"$folder/bin/python" -m pip install --quiet --no-deps tensorqtl==1.0.10 qtl "numpy==2.4.6"

# selene-sdk wants torch <= 2.3.1 (GenVarLoader needs a newer one) and pkg_resources, which setuptools 81 dropped.
install "$folder-selene" selene-sdk==0.6.0 "setuptools<81"

echo "peers: $folder/bin/python bench/run.py"
echo "selene: $folder-selene/bin/python bench/run.py -k nlc"

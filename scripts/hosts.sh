#!/usr/bin/env bash
# Make a virtual environment with the tool kits that gxfast.compat serves, run tests/compat in it, then the tool kits'
# own tests without and with gxfast, then the gate of speeds. What cannot be installed or has no tests is named.
#
#   scripts/hosts.sh [FOLDER]       default: hosts-venv beside the checkout; about 8 GB, PyTorch with CUDA
#   TORCH_VERSION="==2.13.0"        another PyTorch than the newest
#   HOSTS_SOURCES=FOLDER            clones of repositories: basenji, baskerville, and those whose packages bring no tests
#   HOSTS_STEPS="install contract suites gate"   the steps to do
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-../hosts-venv}
steps=${HOSTS_STEPS:-install contract suites gate}
sources=${HOSTS_SOURCES:-}
failed=0
here() { [[ " $steps " == *" $1 "* ]]; }
pip() { "$folder/bin/python" -m pip install --quiet "$@"; }
host() { # NAME PACKAGE...
  local name=$1
  shift
  pip "torch${TORCH_VERSION:-}" "$@" >"$folder/$name.log" 2>&1 || echo "not here: $name cannot be installed ($folder/$name.log)"
}

if here install; then
  [ -x "$folder/bin/python" ] || python3 -m venv "$folder"
  pip "numpy>=2,<3" "pysam>=0.24.1,<0.25" click rich pytest hypothesis six cyvcf2 cython "setuptools<81" pytest-mock
  host tangermeme "tangermeme==1.6.*"
  host kipoiseq "kipoiseq==0.7.1"
  host seqpro "seqpro==0.23.*"
  host enformer-pytorch "enformer-pytorch==0.8.*"
  host crested "crested==1.11.*"
  host gReLU "gReLU==1.1.*"
  # selene pins an old PyTorch and needs pkg_resources; its encoder is a small Cython module that builds without either.
  host selene-needs pytabix ruamel.yaml seaborn statsmodels plotly scikit-learn docopt h5py
  host selene --no-deps --no-build-isolation "selene-sdk==0.6.*"
  host statistics "scipy==1.17.*" "scikit-learn==1.9.*" "statsmodels==0.15.*"
  # tensorQTL imports packages that it does not ask for; one of these asks for an old NumPy that it can do without.
  host tensorqtl-needs pandas pyarrow pandas_plink
  host tensorqtl --no-deps "tensorqtl==1.0.10" qtl
  pip "numpy>=2,<3" "setuptools<81" # what the packages above may have replaced
fi
for clone in basenji baskerville/src; do
  if [ -n "$sources" ] && [ -d "$sources/$clone" ]; then
    export PYTHONPATH="$sources/$clone${PYTHONPATH:+:$PYTHONPATH}"
  else
    echo "not here: ${clone%%/*}, which PyPI does not have (HOSTS_SOURCES)"
  fi
done
# gxfast itself is taken from the checkout, where its compiled modules lie (see CONTRIBUTING.md).
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
if here contract; then
  "$folder/bin/python" -m pytest tests/compat -q || failed=1
fi
if here suites; then
  "$folder/bin/python" scripts/host_tests.py ${sources:+--sources "$sources"} || failed=1
fi
if here gate; then
  "$folder/bin/python" -m gxfast.bench --drop-in --size real || failed=1
fi
exit "$failed"

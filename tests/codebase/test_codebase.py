"""The project tests itself: version, names, layers, import cost."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import gxfast

PACKAGE = Path(gxfast.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    "numba",
    "scipy",
    "sklearn",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "h5py",
    "jinja2",
    "pysam",
    "rich",
    "click",
    "torch",
    "kipoiseq",
    "tangermeme",
    "seqpro",
    "pyfaidx",
    "zarr",
    "numcodecs",
    "pyarrow",
    "pandas",
    "polars",
    "anndata",
    "pgenlib",
    "zstandard",
}


def imports_at_top(path: Path) -> set[str]:
    """Top-level packages imported when the module is imported (not inside functions or TYPE_CHECKING)."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def imports_anywhere(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_compiled_version_equals_metadata() -> None:
    kernels = importlib.import_module("gxfast._kernels")
    assert kernels.__version__ == importlib.metadata.version("gxfast") == gxfast.__version__ != ""


def test_public_names_are_modules_only_where_meant() -> None:
    import types

    for name in gxfast.__all__:
        value = getattr(gxfast, name)
        assert name in ("compat", "ism", "patch", "stats") or not isinstance(value, types.ModuleType), name
    assert callable(gxfast.patch)
    assert sorted(gxfast.__all__) == list(gxfast.__all__)
    assert dir(gxfast) == list(gxfast.__all__)


def test_public_functions_stay_functions_after_submodules_are_imported() -> None:
    for module in SOURCES:
        name = ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts)
        if "__main__" not in name:
            importlib.import_module(name)
    assert callable(gxfast.predict)
    assert callable(gxfast.evaluate)
    assert callable(gxfast.haplotypes)
    assert callable(gxfast.report)


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, gxfast; print(sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_nothing_heavy() -> None:
    heavy = HEAVY - {"click"}
    code = (
        "import sys\nfrom gxfast.cli.main import main\nmain(['--help'])\n"
        f"print('LOADED', sorted({{*{sorted(heavy)!r}}} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("LOADED []")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    allowed = {"click"} if path.parent.name in ("cli", "bench") else set()
    if path.name == "_numba.py":
        allowed = {"numba"}
    assert not imports_at_top(path) & HEAVY - allowed


def test_only_the_session_layer_imports_onnxruntime() -> None:
    users = {p.relative_to(PACKAGE).as_posix() for p in SOURCES if "onnxruntime" in imports_anywhere(p)}
    assert users
    assert all(name.startswith("models/") for name in users)
    assert len(users) == 1


def test_only_numba_files_import_numba() -> None:
    users = {p.relative_to(PACKAGE).as_posix() for p in SOURCES if "numba" in imports_anywhere(p)}
    assert users <= {"kernels/_numba.py"}


def test_core_knows_no_python() -> None:
    core = PACKAGE.parent / "csrc" / "core"
    if not core.is_dir():
        pytest.skip("the C++ sources are not beside an installed wheel")
    for path in [*core.rglob("*.hpp"), *core.rglob("*.cpp")]:
        assert "Python.h" not in path.read_text()
        assert "pybind11" not in path.read_text()


# What runs code that stands in data.
RUNS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
RUNS_AS_METHOD = {"read_pickle", "full_load", "unsafe_load", "load_extension", "enable_load_extension"}
RUNS_AS_MODULE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "yaml", "marshal", "shelve"}
# What loads data alone, and the keyword that says so.
LOADS = {
    "entry.load": None,  # of a distribution that is installed (gxfast/_plugins.py), no input
    "json.load": None,
    "json.loads": None,
    "onnx.load": None,
    "np.load": "allow_pickle",
    "torch.load": "weights_only",
}
SAFE = {"allow_pickle": False, "weights_only": True, "trust_remote_code": False, "shell": False}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_input_is_run(path: Path) -> None:
    """No pickle in any guise, no eval; arrays and tensors are loaded as data, by a call that says so."""
    assert not imports_anywhere(path) & RUNS_AS_MODULE
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        last = name.rpartition(".")[2]
        given = {k.arg: k.value.value if isinstance(k.value, ast.Constant) else k.value for k in node.keywords if k.arg}
        where = f"line {node.lineno}: {name}"
        assert name not in RUNS, where
        assert last not in RUNS_AS_METHOD, where
        assert all(given[key] is SAFE[key] for key in SAFE.keys() & given), where
        assert last not in ("load", "loads") or name in LOADS or "bench" in path.parts, where
        assert LOADS.get(name) is None or LOADS[name] in given, where


@pytest.mark.parametrize(
    "call",
    [
        "pickle.loads(x)", "np.load(p)", "np.load(p, allow_pickle=True)", "np.load(p, allow_pickle=flag)", "eval(x)",
        "torch.load(p)", "torch.load(p, weights_only=False)", "subprocess.run(x, shell=True)", "skops.io.load(p)",
    ],
)  # fmt: skip
def test_the_rule_sees_what_it_forbids(tmp_path: Path, call: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(call)
    with pytest.raises(AssertionError):
        test_no_input_is_run(path)

"""patch, unpatch, accelerate: the mechanism, on a small package written for the test and entered in the table."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gxfast as gx
from gxfast.compat import _on_import, binding
from gxfast.compat.targets import TOOLS, Target, Tool
from gxfast.errors import InputError

HOME = """
def one_hot_encode_sequence(sequence, expand_dim=True):
    return "original"

def generate_mutagenesis(x, include_original=True, flanks=(0, 0), protected_positions=None):
    return "original"
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed distribution `toyhost` 1.2 with crested's signatures, bound by name in a second module."""
    package = tmp_path / "toyhost"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "home.py").write_text(HOME)
    (package / "user.py").write_text("from .home import one_hot_encode_sequence as encode\n")
    (package / "late.py").write_text("from .home import one_hot_encode_sequence\n")
    info = tmp_path / "toyhost-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toyhost\nVersion: 1.2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    targets = tuple(
        Target("toyhost.home", name, f"crested:{name}") for name in ("one_hot_encode_sequence", "generate_mutagenesis")
    )
    monkeypatch.setitem(TOOLS, "toyhost", Tool("toyhost", "1.2", "1.3", targets))
    importlib.import_module("toyhost.user")
    yield tmp_path
    gx.unpatch()
    binding._WARNED.clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "toyhost"]:
        del sys.modules[name]


def bound(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"toyhost.{module}"), name)


def test_every_binding_is_rewritten_and_restored(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = [bound("home", "one_hot_encode_sequence")]
    gx.patch("toyhost", verbose=True)
    assert "toyhost.home.one_hot_encode_sequence replaced in 2 place(s)" in capsys.readouterr().err
    assert bound("user", "encode")("AC").shape == (1, 2, 4)
    assert bound("late", "one_hot_encode_sequence") is bound("user", "encode") is not kept[0]
    gx.patch("toyhost")
    gx.unpatch("toyhost")
    for module, name in [("home", "one_hot_encode_sequence"), ("user", "encode"), ("late", "one_hot_encode_sequence")]:
        assert bound(module, name) is kept[0]
    assert not binding._IN_FORCE
    assert gx.compat.crested.one_hot_encode_sequence("AC").shape == (1, 2, 4)


def test_accelerate_restores_what_was_there(toy: Path) -> None:
    encode = [bound("user", "encode")]

    def fail_inside() -> None:
        with gx.accelerate("toyhost"):
            assert bound("user", "encode") is not encode[0]
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert bound("user", "encode") is encode[0]
    gx.patch("toyhost")
    inside = bound("user", "encode")
    with gx.accelerate("toyhost"):
        pass
    assert bound("user", "encode") is inside


def test_untested_versions_and_signatures_are_left_alone_once(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = TOOLS["toyhost"]
    monkeypatch.setitem(TOOLS, "toyhost", Tool("toyhost", "2.0", "3.0", tool.targets))
    with pytest.warns(binding.PatchWarning, match="outside the tested range"):
        gx.patch("toyhost")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gx.patch("toyhost")
    assert bound("user", "encode")("AC") == "original"
    binding._WARNED.clear()
    monkeypatch.setitem(TOOLS, "toyhost", tool)
    monkeypatch.setattr(importlib.import_module("toyhost.home"), "generate_mutagenesis", lambda y: y)
    with pytest.warns(binding.PatchWarning, match="other parameters"):
        gx.patch("toyhost")


def test_verification_keeps_an_original_that_differs(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GXFAST_VERIFY", "1")
    gx.patch("toyhost")
    with pytest.warns(binding.PatchWarning, match="the original is kept"):
        assert bound("user", "encode")("AC") == "original"
    assert bound("user", "encode")("AC") == "original"


def test_unknown_and_absent_tools() -> None:
    with pytest.raises(InputError, match="unknown tool 'numpy'"):
        gx.patch("numpy")
    if not importlib.util.find_spec("basenji"):
        with pytest.raises(InputError, match=r"basenji is not installed\n.*clone its repository"):
            gx.patch("basenji")


def test_import_patches_nothing_and_the_module_is_callable() -> None:
    code = (
        "import gxfast, gxfast.patch\nfrom gxfast.compat import binding\n"
        "print(binding._IN_FORCE, callable(gxfast.patch))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{} True"


def test_without_names_a_host_is_patched_when_it_is_imported(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "toyhost"]:
        del sys.modules[name]
    monkeypatch.setattr(binding, "TOOLS", {"toyhost": TOOLS["toyhost"]})
    gx.patch()
    assert not binding._IN_FORCE
    assert "toyhost" not in sys.modules
    assert bound("user", "encode")("AC").shape == (1, 2, 4)
    home = sys.modules["toyhost.home"]
    assert type(home.__loader__).__name__ == "SourceFileLoader" == type(home.__spec__.loader).__name__  # type: ignore[union-attr]
    assert not _on_import.waiting_tools()
    gx.unpatch()
    assert bound("user", "encode")("AC") == "original"


def test_what_is_not_imported_is_forgotten_again(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "toyhost"]:
        del sys.modules[name]
    monkeypatch.setattr(binding, "TOOLS", {"toyhost": TOOLS["toyhost"]})
    finders = list(sys.meta_path)
    with gx.accelerate():
        assert _on_import.waiting_tools() == {"toyhost"}
    assert sys.meta_path == finders
    assert bound("user", "encode")("AC") == "original"


def test_another_host_is_left_alone_at_its_import(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "toyhost"]:
        del sys.modules[name]
    monkeypatch.setattr(binding, "TOOLS", {"toyhost": Tool("toyhost", "2.0", "3.0", TOOLS["toyhost"].targets)})
    gx.patch()
    with pytest.warns(binding.PatchWarning, match="outside the tested range"):
        assert bound("user", "encode")("AC") == "original"


@pytest.mark.parametrize("given", [("missing.py",), ("-m", "no_such_module"), ("-m", "no.such.module")])
def test_what_cannot_be_run_is_one_line(tmp_path: Path, given: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "gxfast.patch", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"gxfast: there is no {'script' if given[0] != '-m' else 'module'} {given[-1]!r}")
    assert "Traceback" not in done.stderr


def test_modules_and_scripts_run_as_python_runs_them(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__main__.py").write_text("import sys\nprint(__name__, __package__, sys.argv, sys.path[0])\n")
    (tmp_path / "plain.py").write_text("import sys\nprint(__name__, sys.argv, sys.path[0])\nsys.exit(5)\n")
    for given in (["-m", "pack", "-t", "x"], ["-m", "plain", "-m"], ["plain.py", "-m", "1"]):
        outputs = [
            subprocess.run([sys.executable, *start, *given], capture_output=True, text=True, check=False, cwd=tmp_path)
            for start in ([], ["-m", "gxfast.patch"])
        ]
        assert outputs[0].stdout == outputs[1].stdout != ""
        assert outputs[0].returncode == outputs[1].returncode


def test_starting_imports_no_host() -> None:
    code = "import sys, gxfast\ngxfast.patch()\nprint(sorted({'torch', 'scipy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_script_runs_patched(tmp_path: Path) -> None:
    pytest.importorskip("kipoiseq", reason="needs a real host; see scripts/hosts.sh")
    script = tmp_path / "s.py"
    script.write_text(
        "import sys\nfrom kipoiseq.transforms.functional import one_hot_dna as f\n"
        "print(sys.argv[1:], hasattr(f, '__gxfast_original__'), f('AC').shape)\n"
    )
    command = [sys.executable, "-W", "ignore", "-m", "gxfast.patch", "-t", "kipoiseq", str(script), "-x", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("['-x', '1'] True (2, 4)")
    assert "one_hot_dna replaced in" in done.stderr

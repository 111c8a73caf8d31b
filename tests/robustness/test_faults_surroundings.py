"""Broken streams, homes, locales, odd paths, an optimising Python, little memory: refused, or the same bytes."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from robustness.driver import FINISHED, Bench, Done, run


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), n_genes=12)


def shell(line: str, command: list[str], **options: object) -> Done:
    """Run a line of bash in which "$@" is the command."""
    return run(["bash", "-o", "pipefail", "-c", line, "bash", *command], timeout=60, **options)


STREAMS = ('"$@" <&- >&- 2>&-', '"$@" 2>&-', '"$@" 2>&1 | true', '"$@" | true')


@pytest.mark.parametrize(
    ("name", "line"),
    [("saturate", '"$@" <&- >&-'), *(("predict", line) for line in STREAMS),
     ("baseline", STREAMS[3])],
)  # fmt: skip
def test_streams(bench: Bench, tmp_path: Path, name: str, line: str) -> None:
    out = tmp_path / "out"
    command = [part for part in bench.command(name, out) if part != "-q"]
    bench.require_same(name, out, shell(line, command), line)


@pytest.mark.parametrize("name", ["predict", "baseline", "compare"])
def test_standard_output_is_full(bench: Bench, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    done = shell('"$@" > /dev/full', [*bench.command(name, tmp_path / "out"), "--json"])
    done.require_refused()


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "MPLCONFIGDIR": "", "NUMBA_CACHE_DIR": ""},
        {"HOME": None},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "xx_YY.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONOPTIMIZE": "2"},
        {"TZ": "Pacific/Chatham", "TMPDIR": "/nonexistent", "COLUMNS": "0", "TERM": "dumb"},
    ],
)
def test_environment(bench: Bench, tmp_path: Path, environment: dict[str, str | None]) -> None:
    out = tmp_path / "out"
    whole = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    bench.require_same("predict", out, run(bench.command("predict", out), env=whole), str(environment))
    command = [*bench.command("plot", tmp_path / "plot")]
    (tmp_path / "plot").mkdir()
    bench.require_same("plot", tmp_path / "plot", run(command, env=whole), str(environment))


@pytest.mark.parametrize(
    "name", ["a b", 'it\'s "quoted" & $HOME;', "ä 日本 \N{DNA DOUBLE HELIX}", "-o", "100%{x}", "[a]*?"]
)
def test_paths(tmp_path: Path, bench: Bench, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(bench.cohort.directory, folder / "cohort")
    out = folder / "out"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    moved = [
        part.replace(str(bench.cohort.directory), str(folder / "cohort")) for part in bench.command("saturate", out)
    ]
    bench.require_same("saturate", out, run(moved, env=environment), name)
    if not name.isascii():
        bench.require_same("saturate", out, run([*moved, "--resume"]), f"{name}, resumed under another locale")


def test_an_odd_model_name(bench: Bench, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(bench.cohort.model)
    for entry in model.metadata_props:
        entry.value = entry.value.replace('"demo-promoter"', '"d\\u00e4mo"')
    onnx.save(model, tmp_path / "m.onnx")
    odd = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    out = tmp_path / "out"
    command = [part.replace(str(bench.cohort.model), str(tmp_path / "m.onnx")) for part in bench.command("steps", out)]
    for environment, extra in ((odd, ()), (None, ("--resume",))):
        done = run([*command, *extra], env=environment)
        if done.code in FINISHED:
            assert (out / "predictions" / "dämo.bed.gz").exists()
        else:
            done.require_refused()


def test_a_working_directory_that_cannot_be_written(bench: Bench, tmp_path: Path) -> None:
    bench.require_same(
        "saturate", tmp_path / "out", run(bench.command("saturate", tmp_path / "out"), cwd="/proc"), "in /proc"
    )


@pytest.mark.parametrize("name", ["predict", "eqtl", "saturate", "merge", "evaluate", "compare", "import", "plot"])
def test_an_output_that_cannot_be_written(bench: Bench, name: str) -> None:
    run(bench.command(name, Path("/proc/nothing" if len(name) % 2 else "/dev/null/x"))).require_refused(name)


@pytest.mark.parametrize("mebibytes", [40, 100, 200, 300, 500, 700, 900])
def test_little_memory(bench: Bench, tmp_path: Path, mebibytes: int) -> None:
    name = "baseline" if mebibytes in (300, 900) else "predict"
    limit = mebibytes << 20
    out = tmp_path / "out"
    try:
        done = run(
            bench.command(name, out), timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.fail(f"{name} hangs with {mebibytes} MiB")
    if done.code in FINISHED:
        bench.require_same(name, out, done, f"{mebibytes} MiB")
    elif "gxfast" in done.err or done.code != 1:  # else Python itself could not start
        done.require_refused(f"{mebibytes} MiB")

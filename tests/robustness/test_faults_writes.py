"""No room, and writes that fail: a clean refusal, nothing cut under its own name, and the same bytes afterwards."""

from __future__ import annotations

import os
import random
import resource
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from robustness.driver import FINISHED, Bench, Shim, build_shim, looks_finished, run, write_round

WRITERS = ("predict", "eqtl", "baseline", "variants", "saturate", "merge", "evaluate", "compare", "import", "plot")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"), n_genes=36)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    found = build_shim(tmp_path_factory.mktemp("shim"))
    if found is None:
        pytest.skip("no C compiler for the library that makes writes fail")
    return found


@pytest.mark.parametrize(("name", "percent"), [("predict", 10), ("saturate", 50), ("saturate", 90), ("baseline", 90)])
def test_too_little_room(bench: Bench, shim: Shim, tmp_path: Path, name: str, percent: int) -> None:
    _, calls = shim.run(bench, name, tmp_path / "need")
    need = sum(int(call.split()[1]) for call in calls)
    assert write_round(bench, shim, name, tmp_path / "out", bytes=need * percent // 100)


def test_writes_that_fail(bench: Bench, shim: Shim, tmp_path: Path) -> None:
    def one(name: str) -> None:
        _, calls = shim.run(bench, name, tmp_path / f"{name}-count")
        rng = random.Random(name)
        at, how = rng.randint(1, len(calls)), rng.choice(["EIO", "ENOSPC"])
        assert write_round(bench, shim, name, tmp_path / name, at=at, how=how)
        at = rng.choice([n for n, call in enumerate(calls, start=1) if call.startswith("write")])
        assert write_round(bench, shim, name, tmp_path / name, at=at, how="short", resume=False)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, WRITERS))


def test_a_figure_that_cannot_be_written(bench: Bench, shim: Shim, tmp_path: Path) -> None:
    done, calls = shim.run(bench, "run", tmp_path / "out", part=".png", at=2)
    assert any(call.startswith("!write") for call in calls)
    done.require_refused()
    assert not looks_finished(tmp_path / "out")
    assert not list((tmp_path / "out" / "figures").glob("*.png*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of a few kilobytes cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_file_system(bench: Bench, small_disk: Path) -> None:
    out = small_disk / "out"
    done = run(bench.command("saturate", out))
    done.require_refused()
    assert "No space left on device" in done.err
    bench.require_honest("saturate", out, "full")
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    bench.require_same("saturate", out, run(bench.command("saturate", out, "--resume")), "with room")


def test_a_limit_on_the_size_of_files(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out"
    largest = max(file.stat().st_size for file in bench.undisturbed("predict").rglob("*.npz"))
    limit = largest - 1
    done = run(
        bench.command("predict", out), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    done.require_refused()
    bench.require_same("predict", out, run(bench.command("predict", out, "--resume")), "without the limit")


@pytest.mark.parametrize("files", [8, 14, 20, 48])
def test_few_descriptors(bench: Bench, tmp_path: Path, files: int) -> None:
    limits = (files, files)
    done = run(
        bench.command("predict", tmp_path / "out"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
    )
    if done.code in FINISHED:
        bench.require_same("predict", tmp_path / "out", done, f"{files} descriptors")
    else:
        done.require_refused(f"{files} descriptors")

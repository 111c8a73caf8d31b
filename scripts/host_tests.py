"""Run the hosts' own test suites twice, as they are and with gxfast in the hosts' place, and print what changed.

Usage: python scripts/host_tests.py [--sources FOLDER] [--limit SECONDS] [-k WORDS] [TOOL]...

A suite is taken from FOLDER/<repository> (a clone, or a copy of one), else from the host's source package on PyPI. The
tests run in a folder of their own against the installed host. A line says what is not here. Exit code 1: a test that
passes without gxfast does not pass with it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Suite:
    """Where a host's tests are: its repository's name, the folder of the tests in it, that of the package."""

    repository: str
    distribution: str
    tests: str = "tests"
    package: str = ""  # on PYTHONPATH where the host is no installed distribution


SUITES = {
    "baskerville": Suite("baskerville", "", package="src"),
    "basenji": Suite("basenji", "", package="."),
    "crested": Suite("CREsted", "crested"),
    "enformer_pytorch": Suite("enformer-pytorch", "enformer-pytorch"),
    "grelu": Suite("gReLU", "gReLU"),
    "kipoiseq": Suite("kipoiseq", "kipoiseq"),
    "selene": Suite("selene", "selene-sdk", tests="selene_sdk/sequences/tests"),
    "seqpro": Suite("SeqPro", "seqpro"),
    "tangermeme": Suite("tangermeme", "tangermeme"),
}


def source_package(distribution: str, folder: Path) -> Path | None:
    """Fetch the installed version's source package from PyPI and unpack it; None if there is none."""
    version = importlib.metadata.version(distribution)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    done = subprocess.run(
        [*command, "--no-build-isolation", "-d", str(folder), f"{distribution}=={version}"],
        capture_output=True,
        check=False,
    )
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        return None
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return next((folder / "unpacked").iterdir())


def find_tests(tool: str, suite: Suite, sources: Path | None, folder: Path) -> tuple[Path | None, str]:
    """Return the repository's folder, or None and why it is not here."""
    clone = sources / suite.repository if sources else None
    if not (suite.package or importlib.util.find_spec(tool if tool != "selene" else "selene_sdk")):
        return None, "the host is not installed (scripts/hosts.sh)"
    if clone and (clone / suite.tests).is_dir():
        return clone, ""
    if not suite.distribution:
        return None, f"PyPI does not have it; clone it to SOURCES/{suite.repository}"
    root = source_package(suite.distribution, folder)
    if root is None:
        return None, f"PyPI has no source package that can be had; clone it to SOURCES/{suite.repository}"
    if not (root / suite.tests).is_dir():
        return None, f"no tests in its source package; clone it to SOURCES/{suite.repository}"
    return root, ""


def outcomes(report: Path) -> dict[str, str]:
    """Return test: passed, failed or skipped, of a JUnit file."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        kind = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[f"{case.get('classname')}.{case.get('name')}"] = kind
    return found


def run_suite(tool: str, suite: Suite, root: Path, patched: bool, words: str, limit: int) -> dict[str, str]:
    """Run the tests in a copy of their folder; a test that was not reached in time is not in the result."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(root / suite.tests, place / suite.tests, ignore_dangling_symlinks=True)
        report = place / "report.xml"
        pytest = [
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--continue-on-collection-errors",
            "--tb=native",  # others parse the source again, which fails on some releases of Python
            f"--junitxml={report}",
            suite.tests,
            *(["-k", words] if words else []),
        ]
        start = ["-m", "gxfast.patch", "-t", tool, "-m", *pytest] if patched else ["-m", *pytest]
        paths = [str(ROOT), str(root / suite.package) if suite.package else "", os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        log = place / "log.txt"
        with log.open("w") as output:
            try:
                subprocess.run(
                    [sys.executable, "-W", "ignore", *start], cwd=place, env=environment, stdout=output,
                    stderr=subprocess.STDOUT, timeout=limit, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                print(f"{tool}: not done after {limit} s", flush=True)
                return {}
        if not report.exists():
            print(f"{tool}: pytest failed to start\n{log.read_text()[-2000:]}", flush=True)
            return {}
        return outcomes(report)


def main() -> int:
    """Run what is asked for; return the exit code."""
    parser = argparse.ArgumentParser(description="Run the hosts' own tests without and with gxfast.")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=f"default: all of {', '.join(SUITES)}")
    parser.add_argument("--sources", type=Path, help="folder with clones of the hosts' repositories")
    parser.add_argument("--limit", type=int, default=1800, help="seconds for one run of a suite")
    parser.add_argument("-k", dest="words", default="", help="as of pytest: only tests with these words")
    given = parser.parse_args()
    if unknown := set(given.tools) - set(SUITES):
        parser.error(f"unknown tool {', '.join(sorted(unknown))}; choose from {', '.join(SUITES)}")
    lines, lost = [], []
    for tool in given.tools or SUITES:
        suite = SUITES[tool]
        with tempfile.TemporaryDirectory() as folder:
            root, why = find_tests(tool, suite, given.sources, Path(folder))
            if root is None:
                lines.append(f"| {tool} | not here: {why} | | |")
                continue
            plain, patched = (run_suite(tool, suite, root, on, given.words, given.limit) for on in (False, True))
        if "passed" not in plain.values():
            lines.append(f"| {tool} | not here: none of its {len(plain)} tests or files of tests runs as it is | | |")
            continue
        worse = [test for test, kind in plain.items() if kind == "passed" and patched.get(test) != "passed"]
        better = [test for test, kind in patched.items() if kind == "passed" and plain.get(test) == "failed"]
        lost += [f"{tool}: {test}" for test in worse]
        counts = [
            ", ".join(f"{list(found.values()).count(kind)} {kind}" for kind in ("passed", "failed", "skipped"))
            for found in (plain, patched)
        ]
        lines.append(f"| {tool} | {counts[0]} | {counts[1]} | {len(worse)} lost, {len(better)} won |")
    print("\n| host | its tests as it is | with gxfast | |\n|---|---|---|---|")
    print("\n".join([*lines, *lost]))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())

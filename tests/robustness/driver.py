"""Commands on a small cohort that are killed, starved or handed torn files, and what they must leave behind.

The tests run a few rounds of it, ``scripts/faults.py`` runs many. What a command leaves is compared,
byte for byte, with what it leaves undisturbed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from gxfast.demo import simulate_cohort

STATE = ".gxfast"
FINISHED = (0, 3)  # 3: finished, and the genes that failed are listed
SHIM = Path(__file__).with_name("fault_shim.c")
# What a kill may hit; drawing the report is most of a full run, and adds no way to keep work.
KILLED = ("predict", "variants", "saturate", "merge", "eqtl", "baseline", "steps")


class FaultError(AssertionError):
    """A disturbed command left something it must not."""


def require(condition: object, message: str) -> None:
    """Raise `FaultError` where the condition does not hold."""
    if not condition:
        raise FaultError(message)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def require_refused(self, what: str = "") -> None:
        """One message with a remedy, exit code 1 or 2, no traceback."""
        clean = self.code in (1, 2) and self.err.count("gxfast: error:") == 1 and "remedy:" in self.err
        require(
            clean and "Traceback" not in self.err, f"{what}: no clean refusal: exit {self.code}\n{self.err[-3000:]}"
        )


@dataclass(frozen=True)
class Left:
    """What an undisturbed command left, and how long it took from its plan on."""

    files: dict[str, str]
    code: int
    seconds: float


def run(command: Sequence[str], *, timeout: float = 300, text: bool = True, **options: Any) -> Done:
    """Run a command to its end."""
    found = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=timeout, **options
    )
    return Done(found.returncode, *(part.decode(errors="replace") for part in (found.stdout, found.stderr)))


def files_of(folder: Path) -> dict[str, str]:
    """Hash every file but the lock and what may differ between equal runs; of the journal, the set of lines counts."""
    found = {}
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if file.is_file() and name not in (f"{STATE}/run.json", f"{STATE}/lock", "config.toml"):
            content = file.read_bytes()
            if name == f"{STATE}/journal.tsv":
                content = b"".join(sorted(content.splitlines(keepends=True)))
            found[name] = hashlib.sha256(content).hexdigest()
    return found


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Name the files that are missing, added or other."""
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def looks_finished(folder: Path) -> bool:
    """Whether the manifest says that a run is complete."""
    try:
        return json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("complete") is True
    except (OSError, ValueError):
        return False


def whole_blocks(folder: Path) -> dict[Path, int]:
    """Blocks that the journal names and whose bytes agree with it, with what tells a file from its successor."""
    journal, found = folder / STATE / "journal.tsv", {}
    for line in journal.read_text(errors="replace").splitlines() if journal.exists() else ():
        name, _, digest = line.partition("\t")
        file = folder / STATE / "blocks" / name
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest:
            found[file] = file.stat().st_mtime_ns
    return found


@dataclass
class Bench:
    """A cohort in ``folder``, commands on it, and what each leaves undisturbed."""

    folder: Path
    n_people: int = 20
    n_genes: int = 70
    _left: dict[str, Left] = field(default_factory=dict)
    _lock: Any = field(default_factory=RLock)

    @cached_property
    def cohort(self) -> Any:
        """The inputs."""
        return simulate_cohort(self.folder / "cohort", n_people=self.n_people, n_genes=self.n_genes)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The finished shards that ``merge`` puts together."""
        parts = tuple(str(self.folder / f"part{i}") for i in (1, 2))
        for i, part in enumerate(parts, start=1):
            done = run(self.command("saturate", Path(part), "--shard", f"{i}/2"))
            require(done.code == 0, done.err)
        return parts

    @cached_property
    def table(self) -> str:
        """A ``genes.tsv`` of two models, for ``compare``."""
        lines = (self.undisturbed("steps") / "genes.tsv").read_text().splitlines()
        twin = [line.replace("demo-promoter", "twin") for line in lines[1:]]
        path = self.folder / "both.tsv"
        path.write_text("\n".join([*lines, *twin]) + "\n")
        return str(path)

    def arguments(self, name: str) -> list[str]:
        """Return what is asked of gxfast under a name."""
        cohort = self.cohort
        fasta, vcf = ["--fasta", str(cohort.fasta)], ["--vcf", str(cohort.vcf)]
        genes, model = ["--genes", str(cohort.genes)], ["--model", str(cohort.model)]
        expression = ["--expression", str(cohort.expression)]
        permutations = ["--permutations", "200"]
        everything = ["run", *fasta, *vcf, *genes, *expression, *model, *permutations]
        arguments: dict[str, Callable[[], list[str]]] = {
            "predict": lambda: ["predict", *fasta, *vcf, *genes, *model],
            "eqtl": lambda: ["eqtl", *vcf, *genes, *expression, *permutations],
            "baseline": lambda: ["baseline", *vcf, *genes, *expression],
            "variants": lambda: ["ism", "variants", *fasta, *vcf, *genes, *model],
            "saturate": lambda: ["ism", "saturate", *fasta, *genes, *model, "--window", "40"],
            "merge": lambda: ["ism", "merge", *self.parts],
            "steps": lambda: [*everything, "--steps", "check,predict,evaluate,eqtl,ism,drivers"],
            "run": lambda: everything,
            "evaluate": lambda: [
                "evaluate",
                str(self.undisturbed("predict") / "predictions/demo-promoter.bed.gz"),
                *expression,
            ],
            "compare": lambda: ["compare", self.table],
            "import": lambda: ["model", "import", "keras", str(keras_model(self.folder / "net.h5")), "--name", "net"],
            "plot": lambda: ["ism", "plot", *fasta, *genes, *model, "--gene", "DEMO0003"],
        }
        return [*arguments[name](), *([] if name in ("compare", "import") else ["-q", "--threads", "2"])]

    def command(self, name: str, out: Path, *extra: str) -> list[str]:
        """Return a command line that writes into or under ``out``."""
        target = {"compare": out / "pairs.tsv", "import": out / "model.onnx", "plot": out / "plot"}.get(name, out)
        return [sys.executable, "-m", "gxfast", *self.arguments(name), "-o", str(target), *extra]

    def expected(self, name: str) -> Left:
        """Return what a command leaves undisturbed."""
        with self._lock:
            return self._expected(name)

    def _expected(self, name: str) -> Left:
        if name not in self._left:
            out = self.folder / "undisturbed" / name
            shutil.rmtree(out, ignore_errors=True)
            out.parent.mkdir(parents=True, exist_ok=True)
            if not has_plan(name):
                out.mkdir()
            started = time.monotonic()
            process = subprocess.Popen(self.command(name, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            began = wait_for(process, out / STATE / "plan.json") if has_plan(name) else started
            err = process.communicate()[1].decode(errors="replace")
            require(process.returncode in FINISHED, f"{name}: exit {process.returncode}\n{err}")
            self._left[name] = Left(files_of(out), process.returncode, time.monotonic() - began)
        return self._left[name]

    def undisturbed(self, name: str) -> Path:
        """Return the folder that an undisturbed command left."""
        self.expected(name)
        return self.folder / "undisturbed" / name

    def require_same(self, name: str, out: Path, done: Done, what: str) -> None:
        """The command ended as an undisturbed one, and left the same bytes."""
        expected = self.expected(name)
        require(done.code == expected.code, f"{what}: exit {done.code}, expected {expected.code}\n{done.err[-3000:]}")
        other = differences(files_of(out), expected.files)
        require(not other, f"{what}: other than undisturbed: {other[:8]}")

    def require_honest(self, name: str, out: Path, what: str, torn: str = "") -> None:
        """What was stopped looks it: a complete manifest stands by whole results only, and files under their own
        names are whole."""
        whole, found = self.expected(name).files, files_of(out) if out.exists() else {}
        if looks_finished(out):  # stopped after its last write
            other = [file for file in differences(found, whole) if file != torn]
            require(not other, f"{what}: the manifest says complete, but {other[:8]} are other than undisturbed")
            return
        several_times = {"manifest.json", f"{STATE}/journal.tsv", "genes.tsv", torn}
        cut = [file for file in found if file not in several_times and whole.get(file, found[file]) != found[file]]
        require(not cut, f"{what}: cut files under their own names: {cut[:5]}")
        odd = [file for file in found if file not in whole and ".gxfast" not in file]
        require(not odd, f"{what}: left behind: {odd[:5]}")


def keras_model(path: Path) -> Path:
    """Write a small network as Keras stores one."""
    import h5py

    if not path.exists():
        layers = [
            {"class_name": "Flatten", "config": {"name": "f", "batch_input_shape": [None, 8, 4]}},
            {"class_name": "Dense", "config": {"name": "d", "activation": "linear", "use_bias": False}},
        ]
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": layers}})
            file.create_dataset("model_weights/d/d/kernel:0", data=np.arange(32, dtype=np.float32).reshape(32, 1))
    return path


def has_plan(name: str) -> bool:
    """Whether a command writes a run directory."""
    return name not in ("compare", "import", "plot")


def wait_for(process: subprocess.Popen[bytes], file: Path) -> float:
    """Wait until a file is there or the process has ended; return the time."""
    while process.poll() is None and not file.exists():
        time.sleep(0.001)
    return time.monotonic()


def tear(out: Path, rng: random.Random) -> tuple[Path, str] | None:
    """Cut, zero or flip a random file of a run, mostly of its work; say which and how."""
    files = sorted(file for file in out.rglob("*") if file.is_file() and file.name != "lock" and file.stat().st_size)
    state = [file for file in files if STATE in file.parts]
    work = [file for file in state if file.name not in ("plan.json", "run.json")]
    if not files:
        return None
    file = rng.choice(next(some for some in rng.sample([work, work, work, state, files], 5) if some))
    content, how = bytearray(file.read_bytes()), rng.choice(["cut", "zeroed", "flipped"])
    at = rng.randrange(len(content))
    if how == "cut":
        del content[at:]
    elif how == "zeroed":
        end = rng.randrange(at, len(content)) + 1
        content[at:end] = bytes(end - at)
    else:
        content[at] ^= 1 << rng.randrange(8)
    file.write_bytes(content)
    return file, f"{file.relative_to(out)} {how} at {at}"


@dataclass
class Round:
    """A round of `kill_round`, for the sums."""

    finished: int
    kept: int
    what: str


def kill_round(bench: Bench, name: str, seed: int, folder: Path) -> Round:
    """Kill a command at a random moment, tear a file in every other round, resume until it ends: the same bytes."""
    rng = random.Random(seed)
    out, what = folder / f"{name}-{seed}", f"{name}, seed {seed}"
    expected = bench.expected(name)
    _interrupted(bench, name, out, rng, what, expected.seconds)
    finished = whole_blocks(out)
    torn = tear(out, rng) if seed % 2 else None
    what += f", {torn[1]}" if torn else ""
    if rng.random() < 0.25:
        _interrupted(bench, name, out, rng, what, expected.seconds, "--resume")
    resumable = whole_blocks(out)
    done = run(bench.command(name, out, "--resume"))
    if torn and torn[0].name in ("plan.json", "journal.tsv") and done.code == 2:
        # A plan that cannot be trusted, or that the journal does not know, is refused by name; start anew elsewhere.
        done.require_refused(what)
        require("plan" in done.err or "cannot resume" in done.err, f"{what}: {done.err}")
        bench.require_honest(name, out, what, str(torn[0].relative_to(out)))
        shutil.rmtree(out)
        return Round(0, 0, what + ", refused")
    bench.require_same(name, out, done, what)
    # What a result holds in place of blocks goes at the end.
    kept = sum(not file.exists() or file.stat().st_mtime_ns == when for file, when in resumable.items())
    require(kept == len(resumable), f"{what}: {len(resumable) - kept} of {len(resumable)} whole blocks done again")
    shutil.rmtree(out)
    return Round(len(finished), len(finished.keys() & resumable.keys()), what)


def _interrupted(
    bench: Bench, name: str, out: Path, rng: random.Random, what: str, seconds: float, *extra: str
) -> None:
    signals = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
    process = subprocess.Popen(bench.command(name, out, *extra), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if extra:
        time.sleep(0.4)  # until modules are loaded
    wait_for(process, out / STATE / "plan.json")
    time.sleep(rng.uniform(0, seconds))
    sent = rng.choice(signals)
    process.send_signal(sent)
    at = time.monotonic()
    err = process.communicate(timeout=60)[1].decode(errors="replace")
    what = f"{what}, {sent.name}"
    if process.returncode in (*FINISHED, 2):
        return  # it was done, or refused what was torn; the next one is looked at
    require("Traceback" not in err, f"{what}: {err[-2000:]}")
    if sent == signal.SIGINT and not looks_finished(out):
        require(process.returncode == 130, f"{what}: exit {process.returncode}\n{err[-2000:]}")
        require(time.monotonic() - at < 10, f"{what}: took {time.monotonic() - at:.1f} s to leave")
    if not extra:
        bench.require_honest(name, out, what)


def kill_rounds(
    bench: Bench, seeds: Sequence[int], folder: Path, *, tell: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Do `kill_round` for the seeds, commands in turn, two at a time; return what was wrong."""
    for name in KILLED:
        bench.expected(name)
    faults: list[str] = []
    rounds: list[Round] = []

    def one(seed: int) -> None:
        name = KILLED[seed // 2 % len(KILLED)]
        try:
            rounds.append(kill_round(bench, name, seed, folder))
            tell(f"{rounds[-1]}")
        except FaultError as fault:
            faults.append(str(fault))
            tell(f"FAULT {fault}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, seeds))
    finished, kept = sum(r.finished for r in rounds), sum(r.kept for r in rounds)
    tell(f"{len(seeds)} rounds, {len(faults)} wrong, {kept} of {finished} finished blocks kept")
    if 2 * kept < finished:
        faults.append(f"only {kept} of {finished} finished blocks were kept")
    return faults


def part_round(bench: Bench, seed: int, folder: Path) -> str:
    """Merge shards of which one was torn: refused by name, or the same bytes."""
    rng = random.Random(seed)
    copies = [folder / f"{seed}-{Path(part).name}" for part in bench.parts]
    for part, copy in zip(bench.parts, copies, strict=True):
        shutil.copytree(part, copy)
    broken, out = rng.choice(copies), folder / f"merge-{seed}"
    torn = tear(broken / STATE, rng)
    what = f"merge, seed {seed}, {torn[1] if torn else ''}"
    command = bench.command("merge", out)
    for part, copy in zip(bench.parts, copies, strict=True):
        command[command.index(part)] = str(copy)
    done = run(command)
    if done.code in FINISHED:
        bench.require_same("merge", out, done, what)
    else:
        done.require_refused(what)
        require(broken.name in done.err, f"{what}: the shard is not named: {done.err}")
        require(not looks_finished(out), f"{what}: the manifest says complete")
    for path in (*copies, out):
        shutil.rmtree(path, ignore_errors=True)
    return f"{what}: exit {done.code}"


@dataclass(frozen=True)
class Shim:
    """A library that makes writes below a folder fail; see ``fault_shim.c``."""

    library: Path

    def run(self, bench: Bench, name: str, out: Path, **options: object) -> tuple[Done, list[str]]:
        """Run a command with it; return how it ended, and the calls that wrote (``!``: that failed)."""
        log = out.with_name(out.name + ".log")
        log.unlink(missing_ok=True)
        if not has_plan(name):
            out.mkdir(exist_ok=True)
        settings = {f"FAULTS_{key.upper()}": str(value) for key, value in options.items()}
        done = run(
            bench.command(name, out),
            env={**os.environ, "LD_PRELOAD": str(self.library), "FAULTS_UNDER": f"{out}/", "FAULTS_LOG": str(log)}
            | settings,
        )  # fmt: skip
        return done, log.read_text().splitlines() if log.exists() else []


def build_shim(folder: Path) -> Shim | None:
    """Compile it; None where there is no compiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return None
    library = folder / "fault_shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SHIM), "-ldl"], check=True)
    return Shim(library)


def write_round(bench: Bench, shim: Shim, name: str, out: Path, *, resume: bool = True, **fault: object) -> bool:
    """Let a write fail, or the folder have too little room: refused; then go on: the same bytes.

    Returns whether anything failed.
    """
    what = f"{name}, {fault}"
    done, calls = shim.run(bench, name, out, **fault)
    failed = [call for call in calls if call.startswith("!")]
    what += f", {failed[:1]}"
    if done.code in FINISHED or not failed:
        # Nothing failed, or what did was done again.
        bench.require_same(name, out, done, what)
    elif fault.get("how") == "kill":
        bench.require_honest(name, out, what)
    else:
        done.require_refused(what)
        bench.require_honest(name, out, what)
    if resume and failed:
        done = run(bench.command(name, out, *(["--resume"] if has_plan(name) else [])))
        bench.require_same(name, out, done, f"{what}, resumed")
    shutil.rmtree(out, ignore_errors=True)
    return bool(failed)

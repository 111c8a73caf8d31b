"""What was written is compared before it is used, what is read is never written over, nothing is made elsewhere."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oracles.measured import run_measured
from oracles.page_file import data_of

from gxfast.cli.main import main
from gxfast.demo import simulate_cohort
from gxfast.io.files import sha256_of
from gxfast.reporting.data import load_files, load_run


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), n_people=20, n_genes=9)


def words(cohort: Any, *extra: object) -> list[str]:
    named = [f"--{what}={getattr(cohort, what)}" for what in ("fasta", "vcf", "genes", "expression", "model")]
    return ["run", "-q", *named, "--threads", "1", "--steps", "check,predict,evaluate,report", *map(str, extra)]


@pytest.fixture(scope="module")
def finished(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert main(words(cohort, "-o", folder)) == 0
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def refused(capfd: pytest.CaptureFixture[str], *command: object, code: int = 2) -> str:
    capfd.readouterr()
    assert main([str(word) for word in command]) == code
    message = capfd.readouterr().err
    assert "Traceback" not in message
    return message


def state(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256_of(path) for path in folder.rglob("*") if path.is_file()}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def edit_a_number(path: Path) -> None:
    lines = path.read_text().splitlines()
    cells = lines[1].split("\t")
    at = lines[0].split("\t").index("pearson_r")
    cells[at] = str(-float(cells[at]))
    path.write_text("\n".join([lines[0], "\t".join(cells), *lines[2:]]) + "\n")


@pytest.mark.parametrize(
    ("name", "damage", "how"),
    [
        ("genes.tsv", cut, "changed"),
        ("genes.tsv", edit_a_number, "changed"),
        ("genes.tsv", Path.unlink, "missing"),
        ("evaluation/observed.bed.gz", cut, "changed"),
        ("predictions/demo-promoter.haplotypes.npz", cut, "changed"),
    ],
)
def test_a_damaged_run_is_refused_and_stays_damaged(
    run: Path, capfd: Any, name: str, damage: Callable[[Path], object], how: str
) -> None:
    damage(run / name)
    before = state(run)
    message = refused(capfd, "report", run)
    assert f"{run / name}: {how} since the run wrote it" in message
    assert "remedy:" in message
    assert state(run) == before
    assert f"{run / name}: {how}" in refused(capfd, "verify", run, code=1)
    if name == "genes.tsv":
        assert f"{run / name}: {how} since the run wrote it" in refused(capfd, "compare", run, run)


def test_verify_names_all_that_differs(run: Path, cohort: Any, capfd: Any) -> None:
    assert main(["verify", str(run)]) == 0
    assert not list((run / ".gxfast" / "blocks").rglob("haplotypes-*.npz"))  # what they held is in a result
    haplotypes = run / "predictions" / "demo-promoter.haplotypes.npz"
    cut(haplotypes)
    (run / "report.html").unlink()
    (run / "notes.txt").write_text("mine")
    (run / ".gxfast" / "plan.json").write_text("{}")
    capfd.readouterr()
    assert main(["verify", "--json", str(run)]) == 1
    assert json.loads(capfd.readouterr().out) == {
        "notes.txt": "not of this run",
        "report.html": "missing",
        str(haplotypes.relative_to(run)): "changed",
        ".gxfast/plan.json": "changed",
    }


def test_a_damaged_run_is_mended_by_resume(run: Path, finished: Path, cohort: Any) -> None:
    cut(run / "genes.tsv")
    cut(run / "predictions" / "demo-promoter.haplotypes.npz")
    assert main(words(cohort, "-o", run, "--resume")) == 0
    assert main(["verify", "-q", str(run)]) == 0
    mended, whole = state(run), state(finished)
    assert {k: v for k, v in mended.items() if ".gxfast" not in k} == {
        k: v for k, v in whole.items() if ".gxfast" not in k
    }


def test_a_damaged_block_is_named_and_mended(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    inputs = ["--vcf", cohort.vcf, "--genes", cohort.genes, "--expression", cohort.expression]
    command = ["eqtl", "-q", *map(str, inputs), "--permutations", "0", "-o", str(tmp_path / "run")]
    assert main(command) == 0
    block = next((tmp_path / "run" / ".gxfast" / "blocks").rglob("*.npz"))
    whole = block.read_bytes()
    cut(block)
    assert f"{block}: changed" in refused(capfd, "verify", tmp_path / "run", code=1)
    assert main([*command, "--resume"]) == 0
    assert block.read_bytes() == whole
    assert main(["verify", "-q", str(tmp_path / "run")]) == 0


def test_report_notes_what_it_drew_and_nothing_else(run: Path, cohort: Any) -> None:
    (run / "figures" / "mine.svg").write_text("not of the run")
    gene = (run / "genes.tsv").read_text().splitlines()[1].split("\t")[0]
    (run / "report.html").unlink()
    before = json.loads((run / "manifest.json").read_text())["results"]
    assert main(["report", "-q", str(run), "--gene", gene]) == 0
    after = json.loads((run / "manifest.json").read_text())["results"]
    new = {*after} - {*before}
    assert all(name.startswith("figures/") for name in new)
    assert "figures/mine.svg" not in after
    assert after["report.html"] == sha256_of(run / "report.html")
    assert {k: v for k, v in after.items() if "figures" not in k and k != "report.html"} == {
        k: v for k, v in before.items() if "figures" not in k and k != "report.html"
    }


def test_a_planted_table_is_not_shown(run: Path) -> None:
    (run / "drivers.tsv").write_text("gene_id\tmodel\nPLANTED\tdemo-promoter\n")
    assert main(["report", "-q", str(run)]) == 0
    page = (run / "report.html").read_text()
    assert "PLANTED" not in page
    assert "PLANTED" not in data_of(page)["words"]


def test_names_of_a_crafted_table_are_no_paths(run: Path, tmp_path: Path) -> None:
    """Whoever edits genes.tsv edits its hash with it."""
    predictions = next((run / "predictions").glob("*.bed.gz"))
    shutil.copy(predictions, tmp_path / "elsewhere.bed.gz")
    table = run / "genes.tsv"
    table.write_text(table.read_text().replace("demo-promoter", "../../elsewhere"))
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["results"]["genes.tsv"] = sha256_of(table)
    (run / "manifest.json").write_text(json.dumps(manifest))
    found = load_run(load_files(run))
    assert (found.models[0].model, found.predictions) == ("../../elsewhere", {})
    assert found.file("predictions/../../../elsewhere.bed.gz") is None
    assert found.file("genes.tsv") == table


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"complete": false}', '{"complete": true, "results": 3}'])
def test_report_and_verify_of_a_run_that_is_not_finished(run: Path, capfd: Any, content: str | None) -> None:
    (run / "manifest.json").unlink()
    if content is not None:
        (run / "manifest.json").write_text(content)
    for command in ("report", "verify"):
        assert "no finished run" in refused(capfd, command, run)


# Links that somebody else planted


@pytest.mark.parametrize(
    "name", ["report.html", "figures", "figures/mine.svg", ".gxfast/lock", ".gxfast/journal.tsv", ".gxfast/run.json"]
)
def test_symbolic_links_in_a_run_are_not_followed(
    run: Path, cohort: Any, tmp_path: Path, capfd: Any, name: str
) -> None:
    victim = tmp_path / "victim"
    if name == "figures":
        shutil.rmtree(run / name)
        victim.mkdir()
    else:
        (run / name).unlink(missing_ok=True)
        victim.write_text("precious")
    (run / name).symlink_to(victim)
    for command in (["report", str(run)], words(cohort, "-o", run, "--resume"), ["verify", str(run)]):
        assert "symbolic link" in refused(capfd, *command) or name == ".gxfast/lock"
    assert not list(victim.iterdir()) if victim.is_dir() else victim.read_text() == "precious"


def test_a_hard_link_to_the_journal_is_not_written_through(run: Path, cohort: Any, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    journal = run / ".gxfast" / "journal.tsv"
    journal.unlink()
    os.link(victim, journal)
    assert main(words(cohort, "-o", run, "--resume")) == 0
    assert victim.read_text() == "precious"


def test_a_pipe_in_a_run_is_refused(run: Path, capfd: Any) -> None:
    os.mkfifo(run / "drivers.tsv")
    assert "no regular file" in refused(capfd, "report", run)


# Plans, times and blocks of a run


@pytest.mark.parametrize("content", ["", "{", "[1, 2", "3", "[" * 100_000])
def test_damaged_times_do_not_stop_a_run(run: Path, cohort: Any, content: str) -> None:
    (run / ".gxfast" / "run.json").write_text(content)
    assert main(words(cohort, "-o", run, "--resume")) == 0
    assert len(json.loads((run / ".gxfast" / "run.json").read_text())) == 1


def test_blocks_without_their_plan_are_not_used(run: Path, cohort: Any, capfd: Any) -> None:
    (run / ".gxfast" / "plan.json").unlink()
    assert "the plan of this run is lost" in refused(capfd, *words(cohort, "-o", run, "--resume"))


def test_blocks_of_another_plan_are_not_used(run: Path, cohort: Any, tmp_path: Path, capfd: Any) -> None:
    other = tmp_path / "other"
    assert main(words(cohort, "-o", other, "--variants", "snv")) == 0
    shutil.copy(run / ".gxfast" / "plan.json", other / ".gxfast" / "plan.json")
    assert "blocks in this directory are of another plan" in refused(capfd, *words(cohort, "-o", other, "--resume"))


# Scans in parts


@pytest.fixture(scope="module")
def parts(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("parts")
    shared = [f"--fasta={cohort.fasta}", f"--genes={cohort.genes}", f"--model={cohort.model}", "--window", "3"]
    for i in (1, 2):
        assert main(["ism", "saturate", "-q", *shared, "-o", str(folder / str(i)), "--shard", f"{i}/2"]) == 0
    return [folder / "1", folder / "2"]


def rename_model(plan: dict[str, Any], new: str) -> None:
    plan["scan"]["models"][0]["name"] = new


def set_number(plan: dict[str, Any], new: object) -> None:
    plan["scan"]["models"][0]["windows"] = new


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (rename_model, "../../victim"),
        (rename_model, "/tmp/victim"),
        (rename_model, "a/b"),
        (rename_model, ".hidden"),
        (rename_model, ""),
        (rename_model, 3),
        (set_number, 10**15),
        (set_number, 10**30),
        (set_number, -1),
        (set_number, "2"),
        (lambda plan, value: plan.__setitem__("shard", value), "0/0"),
        (lambda plan, value: plan.__setitem__("shard", value), "1/" + "9" * 5000),
        (lambda plan, value: plan.__setitem__("scan", value), []),
    ],
)
def test_a_crafted_plan_is_refused_by_merge(
    parts: list[Path], tmp_path: Path, capfd: Any, change: Callable[[Any, Any], None], value: object
) -> None:
    """Somebody who edits a part edits the hashes with it."""
    crafted = Path(shutil.copytree(parts[0], tmp_path / "crafted"))
    victim = tmp_path / "victim.zarr"
    victim.mkdir()
    (victim / "thesis.txt").write_text("years of work")
    for name in ("manifest.json", ".gxfast/plan.json"):
        content = json.loads((crafted / name).read_text())
        change(content, value)
        (crafted / name).write_text(json.dumps(content))
    journal = (crafted / ".gxfast" / "journal.tsv").read_text().splitlines()
    planned = f"plan.json\t{sha256_of(crafted / '.gxfast' / 'plan.json')}"
    (crafted / ".gxfast" / "journal.tsv").write_text("\n".join([planned, *journal[1:]]) + "\n")
    message = refused(capfd, "ism", "merge", "-o", tmp_path / "out" / "merged", crafted, parts[1])
    assert "remedy:" in message
    assert (victim / "thesis.txt").read_text() == "years of work"
    assert not (tmp_path / "out").exists()


def test_a_damaged_part_is_refused_by_merge(parts: list[Path], tmp_path: Path, capfd: Any) -> None:
    damaged = Path(shutil.copytree(parts[0], tmp_path / "damaged"))
    cut(next(damaged.glob("ism/*.tsv.gz")))
    message = refused(capfd, "ism", "merge", "-o", tmp_path / "out", damaged, parts[1])
    assert "saturation.tsv.gz: changed since the scan wrote it" in message


# What is read is not written over


def test_an_output_that_is_an_input(cohort: Any, run: Path, tmp_path: Path, capfd: Any) -> None:
    model = tmp_path / "m.onnx"
    shutil.copy(cohort.model, model)
    (tmp_path / "folder").mkdir()
    genes = tmp_path / "folder" / "genes.tsv"
    shutil.copy(cohort.genes, genes)
    link = tmp_path / "link.tsv"
    link.symlink_to(run / "genes.tsv")
    inside = [word for word in words(cohort, "-o", genes.parent) if not word.startswith("--genes=")]
    commands = [
        ["model", "import", "xpresso", model, "-o", model],
        ["compare", run, run, "-o", run / "genes.tsv"],
        ["compare", run / "genes.tsv", run, "-o", run / "genes.tsv"],
        ["compare", f"{run / 'genes.tsv'}#pearson_r", run, "--side-by-side", run / "genes.tsv"],
        ["compare", link, run, "-o", run / "genes.tsv"],
        ["baseline", "--apply", run / "genes.tsv", "--vcf", cohort.vcf, "-o", run / "genes.tsv"],
        ["baseline", "--apply", model, "--vcf", f"{cohort.vcf}", "-o", cohort.vcf],
        ["ism", "plot", f"--fasta={cohort.fasta}", "--genes", genes, "--gene", "x", "--model", model, "-o",
         genes.with_suffix("")],
        [*inside, "--genes", genes],
    ]  # fmt: skip
    before = state(tmp_path)
    for command in commands:
        message = refused(capfd, *command)
        assert "would be written over" in message or "lies in the folder to be written" in message, command
    assert state(tmp_path) == before


# Faults of ours, and memory


def test_an_internal_error_is_one_line(run: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object, **__: object) -> None:
        raise KeyError("nobody expected\nthis")

    monkeypatch.setattr("gxfast.reporting.write_report", fault)
    lines = refused(capfd, "report", run, code=1).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("gxfast: internal error: KeyError:")
    assert "--debug" in lines[1]
    monkeypatch.delenv("GXFAST_DEBUG", raising=False)
    with pytest.raises(KeyError):
        main(["--debug", "report", str(run)])
    monkeypatch.delenv("GXFAST_DEBUG")


@pytest.mark.parametrize("extra", [(), ("--max-mem", "64M")])
def test_a_batch_has_no_more_rows_than_there_are_sequences(
    cohort: Any, finished: Path, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    """Memory as of a run without the option, and the same bytes."""
    peaks = []
    for i, batch in enumerate(((), ("--batch-size", "1000000000"))):
        code, told, peak = run_measured(words(cohort, "-o", tmp_path / str(i), *extra, *batch), timeout=120)
        assert code == 0, told
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 200 * 1024
    assert (tmp_path / "1" / "genes.tsv").read_bytes() == (finished / "genes.tsv").read_bytes()


def test_a_window_that_no_memory_holds_is_refused(cohort: Any, tmp_path: Path, capfd: Any) -> None:
    from onnx import TensorProto, helper, save

    graph = helper.make_graph(
        [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=0)], "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "l", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )  # fmt: skip
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    long = [word for word in words(cohort, "-o", tmp_path / "out") if not word.startswith("--model=")]
    message = refused(capfd, *long, "--model", tmp_path / "m.onnx", "--window", 2_000_000_000)
    assert "MiB" in message or "bases" in message
    assert not (tmp_path / "out" / "manifest.json").exists()

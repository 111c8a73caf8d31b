"""Bad input: a clear error that names file, record and remedy, exit 2, and nothing that looks finished."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gxfast.cli.main import main
from gxfast.io.bgzf import write_bgzf
from gxfast.io.indexing import index_fasta, index_vcf

Run = Callable[..., tuple[int, str]]


def attempt(world: dict[str, Path], output: Path, capfd: pytest.CaptureFixture[str], *extra: str) -> tuple[int, str]:
    arguments = ["run", "-q", "--threads", "1", "-o", str(output)]
    for name in ("fasta", "vcf", "genes", "expression", "model"):
        arguments += [f"--{name}", str(world[name])]
    code = main([*arguments, *extra])
    return code, capfd.readouterr().err


def text_of(path: Path) -> str:
    with gzip.open(path, "rt") as handle:
        return handle.read()


def rewrite_vcf(path: Path, change: Callable[[str], str], *, index: bool = True) -> None:
    write_bgzf(path, change(text_of(path)).encode())
    if index:
        for suffix in (".tbi", ".csi"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        index_vcf(path)


def records(text: str, change: Callable[[list[str]], list[str]]) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(
        line if line.startswith("#") else "\t".join(change(line.rstrip("\n").split("\t"))) + "\n" for line in lines
    )


def assert_refused(code: int, message: str, output: Path, *parts: str) -> None:
    assert code == 2, message
    for part in (*parts, "remedy:"):
        assert part in message, message
    assert "Traceback" not in message
    assert not (output / "manifest.json").exists()
    assert not (output / "genes.tsv").exists()
    assert not (output / "report.html").exists()


def test_the_undamaged_world_runs(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    code, message = attempt(world, tmp_path / "out", capfd)
    assert code == 0, message
    assert (tmp_path / "out" / "manifest.json").exists()
    assert (tmp_path / "out" / "report.html").exists()


def other_name(contig: str) -> str:
    return contig.removeprefix("chr") if contig.startswith("chr") else f"chr{contig}"


def rename_contigs(path: Path, change: Callable[[str], str]) -> None:
    rewrite_vcf(
        path,
        lambda text: records(
            re.sub(r"(##contig=<ID=)([^,>]+)", lambda m: m[1] + change(m[2]), text),
            lambda f: [change(f[0]), *f[1:]],
        ),
    )


def test_contig_names_differ(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    """A prefix more or less is told once, kept in the manifest, and changes nothing else."""
    assert attempt(world, tmp_path / "same", capfd)[0] == 0
    rename_contigs(world["vcf"], other_name)
    code, message = attempt(world, tmp_path / "out", capfd)
    assert code == 0, message
    for name in ("genes.tsv", "drivers.tsv", "predictions/model.bed.gz", "eqtl/permutation.tsv"):
        found = [next((tmp_path / folder).glob(name), None) for folder in ("same", "out")]
        assert found[0] is None or found[0].read_bytes() == found[1].read_bytes()
    named = json.loads((tmp_path / "out" / "manifest.json").read_text())["options"]["contigs"]["VCF"]
    assert named == {"by": "prefix", "names": {"1": "chr1", "2": "chr2"}}
    code, message = attempt(world, tmp_path / "strict", capfd, "--contigs", "strict")
    assert_refused(code, message, tmp_path / "strict", world["vcf"].name, "'chr1'", "'1'", "--rename-chrs")


def test_contig_names_that_are_not_certain(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    """An accession means a contig of an assembly, of which a made-up genome does not have the lengths."""
    accession = {"chr1": "NC_000001.11", "chr2": "NC_000002.12"}
    rename_contigs(world["vcf"], accession.__getitem__)
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["vcf"].name, "NC_000001.11", "--rename-chrs", "--contigs")
    table = tmp_path / "names.tsv"
    table.write_text("".join(f"{ours}\t{theirs}\n" for ours, theirs in accession.items()))
    code, message = attempt(world, tmp_path / "named", capfd, "--contigs", str(table))
    assert code == 0, message


def test_wrong_assembly(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    swap = str.maketrans("ACGT", "CGTA")
    lines = text_of(world["fasta"]).splitlines()
    write_bgzf(
        world["fasta"], "".join((s if s.startswith(">") else s.upper().translate(swap)) + "\n" for s in lines).encode()
    )
    index_fasta(world["fasta"])
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["vcf"].name, "REF does not match the FASTA", ":")


def test_unphased_genotypes(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    rewrite_vcf(world["vcf"], lambda text: records(text, lambda f: f[:9] + [g.replace("|", "/") for g in f[9:]]))
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["vcf"].name, "without phase", "--unphased")
    code, message = attempt(world, tmp_path / "named", capfd, "--unphased", "as_phased")
    assert code == 0, message


def test_no_shared_samples(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    lines = text_of(world["expression"]).splitlines(keepends=True)
    head = lines[0].rstrip("\n").split("\t")
    lines[0] = "\t".join(head[:4] + [f"other_{name}" for name in head[4:]]) + "\n"
    write_bgzf(world["expression"], "".join(lines).encode())
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["expression"].name, "no sample is in both", "other_")


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_truncated_vcf(world: dict[str, Path], tmp_path: Path, capfd: Any, share: float) -> None:
    content = world["vcf"].read_bytes()
    world["vcf"].write_bytes(content[: int(share * len(content))])
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["vcf"].name, "cut off")


def test_damaged_block(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    content = bytearray(world["vcf"].read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    world["vcf"].write_bytes(bytes(content))
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["vcf"].name)


def test_stale_index(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    rewrite_vcf(
        world["vcf"],
        lambda text: "".join(
            line for i, line in enumerate(text.splitlines(keepends=True)) if line.startswith("#") or i % 3
        ),
        index=False,
    )
    index = next(world["vcf"].parent.glob(world["vcf"].name + ".*i"))
    time.sleep(0.01)
    index.touch()  # newer than the file: only its content tells
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["vcf"].name, "another version of the file", "bcftools index")


def test_gzip_fasta(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    text = text_of(world["fasta"])
    with gzip.open(world["fasta"], "wt") as handle:
        handle.write(text)
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", world["fasta"].name, "gzip", "bgzip")


def save_model(path: Path, *, length: int, axes: str, nan: bool = False) -> None:
    import onnx
    from onnx import TensorProto, helper

    shape: list[Any] = ["n", length, 4] if axes == "NLC" else ["n", 4, length]
    nodes = [helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=0)]
    initial = [helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])]
    if nan:
        # log of a negative number, whatever the sequence
        initial.append(helper.make_tensor("minus", TensorProto.FLOAT, [1], [-1.0]))
        nodes += [helper.make_node("Mul", ["m", "minus"], ["neg"]), helper.make_node("Log", ["neg"], ["flat"])]
    else:
        nodes.append(helper.make_node("Identity", ["m"], ["flat"]))
    initial.append(helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 1]))
    nodes.append(helper.make_node("Reshape", ["flat", "shape"], ["y"]))
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])], initial,
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


CARD = """{"gxfast_card": 1, "name": "m", "input": {"name": "x", "layout": "NLC", "channels": "ACGT",
"length": 512, "unknown": 0.0}, "window": {"tss_index": {"+": 256, "-": 256}, "reverse_complement_minus": true},
"output": {"layout": "NT"}}"""


@pytest.mark.parametrize(("length", "axes"), [(400, "NLC"), (512, "NCL")])
def test_onnx_does_not_fit_its_card(world: dict[str, Path], tmp_path: Path, capfd: Any, length: int, axes: str) -> None:
    save_model(world["model"], length=length, axes=axes)
    card = tmp_path / "card.json"
    card.write_text(CARD)
    code, message = attempt(world, tmp_path / "out", capfd, "--card", str(card))
    assert_refused(code, message, tmp_path / "out", "model.onnx")


def test_nan_from_the_model(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    save_model(world["model"], length=512, axes="NLC", nan=True)
    card = tmp_path / "card.json"
    card.write_text(CARD)
    code, message = attempt(world, tmp_path / "out", capfd, "--card", str(card))
    assert_refused(code, message, tmp_path / "out", "model.onnx", "nan", "gene")


def test_no_model_file(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    world["model"].write_text("<html>not found</html>")
    code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", "model.onnx")


def test_output_cannot_be_written(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("mine")
    code, message = attempt(world, blocker / "out", capfd)
    assert code == 2
    assert "cannot write" in message
    assert "remedy:" in message
    assert blocker.read_text() == "mine"


def test_foreign_folder_is_left_alone(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.txt").write_text("years of work")
    code, message = attempt(world, folder, capfd)
    assert code == 2
    assert "holds other files" in message
    assert [p.name for p in folder.iterdir()] == ["chapter1.txt"]


def test_two_runs_into_one_directory(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    from gxfast.workflow.rundir import RunDirectory

    with RunDirectory(tmp_path / "out", {"a": 1}, resume=False):
        code, message = attempt(world, tmp_path / "out", capfd)
    assert_refused(code, message, tmp_path / "out", "another run")


def test_finished_directory_needs_resume_and_the_same_options(
    world: dict[str, Path], tmp_path: Path, capfd: Any
) -> None:
    assert attempt(world, tmp_path / "out", capfd)[0] == 0
    code, message = attempt(world, tmp_path / "out", capfd)
    assert code == 2
    assert "--resume" in message
    code, message = attempt(world, tmp_path / "out", capfd, "--resume", "--variants", "snv")
    assert code == 2
    assert "options.variants" in message
    assert attempt(world, tmp_path / "out", capfd, "--resume")[0] == 0


def test_cuda_that_is_not_there(world: dict[str, Path], tmp_path: Path, capfd: Any) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    code, message = attempt(world, tmp_path / "out", capfd, "--device", "cuda")
    assert_refused(code, message, tmp_path / "out", "gxfast[gpu]")


def test_genes_partly_outside_the_vcf_are_listed_with_exit_3(
    world: dict[str, Path], tmp_path: Path, capfd: Any
) -> None:
    genes = world["genes"].read_text()
    world["genes"].write_text(genes + "lost\tchrUn_7\t5000\t+\tlost\n")
    code, message = attempt(world, tmp_path / "out", capfd)
    assert code == 3
    assert "lost" in message
    row = (tmp_path / "out" / "genes.tsv").read_text().splitlines()[-1].split("\t")
    assert row[0] == "lost"
    assert "not in the FASTA" in row[-1]
    assert np.array([cell == "" for cell in row]).any()

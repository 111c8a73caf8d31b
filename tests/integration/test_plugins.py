"""Plug-ins of other distributions, end to end: an importer, a reader of genotypes, an operator; and broken ones."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.directories import fingerprint
from oracles.local_network import CHANNELS, LENGTH, Net, compare, steps_behind

import gxfast as gx
from gxfast import _plugins
from gxfast.cli.main import main
from gxfast.io.variants import open_variants
from gxfast.ism.ops import operator_of, registry

EXAMPLE = Path(__file__).parents[1] / "plugins"
ENTRIES = {
    "gxfast.models": {"example-linear": "gxfast_example.linear:import_linear"},
    "gxfast.readers": {"calls": "gxfast_example.calls:open_calls"},
    "gxfast.ism_ops": {"example": "gxfast_example.fused:FUSED"},
}
FUSED = "com.microsoft::FusedMatMul"

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """``install(name, entries)``: a distribution on the path, by its metadata, as an installer leaves it."""
    caches = (_plugins._entries, registry._add_plugins)
    monkeypatch.setattr(registry, "_OPERATORS", dict(registry._OPERATORS))
    monkeypatch.syspath_prepend(str(EXAMPLE))

    def installed(name: str, entries: dict[str, dict[str, str]], **modules: str) -> None:
        folder = tmp_path / f"site-{name}"
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items()) for group, names in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(str(folder))
        for cache in caches:
            cache.cache_clear()

    for cache in caches:
        cache.cache_clear()
    yield installed
    for cache in caches:
        cache.cache_clear()
    for module in [name for name in sys.modules if name.startswith(("gxfast_example", "broken_"))]:
        del sys.modules[module]


@pytest.fixture
def example(install: Install) -> None:
    install("gxfast-example", ENTRIES)


@pytest.mark.usefixtures("example")
def test_an_importer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "list", str(tmp_path)]) == 0
    assert capsys.readouterr().err.rstrip().endswith("xpresso, example-linear")
    weight = np.random.default_rng(1).normal(size=(12, 4))
    np.savez(tmp_path / "w.npz", weight=weight)
    out = tmp_path / "m.onnx"
    assert main(["model", "import", "example-linear", str(tmp_path / "w.npz"), "-o", str(out), "--length", "12"]) == 0
    bases = np.random.default_rng(2).integers(0, 4, (5, 12))
    found = gx.Model(out, device="cpu").predict(np.frombuffer(b"ACGT", np.uint8)[bases])
    np.testing.assert_allclose(found[:, 0], (np.eye(4)[bases] * weight).sum(axis=(1, 2)), atol=1e-5)
    capsys.readouterr()
    again = ["model", "import", "example-linear", str(tmp_path / "w.npz"), "-o", str(tmp_path / "n.onnx")]
    assert main([*again, "--layout", "NCL"]) == 2
    assert "--layout is not for example-linear" in capsys.readouterr().err
    assert main([*again, "--length", "13"]) == 2
    assert "the weights are for 12 bases, not 13" in capsys.readouterr().err


@pytest.fixture(scope="module")
def calls(cohort: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calls of the demo's VCF as a table."""
    import pysam

    path = tmp_path_factory.mktemp("calls") / "people.calls"
    with pysam.VariantFile(str(cohort.vcf)) as vcf, path.open("w") as out:
        out.write("\t".join(["chrom", "pos", "ref", "alt", *vcf.header.samples]) + "\n")
        for record in vcf:
            cells = str(record).rstrip("\n").split("\t")
            out.write("\t".join([*cells[:2], *cells[3:5], *(cell.partition(":")[0] for cell in cells[9:])]) + "\n")
    return path


def command(cohort: Any, vcf: object, out: Path, *words: str) -> list[str]:
    given = {"fasta": cohort.fasta, "genes": cohort.genes, "model": cohort.model, "vcf": vcf}
    flags = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    return [*(words or ("predict",)), *flags, "-q", "-o", str(out)]


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize("form", ["{}", "calls://{}"])
def test_a_reader_of_genotypes(
    cohort: Any, calls: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suffix and a scheme; the same bytes as from the VCF, but for the manifest, which names the file."""
    monkeypatch.chdir(calls.parent)
    named = form.format(calls.name)
    people = ("-s", "person03,person01,person07")
    assert main([*command(cohort, cohort.vcf, tmp_path / "vcf"), *people]) == 0
    assert main([*command(cohort, named, tmp_path / "calls"), *people]) == 0
    found, expected = fingerprint(tmp_path / "calls"), fingerprint(tmp_path / "vcf")
    assert found.keys() == expected.keys()
    differ = {name for name in found if found[name] != expected[name]}
    assert differ == {"manifest.json"}
    (entry,) = json.loads((tmp_path / "calls" / "manifest.json").read_text())["inputs"]["vcf"]
    assert entry["file"] == (named if form != "{}" else calls.name)
    assert ("sha256" in entry) == (form == "{}")
    assert main([*command(cohort, named, tmp_path / "calls"), *people, "--resume"]) == 0


@pytest.mark.usefixtures("example")
def test_a_reader_from_python(cohort: Any, calls: Path) -> None:
    table = open_variants(calls, samples=["person02", "person01"])
    assert table.samples == ("person02", "person01")
    genes = gx.read_genes(cohort.genes)
    windows = gx.model_windows(gx.Model(cohort.model, device="cpu").card, genes)
    found = gx.haplotypes(gx.Genome(cohort.fasta), table, windows)
    expected = gx.haplotypes(gx.Genome(cohort.fasta), gx.VariantFile(cohort.vcf, samples=table.samples), windows)
    np.testing.assert_array_equal(found.sequences, expected.sequences)
    np.testing.assert_array_equal(found.carriers, expected.carriers)
    read = gx.Genotypes.from_vcf(calls, regions=f"{table.contigs[0]}:1-20000")
    assert len(read) == len(gx.Genotypes.from_vcf(cohort.vcf, regions=f"{table.contigs[0]}:1-20000"))


@pytest.mark.usefixtures("example")
def test_what_a_reader_cannot_do_is_said(
    cohort: Any, calls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dosages = command(cohort, calls, tmp_path / "x", "eqtl")
    words = [word for option in ("--fasta", "--model") for word in (option, str(getattr(cohort, option[2:])))]
    left = [word for word in dosages if word not in words]
    assert main([*left, "--expression", str(cohort.expression), "--dosage", "DS"]) == 2
    assert "a table of calls has no DS" in capsys.readouterr().err
    from gxfast.io.variants import places_of_ids
    from gxfast.io.vcf_sites import SiteFileSet

    with pytest.raises(gx.InputError, match="does not look variants up by ID"):
        places_of_ids([calls], ["rs1"])
    with pytest.raises(gx.InputError, match="lists of sites are read from VCF and BCF"):
        SiteFileSet([calls])


def test_without_the_plug_in_the_file_is_no_vcf(
    install: Install, cohort: Any, calls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(cohort, calls, tmp_path / "x")) == 2
    assert "block-compressed" in capsys.readouterr().err


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network with an operator that gxfast does not know."""
    net = Net()
    rows = net.add("Transpose", net.top, perm=[0, 2, 1])
    made = net.add("FusedMatMul", rows, net.random(CHANNELS, 5), alpha=0.5, domain="com.microsoft")
    net.top = net.add("Softplus", made)
    return net.save(tmp_path / "m.onnx")


@pytest.mark.usefixtures("example")
def test_an_operator(network: Path) -> None:
    runner = compare(network)
    assert steps_behind(runner) == ["Flatten", "Identity"]
    letters = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(3).integers(0, 4, LENGTH)]
    assert np.abs(gx.ism.input_gradient(runner.model, letters[None], track=7)).max() > 0.01


BROKEN = "raise RuntimeError('the library is too old')\n"


def test_a_broken_importer_is_named_and_the_others_work(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install("gxfast-example", ENTRIES)
    install(
        "gxfast-broken",
        {"gxfast.models": {"bad": "broken_import:f", "worse": "broken_call:f", "none": "broken_call:VALUE"}},
        broken_import=BROKEN, broken_call="VALUE = 3\n\ndef f(source, output, *, name=None):\n    return 1 / 0\n",
    )  # fmt: skip
    source = tmp_path / "w.npz"
    np.savez(source, weight=np.ones((8, 4)))
    reasons = {
        "bad": "RuntimeError: the library is too old", "worse": "ZeroDivisionError: division by zero",
        "none": "expected a function, found int",
    }  # fmt: skip
    for kind, why in reasons.items():
        assert main(["model", "import", kind, str(source), "-o", str(tmp_path / "x.onnx")]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert f"the plug-in '{kind}' of gxfast-broken 1.0" in told
        assert why in told
        assert "update or uninstall gxfast-broken" in told
    assert main(["model", "list", str(tmp_path)]) == 0
    assert "example-linear, none, worse" in capsys.readouterr().err
    assert main(["model", "import", "example-linear", str(source), "-o", str(tmp_path / "m.onnx")]) == 0


def test_two_of_one_name_are_both_named(install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install("gxfast-example", ENTRIES)
    install("gxfast-other", {"gxfast.models": {"example-linear": "elsewhere:f", "xpresso": "elsewhere:f"}})
    assert main(["model", "import", "example-linear", "w.npz", "-o", str(tmp_path / "x.onnx")]) == 2
    told = capsys.readouterr().err
    assert "gxfast-example 1.0" in told
    assert "gxfast-other 1.0" in told
    from gxfast.models import importer, importer_kinds

    assert importer_kinds().count("xpresso") == 1
    assert importer("xpresso").__module__.startswith("gxfast.")  # what gxfast has stays its own


def test_a_broken_reader_is_named_and_a_vcf_is_read(
    install: Install, cohort: Any, calls: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(
        "gxfast-broken", {"gxfast.readers": {"calls": "broken_reader:f", "vcf.gz": "broken_reader:f", "tsv": "gone:f"}},
        broken_reader="def f(path, *, samples=None):\n    return object()\n",
    )  # fmt: skip
    assert main(command(cohort, calls, tmp_path / "x")) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "the plug-in 'calls' of gxfast-broken 1.0" in told
    assert "object has no path" in told
    assert main(command(cohort, cohort.vcf, tmp_path / "y")) == 0


def test_files_beside_that_a_reader_names_are_hashed(install: Install, tmp_path: Path) -> None:
    from gxfast.workflow.provenance import hash_files

    install(
        "gxfast-beside", {"gxfast.readers": {"pair": "broken_pair:f", "lost": "broken_gone:f"}},
        broken_pair="def f(path, *, samples=None):\n    pass\n\nf.companions = lambda path: [path + '.names']\n",
    )  # fmt: skip
    for name in ("x.pair", "x.pair.names", "x.lost"):
        (tmp_path / name).write_text(name)
    found = hash_files({"vcf": [tmp_path / "x.pair", tmp_path / "x.lost"]})["vcf"]
    assert [one["file"] for one in found] == ["x.pair", "x.pair.names", "x.lost"]


def test_a_broken_operator_is_told_once_and_stays_a_barrier(
    install: Install, network: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(
        "gxfast-broken",
        {"gxfast.ism_ops": {"a": "broken_ops:gone", "b": "broken_ops:VALUE", "c": "broken_ops:A", "d": "broken_ops:B"}},
        broken_ops=(
            "from gxfast.ism.ops import Context, Operator\nVALUE = 3\nA = Operator('Conv')\n"
            "B = [Operator('my.domain::A', reach=Context.alone), Operator('my.domain::B')]\n"
        ),
    )  # fmt: skip
    conv = operator_of("Conv")
    with caplog.at_level(logging.WARNING, "gxfast"):
        runner = compare(network)
        operator_of("my.domain::C")
    told = [record.getMessage() for record in caplog.records if "plug-in" in record.getMessage()]
    assert [re.search(r"plug-in '(.)' of gxfast-broken 1.0", text)[1] for text in told] == ["a", "b", "c"]  # type: ignore[index]
    assert "found int" in told[1]
    assert "Conv is known already" in told[2]
    assert operator_of("Conv") is conv
    assert operator_of("my.domain::A").reach is not None
    assert list(runner.barriers.values()) == [f"no compiled step for operator {FUSED}"]

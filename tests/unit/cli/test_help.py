"""Help, near misses, completion, version and manual pages of every command."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gxfast.cli.command import heading
from gxfast.cli.examples import EXAMPLES
from gxfast.cli.jobs import planned_command
from gxfast.cli.kinds import File
from gxfast.cli.main import _COMMANDS, cli, main
from gxfast.cli.man import contexts, page
from gxfast.cli.planned import _named

CONTEXTS = dict(contexts(click.Context(cli, info_name="gxfast")))


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gxfast", *words], capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.fixture(scope="module", params=CONTEXTS, ids=lambda name: name or "gxfast")
def shown(request: pytest.FixtureRequest) -> tuple[str, str]:
    context = CONTEXTS[request.param]
    context = context.command.context_class(context.command, context.parent, context.info_name, terminal_width=78)
    return request.param, context.command.get_help(context)


def test_help_fits_80_columns_and_breaks_no_word(shown: tuple[str, str]) -> None:
    name, text = shown
    words = set(re.findall(r"\S+", _written(CONTEXTS[name])))
    for line in text.splitlines():
        assert len(line) <= 80, line
        assert not re.search(r"\w-$", line), line
    prose = text.split("Examples:")[0].split("Usage:")[1].split("\n", 1)[1]
    assert set(re.findall(r"[\w-]{3,}", prose)) <= {
        part for word in words for part in re.findall(r"[\w-]{3,}", word)
    } | {"Options", "Commands", "Show", "this", "message", "and", "exit", "help", "default", "required", "all"}


def _written(context: click.Context) -> str:
    """All that the help is made of, before its lines were broken."""
    command = context.command
    rows = [param.get_help_record(context) for param in command.get_params(context)]
    if isinstance(command, click.Group):
        rows += list(command.texts(context).items())  # type: ignore[attr-defined]
    titles = " ".join(heading(context.command_path.partition(" ")[2], p) for p in command.get_params(context))
    return " ".join([command.help or "", titles, *(" ".join(row) for row in rows if row)])


def test_two_examples_of_every_command_that_its_parser_takes(shown: tuple[str, str]) -> None:
    name, text = shown
    assert len(EXAMPLES[name]) == 2
    for example in EXAMPLES[name]:
        assert all(f"  {line}" in text.splitlines() for line in example.splitlines())
        words = shlex.split(example.replace("\\\n", " ").split(" | ")[0].split(" > ")[0])
        assert words.pop(0) == "gxfast"
        parsed(words)


def parsed(words: list[str]) -> None:
    """Parse words as the command line does; files that are named need not be there, but what is read must."""
    context = CONTEXTS[""]
    while isinstance(context.command, click.Group):
        name = f"{context.command_path} {words[0]}".partition(" ")[2]
        context, words = CONTEXTS[name], words[1:]
        if "--help" in words:
            return
    if "--config" in words:
        words = [word for word in words if word not in ("--config", "out/config.toml")]
        words += ["--fasta", "F", "--vcf", "V"]
    made = context.command.make_context(name, list(words))
    if name == "plan":
        planned, rest = _named(made.params["arguments"])
        planned_command(planned).make_context(planned, [*rest, "-o", "out"])


def test_the_parser_of_examples_refuses_what_is_wrong() -> None:
    with pytest.raises(click.UsageError):
        parsed(["eqtl", "--vcf", "V", "--expresion", "E", "-o", "out"])


def test_every_option_has_a_heading_of_its_own() -> None:
    for name, context in CONTEXTS.items():
        if isinstance(context.command, click.Group):
            continue
        for param in context.command.params:
            if isinstance(param, click.Option):
                assert heading(name, param) != "General", (name, param.name)


def test_options_stand_under_headings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    text = capsys.readouterr().out
    titles = re.findall(r"^([A-Z]\w+):$", text, re.M)
    assert titles == ["Inputs", "Model", "Haplotypes", "Statistics", "Output", "Compute", "General", "Examples"]
    assert text.index("Inputs:") < text.index("--fasta") < text.index("Model:") < text.index("--unphased")


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["evalute"], "'evaluate'"),
        (["saturate"], "'ism'"),
        (["ism", "saturat"], "'saturate'"),
        (["model", "inspct"], "'inspect'"),
        (["predict", "--unphased", "asphased"], "'as_phased'"),
        (["eqtl", "--expresion", "E"], "--expression"),
        (["model", "import", "borzo", "weights.h5", "-o", "m.onnx"], "'borzoi'"),
        (["plan", "--shards", "2", "-o", "x", "predct"], "'predict'"),
        (["man", "ism", "saturat"], "'ism saturate'"),
    ],
)
def test_near_misses_are_told(words: list[str], near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert re.search(rf"[Dd]id you mean .*{re.escape(near)}", error), error


def test_near_files_and_tracks_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "xpresso.onnx").touch()
    (tmp_path / "targets.txt").write_text("index\tdescription\n0\tCAGE:brain, adult\n1\tDNASE:liver\n")
    for words, near in (
        (["model", "inspect", str(tmp_path / "xpreso.onnx")], "did you mean 'xpresso.onnx'?"),
        (["model", "tracks", str(tmp_path / "target.txt")], "did you mean 'targets.txt'?"),
        (["model", "tracks", str(tmp_path / "targets.txt"), "CAGE:brian, adult"], "did you mean 'CAGE:brain, adult'?"),
    ):
        assert main(words) == 2
        assert near in capsys.readouterr().err
    assert main(["model", "inspect", str(tmp_path / "nothing" / "like.it")]) == 2
    assert "did you mean" not in capsys.readouterr().err


def test_what_is_far_from_everything_is_told_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    assert "No such command 'xyzzy'." in capsys.readouterr().err


def test_version_is_one_line_and_loads_nothing() -> None:
    from importlib.metadata import version

    code = (
        "import sys\nfrom gxfast.cli.main import main\nassert main(['--version']) == 0\n"
        "print(sorted({'numpy', 'scipy', 'pysam', 'onnxruntime', 'onnx', 'rich', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"gxfast {version('gxfast')}\n[]\n"
    assert done.stderr == ""


def test_help_loads_nothing() -> None:
    code = (
        "import sys\nfrom gxfast.cli.main import main\nfor name in sys.argv[1:]:\n    main([*name.split(), '--help'])\n"
        "print(sorted({'numpy', 'scipy', 'pysam', 'onnxruntime', 'onnx', 'rich', 'matplotlib'} & set(sys.modules)))"
    )
    names = [name for name in CONTEXTS if name != "doctor"]  # it is a test of arrays
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


def test_a_group_says_which_commands_it_has() -> None:
    for name, context in CONTEXTS.items():
        if name and isinstance(context.command, click.Group):
            text = _COMMANDS[name.split()[0]][2].lower()
            assert [one for one in context.command.list_commands(context) if one not in text] == [], name


def completions(line: str) -> list[str]:
    words = line.split(" ")
    done = run(_GXFAST_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    return [one.partition(",")[2] for one in done.stdout.splitlines()]


def test_the_shell_completes() -> None:
    assert {"run", "ism", "model"} <= {*completions("gxfast ")}
    assert completions("gxfast ev") == ["evaluate"]
    assert {"saturate", "variants", "pairs", "attribute", "merge", "plot"} == {*completions("gxfast ism ")}
    assert {"--expression", "--expression-transform"} == {*completions("gxfast run --expr")}
    assert {"error", "as_phased", "ref", "iupac"} == {*completions("gxfast run --unphased ")}
    assert completions("gxfast run --steps pre") == ["predict"]
    assert {"check,predict,evaluate", "check,predict,eqtl"} == {*completions("gxfast run --steps check,predict,e")}
    assert "check,predict" in completions("gxfast run --steps check,")
    assert "check,check" not in completions("gxfast run --steps check,")
    assert {"basenji2", "borzoi"} == {*completions("gxfast model import b")}
    done = run(_GXFAST_COMPLETE="bash_complete", COMP_WORDS="gxfast run --fasta hg", COMP_CWORD="3")
    assert done.stdout == "file,hg\n"  # the shell's own names of files


def test_bash_takes_the_script(tmp_path: Path) -> None:
    script = run(_GXFAST_COMPLETE="bash_source").stdout
    assert "_gxfast_completion" in script
    file = tmp_path / "gxfast.bash"
    file.write_text(script)
    done = subprocess.run(["bash", "-c", f"source {file}; complete -p gxfast"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "_gxfast_completion" in done.stdout


@pytest.mark.parametrize("name", CONTEXTS, ids=lambda name: name or "gxfast")
def test_manual_pages_are_roff(name: str) -> None:
    text = page(CONTEXTS[name])
    assert text.startswith('.TH "GXFAST')
    for line in text.splitlines():
        assert not line.startswith(".") or re.fullmatch(r"\.(TH|SH|PP|TP|B|nf|fi)( .*)?", line), line
        assert not line.startswith("'")
        assert not re.search(r"(?<!\\)-", line.removeprefix(".TH") if not line.startswith(".TH") else ""), line
    assert [line for line in text.splitlines() if line in (".SH NAME", ".SH EXAMPLES")] == [".SH NAME", ".SH EXAMPLES"]
    if shutil.which("groff"):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tascii", "-P-c"], input=text, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        for param in CONTEXTS[name].command.params:
            if isinstance(param, click.Option):
                assert param.opts[-1] in done.stdout.replace("\b", "").replace("\n", " ") or param.opts[-1] in re.sub(
                    r".\x08", "", done.stdout
                )


def test_manual_pages_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man", "-o", str(tmp_path / "man1")]) == 0
    assert (tmp_path / "man1" / "gxfast-ism-saturate.1").read_text() == page(CONTEXTS["ism saturate"])
    assert len([*(tmp_path / "man1").iterdir()]) == len(CONTEXTS)
    capsys.readouterr()
    assert main(["man", "eqtl"]) == 0
    assert capsys.readouterr().out == page(CONTEXTS["eqtl"])


def test_names_of_files_as_seen_from_everywhere(tmp_path: Path) -> None:
    (tmp_path / "there.bed").touch()
    here = str(tmp_path)
    assert File().absolute("a.fa", here) == f"{here}/a.fa"
    assert File().absolute("/b/a.fa", here) == "/b/a.fa"
    assert File("strict").absolute("strict", here) == "strict"
    assert File(mark="^").absolute("^a.txt", here) == f"^{here}/a.txt"
    assert File(or_text=True).absolute("chr1:1-5", here) == "chr1:1-5"
    assert File(or_text=True).absolute("there.bed", here) == f"{here}/there.bed"

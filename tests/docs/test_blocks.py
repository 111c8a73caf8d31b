"""The runner of the pages: what it counts as run, not run and failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.markdown import blocks_of, run_page

PAGE = """
```python
a = 1
```

```sh
mkdir below && cd below
N=1
echo "$((1 + N))" > two
```

```python
from pathlib import Path

assert Path("two").read_text() == "2\\n" and a == 1
```

<!-- not run: needs a GPU -->
```sh
false
```

<!-- not compared: a picture -->
```text
a picture
```

```console
$ test -f two && test "$N" = 1
what it says is not run
```

```json
{"gxfast_card": 1}
```

```toml
fasta = "ref.fa.gz"
```

```python
>>> a + 1
2
```

```python
print("mean r", 0.5, "in", a, "genes")
print("wrote", Path("two").absolute(), f"in {a + 0.5} s")
print("last")
```

```text
mean r 0.5 in 1 genes
...
wrote /elsewhere/two in 88 s
```
"""


def outcomes(text: str, data: Path | None = None) -> list[tuple[int, str, str]]:
    return [(one.line, one.kind, one.why) for one in run_page(text, "page.md", data)]


def test_blocks_share_names_and_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert outcomes(PAGE) == [
        (2, "run", ""), (6, "run", ""), (12, "run", ""), (19, "not run", "needs a GPU"),
        (24, "not compared", "a picture"), (28, "run", ""), (33, "run", ""), (37, "run", ""), (41, "run", ""),
        (46, "run", ""), (52, "compared", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("r 0.5\nq 0.1", "compared"),
        ("q 0.1", "compared"),
        ("q 0.1\nr 0.5", "failed"),
        ("r 0.6", "failed"),
        ("r 0.5 in 3 genes", "failed"),
        ("took 3 s", "compared"),
    ],
)
def test_a_text_is_what_a_block_printed(text: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block = "```sh\nprintf 'r 0.5\\nq 0.1\\ntook 2.5 s\\n'\n```\n```sh\necho other\n```\n"
    *_, (_, found, why) = outcomes(f"{block}```text\n{text}\n```")
    assert found == kind
    assert ("printed this line" in why) == (kind == "failed")


def test_a_text_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is none's output; what prints it may not have been run, and then nobody knows."""
    monkeypatch.chdir(tmp_path)
    assert outcomes("```text\nr 0.5\n```")[0][1] == "failed"
    unrun = "<!-- not run: why -->\n```sh\necho r\n```\n```text\nr\n```"
    assert outcomes(unrun)[1][1:] == ("not compared", "what prints it was not run")


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("```\nls\n```", "no language"),
        ("```yaml\na: 1\n```", "a block of yaml"),
        ("```text\ngxfast run\n```", "commands in a block of text"),
        ("```sh\necho before\nfalse\necho behind\n```", "exit code 1\necho before\nbefore\nfalse\n"),
        ("```sh\necho $unset_name\n```", "unset_name: unbound"),
        ("```python\n1 / 0\n```", 'File "page.md", line 2, in <module>\nZeroDivisionError'),
        ("```python\n>>> 1 + 1\n3\n```", "Expected:\n    3\nGot:\n    2"),
        ("```json\n{,}\n```", "JSONDecodeError"),
        ("```toml\na\n```", "TOMLDecodeError"),
        ('```json\n{"gxfast_card": 1, "haplotypes": "median"}\n```', "haplotypes"),
    ],
)
def test_what_fails(block: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ((line, kind, found),) = outcomes(block)
    assert (line, kind) == (1, "failed")
    assert why in found
    assert "behind" not in found


@pytest.mark.parametrize(
    "text",
    [
        "<!-- not run: why -->\n\n```sh\nls\n```",
        "<!-- not run -->\n```sh\nls\n```",
        " <!-- not run: why --> said in passing",
        "```sh\nls\n",
    ],
)
def test_marks_and_fences_that_mean_nothing_are_errors(text: str) -> None:
    with pytest.raises(ValueError, match=r"page\.md:1: "):
        list(blocks_of(text, "page.md"))


def test_real_data_are_linked_where_a_block_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data" / "set").mkdir(parents=True)
    for name in ("geuvadis358.vcf.gz", "geuvadis358.vcf.gz.tbi", "other.txt"):
        (tmp_path / "data" / "set" / name).write_text(name)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    block = "```sh\ncat geuvadis358.vcf.gz\n```"
    assert outcomes(block) == [(1, "not run", "no real data here (GXFAST_DATA)")]
    assert outcomes(block, tmp_path / "data") == [(1, "run", "")]
    assert sorted(path.name for path in Path().iterdir()) == ["geuvadis358.vcf.gz", "geuvadis358.vcf.gz.tbi"]

"""Populations of people and sets of genes, as files have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxfast.errors import InputError
from gxfast.io.tables.groups import read_gene_split, read_populations


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_panel_of_1000_genomes_has_empty_cells_in_its_header(tmp_path: Path) -> None:
    text = "sample\tpop\tsuper_pop\tgender\t\t\nHG00096\tGBR\tEUR\tmale\nNA18486\tYRI\tAFR\tmale\t\t\n"
    assert read_populations(put(tmp_path / "a.panel", text)) == {"HG00096": "GBR", "NA18486": "YRI"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sample,population\nA,x\nB,all\n", "B: a population is called 'all'"),
        ("sample,population\nA,x\nB\n", "line 3: the row has 1 cells, the header 2"),
        ("sample population\nA Yoruba in Ibadan\n", "line 2: the row has 4 cells, the header 2"),
        ("sample,population\nA,x\nA,y\n", "line 3: A is in x and in y"),
        ("sample,population\nA,\n", "line 2: a cell is empty"),
    ],
)
def test_populations_that_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_populations(put(tmp_path / "a.csv", text))
    assert says in str(caught.value)
    assert caught.value.remedy


def test_names_of_sets(tmp_path: Path) -> None:
    path = put(tmp_path / "a.tsv", "gene\tset\nA\tTraining\nB\tval\nC\theld-out\n")
    assert read_gene_split(path) == {"A": "train", "B": "valid", "C": "test"}

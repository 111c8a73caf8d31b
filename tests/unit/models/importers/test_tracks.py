"""Targets files, and the choice of bins and tracks."""

from __future__ import annotations

import pytest

from gxfast.errors import InputError
from gxfast.models import OutputOptions, read_tracks
from gxfast.models.card import ModelCard
from gxfast.models.gene_mask import GeneMask
from gxfast.models.importers.outputs import choose_outputs

TABLE = (
    "index\tgenome\tidentifier\tfile\tclip\tscale\tsum_stat\tdescription\n"
    "0\t0\tENCFF833POA\t/a.w5\t32\t2\tmean\tDNASE:cerebellum male adult\n"
    "1\t0\tENCFF110QGM\t/b.w5\t32\t2\tmean\tDNASE:frontal cortex\n"
    "2\t0\tCNhs10617\t/c.w5\t384\t1\tsum\tCAGE:brain, adult,\n"
    "3\t0\tCNhs12333\t/d.w5\t384\t1\tsum\tCAGE:GM12878\n"
    "4\t0\tCNhs12334\t/e.w5\t384\t1\tsum\tCAGE:GM12878\n"
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "targets_human.txt"
    path.write_text(TABLE)
    return path


def test_search(table):
    tracks = read_tracks(table)
    assert [t.index for t in tracks.search("cage:BRAIN, adult")] == [2]
    assert [t.index for t in tracks.search("CAGE:GM12878")] == [3, 4]
    assert [t.index for t in tracks.search("dnase")] == [0, 1]
    assert tracks.search("CNhs12334")[0].index == 4
    assert tracks.search("3")[0].identifier == "CNhs12333"
    with pytest.raises(InputError, match="no track is called 'CAGE:GM12879'") as error:
        tracks.search("CAGE:GM12879")
    assert "CAGE:GM12878" in str(error.value)


def test_a_table_that_counts_in_a_nameless_column(tmp_path):
    """Borzoi's."""
    path = tmp_path / "targets.txt"
    path.write_text("\tidentifier\tdescription\n10\ta\tRNA:blood\n11\tb\tRNA:liver\n")
    assert [t.index for t in read_tracks(path).search("RNA")] == [10, 11]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("index\tname\n0\tx\n", "no column 'description'"),
        ("index\tdescription\n0\tx\n0\ty\n", "stands once"),
        ("index\tdescription\nten\tx\n", "whole number"),
        ("index\tdescription\n1\n", "1 cells"),
        ("index\tdescription\n", "no rows"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    path = tmp_path / "t.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_tracks(path)


def _chosen(flipped=False, **options):
    return choose_outputs(
        OutputOptions(**options), n_bins=20, n_tracks=5, default_bins=range(9, 12), flipped=flipped, bin_size=32,
        bin_start=160,
    )  # fmt: skip


def test_bins_and_tracks(table):
    plain = _chosen(tracks=["3"])
    assert (plain.first, plain.last, plain.tracks, plain.names, plain.bins) == (9, 12, (3,), ("track3",), None)
    named = _chosen(tracks=["brain", "GM12878"], tracks_table=str(table), bins="4,9-10")
    assert named.names == ("CAGE:brain, adult,", "CAGE:GM12878 (CNhs12333)", "CAGE:GM12878 (CNhs12334)")
    assert (named.first, named.last, named.bins) == (4, 11, (0, 5, 6))
    assert _chosen(tracks=["all"]).tracks == (0, 1, 2, 3, 4)
    both_ways = _chosen(tracks=["0"], bins="3-5", flipped=True)
    assert (both_ways.first, both_ways.last, both_ways.bins) == (3, 17, (0, 1, 2))


def test_bins_of_genes():
    card = ModelCard("m", "NCL", 960, {"+": 480, "-": 480}, output_layout="NTB", reduce="mean")
    whole = _chosen(tracks=["3"], over="exons")
    assert (whole.first, whole.last, whole.bins) == (0, 20, None)
    assert whole.on(card, OutputOptions(over="exons")).gene_mask == GeneMask("exons", 32, 160)
    cut = _chosen(tracks=["3"], over="gene_body", bins="4,9-10")
    assert cut.on(card, OutputOptions(over="gene_body")).gene_mask == GeneMask("gene_body", 32, 160 + 4 * 32)
    assert cut.on(card, OutputOptions()).gene_mask is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "none is named"),
        ({"tracks": ["brain"]}, "by description"),
        ({"tracks": ["5"]}, "track 5 does not exist"),
        ({"tracks": ["0"], "bins": "18-20"}, "0-19"),
        ({"tracks": ["0"], "bins": "1,1"}, "each once"),
        ({"tracks": ["0"], "bins": "x"}, "not a list of bins"),
    ],
)
def test_bad_choices(options, message):
    with pytest.raises(InputError, match=message):
        _chosen(**options)

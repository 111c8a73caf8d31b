"""Posterior inclusion probabilities from any table of fine-mapping."""

from __future__ import annotations

import pytest

from gxfast.errors import InputError
from gxfast.io.variant_tables import read_finemapped

RIGHT = {("ENSG1", "chr1_5_A_C"): 0.5, ("ENSG1", "chr1_7_A_G"): 0.25}
FILES = {
    "susie": "phenotype_id\tvariant_id\tpip\nENSG1\tchr1_5_A_C_b38\t0.5\nENSG1\tchr1_7_A_G_b38\t0.25\n",
    "eqtl_catalogue": (
        "molecular_trait_id\tgene_id\tvariant\trsid\tpip\n"
        "T1\tENSG1\tchr1_5_A_C\trs1\t0.5\nT1\tENSG1\tchr1_5_A_C\trs2\t0.5\nT1\tENSG1\tchr1_7_A_G\trs3\t0.25\n"
    ),
    "release": (
        "chromosome\tstart\tend\tvariant_hg38\tallele1\tallele2\tcohort\tmethod\ttissue\tgene\tpip\n"
        "chr1\t0\t1\tchr1_5_A_C_b38\tA\tC\tGTEx\tSUSIE\tLiver\tENSG1\t0.5\n"
        "chr1\t0\t1\tchr1_7_A_G_b38\tA\tG\tGTEx\tSUSIE\tLiver\tENSG1\t0.25\n"
    ),
    "table": "gene\tchr\tpos\tref\talt\tpip\nENSG1\tchr1\t5\tA\tC\t0.5\nENSG1\tchr1\t7\tA\tG\t0.25\n",
}


@pytest.mark.parametrize("name", list(FILES))
def test_every_format(tmp_path, name):
    path = tmp_path / "f.tsv"
    path.write_text(FILES[name])
    assert read_finemapped(path) == RIGHT


def test_two_pips_of_a_variant(tmp_path):
    path = tmp_path / "f.tsv"
    path.write_text("gene_id\tvariant_id\tpip\nG\t1_5_A_C\t0.5\nG\t1_5_A_C\t0.25\n")
    with pytest.raises(InputError, match=r"line 3: variant 1_5_A_C of G has two pips, 0\.5 and 0\.25"):
        read_finemapped(path)
    path.write_text("##fileformat=VCFv4.2\n")
    with pytest.raises(InputError, match="no posterior probabilities"):
        read_finemapped(path)

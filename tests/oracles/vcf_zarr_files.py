"""VCF Zarr stores made of a small VCF, by the words of the specification, for tests."""

from __future__ import annotations

import dataclasses
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from oracles.pgen_files import lines_of

from gxfast.io.genotypes import Genotypes

FLOAT_MISSING, FLOAT_FILL = 0x7F800001, 0x7F800002
Arrays = dict[str, Any]
Edit = Callable[[Arrays, dict[str, Any]], None]

CONTIGS = {"chr1": "ACGT" * 250, "chr2": "GGCC" * 25, "chrX": "ACGT" * 25}
SAMPLES = ("ann", "bob", "cy", "dee", "eve")
FORMAT = "GT:PS:PID:PGT:PSL"
RECORDS = [
    ("chr1", 3, "G", "A", ["0|1", "1|1", "0", "1|0", "0/1"]),
    ("chr1", 3, "GT", "G", ["0|1", "0|0", ".|.", "./.", "1|0"]),
    ("chr1", 10, "C", "T,CA,<DEL>", ["1|2", "3|0", "1/2", ".|1", "0/."], "q10", "SVTYPE=DEL;END=30"),
    ("chr1", 12, "T", "<CN0>,<CNV:TR>", ["1|2", "0|0", "2/1", "0|0", "."], "PASS",
     "SVLEN=40,7;RN=1,1;RUS=AC,AG;RUC=2,3.5"),
    ("chr1", 14, "T", "<CNV:TR>,<DEL>", ["1|2", "0|0", "2/1", "0|0", "."], "PASS", "SVLEN=7,.;RN=1,.;RUS=AC;RUC=."),
    ("chr1", 20, "T", ".", ["0|0", "0|0", "0/0", "0", "0|0"], ".", "."),
    ("chr1", 25, "A", "C", ["0|0:7", "1/0:3", ".|.:.", "0|1:12", "0/0"], "q10;PASS", "SVTYPE=END", FORMAT),
    ("chr1", 31, "A", "C", ["0|1:.:x_1", "1/0:.:x_1:0|1", "0/2:4:.:1|0", "0/1:.:.:0|1", "1/1:3"], ".", ".", FORMAT),
    ("chr1", 33, "A", "C,T", ["0|1:.:.:.:7,7", "1/0:.:.:.:b", "2/1:4:.:1|0", "0|2:.:.:.:a,.", "1"], ".", ".", FORMAT),
    ("chr1", 40, "T", "*,c", ["0/1", "1/1", "0/0", "2|1", "1|2"], "q10", "END=70"),
    ("chr1", 41, "A", "<INV>", ["0/1", "1/1", "0/0", "1|1", "1|0"], "PASS", "SVLEN=-200"),
    ("chr2", 7, "C", "*,G", ["1|2", "0|0", "2|2", "0|1", "0|0"]),
    ("chrX", 7, "G", "A", ["1", "0|0", "1", "0|1", "."]),
]  # fmt: skip
RECORDS[7] = (*RECORDS[7][:3], "C,G", *RECORDS[7][4:])


def assert_equal(found: Genotypes, expected: Genotypes) -> None:
    for field in dataclasses.fields(Genotypes):
        x, y = getattr(found, field.name), getattr(expected, field.name)
        if field.name != "source":
            assert np.array_equal(x, y), (field.name, x, y)
            assert not isinstance(x, np.ndarray) or x.dtype == y.dtype, field.name


def arrays_of(vcf: Path) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and attributes of a store, as bio2zarr names and pads them."""
    header, records = lines_of(vcf)
    people = header[-1].split("\t")[9:]
    contigs = [found[1] for line in header if (found := re.match("##contig=<ID=([^,>]+)", line))]
    lengths = [int(found[1]) for line in header if (found := re.match("##contig=<.*length=([0-9]+)", line))]
    filters = ["PASS", *(found[1] for line in header if (found := re.match("##FILTER=<ID=(?!PASS)([^,>]+)", line)))]
    alleles = [[cells[3], *(cells[4].split(",") if cells[4] != "." else [])] for cells in records]
    most = max(map(len, alleles))
    arrays: Arrays = {
        "contig_id": contigs, "contig_length": np.array(lengths), "filter_id": filters, "sample_id": people,
        "variant_contig": np.array([contigs.index(cells[0]) for cells in records], np.int8),
        "variant_position": np.array([int(cells[1]) for cells in records], np.int32),
        "variant_id": [cells[2] for cells in records],
        "variant_allele": [one + [""] * (most - len(one)) for one in alleles],
        "variant_filter": np.array([[name in cells[6].split(";") for name in filters] for cells in records]),
        **_info(header, records, most), **_formats(header, records, most),
    }  # fmt: skip
    return arrays, {
        "vcf_zarr_version": "0.4", "vcf_meta_information": [["fileformat", header[0].partition("=")[2]]],
    }  # fmt: skip


def _info(header: list[str], records: list[list[str]], most: int) -> Arrays:
    told = [dict(entry.partition("=")[::2] for entry in cells[7].split(";")) for cells in records]
    arrays: Arrays = {
        "variant_length": np.array([
            max(len(cells[3]), int(info.get("END", 0)) - int(cells[1]) + 1)
            for cells, info in zip(records, told, strict=True)
        ], np.int32)
    }  # fmt: skip
    for line in header:
        if found := re.match("##INFO=<ID=([^,]+),Number=([^,]+),Type=([^,]+)", line):
            texts = [info[found[1]].split(",") if info.get(found[1]) else [] for info in told]
            if any(texts):
                values = _table(texts, found[3], max(map(len, texts)))
                arrays[f"variant_{found[1]}"] = values[:, 0] if found[2] == "1" else values
    return arrays


def _formats(header: list[str], records: list[list[str]], most: int) -> Arrays:
    arrays: Arrays = {}
    n = len(records[0]) - 9
    cells = [
        [dict(zip(record[8].split(":"), cell.split(":"), strict=False)) for cell in record[9:]] for record in records
    ]
    if any("GT" in one for record in cells for one in record):
        calls, phased = zip(*(_call(one.get("GT", "./.")) for record in cells for one in record), strict=True)
        arrays["call_genotype"] = np.array(calls, np.int8).reshape(len(records), n, 2)
        arrays["call_genotype_phased"] = np.array(phased).reshape(len(records), n)
    for line in header:
        found = re.match("##FORMAT=<ID=(?!GT)([^,]+),Number=([^,]+),Type=([^,]+)", line)
        if found and any(found[1] in one for record in cells for one in record):
            texts = [one[found[1]].split(",") if found[1] in one else [] for record in cells for one in record]
            width = {"A": most - 1, "G": most * (most + 1) // 2}.get(found[2], max(map(len, texts)))
            values = _table(texts, found[3], max(width, 1)).reshape(len(records), n, -1)
            arrays[f"call_{found[1]}"] = values[:, :, 0] if found[2] == "1" else values
    return arrays


def _table(texts: list[list[str]], kind: str, width: int) -> Any:
    if kind == "Integer":
        rows = [[-1 if text == "." else int(text) for text in one] or [-1] for one in texts]
        return np.array([one + [-2] * (width - len(one)) for one in rows], np.int32)
    if kind == "Float":
        bits = np.full((len(texts), width), FLOAT_FILL, np.uint32)
        for row, one in zip(bits, texts, strict=True):
            for i, text in enumerate(one or ["."]):
                row[i] = FLOAT_MISSING if text == "." else np.float32(text).view(np.uint32)
        return bits.view(np.float32)
    return np.array([(one or ["."]) + [""] * (width - len(one or ["."])) for one in texts], object)


def _call(text: str) -> tuple[tuple[int, int], bool]:
    first, *rest = ((-1 if part == "." else int(part)) for part in text.replace("|", "/").split("/"))
    return (first, rest[0] if rest else -2), "|" in text or not rest


def store_of_vcf(
    vcf: Path, store: Path, *, zarr_format: int = 2, chunks: tuple[int, int] = (1000, 1000),
    edit: Callable[[Arrays, dict[str, Any]], None] | None = None, strings: str = "T", empty: bool = True,
    fill: int = 0, blosc: bool = True, shards: bool = False,
) -> Path:  # fmt: skip
    """Write what vcf2zarr convert would.

    ``chunks``: records and people; ``edit``: changes the arrays and attributes; ``strings``: kind of the texts, by
    numpy's letter; ``empty``: whether chunks of ``fill`` alone are written; ``blosc``: or not compressed.
    """
    import zarr

    arrays, attributes = arrays_of(vcf)
    if edit is not None:
        edit(arrays, attributes)
    shutil.rmtree(store, ignore_errors=True)
    with warnings.catch_warnings(), zarr.config.set({"array.write_empty_chunks": empty}):
        warnings.simplefilter("ignore")  # of texts in format 3
        group = zarr.open_group(str(store), mode="w", zarr_format=zarr_format)  # type: ignore[arg-type]
        group.attrs.update(attributes)
        for name, given in arrays.items():
            values = _typed(given, strings)
            sizes = {"variant": chunks[:1], "call": chunks, "sample": chunks[1:]}.get(name.split("_")[0], ())
            shape = tuple(min(*pair) or 1 for pair in zip(sizes, values.shape, strict=False))
            chunk = shape + tuple(max(1, n) for n in values.shape[len(shape) :])
            more: dict[str, Any] = {} if values.dtype.kind in "TUSO" else {"fill_value": fill}
            more |= {"shards": tuple(2 * n for n in chunk)} if shards else {}
            more |= {"compressors": _blosc(zarr_format) if blosc else None}
            group.create_array(name, data=values, chunks=chunk, **more)
    return store


def _blosc(zarr_format: int) -> Any:
    if zarr_format == 2:
        import numcodecs

        return numcodecs.Blosc("zstd")
    from zarr.codecs import BloscCodec

    return BloscCodec(typesize=1)


def _typed(given: Any, strings: str) -> Any:
    values = np.asarray(given)
    if values.dtype.kind not in "OU":
        return values
    texts = values.astype("U")
    if strings == "S":
        return np.char.encode(texts, "utf-8")
    return texts.astype(np.dtypes.StringDType()) if strings == "T" else texts


def zipped(store: Path) -> Path:
    """Pack a store into one file beside it."""
    packed = store.with_name(store.name + ".zip")
    with zipfile.ZipFile(packed, "w") as out:
        for file in sorted(store.rglob("*")):
            if file.is_file():
                out.write(file, file.relative_to(store).as_posix())
    return packed

"""What a report holds for its script, read by zlib and by loops over bytes."""

from __future__ import annotations

import base64
import json
import re
import zlib
from decimal import Decimal
from typing import Any


def data_of(page: str) -> dict[str, Any]:
    """The data of a page; its columns as lists of texts (None: undefined) or of decimal numbers."""
    ((size, text, block),) = re.findall(r'id="page-data" data-size="(\d+)" data-text="(\d+)">([^<]*)</script>', page)
    return unpacked({"size": int(size), "text": int(text), "block": block})


def unpacked(packed: dict[str, Any]) -> dict[str, Any]:
    """As `data_of`, from what ``PageData.packed`` returns."""
    content = zlib.decompress(base64.b64decode(packed["block"]), -15)
    assert len(content) == packed["size"]
    at = packed["text"]
    data: dict[str, Any] = json.loads(content[:at])
    for column in data["columns"]:
        n = column["rows"]
        powers = None
        if "decimals" in column:
            powers = [content[at + i] + 256 * content[at + n + i] for i in range(n)]
            at += 2 * n
        values = [sum(content[at + p * n + i] << (8 * p) for p in range(column["planes"])) for i in range(n)]
        at += column["planes"] * n
        if powers is None:
            column["words"] = [data["words"][value] or None for value in values]
            continue
        signed = [-(value // 2) if value % 2 else value // 2 for value in values]
        column["numbers"] = [
            None if power == 0 else Decimal(value).scaleb(1 - power)
            for value, power in zip(signed, powers, strict=True)
        ]
    data["codes"] = content[at:]
    return data


def cells_of(data: dict[str, Any], label: str) -> dict[str, list[Any]]:
    """A table by its label: numbers as they are stored, text as it is; None where undefined."""
    (table,) = (table for table in data["tables"] if table["label"] == label)

    def cells(k: int) -> list[Any]:
        column = data["columns"][k]
        numbers = column.get("numbers")
        return column["words"] if numbers is None else [None if v is None else float(v) for v in numbers]

    found = {name: cells(k) for name, k, _ in table["columns"]}
    assert all(len(column) == table["rows"] for column in found.values())
    return found | ({"own": cells(table["gene"])} if table["gene"] is not None else {})

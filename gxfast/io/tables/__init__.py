"""Tables: genes, expression, covariates, and the tables that gxfast writes.

Every reader takes plain, gzip- or bgzip-compressed UTF-8 text, with or without byte order mark and CRLF.
"""

from __future__ import annotations

from .covariates import read_covariates
from .exons import ExonTable, read_exons
from .expression import read_expression
from .gene_values import read_gene_values
from .genes import read_genes
from .parquet import RepeatedTexts, require_pyarrow, write_parquet, write_parquet_columns
from .phenotypes import phenotype_bed, read_phenotype_ids, read_phenotype_rows, write_phenotype_bed
from .plain import TextCells, number_texts, optional_column, read_table, rows_text, write_rows, write_table
from .sites import read_sites
from .track_weights import TrackWeights, read_track_weights, write_track_weights

__all__ = [
    "ExonTable",
    "RepeatedTexts",
    "TextCells",
    "TrackWeights",
    "number_texts",
    "optional_column",
    "phenotype_bed",
    "read_covariates",
    "read_exons",
    "read_expression",
    "read_gene_values",
    "read_genes",
    "read_phenotype_ids",
    "read_phenotype_rows",
    "read_sites",
    "read_table",
    "read_track_weights",
    "require_pyarrow",
    "rows_text",
    "write_parquet",
    "write_parquet_columns",
    "write_phenotype_bed",
    "write_rows",
    "write_table",
    "write_track_weights",
]

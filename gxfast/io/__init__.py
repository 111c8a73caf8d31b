"""Readers and writers: FASTA, VCF/BCF, tables, and the files of a run directory."""

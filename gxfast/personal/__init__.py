"""Genotypes and reference -> people's haplotypes."""

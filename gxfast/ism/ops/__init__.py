"""Operators: how each is followed by mutagenesis and by gradients."""

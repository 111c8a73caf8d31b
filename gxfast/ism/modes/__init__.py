"""Ways to compute the effects of mutations, all to the same numbers."""

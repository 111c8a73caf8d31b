"""Networks in the manner of the field's, with random weights, to measure mutagenesis on."""

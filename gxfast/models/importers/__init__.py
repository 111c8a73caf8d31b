"""Weights of known networks, as their users have them, to ONNX files with a card.

One module per network. Each holds what its paper fixes: window, channels, strand, unknown base, ensembling, bins.
"""

"""Sequences -> model input: alphabet, one-hot, edits."""

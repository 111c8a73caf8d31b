"""Predictions against expression: correlation across people, drivers, direction, explainers, agreement of models."""

"""Metadata is in pyproject.toml, compilation in CMakeLists.txt."""

from setuptools import setup

setup(cmake_source_dir=".")

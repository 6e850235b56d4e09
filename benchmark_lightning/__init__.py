"""Honest, fast benchmarks of training small-image classifiers."""

__version__ = "0.1.0"

"""Measurements, each beside a named baseline in the same run: `python -m benchmarks`. Results: docs/benchmarks.md."""

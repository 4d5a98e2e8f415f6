"""Measurements, each beside a named baseline in the same run. `python -m benchmarks` lists them; docs/benchmarks.md has results."""

"""Benchmarks of the lifecycle on generated customers; see README.md."""

"""Measures the lifecycle on generated customers; see README.md."""

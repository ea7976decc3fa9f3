"""Benchmarks: each prints its peer beside it. Run all with `make bench`."""

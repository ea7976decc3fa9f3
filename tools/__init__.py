"""Programs for developers: checks, benchmarks, evaluation, generators."""

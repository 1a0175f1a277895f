"""Studies: data, what is claimed about it, comparisons that could refute it, verdicts."""

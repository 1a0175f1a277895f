"""How a kernel is run: `probe` (one call first), `bench` (in this process), `worker` (in one of its own)."""

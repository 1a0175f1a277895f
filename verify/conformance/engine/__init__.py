"""How a kernel is run: `protocols` (which kind it is), `probe` (one call first), `bench` (here), `worker` (apart)."""

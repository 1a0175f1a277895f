"""From a failed trial to what an engineer reads: `shrink`, `explain`, `snippet`."""

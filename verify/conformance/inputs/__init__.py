"""What the checks put to a kernel: `trial` (one question), `cases` (fixed ones), `draws` (random ones)."""

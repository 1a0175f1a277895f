"""Records as one offline HTML page: pictures (`geometry` → `scene` → `svg`), templates, and the review study."""

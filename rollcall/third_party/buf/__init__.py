"""Generated from proto/; never edited. `make generate` writes it anew."""

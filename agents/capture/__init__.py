"""Records what is heard and seen, and says how it is doing."""

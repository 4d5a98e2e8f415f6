"""One attendance at one meeting, in parts: what is seen, what is said of it, what follows from it."""

"""The meeting in the box, described by its platform file."""

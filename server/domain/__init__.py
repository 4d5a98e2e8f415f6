"""What Rollcall decides: no I/O, no clock, the standard library only."""

"""Webhooks: what is sent of the log, how it is signed, and how it gets there."""

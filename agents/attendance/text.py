"""Words that a page chose, made fit to be stored."""

from __future__ import annotations


def clean(text: str, limit: int) -> str:
    """`text` without what protobuf (lone surrogates) or PostgreSQL (NUL) refuses, cut at `limit` characters."""
    cut = text[:limit].replace("\x00", "")
    return cut.encode("utf-8", "replace").decode("utf-8")

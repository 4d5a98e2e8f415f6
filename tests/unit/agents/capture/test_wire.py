"""What a page says is read with distrust."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.capture import wire

TOKEN = "_secret"


def said(data: str = "", token: str = TOKEN, **message: object) -> str:
    return f"{token}{orjson.dumps(message).decode()}\n{data}"


def test_a_chunk_is_read() -> None:
    text = said(
        base64.b64encode(b"bytes").decode(), type="chunk", segment=2, sequence=3, mime="audio/webm", started_ms=9, frame="f"
    )
    assert wire.read(text, TOKEN) == wire.Chunk(2, 3, "audio/webm", 9, b"bytes")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "hello", "frame": "f", "top": True}, wire.Hello("f", top=True)),
        ({"type": "wanted", "frame": "f"}, wire.Wanted("f")),
        ({"type": "speaking", "id": "track:1", "on": False}, wire.Speaking("track:1", on=False)),
        ({"type": "lost", "segment": 1, "why": "w" * 1000}, wire.Lost(1, "w" * 300)),
        ({"type": "remark", "text": "r"}, wire.Remark("r")),
    ],
)
def test_the_other_messages_are_read(message: dict[str, object], expected: wire.Message) -> None:
    assert wire.read(said(**message), TOKEN) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        {"type": "hello"},
        "",
        TOKEN,
        said(token="_other", type="hello", frame="f", top=True),
        said(type="unknown"),
        said(type="hello"),
        said("not base64!", type="chunk", segment=1, sequence=1, mime="m", started_ms=1),
        said(type="chunk", segment="many", sequence=1, mime="m", started_ms=1),
        f"{TOKEN}[]\n",
    ],
)
def test_what_is_not_ours_is_nothing(value: object) -> None:
    assert wire.read(value, TOKEN) is None


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    wire.read(TOKEN + text, TOKEN)

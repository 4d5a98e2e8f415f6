"""Counts what really is in a Matroska or WebM stream while it is written. RFC 8794 (EBML), RFC 9559 (Matroska)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

SEGMENT, CLUSTER, BLOCK_GROUP, TRACKS, TRACK_ENTRY = 0x18538067, 0x1F43B675, 0xA0, 0x1654AE6B, 0xAE
ENTERED = frozenset({SEGMENT, CLUSTER, BLOCK_GROUP, TRACKS, TRACK_ENTRY})
SIMPLE_BLOCK, BLOCK, TIMESTAMP, TRACK_NUMBER, TRACK_TYPE = 0xA3, 0xA1, 0xE7, 0xD7, 0x83
READ = frozenset({SIMPLE_BLOCK, BLOCK, TIMESTAMP, TRACK_NUMBER, TRACK_TYPE})
VIDEO, AUDIO = 1, 2
NEEDED_OF_BLOCK = 12
"""Bytes of a block that tell track and time."""


@dataclass(slots=True)
class Counted:
    """What there was up to now."""

    video_frames: int = 0
    audio_packets: int = 0
    audio_end_ms: int = 0
    """Where the last packet of sound begins, milliseconds since the stream's start."""


@dataclass(slots=True)
class BlockCounter:
    """Fed with the stream's bytes in pieces of any size; never raises, whatever it is fed."""

    counted: Counted = field(default_factory=Counted)
    _rest: bytes = b""
    _skip: int = 0
    _cluster_ms: int = 0
    _number: int = 0
    _types: dict[int, int] = field(default_factory=dict)

    def feed(self, data: bytes) -> None:
        """Reads on."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        buffer = self._rest + data
        position = 0
        while (step := self._element(buffer, position)) is not None:
            position = step
            if position > len(buffer):
                self._skip = position - len(buffer)
                position = len(buffer)
                break
        self._rest = buffer[position:]

    def _element(self, buffer: bytes, position: int) -> int | None:
        """Where the next element begins (may be beyond the buffer), or None where this one has not come yet."""
        head = _number(buffer, position, keep_marker=True)
        size = head and _number(buffer, head[1], keep_marker=False)
        if not head or not size:
            return None
        identity, body, length = head[0], size[1], size[0]
        if identity in ENTERED or length is None:
            return body
        if identity in READ:
            needed = min(length, NEEDED_OF_BLOCK)
            if len(buffer) - body < needed:
                return None
            self._read(identity, buffer[body : body + needed])
        return body + length

    def _read(self, identity: int, value: bytes) -> None:
        if identity == TIMESTAMP:
            self._cluster_ms = int.from_bytes(value, "big")
        elif identity == TRACK_NUMBER:
            self._number = int.from_bytes(value, "big")
        elif identity == TRACK_TYPE:
            self._types[self._number] = int.from_bytes(value, "big")
        else:
            self._block(value)

    def _block(self, value: bytes) -> None:
        track = _number(value, 0, keep_marker=False)
        if not track or track[0] is None:
            return
        kind = self._types.get(track[0])
        if kind == VIDEO:
            self.counted.video_frames += 1
        elif kind == AUDIO:
            self.counted.audio_packets += 1
            at = self._cluster_ms + int.from_bytes(value[track[1] : track[1] + 2], "big", signed=True)
            self.counted.audio_end_ms = max(self.counted.audio_end_ms, at)


def holds_blocks(path: Path) -> bool:
    """Whether there is any sound or picture in the file's first 4 MB: a header alone is no recording."""
    counter = BlockCounter()
    with path.open("rb") as file:
        counter.feed(file.read(4 << 20))
    return counter.counted.video_frames + counter.counted.audio_packets > 0


def _number(buffer: bytes, position: int, *, keep_marker: bool) -> tuple[int | None, int] | None:
    """A variable-size number and where it ends; the number is None for "unknown size"; None where it is cut off."""
    if position >= len(buffer):
        return None
    first = buffer[position]
    length = 9 - first.bit_length()
    if length > 8:  # no such number: step over the byte
        return (0, position + 1)
    if position + length > len(buffer):
        return None
    value = int.from_bytes(buffer[position : position + length], "big")
    if keep_marker:
        return (value, position + length)
    value &= (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value, position + length)

"""MediaService: ranges of recordings, in blocks, to whoever holds a signed token."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from google.protobuf.message import Message

from rollcall.v1 import media_service_pb2 as pb
from server.domain.errors import NotFound, OutOfRange
from server.rpc.auth import Caller
from server.rpc.media_token import MediaTokens

BLOCK_BYTES = 256 * 1024
_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".png": "image/png",
}


@dataclass(slots=True)
class MediaService:
    """Handlers of MediaService. `media_dir` is the folder that workers write to; nothing outside of it is ever opened."""

    media_dir: Path
    tokens: MediaTokens

    async def read_media(self, request: pb.ReadMediaRequest, _caller: Caller) -> AsyncGenerator[Message | bytes, None]:
        """Raises PermissionDenied, NotFound, OutOfRange."""
        claim = self.tokens.read(request.token)
        file = await asyncio.to_thread(self._open, claim.file_path)
        try:
            stat = os.fstat(file.fileno())
            length = request.length if request.HasField("length") else None
            offset, length = _range(stat.st_size, request.offset, length)
            suffix = Path(claim.file_path).suffix
            yield pb.ReadMediaResponse(
                description=pb.MediaDescription(
                    content_type=_CONTENT_TYPES.get(suffix, "application/octet-stream"),
                    size_bytes=stat.st_size,
                    file_name=f"{claim.bot_id}{suffix}",
                    etag=f"{stat.st_mtime_ns:x}-{stat.st_size:x}",
                    offset=offset,
                    length=length,
                )
            )
            file.seek(offset)
            while length > 0:
                block = await asyncio.to_thread(_next, file, min(BLOCK_BYTES, length))
                if not block:  # the file was cut or deleted meanwhile; the reader misses bytes and knows it from the length
                    break
                length -= len(block)
                yield pb.ReadMediaResponse(data=block)
        finally:
            file.close()

    def _open(self, file_path: str) -> BinaryIO:
        folder = self.media_dir.resolve()
        path = (folder / file_path).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise NotFound("Media file", "The recording's file is gone; its data was deleted.")
        return path.open("rb")


def _next(file: BinaryIO, most: int) -> bytes:
    """The next bytes; none of a file that was deleted, for who has it open could read it to its end."""
    return file.read(most) if os.fstat(file.fileno()).st_nlink else b""


def _range(size: int, offset: int, length: int | None) -> tuple[int, int]:
    """First byte and number of bytes. A negative offset counts from the end. Raises OutOfRange."""
    first = max(0, size + offset) if offset < 0 else offset
    if first > size or (first == size and size > 0):
        error = OutOfRange(0, f"The file has {size} bytes; byte {first} is not one of them.")
        error.metadata["size_bytes"] = str(size)
        raise error
    rest = size - first
    return first, rest if length is None else min(rest, length)

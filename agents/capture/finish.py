"""Makes one playable file of a recording's segments: whole or cut off by a kill, of one epoch or of several.

Nothing is lost by a kill in the middle: segments stay until all of them is known to be in the result, which appears by a rename,
and a second run gives the same file.
Time in which nothing was recorded (a pause, a lost agent) is not in the file.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import orjson

from agents.capture.base import FinishedFile, Format
from agents.capture.ffmpeg import FinishError, NothingRecordedError, Probed, ffmpeg, probe
from agents.capture.files import SegmentFile, list_segments, words_for
from agents.capture.join import Piece, alike, joined_arguments
from agents.capture.judge import is_as_long, judge, loudest_dbfs
from agents.capture.matroska import holds_blocks

WORK_PREFIX = "finishing-"
CONTENT_TYPES = {Format.MP4: "video/mp4", Format.MP3: "audio/mpeg"}

__all__ = ["FinishError", "finish"]


async def finish(folder: Path, format: Format, *, keep_segments: bool = False) -> FinishedFile:  # noqa: A002 -- the word of the contract
    """Makes `<folder>/recording.<format>` and says what it is. Raises FinishError; NothingRecordedError where no later try helps.

    The segments go once the file was read back and is as long as they are, and none was left out; otherwise, or with
    `keep_segments`, they stay.
    """
    target = folder / f"recording.{format.value}"
    segments = list_segments(folder)
    made_of: list[list[str | int]] = [[s.path.name, s.path.stat().st_size] for s in segments]
    if (before := _made_before(target, made_of)) is not None:
        return before
    segments = [s for s in segments if holds_blocks(s.path)]
    try:
        _sweep(folder)
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=folder))
    except OSError as error:
        raise FinishError(words_for(error)) from error
    try:
        pieces = await _pieces(segments, work, format)
        finished, whole = await _made(pieces, work, target, format)
        played = [{"start_ms": p.start_ms, "duration_ms": p.probed.duration_ms} for p in pieces if not p.side]
        note = {**asdict(finished), "path": finished.path.name, "made_of": made_of, "pieces": played}
        _write_whole(_note(target), orjson.dumps(note))
    except OSError as error:
        raise FinishError(words_for(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if whole and len(pieces) == len(segments) and not keep_segments:
        shutil.rmtree(folder / "segments", ignore_errors=True)
    return finished


async def _pieces(segments: list[SegmentFile], work: Path, format: Format) -> list[Piece]:  # noqa: A002 -- as finish
    """Each segment read through once: what was cut off at its end goes, lengths are known, what cannot be read is left out."""
    pieces = []
    if len(segments) == 1 and (probed := await probe(segments[0].path)) is not None:
        return [Piece(segments[0].path, segments[0].start_ms, side=False, probed=probed)]  # joined and repaired in one pass
    for n, segment in enumerate(segments):
        whole = work / f"{n}.mkv"
        with contextlib.suppress(FinishError):  # one that cannot be read must not cost the others
            raw = await probe(segment.path)
            picture = _picture_of(raw) if format is Format.MP4 and not segment.side else ()
            await ffmpeg(["-i", segment.path, *picture, "-map", "0:a:0?", "-c", "copy", whole])
            if (probed := await probe(whole)) is not None and probed.duration_ms > 0:
                pieces.append(Piece(whole, segment.start_ms, segment.side, probed))
    return pieces


def _picture_of(raw: Probed | None) -> tuple[str, ...]:
    """H.264 gets one level in all pieces: encoders write the lowest that fits the frame rate of their first second.

    Pieces that differ in nothing else could not follow each other without encoding.
    """
    level = ("-bsf:v", "h264_metadata=level=4.2") if raw is not None and raw.video_codec == "h264" else ()
    return ("-map", "0:v:0?", *level)


async def _made(
    pieces: list[Piece],
    work: Path,
    target: Path,
    format: Format,  # noqa: A002 -- as finish
) -> tuple[FinishedFile, bool]:
    """The file, and whether all of the pieces is in it."""
    if not any(not piece.side for piece in pieces):
        raise NothingRecordedError("Nothing was recorded: there is no segment with sound or picture in it.")
    pieces = await alike(pieces, work, format)
    part = work / target.name
    printed = await ffmpeg(await joined_arguments(pieces, work, part, format))
    probed = await probe(part)
    if probed is None or not probed.duration_ms:
        raise FinishError("ffmpeg made a file that cannot be played.")
    expected_ms = sum(p.probed.duration_ms for p in pieces if not p.side)
    impaired, detail = await judge(part, probed, loudest_dbfs(printed), expected_ms)
    part.replace(target)
    return _finished(target, format, probed, impaired=impaired, detail=detail), is_as_long(probed, expected_ms)


def _finished(target: Path, format: Format, probed: Probed, *, impaired: bool, detail: str) -> FinishedFile:  # noqa: A002 -- as finish
    size = target.stat().st_size
    return FinishedFile(target, CONTENT_TYPES[format], probed.duration_ms, size, impaired, detail)


def _note(target: Path) -> Path:
    return target.with_suffix(f"{target.suffix}.json")


def _made_before(target: Path, made_of: list[list[str | int]]) -> FinishedFile | None:
    """The result of an earlier run over the same segments (or over segments that have been discarded since)."""
    try:
        note = orjson.loads(_note(target).read_bytes())
        if (made_of and note.pop("made_of") != made_of) or target.stat().st_size != note["size_bytes"]:
            return None
        for more in ("made_of", "pieces"):
            note.pop(more, None)
        return FinishedFile(**{**note, "path": target})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sweep(folder: Path) -> None:
    for old in folder.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(old, ignore_errors=True)


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)

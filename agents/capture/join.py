"""Joins pieces: the picture is copied wherever it can be, the sound is encoded once, for players everywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from agents.capture.base import Format
from agents.capture.ffmpeg import FinishError, Probed, ffmpeg, probe

STEADY = "aresample=48000:async=1:min_hard_comp=0.06:first_pts=0"
"""Fills holes in the sound with silence, so that it never runs ahead of the picture.

MediaRecorder stamps its packets by the clock on the wall, up to 40 ms early or late, though the sound in them is whole: nothing
shorter than 60 ms is a hole, and nothing is ever stretched."""

LATE_SOUND_MS = 40
"""So much later than the picture comes the sound out of MediaRecorder. 28 ms are its own (it stamps packets of 60 ms when
they are full), the rest is a remote track's way through WebAudio. On an idle machine beeps and flashes were 37 to 81 ms apart."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment that plays from its first to its last moment."""

    path: Path
    start_ms: int
    side: bool
    probed: Probed


async def joined_arguments(pieces: list[Piece], work: Path, target: Path, format: Format) -> list[str | Path]:  # noqa: A002 -- as finish
    """What ffmpeg is told; main pieces must be `alike`. `work`: where lists of pieces and their sound may be written."""
    mains = [p for p in pieces if not p.side]
    with_picture = has_picture(mains, format)
    inputs = await _inputs(mains, work, with_picture=with_picture)
    main_sound, count = f"[{len(inputs) - 1}:a:0]", len(inputs)
    chains, sides = [], _sides(mains, [p for p in pieces if p.side])
    for n, (piece, offset_ms) in enumerate(sides):
        inputs.append(["-i", piece.path])
        chains.append(f"[{count + n}:a:0]adelay={offset_ms}:all=1[side{n}]")
    names = "".join(f"[side{n}]" for n in range(len(sides)))
    mix = f"{names}amix=inputs={1 + len(sides)}:duration=first:normalize=0," if sides else ""
    earlier = f"asetpts=PTS-{LATE_SOUND_MS / 1000}/TB," if with_picture else ""
    chains.append(f"{main_sound}{earlier}{STEADY}[main];[main]{mix}volumedetect[sound]")
    arguments: list[str | Path] = [*chain.from_iterable(inputs), "-filter_complex", ";".join(chains)]
    if with_picture:
        arguments += ["-map", "0:v:0", *(COPY if mains[0].probed.video_codec == "h264" else ENCODE)]
    arguments += ["-map", "[sound]"]
    if format is Format.MP4:
        return [*arguments, "-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", target]
    return [*arguments, "-c:a", "libmp3lame", "-q:a", "4", target]


def has_picture(mains: list[Piece], format: Format) -> bool:  # noqa: A002 -- as finish
    """Whether the result is a film."""
    return format is Format.MP4 and any(p.probed.video_codec for p in mains)


async def alike(pieces: list[Piece], work: Path, format: Format) -> list[Piece]:  # noqa: A002 -- as finish
    """Main pieces that can follow each other packet by packet: where codec, size or settings differ, all are encoded anew.

    Each by itself: ffmpeg's own concat filter ends the film without a word where a picture's size is not the one in the header.
    """
    mains = [p for p in pieces if not p.side]
    if not has_picture(mains, format):
        return pieces
    mains = [p for p in mains if p.probed.video_codec]  # sound without a picture has no place in a film
    if len({_kind(p.probed) for p in mains}) > 1:
        width, height = _usual_size(mains)
        fit = f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:-1:-1,setsar=1"
        mains = [await _encoded(piece, work / f"alike-{n}.mkv", fit) for n, piece in enumerate(mains)]
    return [*mains, *(p for p in pieces if p.side)]


async def _encoded(piece: Piece, target: Path, fit: str) -> Piece:
    await ffmpeg(["-i", piece.path, "-map", "0:v:0", "-map", "0:a:0?", "-vf", fit, *ENCODE, "-c:a", "copy", target])
    probed = await probe(target)
    if probed is None:
        raise FinishError("ffmpeg made a piece that cannot be played.")
    return replace(piece, path=target, probed=probed)


COPY = ("-c:v", "copy")
ENCODE = (
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "24",
    "-pix_fmt",
    "yuv420p",
    "-fps_mode",
    "vfr",
    "-g",
    "60",
    "-bf",
    "0",
)


def _kind(probed: Probed) -> tuple[object, ...]:
    return (probed.video_codec, probed.width, probed.height, probed.header)


def _usual_size(mains: list[Piece]) -> tuple[int, int]:
    """The size that most of the time has."""
    times: Counter[tuple[int, int]] = Counter()
    for piece in mains:
        times[piece.probed.width, piece.probed.height] += piece.probed.duration_ms
    return times.most_common(1)[0][0]


async def _inputs(mains: list[Piece], work: Path, *, with_picture: bool) -> list[list[str | Path]]:
    """The inputs with the picture and, last, the sound; one input may be both."""
    if len(mains) == 1:
        return [["-i", mains[0].path]]
    sounds = [await _sound(piece, work / f"sound-{n}.mka") for n, piece in enumerate(mains)]
    lengths = [piece.probed.duration_ms for piece in mains]
    pictures = [_listed([p.path for p in mains], lengths, work / "pictures.txt")] if with_picture else []
    return [*pictures, _listed(sounds, lengths, work / "sounds.txt")]


async def _sound(piece: Piece, target: Path) -> Path:
    """The sound of a piece, exactly as long as the piece: else each joint would move sound against picture by what is missing."""
    seconds = piece.probed.duration_ms / 1000
    source: list[str | Path] = ["-i", piece.path, "-map", "0:a:0"]
    if not piece.probed.audio_codec:
        source = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono"]
    exactly = f"{STEADY},aformat=channel_layouts=mono,apad=whole_dur={seconds},atrim=end={seconds}"
    await ffmpeg([*source, "-af", exactly, "-c:a", "flac", "-compression_level", "0", target])
    return target


def _listed(files: list[Path], lengths_ms: list[int], listing: Path) -> list[str | Path]:
    """The input of files that follow each other."""
    lines = (f"file '{file.name}'\nduration {length_ms}ms\n" for file, length_ms in zip(files, lengths_ms, strict=True))
    listing.write_text("ffconcat version 1.0\n" + "".join(lines), encoding="utf-8")
    return ["-f", "concat", "-safe", "0", "-i", listing]


def _sides(mains: list[Piece], sides: list[Piece]) -> list[tuple[Piece, int]]:
    """Where in the joined file each side piece begins, in milliseconds; those that fall into no main piece are left out."""
    placed: list[tuple[Piece, int]] = []
    position = 0
    for n, main in enumerate(mains):
        end_ms = mains[n + 1].start_ms if n + 1 < len(mains) else None
        within = (s for s in sides if s.start_ms >= main.start_ms and (end_ms is None or s.start_ms < end_ms))
        placed += [(side, position + side.start_ms - main.start_ms) for side in within]
        position += main.probed.duration_ms
    return placed

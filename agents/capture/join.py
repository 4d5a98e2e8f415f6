"""The ffmpeg command that joins pieces: picture copied wherever it can be, sound encoded once, for players everywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from agents.capture.base import Format
from agents.capture.ffmpeg import Probed

STEADY = "aresample=48000:async=1:min_hard_comp=0.1:first_pts=0"
"""Fills holes in the sound with silence, so that it never runs ahead of the picture.

MediaRecorder stamps its packets by the clock on the wall, up to 40 ms early or late, though the sound in them is whole: nothing
shorter than a tenth of a second is a hole, and nothing is ever stretched."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment that plays from its first to its last moment."""

    path: Path
    start_ms: int
    side: bool
    probed: Probed


def joined_arguments(pieces: list[Piece], work: Path, target: Path, format: Format) -> list[str | Path]:  # noqa: A002 -- as finish
    """Ffmpeg's arguments. `work`: where the list of pieces may be written."""
    mains = [p for p in pieces if not p.side]
    with_picture = format is Format.MP4 and any(p.probed.video_codec for p in mains)
    if with_picture:
        mains = [p for p in mains if p.probed.video_codec]  # sound without a picture has no place in a film
    uniform = len({_kind(p.probed, with_picture=with_picture) for p in mains}) == 1
    inputs, picture, sound, graph = _listed(mains, work) if uniform else _rebuilt(mains, with_picture=with_picture)
    sides = _sides(mains, [p for p in pieces if p.side])
    count = 1 if uniform else len(mains)
    chains = [graph] if graph else []
    delayed = []
    for n, (piece, offset_ms) in enumerate(sides):
        inputs += ["-i", piece.path]
        chains.append(f"[{count + n}:a:0]adelay={offset_ms}:all=1[side{n}]")
        delayed.append(f"[side{n}]")
    mix = f"{''.join(delayed)}amix=inputs={1 + len(delayed)}:duration=first:normalize=0," if delayed else ""
    chains.append(f"{sound}{STEADY}[main];[main]{mix}volumedetect[sound]")
    arguments: list[str | Path] = [*inputs, "-filter_complex", ";".join(chains)]
    if with_picture:
        copied = uniform and mains[0].probed.video_codec == "h264"
        arguments += ["-map", picture, *(COPY if copied else ENCODE)]
    arguments += ["-map", "[sound]"]
    if format is Format.MP4:
        return [*arguments, "-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", target]
    return [*arguments, "-c:a", "libmp3lame", "-q:a", "4", target]


COPY = ("-c:v", "copy")
ENCODE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-pix_fmt", "yuv420p", "-fps_mode", "vfr", "-g", "60")


def _kind(probed: Probed, *, with_picture: bool) -> tuple[object, ...]:
    if not with_picture:
        return (probed.audio_codec,)
    return (probed.video_codec, probed.width, probed.height, probed.header, probed.audio_codec)


Plan = tuple[list[str | Path], str, str, str]
"""Inputs, the picture's and the sound's name, and the filters that make them."""


def _listed(mains: list[Piece], work: Path) -> Plan:
    """Pieces of one kind follow each other packet by packet."""
    if len(mains) == 1:
        return ["-i", mains[0].path], "0:v:0", "[0:a:0]", ""
    listing = work / "pieces.txt"
    lines = (f"file '{p.path.name}'\nduration {p.probed.duration_ms}ms\n" for p in mains)
    listing.write_text("ffconcat version 1.0\n" + "".join(lines), encoding="utf-8")
    return ["-f", "concat", "-safe", "0", "-i", listing], "0:v:0", "[0:a:0]", ""


def _rebuilt(mains: list[Piece], *, with_picture: bool) -> Plan:
    """Pieces of several kinds are decoded; the picture takes the size that most of the time has."""
    inputs: list[str | Path] = [argument for p in mains for argument in ("-i", p.path)]
    if not with_picture:
        names = "".join(f"[{n}:a:0]" for n in range(len(mains)))
        return inputs, "", "[joined]", f"{names}concat=n={len(mains)}:v=0:a=1[joined]"
    times: Counter[tuple[int, int]] = Counter()
    for p in mains:
        times[p.probed.width, p.probed.height] += p.probed.duration_ms
    (width, height), _ = times.most_common(1)[0]
    fit = f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:-1:-1,setsar=1,settb=1/1000"
    scaled = ";".join(f"[{n}:v:0]{fit}[v{n}]" for n in range(len(mains)))
    sound = ";".join(f"[{n}:a:0]{STEADY}[a{n}]" for n in range(len(mains)))
    names = "".join(f"[v{n}][a{n}]" for n in range(len(mains)))
    return inputs, "[picture]", "[joined]", f"{scaled};{sound};{names}concat=n={len(mains)}:v=1:a=1[picture][joined]"


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

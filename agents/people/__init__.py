"""Scripted people: real WebRTC peers in Chromium that speak known words, show a counted picture, chat, come and go."""

from __future__ import annotations

from agents.people.run import run
from agents.people.script import Script, ScriptError, load, parse, standard
from agents.people.venue import RehearsalVenue, Venue
from agents.people.voice import VoiceError

__all__ = ["RehearsalVenue", "Script", "ScriptError", "Venue", "VoiceError", "load", "parse", "run", "standard"]

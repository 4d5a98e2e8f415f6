"""What a caller wishes of a bot in its meeting. A wish is stored with its event; the agent hears of it through the bot's log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_output_pb2 as out
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1 import bot_settings_pb2
from rollcall.v1 import bot_update_pb2 as up
from server.domain.errors import InvalidFields, Unfulfilled
from server.domain.wishes import Wish, require
from server.rpc.auth import Caller
from server.rpc.checks import is_mp3, picture_problem
from server.rpc.convert import bot_message
from server.store import BotRecord, Store, Wished

T = TypeVar("T", bound=Message)

_NOT_MP3 = "The data is not MP3: it begins neither with an ID3 tag nor with a frame of MPEG layer III."
_NO_SPEECH = (
    "Speech by google is not available on this server yet: it would need an account with Google's text-to-speech, to be set by "
    "ROLLCALL_GOOGLE_TTS_CREDENTIALS. Make the sound yourself and send it to output_audio."
)


@dataclass(slots=True)
class BotWishes:
    """Handlers of BotService for wishes.

    Each raises NotFound, Changed, IllegalTransition, QuotaExceeded (too many wishes are open).
    """

    store: Store

    async def pause_recording(self, request: pb.PauseRecordingRequest, caller: Caller) -> pb.PauseRecordingResponse:
        """The state follows once the agent has paused: only then is nothing recorded any more."""
        command = agent.Command(pause_recording=agent.PauseRecordingCommand())
        return await self._wish(request, caller, Wish.PAUSE_RECORDING, command, _pausing)

    async def resume_recording(self, request: pb.ResumeRecordingRequest, caller: Caller) -> pb.ResumeRecordingResponse:
        """The state follows once the agent records again."""
        command = agent.Command(resume_recording=agent.ResumeRecordingCommand())
        return await self._wish(request, caller, Wish.RESUME_RECORDING, command, _resuming)

    async def output_audio(self, request: out.OutputAudioRequest, caller: Caller) -> out.OutputAudioResponse:
        """Raises InvalidFields too, where the data is no MP3."""
        await self._require(request, caller, Wish.OUTPUT_AUDIO)
        if not is_mp3(request.data):
            raise InvalidFields([("data", _NOT_MP3)])
        sound = agent.OutputAudioCommand(type=request.type, data=request.data)
        return await self._wish(
            request, caller, Wish.OUTPUT_AUDIO, agent.Command(output_audio=sound), lambda _: out.OutputAudioResponse()
        )

    async def output_image(self, request: out.OutputImageRequest, caller: Caller) -> out.OutputImageResponse:
        """Raises InvalidFields too, where the data is not of the type."""
        await self._require(request, caller, Wish.OUTPUT_IMAGE)
        image = bot_settings_pb2.BotImage(type=request.type, data=request.data)
        problem = picture_problem(image)
        if problem is not None:
            raise InvalidFields([("", problem)])
        command = agent.Command(output_image=agent.OutputImageCommand(image=image))
        return await self._wish(request, caller, Wish.OUTPUT_IMAGE, command, lambda _: out.OutputImageResponse())

    async def output_video(self, request: out.OutputVideoRequest, caller: Caller) -> out.OutputVideoResponse:
        """The worker fetches the film, and looks then at where its address leads."""
        film = agent.OutputVideoCommand(url=request.url, loop=request.loop, mute_video=request.mute_video)
        return await self._wish(
            request, caller, Wish.OUTPUT_VIDEO, agent.Command(output_video=film), lambda _: out.OutputVideoResponse()
        )

    async def speech(self, request: out.SpeechRequest, caller: Caller) -> out.SpeechResponse:
        """Raises Unfulfilled: there is nobody yet who makes speech of text."""
        await self._require(request, caller, Wish.SPEECH)
        raise Unfulfilled("NOT_AVAILABLE", _NO_SPEECH)

    async def update_voice_agent_settings(
        self, request: up.UpdateVoiceAgentSettingsRequest, caller: Caller
    ) -> up.UpdateVoiceAgentSettingsResponse:
        """Raises Unfulfilled: no bot has a voice agent yet (availability.py refuses one at creation)."""
        await self._require(request, caller, Wish.UPDATE_VOICE_AGENT_SETTINGS)
        raise Unfulfilled("NOT_AVAILABLE", "Voice agents are not available on this server yet, so there is nothing to update.")

    async def update_transcription_settings(
        self, request: up.UpdateTranscriptionSettingsRequest, caller: Caller
    ) -> up.UpdateTranscriptionSettingsResponse:
        """Raises Unfulfilled: nothing is transcribed yet whose settings could be changed."""
        await self._require(request, caller, Wish.UPDATE_TRANSCRIPTION_SETTINGS)
        raise Unfulfilled("NOT_AVAILABLE", "This server cannot change how a running bot transcribes yet.")

    async def admit_from_waiting_room(
        self, request: up.AdmitFromWaitingRoomRequest, caller: Caller
    ) -> up.AdmitFromWaitingRoomResponse:
        """Raises Unfulfilled: bots are guests on every platform, and only a host can admit."""
        await self.store.get_bot(caller.project_id, request.bot_id)
        raise Unfulfilled(
            "NOT_SUPPORTED",
            "Admitting from the waiting room is not supported for this meeting type: bots are guests, and only a host can admit.",
        )

    async def change_gallery_view_page(
        self, request: up.ChangeGalleryViewPageRequest, caller: Caller
    ) -> up.ChangeGalleryViewPageResponse:
        """Raises Unfulfilled: no platform's recording is of a gallery in pages."""
        await self.store.get_bot(caller.project_id, request.bot_id)
        raise Unfulfilled("NOT_SUPPORTED", "Changing the gallery view's page is not supported for this meeting type.")

    async def _require(self, request: Any, caller: Caller, wish: Wish) -> BotRecord:
        bot = await self.store.get_bot(caller.project_id, request.bot_id)
        require(bot.state, wish)
        return bot

    async def _wish(self, request: Any, caller: Caller, wish: Wish, command: agent.Command, answer: Callable[[Wished], T]) -> T:
        """Stores the wish and the answer to it, once."""
        etag = getattr(request, "etag", None) or None
        once = caller.once(answer)
        return answer(await self.store.add_command(caller.project_id, request.bot_id, command, wish, etag=etag, once=once))


def _pausing(wished: Wished) -> pb.PauseRecordingResponse:
    return pb.PauseRecordingResponse(bot=bot_message(wished.bot))


def _resuming(wished: Wished) -> pb.ResumeRecordingResponse:
    return pb.ResumeRecordingResponse(bot=bot_message(wished.bot))

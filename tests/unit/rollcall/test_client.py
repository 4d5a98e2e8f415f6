"""The two clients, by the same stories, over a real gRPC server."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.message import Message
from google.rpc import code_pb2

import rollcall
from rollcall import errors
from rollcall.client import AsyncClient, Client
from rollcall.client_plans import Backoff
from rollcall.fake_transport import FakeTransport
from rollcall.v1 import bot_output_pb2 as out
from rollcall.v1 import bot_pb2, bot_settings_pb2, bot_transcript_pb2, event_pb2, event_service_pb2, media_service_pb2
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1 import bot_update_pb2 as changes
from rollcall.v1.bot_pb2 import Bot
from tests.unit.gateway.statuses import bad_request, info, refused, retry
from tests.unit.rollcall.grpc_fake import served

BOTS = "/rollcall.v1.BotService/"
EVENTS = "/rollcall.v1.EventService/"
READ = "/rollcall.v1.MediaService/ReadMedia"
BOT = Bot(id="bot_1")
THEN = datetime(2027, 1, 1, tzinfo=UTC)
Feed = Callable[[Any, dict[str, str]], AsyncIterator[Message]]


class Both:
    """Calls the client's method and gathers what an iterator gives, blocking or not."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self._client = client

    async def __call__(self, method: str, *args: Any, take: int | None = None, **fields: Any) -> Any:
        found = getattr(self._client, method)
        if isinstance(self._client, Client):
            return await asyncio.to_thread(lambda: _gathered(found(*args, **fields), take))
        answer = found(*args, **fields)
        if inspect.isawaitable(answer):
            return await answer
        gathered: list[Any] = []
        async for item in answer:
            gathered.append(item)
            if len(gathered) == take:
                await answer.aclose()
                break
        return gathered


def _gathered(answer: Any, take: int | None) -> Any:
    if not hasattr(answer, "__next__"):
        return answer
    gathered = []
    for item in answer:
        gathered.append(item)
        if len(gathered) == take:
            answer.close()
            break
    return gathered


@pytest.fixture
def fake() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
async def port(fake: FakeTransport) -> AsyncIterator[int]:
    async with served(fake) as found:
        yield found


@pytest.fixture(params=[Client, AsyncClient])
async def client(request: pytest.FixtureRequest, port: int) -> AsyncIterator[Both]:
    made = request.param(f"127.0.0.1:{port}", "my-key")
    yield Both(made)
    closed = made.close()
    if closed is not None:
        await closed


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short; how long they are is tested apart."""
    monkeypatch.setattr(Backoff.__init__, "__kwdefaults__", {"first_s": 0.001, "most_s": 0.01, "connect_s": 0.05})


def event(sequence: int) -> event_pb2.Event:
    return event_pb2.Event(id=f"evt_{sequence}", sequence=sequence, position=sequence, kind=event_pb2.EVENT_KIND_STATE)


def in_turn(*feeds: Feed) -> Feed:
    """Each call is answered by the next feed, the last one again and again."""
    left = list(feeds)

    def feed(request: Any, metadata: dict[str, str]) -> AsyncIterator[Message]:
        return (left.pop(0) if len(left) > 1 else left[0])(request, metadata)

    return feed


def watched(*sequences: int, fail: int | None = None) -> Feed:
    """Events, or bookmarks for negative numbers, then the end or an error."""

    async def feed(_request: Any, _metadata: dict[str, str]) -> AsyncIterator[Message]:
        for sequence in sequences:
            if sequence > 0:
                yield event_service_pb2.WatchBotResponse(sequence=sequence, event=event(sequence))
            else:
                yield event_service_pb2.WatchBotResponse(sequence=-sequence, bookmark=event_pb2.Bookmark(caught_up=True))
        if fail is not None:
            raise refused(fail, "broken")

    return feed


async def test_fields_are_plain_python(client: Both, fake: FakeTransport) -> None:
    fake.answers[BOTS + "CreateBot"] = lambda _r, _m: pb.CreateBotResponse(bot=Bot(id="bot_1"))
    bot = await client(
        "create_bot",
        meeting_url="https://meet.google.com/abc-defg-hij",
        bot_name="x",
        join_at=datetime(2027, 1, 1, tzinfo=UTC),
        metadata={"a": "b"},
        recording_settings={"format": "mp3", "resolution": "720p"},
        bot_image={"type": "image/png", "data": b"png"},
        webhooks=[{"url": "https://x", "triggers": ["bot.state_change"]}],
        deduplication_key=None,
    )
    assert bot.id == "bot_1"
    asked = fake.asked[0]
    request: Any = asked.request
    assert request.recording_settings.format == bot_settings_pb2.RECORDING_FORMAT_MP3
    assert request.recording_settings.resolution == bot_settings_pb2.RECORDING_RESOLUTION_720P
    assert request.bot_image.type == bot_settings_pb2.IMAGE_TYPE_PNG
    assert request.join_at.seconds == 1798761600
    assert request.webhooks[0].triggers == ["bot.state_change"]
    assert asked.metadata["authorization"] == "Token my-key"


@pytest.mark.parametrize("fields", [{"nope": 1}, {"recording_settings": {"nope": 1}}, {"recording_settings": {"format": "webm"}}])
async def test_a_field_or_word_that_nobody_knows_is_told_at_once(client: Both, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"has no field nope|'webm' is not one of mp4, mp3, none"):
        await client("create_bot", **fields)


async def test_what_is_wrong_with_the_fields_is_in_the_error(client: Both, fake: FakeTransport) -> None:
    def refuse(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(
            code_pb2.INVALID_ARGUMENT, "2 fields", bad_request(bot_name="Required.", a__b="Wrong."), info("INVALID", x="y")
        )

    fake.answers[BOTS + "CreateBot"] = refuse
    with pytest.raises(errors.InvalidRequestError, match=r"bot_name: Required\.; a\.b: Wrong\.") as caught:
        await client("create_bot")
    assert caught.value.violations == (("bot_name", "Required."), ("a.b", "Wrong."))
    assert (caught.value.reason, caught.value.metadata) == ("INVALID", {"x": "y"})


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (code_pb2.UNAUTHENTICATED, errors.UnauthenticatedError),
        (code_pb2.NOT_FOUND, errors.NotFoundError),
        (code_pb2.FAILED_PRECONDITION, errors.StateError),
        (code_pb2.INTERNAL, errors.ServiceError),
        (code_pb2.UNAVAILABLE, errors.UnavailableError),
    ],
)
async def test_each_code_is_an_error_of_its_own(client: Both, fake: FakeTransport, code: int, kind: type[Exception]) -> None:
    def refuse(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code, "no")

    fake.answers[BOTS + "LeaveMeeting"] = refuse
    with pytest.raises(kind, match="no"):
        await client("leave", "bot_1")
    assert len(fake.asked) == 1  # what changes something is never tried twice


async def test_a_limit_says_when_to_try_again(client: Both, fake: FakeTransport) -> None:
    def refuse(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.RESOURCE_EXHAUSTED, "too many", retry(2.5))

    fake.answers[BOTS + "CreateBot"] = refuse
    with pytest.raises(errors.LimitError) as caught:
        await client("create_bot")
    assert caught.value.retry_after_s == 2.5


async def test_what_only_reads_is_tried_again(client: Both, fake: FakeTransport) -> None:
    def once_away(request: Any, _metadata: dict[str, str]) -> Message:
        if len(fake.asked) < 3:
            raise refused(code_pb2.UNAVAILABLE, "away")
        return pb.GetBotResponse(bot=Bot(id=request.bot_id))

    fake.answers[BOTS + "GetBot"] = once_away
    assert (await client("get_bot", "bot_1")).id == "bot_1"


async def test_a_list_goes_through_its_pages(client: Both, fake: FakeTransport) -> None:
    def page(request: Any, _metadata: dict[str, str]) -> Message:
        number = int(request.cursor or 0)
        return pb.ListBotsResponse(results=[Bot(id=f"bot_{number}")], next=str(number + 1) if number < 2 else None)

    fake.answers[BOTS + "ListBots"] = page
    assert [bot.id for bot in await client("list_bots", states=["joining"])] == ["bot_0", "bot_1", "bot_2"]
    requests: list[Any] = [asked.request for asked in fake.asked]
    assert all(len(request.states) == 1 for request in requests)


async def test_a_watch_goes_on_where_it_broke_off_and_shows_each_event_once(client: Both, fake: FakeTransport) -> None:
    away, reset, slow = code_pb2.UNAVAILABLE, code_pb2.UNKNOWN, code_pb2.RESOURCE_EXHAUSTED
    fake.feeds[EVENTS + "WatchBot"] = in_turn(
        watched(1, 2, -2, fail=away), watched(fail=reset), watched(2, 3, fail=slow), watched(-5, fail=away), watched(6)
    )
    assert [one.sequence for one in await client("watch_bot", "bot_1")] == [1, 2, 3, 6]
    requests: list[Any] = [asked.request for asked in fake.asked]
    assert [request.after_sequence for request in requests] == [0, 2, 2, 3, 5]


async def test_from_now_on_is_not_from_the_start(client: Both, fake: FakeTransport) -> None:
    fake.feeds[EVENTS + "WatchBot"] = watched(7)
    assert [one.sequence for one in await client("watch_bot", "bot_1", None, kinds=["state"])] == [7]
    request: Any = fake.asked[0].request
    assert list(request.kinds) == [event_pb2.EVENT_KIND_STATE]


async def test_the_projects_events_come_with_the_cursor_to_resume_after(client: Both, fake: FakeTransport) -> None:
    def feed(*positions: int) -> Feed:
        async def found(_request: Any, _metadata: dict[str, str]) -> AsyncIterator[Message]:
            for position in positions:
                yield event_service_pb2.WatchEventsResponse(cursor=f"c{position}", event=event(position))
            raise refused(code_pb2.UNAVAILABLE, "away")

        return found

    fake.feeds[EVENTS + "WatchEvents"] = in_turn(feed(1, 2), feed(2, 3))
    got = await client("watch_events", "start", bot_ids=["bot_1"], take=3)
    assert [(one.cursor, one.event.position) for one in got] == [("c1", 1), ("c2", 2), ("c3", 3)]
    requests: list[Any] = [asked.request for asked in fake.asked]
    assert [request.cursor for request in requests] == ["start", "c2"]


async def test_what_a_watch_shows_is_asked_in_words(client: Both, fake: FakeTransport) -> None:
    fake.feeds[EVENTS + "WatchBot"] = watched(1, fail=code_pb2.NOT_FOUND)
    fake.feeds[EVENTS + "WatchEvents"] = watched(1, fail=code_pb2.NOT_FOUND)
    for method, place in (("watch_bot", "bot_1"), ("watch_events", "start")):
        with pytest.raises(errors.RollcallError):
            await client(method, place, kinds=["state"], states=["leaving", "ended"])
        request: Any = fake.asked[-1].request
        assert list(request.kinds) == [event_pb2.EVENT_KIND_STATE]
        assert list(request.states) == [bot_pb2.BOT_STATE_LEAVING, bot_pb2.BOT_STATE_ENDED]
        with pytest.raises(ValueError, match="'gone' is not one of"):
            await client(method, place, states=["gone"])


@pytest.mark.parametrize("code", [code_pb2.NOT_FOUND, code_pb2.OUT_OF_RANGE, code_pb2.UNAUTHENTICATED])
async def test_a_watch_that_is_refused_says_so(client: Both, fake: FakeTransport, code: int) -> None:
    fake.feeds[EVENTS + "WatchBot"] = watched(1, fail=code)
    with pytest.raises(errors.RollcallError, match="broken"):
        await client("watch_bot", "bot_1")
    assert len(fake.asked) == 1


async def test_a_fault_that_does_not_go_away_is_told_in_the_end(client: Both, fake: FakeTransport) -> None:
    fake.feeds[EVENTS + "WatchBot"] = watched(fail=code_pb2.INTERNAL)
    with pytest.raises(errors.ServiceError):
        await client("watch_bot", "bot_1")
    assert len(fake.asked) < 10


async def test_a_service_that_never_answered_is_given_up() -> None:
    async with AsyncClient("127.0.0.1:1", "k") as client:
        with pytest.raises(errors.UnavailableError, match="cannot be reached"):
            await Both(client)("watch_bot", "bot_1")


async def test_a_watch_outlives_the_server(fake: FakeTransport) -> None:
    fake.feeds[EVENTS + "WatchBot"] = in_turn(watched(1, -1, fail=code_pb2.UNAVAILABLE), watched(2))
    async with served(fake) as port, AsyncClient(f"127.0.0.1:{port}", "k") as client:
        stream = client.watch_bot("bot_1")
        assert (await anext(stream)).sequence == 1
        assert (await anext(stream)).sequence == 2


FILE = bytes(range(256)) * 100


def media(request: Any, etag: str = "a", until: int | None = None) -> list[Message]:
    description = media_service_pb2.MediaDescription(size_bytes=len(FILE), etag=etag, offset=request.offset)
    parts: list[Message] = [media_service_pb2.ReadMediaResponse(description=description)]
    parts += [
        media_service_pb2.ReadMediaResponse(data=FILE[at : at + 1000])
        for at in range(request.offset, len(FILE) if until is None else until, 1000)
    ]
    return parts


async def test_a_download_goes_on_where_it_broke_off(client: Both, fake: FakeTransport, tmp_path: Path) -> None:
    fake.answers[BOTS + "GetRecording"] = lambda _r, _m: pb.GetRecordingResponse(
        recording=pb.Recording(url=f"https://x/media/t{len(fake.asked)}")
    )
    plans: list[tuple[str, int | None]] = [("a", 5000), ("a", 9000), ("b", 3000), ("b", 3000), ("b", None)]

    async def read(request: Any, _metadata: dict[str, str]) -> AsyncIterator[Message]:
        etag, until = plans.pop(0)
        for message in media(request, etag, until):
            yield message
        if until is not None:
            raise refused(code_pb2.UNAVAILABLE, "away")

    fake.feeds[READ] = read
    path = tmp_path / "meeting.mp4"
    assert await client("download_recording", "bot_1", path) == path
    assert path.read_bytes() == FILE
    assert list(tmp_path.iterdir()) == [path]
    reads: list[Any] = [asked.request for asked in fake.asked if asked.method == READ]
    assert [request.offset for request in reads] == [0, 5000, 9000, 0, 3000]
    assert len({request.token for request in reads}) == 5  # each with a fresh link
    assert all("authorization" not in asked.metadata for asked in fake.asked if asked.method == READ)


async def test_a_download_that_fails_leaves_nothing_behind(client: Both, fake: FakeTransport, tmp_path: Path) -> None:
    def none(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.NOT_FOUND, "No recording file found for bot")

    fake.answers[BOTS + "GetRecording"] = none
    with pytest.raises(errors.NotFoundError):
        await client("download_recording", "bot_1", tmp_path / "meeting.mp4")
    assert list(tmp_path.iterdir()) == []


def test_waits_double_with_jitter_and_start_anew_after_progress() -> None:
    status = refused(code_pb2.UNAVAILABLE, "away").status
    backoff = Backoff(first_s=1.0, most_s=8.0, connect_s=1000)
    most = [max(Backoff(first_s=1.0, most_s=8.0, connect_s=1000).failed(status) for _ in range(200))]
    assert 1.0 < most[0] <= 2.0
    waits = [backoff.failed(status) for _ in range(50)]
    assert max(waits) <= 8.0
    assert max(waits) > 4.0
    backoff.progress()
    assert backoff.failed(status) <= 2.0
    assert backoff.failed(refused(code_pb2.UNAVAILABLE, "away", retry(60)).status) == 60


def test_both_clients_have_the_same_methods() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Client) == public(AsyncClient)
    assert rollcall.Client is Client
    assert rollcall.AsyncClient is AsyncClient


class Case(NamedTuple):
    """A method of the clients, what it is given beside the bot, the call that it makes, and what that answers."""

    method: str
    given: tuple[Any, ...]
    fields: dict[str, Any]
    call: str
    answer: Message
    gives: Any = None


CASES = [
    Case("update_bot", (), {"metadata": {"a": "b"}}, "UpdateBot", changes.UpdateBotResponse(bot=BOT), BOT),
    Case("delete_bot", (), {}, "DeleteBot", changes.DeleteBotResponse()),
    Case("delete_data", (), {}, "DeleteBotData", changes.DeleteBotDataResponse(bot=BOT), BOT),
    Case("pause_recording", (), {}, "PauseRecording", pb.PauseRecordingResponse(bot=BOT), BOT),
    Case("resume_recording", (), {}, "ResumeRecording", pb.ResumeRecordingResponse(bot=BOT), BOT),
    Case("output_audio", (b"ID3",), {}, "OutputAudio", out.OutputAudioResponse()),
    Case("output_image", (b"\x89PNG",), {}, "OutputImage", out.OutputImageResponse()),
    Case("output_video", ("https://x.y/a.mp4",), {"loop": True}, "OutputVideo", out.OutputVideoResponse()),
    Case("transcript", (), {"updated_after": THEN}, "GetTranscript", bot_transcript_pb2.GetTranscriptResponse(), []),
    Case("delete_transcript", (), {}, "DeleteTranscript", bot_transcript_pb2.DeleteTranscriptResponse()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method)
async def test_each_thing_that_a_bot_is_asked_for_is_one_call(client: Both, fake: FakeTransport, case: Case) -> None:
    fake.answers[BOTS + case.call] = lambda _request, _metadata: case.answer
    assert await client(case.method, "bot_1", *case.given, **case.fields) == case.gives
    assert [asked.method for asked in fake.asked] == [BOTS + case.call]
    request: Any = fake.asked[0].request
    assert request.bot_id == "bot_1"
    given = {field.name for field, _ in request.ListFields()} - {"bot_id", "type", "data", "url"}
    assert given == set(case.fields)
    if "updated_after" in given:
        assert request.updated_after.seconds == 1798761600


async def test_a_transcript_is_read_again_where_the_service_is_away_and_a_deletion_is_not(
    client: Both, fake: FakeTransport
) -> None:
    def away(_request: Message, _metadata: dict[str, str]) -> Message:
        raise refused(code_pb2.UNAVAILABLE, "away")

    fake.answers[BOTS + "GetTranscript"] = fake.answers[BOTS + "DeleteBotData"] = away
    for method, tries in (("delete_data", 1), ("transcript", 4)):
        fake.asked.clear()
        with pytest.raises(errors.UnavailableError):
            await client(method, "bot_1")
        assert len(fake.asked) == tries

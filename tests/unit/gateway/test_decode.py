from __future__ import annotations

from typing import Any

import pytest

from gateway import contract
from gateway.dialect.complete import complete
from gateway.dialect.decode import compile_fill
from gateway.dialect.problems import Problem, shape
from rollcall.v1 import bot_service_pb2 as pb
from rollcall.v1 import bot_settings_pb2

GIVEN = {"meeting_url": "https://meet.google.com/abc-defg-hij", "bot_name": "x"}


def decode(body: dict[str, Any], **more: Any) -> tuple[pb.CreateBotRequest, dict[str, Any]]:
    source = {**body, **more}
    message, problems = pb.CreateBotRequest(), list[Problem]()
    compile_fill(message.DESCRIPTOR)(source, message, (), problems)
    return message, shape(complete(problems, message, source), message.DESCRIPTOR, message) if problems else {}


def errors(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return decode(body, **more)[1]


def test_every_kind_of_value_is_read() -> None:
    message, wrong = decode(
        GIVEN,
        join_at="2027-06-01T12:00:00.5+02:00",
        metadata={"a": "b", "é": "😀"},
        bot_image={"type": "image/png", "data": "aGVsbG8="},
        bot_chat_message={"message": "hi", "to": "specific_user", "to_user_uuid": "u"},
        automatic_leave_settings={"silence_timeout_seconds": 5, "bot_keywords": ["a", "b"]},
        recording_settings={"format": "mp3", "resolution": "720p", "reserve_additional_storage": False},
        transcription_settings={"assembly_ai": {"custom_spelling": [{"from": ["a"], "to": "b"}]}},
        webhooks=[{"url": "https://x", "triggers": ["bot.state_change"]}],
    )
    assert wrong == {}
    assert message.join_at.ToJsonString() == "2027-06-01T10:00:00.500Z"
    assert dict(message.metadata) == {"a": "b", "é": "😀"}
    assert message.bot_image.data == b"hello"
    assert message.bot_image.type == bot_settings_pb2.IMAGE_TYPE_PNG
    assert message.automatic_leave_settings.silence_timeout_seconds == 5
    assert list(message.automatic_leave_settings.bot_keywords) == ["a", "b"]
    assert message.recording_settings.resolution == bot_settings_pb2.RECORDING_RESOLUTION_720P
    assert message.recording_settings.HasField("reserve_additional_storage")
    assert not message.recording_settings.HasField("view")
    assert getattr(message.transcription_settings.assembly_ai.custom_spelling[0], "from") == ["a"]
    assert message.webhooks[0].triggers == ["bot.state_change"]


def test_an_empty_object_is_given_and_not_absent() -> None:
    message, wrong = decode(GIVEN, transcription_settings={}, recording_settings={})
    assert wrong == {}
    assert message.HasField("transcription_settings")
    assert message.HasField("recording_settings")


@pytest.mark.parametrize("name", [f.name for f in pb.CreateBotRequest.DESCRIPTOR.fields if contract.in_requests(f)])
def test_null_is_refused_in_the_conventional_words_on_every_field(name: str) -> None:
    assert errors(GIVEN, **{name: None}) == {name: ["This field may not be null."]}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("bot_name", 7, "Must be a string, not a number."),
        ("bot_name", "", "This field may not be blank."),
        ("bot_name", "  ", "This field may not be blank."),
        ("bot_name", "a\0b", "Null characters are not allowed."),
        ("meeting_url", "", "This field may not be blank."),
        ("deduplication_key", "", "This field may not be blank."),
        ("metadata", [], "Must be an object whose values are strings, not a list."),
        ("metadata", {}, "Metadata must have at least one key; leave it out where there is nothing to say."),
        ("metadata", {"a": 1}, "Value for key 'a': Must be a string, not a number."),
        ("metadata", {"a": None}, "Value for key 'a': This field may not be null."),
        ("join_at", "nope", "Must be a date and time in ISO 8601, as 2024-01-18T12:34:56Z."),
        ("join_at", "2026-13-01T00:00:00Z", "Must be a date and time in ISO 8601, as 2024-01-18T12:34:56Z."),
        ("join_at", "2026-01-1", "Must be a date and time in ISO 8601, as 2024-01-18T12:34:56Z."),
        ("join_at", "0001-01-01T00:00:00+10:00", "Must be a date and time in ISO 8601, as 2024-01-18T12:34:56Z."),
        ("join_at", 5, "Must be an ISO 8601 date and time, not a number."),
        ("webhooks", {}, "Must be a list of objects, not an object."),
        ("automatic_leave_settings", [], "Must be an object, not a list."),
        ("recording_settings", "mp4", "Must be an object, not a string."),
        (
            "automatic_leave_settings",
            {"silence_timeout_seconds": "5"},
            "silence_timeout_seconds: Must be a positive integer, not a string.",
        ),
        (
            "automatic_leave_settings",
            {"silence_timeout_seconds": True},
            "silence_timeout_seconds: Must be a positive integer, not a boolean.",
        ),
        (
            "automatic_leave_settings",
            {"silence_timeout_seconds": 1.5},
            "silence_timeout_seconds: Must be a positive integer, without a fraction or an exponent.",
        ),
        (
            "automatic_leave_settings",
            {"silence_timeout_seconds": 1 << 40},
            "silence_timeout_seconds: Must be a positive integer, from 1 to 2147483647.",
        ),
        (
            "automatic_leave_settings",
            {"silence_timeout_seconds": 0},
            "silence_timeout_seconds: Must be a positive integer, from 1 to 2147483647.",
        ),
        ("automatic_leave_settings", {"bot_keywords": "x"}, "bot_keywords: Must be a list, not a string."),
        ("automatic_leave_settings", {"bot_keywords": ["a", 1]}, "bot_keywords[1]: Must be a string, not a number."),
        ("recording_settings", {"resolution": "4k"}, 'resolution: "4k" is not one of 1080p, 720p.'),
        ("debug_settings", {"create_debug_recording": "y"}, "create_debug_recording: Must be true or false, not a string."),
        ("webhooks", [{"url": "https://x", "triggers": [5]}], "[0].triggers[0]: Must be a string, not a number."),
        ("webhooks", [5], "[0]: Must be an object, not a number."),
        (
            "transcription_settings",
            {"deepgram": {}, "gladia": {}},
            "Give only one of deepgram, gladia.",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_words_where_it_stands(field: str, value: Any, expected: str) -> None:
    assert errors(GIVEN, **{field: value}) == {field: [expected]}


def test_an_unknown_inner_key_is_named_with_what_is_allowed() -> None:
    wrong = errors(GIVEN, callback_settings={"foo": 1})
    assert wrong == {"callback_settings": ["foo: Unexpected field. Allowed here: zoom_tokens_url."]}


def test_unknown_fields_are_listed_together_with_what_is_allowed() -> None:
    (text,) = errors(GIVEN, foo=1, bar=2)["non_field_errors"]
    assert text.startswith("Unexpected field(s): bar, foo. Allowed fields are: automatic_leave_settings, bot_chat_message, ")


def test_inner_errors_of_a_nested_field_stand_under_their_names() -> None:
    assert errors(GIVEN, bot_image={"type": "image/gif", "data": ""}) == {
        "bot_image": {
            "type": ['"image/gif" is not one of image/png, image/jpeg.'],
            "data": ["This field may not be blank."],
        }
    }


def test_what_cannot_be_read_is_an_error_of_its_object_once_its_fields_are_right() -> None:
    said = "data: Must be base64 (RFC 4648, with padding)."
    assert errors(GIVEN, bot_image={"type": "image/png", "data": "?"}) == {"bot_image": {"non_field_errors": [said]}}
    assert errors(GIVEN, bot_image={"data": "?"}) == {"bot_image": {"type": ["This field is required."]}}
    assert errors(GIVEN, bot_image={"type": "image/gif", "data": "?"})["bot_image"].keys() == {"type"}


def test_required_fields_are_reported_together_with_what_could_not_be_read() -> None:
    assert errors({"meeting_url": None, "recording_settings": {"format": "x"}, "bot_image": {"type": 5}}) == {
        "bot_name": ["This field is required."],
        "meeting_url": ["This field may not be null."],
        "recording_settings": {"format": '"x" is not one of mp4, mp3, none.'},
        "bot_image": {"type": ["Must be one of image/png, image/jpeg, not a number."], "data": ["This field is required."]},
    }
    assert errors({"foo": 1}).keys() == {"non_field_errors", "bot_name", "meeting_url"}
    assert errors({"foo": 1, "calendar_event_id": "evt_1"}).keys() == {"non_field_errors", "bot_name"}


def test_bare_text_errors_become_lines_beside_errors_of_another_shape() -> None:
    assert errors(GIVEN, recording_settings={"view": "x", "resolution": "4k"}) == {
        "recording_settings": [
            'view: "x" is not one of speaker_view, gallery_view, speaker_view_no_sidebar.',
            'resolution: "4k" is not one of 1080p, 720p.',
        ]
    }


def test_a_bare_word_stands_for_its_object() -> None:
    message, wrong = decode(GIVEN, transcription_settings={"openai": {"model": "gpt-4o-transcribe", "chunking_strategy": "auto"}})
    assert wrong == {}
    assert message.transcription_settings.openai.chunking_strategy.type == "auto"


def test_null_means_absent_only_where_the_contract_says_so() -> None:
    message, wrong = decode(GIVEN, google_meet_settings={"login_group_name": None})
    assert wrong == {}
    assert not message.google_meet_settings.HasField("login_group_name")
    assert errors(GIVEN, google_meet_settings={"login_mode": None}) == {
        "google_meet_settings": ["login_mode: This field may not be null."]
    }


def test_fields_of_the_path_are_not_accepted_in_the_body() -> None:
    message, problems = pb.SendChatMessageRequest(), list[Problem]()
    compile_fill(message.DESCRIPTOR, {"bot_id"})({"bot_id": "bot_x", "message": "hi"}, message, (), problems)
    assert problems == [Problem((), "Unexpected field(s): bot_id. Allowed fields are: message, to, to_user_uuid")]


def test_a_million_wrong_values_get_a_short_answer() -> None:
    wrong = errors(GIVEN, automatic_leave_settings={"bot_keywords": [1] * 100_000})
    assert len(wrong["automatic_leave_settings"]) <= 100

from __future__ import annotations

import pytest

from gateway.dialect.query import Query
from rollcall.v1 import bot_pb2, bot_service_pb2, event_service_pb2


def test_parameters_become_fields_by_the_same_scalars() -> None:
    query = Query(bot_service_pb2.ListBotsRequest.DESCRIPTOR)
    message = bot_service_pb2.ListBotsRequest()
    parameters = [("states", "joining"), ("states", "ended"), ("join_at_after", "2026-01-01T00:00:00"), ("utm_source", "x")]
    assert query.bind(message, parameters) == []
    assert list(message.states) == [bot_pb2.BOT_STATE_JOINING, bot_pb2.BOT_STATE_ENDED]
    assert message.join_at_after.ToJsonString() == "2026-01-01T00:00:00Z"


def test_all_that_is_wrong_is_said() -> None:
    query = Query(bot_service_pb2.ListBotsRequest.DESCRIPTOR)
    wrong = query.bind(bot_service_pb2.ListBotsRequest(), [("states", "nope"), ("join_at_after", "x")])
    assert len(wrong) == 2
    assert wrong[0].startswith('Invalid states value. "nope" is not one of ready, scheduled, ')
    assert wrong[1].startswith("Invalid join_at_after value. Must be a date and time in ISO 8601")


@pytest.mark.parametrize("value", ["x", "1", " ", "yes"])
def test_a_truth_value_is_true_or_false(value: str) -> None:
    query = Query(bot_service_pb2.ListParticipantsRequest.DESCRIPTOR, {"bot_id"})
    assert query.bind(bot_service_pb2.ListParticipantsRequest(), [("is_host", value)]) == [
        "Invalid is_host value. Use true or false."
    ]


def test_a_filter_that_is_left_empty_is_not_set_and_neither_a_position_nor_a_word_may_be() -> None:
    query = Query(bot_service_pb2.ListBotsRequest.DESCRIPTOR)
    message = bot_service_pb2.ListBotsRequest()
    assert query.bind(message, [("meeting_url", ""), ("join_at_after", ""), ("cursor", "")]) == []
    assert message == bot_service_pb2.ListBotsRequest()
    assert len(query.bind(message, [("states", "")])) == 1
    watch = Query(event_service_pb2.WatchBotRequest.DESCRIPTOR, {"bot_id"})
    assert len(watch.bind(event_service_pb2.WatchBotRequest(), [("after_sequence", "")])) == 1


@pytest.mark.parametrize("value", ["x", "1.5", "", " 1", "1_000", "+1", "9" * 30, "-5", "٣"])
def test_a_number_is_decimal_digits_in_range(value: str) -> None:
    query = Query(event_service_pb2.WatchBotRequest.DESCRIPTOR, {"bot_id"})
    assert len(query.bind(event_service_pb2.WatchBotRequest(), [("after_sequence", value)])) == 1


def test_a_map_takes_its_keys_after_a_dot() -> None:
    query = Query(event_service_pb2.WatchEventsRequest.DESCRIPTOR)
    message = event_service_pb2.WatchEventsRequest()
    assert query.bind(message, [("metadata.color", "red"), ("metadata.a.b", "c"), ("cursor.x", "y")]) == []
    assert dict(message.metadata) == {"color": "red", "a.b": "c"}

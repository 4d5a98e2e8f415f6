from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gateway.rehearsal import RehearsalSettings, routes


@pytest.fixture
def client() -> Iterator[TestClient]:
    settings = RehearsalSettings(rooms=3, visitors_per_room=3, message_bytes=2_000, message_burst=20, messages_per_second=0.001)
    with TestClient(Starlette(routes=routes(settings))) as made:
        yield made


def until(socket: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """Reads to the next message of a type."""
    while True:
        message: dict[str, Any] = socket.receive_json()
        if message["type"] == kind:
            return message


def join(socket: WebSocketTestSession, name: str, **hello: object) -> dict[str, Any]:
    socket.send_json({"type": "hello", **hello})
    until(socket, "view")
    socket.send_json({"type": "join", "name": name, "mic": True, "camera": False})
    return until(socket, "welcome")


def test_the_page_and_its_files_are_served_with_a_strict_policy(client: TestClient) -> None:
    page = client.get("/rehearsal/room")
    assert page.status_code == 200
    assert 'data-view="loading"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for name in ("main.js", "room.css", "control.js"):
        assert client.get(f"/rehearsal/_static/{name}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/rehearsal/_static/room.html", "/rehearsal/_static/..%2f__init__.py", "/rehearsal/_room", "/rehearsal/" + "x" * 65]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_without_a_room_one_gets_a_new_one(client: TestClient) -> None:
    answer = client.get("/rehearsal", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/rehearsal/")


def test_two_sockets_meet_and_pass_signals_and_chat(client: TestClient) -> None:
    with client.websocket_connect("/rehearsal/room/ws") as ada, client.websocket_connect("/rehearsal/room/ws") as grace:
        first = join(ada, "Ada")
        second = join(grace, "Grace")
        assert [p["name"] for p in second["people"]] == ["Ada"]
        grace.send_json({"type": "signal", "to": first["self"]["id"], "data": {"description": 1}})
        assert until(ada, "signal")["from"] == second["self"]["id"]
        ada.send_json({"type": "chat", "text": "hello", "to": None})
        assert until(grace, "chat")["text"] == "hello"
    assert client.get("/rehearsal/room/control").json()["people"] == []


def test_the_control_api_answers_with_the_state(client: TestClient) -> None:
    with client.websocket_connect("/rehearsal/room/ws") as bot:
        join(bot, "Bot")
        state = client.post("/rehearsal/room/control", json={"action": "kick", "person": "Bot"}).json()
        assert state["people"] == []
        assert until(bot, "view")["view"] == "removed"


def test_the_control_api_refuses_what_is_wrong_with_a_reason(client: TestClient) -> None:
    def post(**kwargs: Any) -> tuple[int, str]:
        answer = client.post("/rehearsal/room/control", **kwargs)
        return answer.status_code, answer.json()["error"]

    assert client.get("/rehearsal/room/control").status_code == 404
    assert post(json={"action": "fly"})[0] == 400
    assert "require_admission" in post(json={"action": "fly"})[1]
    assert post(content=b"{", headers={"content-type": "application/json"})[0] == 400
    assert post(json=[1])[0] == 400
    assert post(content=b'{"action": "lock"}', headers={"content-type": "text/plain"})[0] == 415
    assert post(json={"action": "lock", "x": "y" * 70_000})[0] == 413
    assert client.post("/rehearsal/_room/control", json={"action": "lock"}).status_code == 404


def test_a_room_with_a_key_obeys_only_the_key(client: TestClient) -> None:
    url, key = "/rehearsal/secret/control", {"Authorization": "Bearer open-sesame"}
    made = client.post(url, json={"action": "create", "control_key": "open-sesame"})
    assert made.json()["protected"] is True
    assert "open-sesame" not in made.text
    assert client.post(url, json={"action": "lock"}).status_code == 403
    assert client.post(url, json={"action": "lock", "control_key": "wrong"}).status_code == 403
    assert client.get(url).status_code == 403
    assert client.post(url, json={"action": "lock"}, headers=key).status_code == 200
    assert client.get(url, headers=key).json()["rules"]["locked"] is True


def test_an_existing_room_cannot_be_given_a_key_by_somebody_else(client: TestClient) -> None:
    url = "/rehearsal/room/control"
    assert client.post(url, json={"action": "lock"}).status_code == 200
    assert client.post(url, json={"action": "lock", "control_key": "mine"}).json()["protected"] is False


def test_only_the_key_makes_a_host_in_a_room_with_a_key(client: TestClient) -> None:
    client.post("/rehearsal/room/control", json={"action": "host_absent", "control_key": "k"})
    with client.websocket_connect("/rehearsal/room/ws") as liar, client.websocket_connect("/rehearsal/room/ws") as host:
        liar.send_json({"type": "hello", "host": True, "key": "guess"})
        until(liar, "view")
        liar.send_json({"type": "join", "name": "Liar"})
        assert until(liar, "view")["view"] == "host-absent"
        assert join(host, "Host", host=True, key="k")["self"]["host"] is True


def test_a_guest_cannot_do_what_only_the_host_may(client: TestClient) -> None:
    with client.websocket_connect("/rehearsal/room/ws") as ada, client.websocket_connect("/rehearsal/room/ws") as grace:
        host = join(ada, "Ada")["self"]["id"]
        guest = join(grace, "Grace")["self"]["id"]
        grace.send_json({"type": "host", "do": "kick", "person": host})
        ada.send_json({"type": "host", "do": "kick", "person": guest})
        assert until(grace, "view")["view"] == "removed"
        assert [p["name"] for p in client.get("/rehearsal/room/control").json()["people"]] == ["Ada"]


def test_other_sites_pages_get_no_socket(client: TestClient) -> None:
    headers = {"origin": "https://elsewhere.example", "host": "testserver"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/rehearsal/room/ws", headers=headers):
        pass
    with client.websocket_connect("/rehearsal/room/ws", headers={"origin": "http://testserver"}) as ours:
        join(ours, "Ada")


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["not json"], 1008),
        ([json.dumps({"type": "chat", "text": "x" * 3_000})], 1009),
        ([json.dumps({"type": "state"})] * 40, 1008),
    ],
)
def test_a_page_that_breaks_a_bound_loses_its_socket(client: TestClient, texts: list[str], code: int) -> None:
    with client.websocket_connect("/rehearsal/room/ws") as socket:
        for text in texts:
            socket.send_text(text)
        with pytest.raises(WebSocketDisconnect) as ended:
            until(socket, "never")
    assert ended.value.code == code


@pytest.mark.parametrize(
    "message",
    [
        [],
        {"type": 5},
        {"type": "_read"},
        {"type": "signal", "to": {}, "data": "x"},
        {"type": "chat", "text": 5, "to": []},
        {"type": "join", "name": None},
        {"type": "host", "do": "kick", "person": 3},
        {"type": "consent"},
    ],
)
def test_nonsense_is_passed_over(client: TestClient, message: object) -> None:
    with client.websocket_connect("/rehearsal/room/ws") as socket:
        join(socket, "Ada")
        socket.send_json(message)
        socket.send_json({"type": "chat", "text": "still here"})
        assert until(socket, "chat")["text"] == "still here"


def test_there_is_room_for_so_many_pages_and_rooms(client: TestClient) -> None:
    sockets = [client.websocket_connect("/rehearsal/room/ws") for _ in range(4)]
    for n, socket in enumerate(sockets):
        socket.__enter__()
        socket.send_json({"type": "hello"})
        assert until(socket, "view")["view"] == ("full" if n == 3 else "name")
    for socket in sockets:
        socket.__exit__(None, None, None)
    for name in ("b", "c"):
        assert client.get(f"/rehearsal/{name}").status_code == 200
    assert client.get("/rehearsal/d").status_code == 503
    assert client.post("/rehearsal/d/control", json={"action": "lock"}).status_code == 503


def test_hold_answers_after_its_time(client: TestClient) -> None:
    assert client.get("/rehearsal/_hold?seconds=0.1").status_code == 204
    assert client.get("/rehearsal/_hold?seconds=nonsense").status_code == 204

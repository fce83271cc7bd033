"""Bad input at every door: a clear refusal, nothing written, the server still up."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
import websockets

from tests.e2e.stack import Json, Stack, git


async def refused(stack: Stack, method: str, url: str, **sent: Any) -> tuple[int, Json]:
    """The status and the error of a request that must fail."""
    answer = await stack.http.request(method, url, **sent)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
    error = dict(answer.json()["error"])
    assert error["code"]
    assert error["message"]
    return answer.status_code, error


async def counts(stack: Stack) -> list[int]:
    """How much there is of everything a door could write."""
    lists = [
        await stack.call("GET", url)
        for url in ("/api/projects", "/api/sessions", "/api/permissions")
    ]
    return [len(one["items"]) for one in lists]


async def test_a_project_must_be_a_repository_with_a_commit(stack: Stack, tmp_path: Path) -> None:
    """Not a repository, no commits, bare, missing, relative, empty, NUL: each says which."""
    plain = tmp_path / "plain"
    plain.mkdir()
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    bare = tmp_path / "bare.git"
    bare.mkdir()
    git(bare, "init", "-q", "--bare")
    cases = {
        str(plain): "not_a_repository",
        str(empty): "no_commits",
        str(bare): "bare_repository",
        str(tmp_path / "nowhere"): "not_found",
    }
    for path, code in cases.items():
        status, error = await refused(stack, "POST", "/api/projects", json={"path": path})
        assert (status, error["code"]) == (422, code)
    bodies: list[Any] = [
        {"path": "a\x00b"},
        {"path": ""},
        {"path": "relative"},
        {"path": 7},
        {},
        [],
    ]
    for body in bodies:
        status, error = await refused(stack, "POST", "/api/projects", json=body)
        assert status == 422
    await refused(stack, "POST", "/api/projects", content=b"{not json")
    assert await counts(stack) == [0, 0, 0]


async def test_a_task_must_name_an_agent_and_fit(stack: Stack, repo: Path) -> None:
    """Unknown agent, empty, NUL, 10 MB, unknown session, wrong types: refused before anything is queued."""
    session = (await stack.session(repo))["id"]
    before = len(await stack.events(session))
    url = f"/api/sessions/{session}/tasks"
    good = {"agent": "demo", "input": "hi"}
    for wrong in (
        {"agent": "nobody"},
        {"agent": "dem\x00o"},
        {"input": ""},
        {"input": "a\x00b"},
        {"priority": "high"},
        {"priority": 10**12},
        {"parent_task_id": "99999"},
        {"client_key": "k" * 10_000},
        {"client_key": "a\x00b"},
    ):
        status, error = await refused(stack, "POST", url, json=good | wrong)
        assert status in {404, 422}, (wrong, error)
    status, error = await refused(stack, "POST", url, json=good | {"input": "x" * 10_000_000})
    assert (status, error["code"]) == (413, "too_large")
    status, _ = await refused(stack, "POST", "/api/sessions/nosuchthing/tasks", json=good)
    assert status == 404
    status, _ = await refused(stack, "POST", url, content=b"\xff\xfe")
    assert status in {400, 422}

    tasks = await stack.call("GET", url)
    assert tasks["items"] == []
    assert len(await stack.events(session)) == before


async def test_numbers_out_of_range_are_refused(stack: Stack, repo: Path) -> None:
    """`after` beyond the end, negative or not a number; limits; ids that are none."""
    session = (await stack.session(repo))["id"]
    for query in ("after=999999", "after=-1", "after=x", "limit=0", "limit=999999999"):
        status, _ = await refused(stack, "GET", f"/api/sessions/{session}/events?{query}")
        assert status == 422, query
    for url in (
        "/api/tasks/x",
        "/api/tasks/999999",
        "/api/tasks/99999999999999999999999",
        "/api/sessions/%00",
        "/api/agents/nobody",
        "/api/nothing",
    ):
        status, _ = await refused(stack, "GET", url)
        assert status in {404, 422}, url
    status, _ = await refused(stack, "POST", "/api/permissions/77/answer", json={"option_id": "y"})
    assert status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": ""}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=["wrong token", "no token", "foreign host", "foreign origin", "null origin"],
)
async def test_strangers_get_nothing(stack: Stack, headers: dict[str, str], status: int) -> None:
    """Token, Host and Origin are looked at on every request."""
    for url in ("/api/health", "/api/sessions", "/metrics", "/openapi.json"):
        got, _ = await refused(stack, "GET", url, headers=headers)
        assert got == status, url


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer TOKEN", "Origin": "http://evil.example"},
    ],
    ids=["wrong token", "foreign origin"],
)
async def test_strangers_get_no_socket(stack: Stack, headers: dict[str, str]) -> None:
    """The same rules hold for the WebSocket."""
    sent = {k: v.replace("TOKEN", stack.token) for k, v in headers.items()}
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with websockets.connect(
            f"ws://127.0.0.1:{stack.port}/api/ws", additional_headers=sent
        ):
            pass

    assert caught.value.response.status_code in {401, 403}


async def test_malformed_socket_messages_get_error_frames(stack: Stack, repo: Path) -> None:
    """Each is answered with an error; the connection and the server live on."""
    session = (await stack.session(repo))["id"]
    async with stack.socket() as connection:
        for message in (
            "not json",
            "[]",
            "{}",
            '{"op":7}',
            '{"op":"dance"}',
            '{"op":"subscribe"}',
            '{"op":"subscribe","session_id":"nosuch","after":0}',
            '{"op":"subscribe","session_id":7}',
            json.dumps({"op": "subscribe", "session_id": session, "after": 999_999}),
            json.dumps({"op": "subscribe", "session_id": session, "after": -1}),
            json.dumps({"op": "subscribe", "session_id": "a\x00b", "after": 0}),
            '{"op":"unsubscribe"}',
            b"\x00\x01",
        ):
            await connection.send(message)
            with anyio.fail_after(10):
                answer = json.loads(await connection.recv())
            assert answer["op"] == "error", (message, answer)
            assert answer["code"]
            assert answer["message"]
        await connection.send('{"op":"ping"}')
        with anyio.fail_after(10):
            assert json.loads(await connection.recv())["op"] == "pong"

    assert (await stack.call("GET", "/api/health"))["status"] == "ok"

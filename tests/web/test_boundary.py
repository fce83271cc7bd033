"""Size, shape and the unforeseen."""

from collections.abc import AsyncIterator

import anyio
import pytest
import structlog.testing

from roundhouse.store.database import Database
from roundhouse.web.boundary import BODY_MAX
from tests.service.node import FakeNode
from tests.web.server import Running


async def chunks(total: int) -> AsyncIterator[bytes]:
    """A body without an announced length."""
    yield b'{"agent":"demo","input":"'
    for _ in range(total // 65536):
        yield b"x" * 65536
    yield b'"}'


@pytest.mark.parametrize("size", [10_000_000, 60_000_000])
async def test_a_prompt_over_the_limit_is_too_large(
    server: Running, session: str, size: int
) -> None:
    """Announced or in chunks, little over or far over: 413, and the server goes on."""
    url = f"/api/sessions/{session}/tasks"
    error = await server.refused("POST", url, 413, json={"agent": "demo", "input": "x" * size})
    assert error["code"] == "too_large"
    headers = {"Content-Type": "application/json"}
    error = await server.refused("POST", url, 413, content=chunks(size), headers=headers)
    assert error["code"] == "too_large"
    assert (await server.call("GET", url))["items"] == []


async def test_the_largest_prompt_is_taken_however_it_is_written(
    server: Running, session: str
) -> None:
    """4 MB of text may be 12 MB of JSON."""
    text = "é" * (2 * 1024 * 1024)
    body = b'{"agent":"demo","input":"' + b"\\u00e9" * len(text) + b'"}'
    assert len(body) < BODY_MAX
    task = await server.call(
        "POST",
        f"/api/sessions/{session}/tasks",
        201,
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert task["input"] == text
    error = await server.refused(
        "POST",
        f"/api/sessions/{session}/tasks",
        413,
        json={"agent": "demo", "input": text + "x"},
    )
    assert error["field"] == "input"


@pytest.mark.parametrize(
    "content",
    [b"{not json", b"", b"\xff\xfe", b'{"path":', b"[" * 100_000, b'{"path":"\xff"}'],
    ids=["words", "nothing", "bytes", "half", "deep", "not utf-8"],
)
async def test_what_is_not_json_is_malformed(server: Running, content: bytes) -> None:
    """400 (422 for no body at all), never 500."""
    answer = await server.http.post(
        "/api/projects", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == (400 if content else 422)
    assert answer.json()["error"]["code"] == ("malformed_json" if content else "missing")


async def test_unknown_addresses_and_methods_have_the_error_shape(server: Running) -> None:
    """404 and 405, the latter with what is allowed."""
    for address in ("/api/nothing", "/nothing", "/api/sessions/", "/api/tasks", "/docs"):
        status = 405 if address == "/api/tasks" else 404
        await server.refused("GET", address, status)
    answer = await server.http.put("/api/sessions")
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_the_unforeseen_is_a_500_in_the_log_with_its_trace(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client learns nothing of the inside; the server goes on."""

    async def broken() -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(server.services.projects, "list", lambda **_: broken())
    with structlog.testing.capture_logs() as logged:
        answer = await server.http.get("/api/projects")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
    assert [entry["event"] for entry in logged if entry.get("exc_info")] == ["request_failed"]
    await server.call("GET", "/api/health")


async def test_without_the_database_everything_says_503(
    server: Running, session: str, database_url: str, node: FakeNode, db: Database
) -> None:
    """With Retry-After, and the health says what is wrong. When it is back, so is the server."""
    async with cut_off(database_url):
        for method, url, sent in (
            ("GET", "/api/sessions", None),
            ("GET", f"/api/sessions/{session}/events", None),
            ("GET", f"/api/sessions/{session}/stream", None),
            ("POST", f"/api/sessions/{session}/tasks", {"agent": "demo", "input": "hi"}),
        ):
            answer = await server.http.request(method, url, json=sent)
            assert answer.status_code == 503, url
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["error"]["code"] == "database_down"
        health = await server.http.get("/api/health")
        assert health.status_code == 503
        assert health.json()["status"] == health.json()["database"] == "down"
        assert health.json()["error"]["code"] == "database_down"
    with anyio.fail_after(20):
        while (await server.http.get("/api/sessions")).status_code != 200:  # noqa: ASYNC110 - as a client does
            await anyio.sleep(0.1)


def cut_off(database_url: str) -> "CutOff":
    """The database refuses connections for the time of the context."""
    return CutOff(database_url)


class CutOff:
    """Forbids connections to one database and ends those there are."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> None:
        await anyio.to_thread.run_sync(self._allow, False)

    async def __aexit__(self, *_: object) -> None:
        await anyio.to_thread.run_sync(self._allow, True)

    def _allow(self, allow: bool) -> None:
        import psycopg
        from psycopg import sql
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        name = str(conninfo_to_dict(self._url)["dbname"])
        with psycopg.connect(make_conninfo(self._url, dbname="postgres"), autocommit=True) as conn:
            conn.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                    sql.Identifier(name), sql.Literal(allow)
                )
            )
            if not allow:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )

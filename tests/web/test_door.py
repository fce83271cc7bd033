"""Who may come in."""

import anyio
import pytest
import websockets

from tests.web.server import BEARER, TOKEN, Running

ADDRESSES = ("/", "/api/health", "/api/sessions", "/metrics", "/openapi.json", "/api/nothing")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ({"Authorization": f"Basic {TOKEN}"}, 401, "unauthorized"),
        ({"Authorization": ""}, 401, "unauthorized"),
        ({"Authorization": "Bearer \xff"}, 401, "unauthorized"),
        ({"Host": "evil.example"}, 403, "host_not_allowed"),
        ({"Host": "127.0.0.1.evil.example"}, 403, "host_not_allowed"),
        ({"Host": ""}, 403, "host_not_allowed"),
        ({"Origin": "http://evil.example"}, 403, "origin_not_allowed"),
        ({"Origin": "http://127.0.0.1:1"}, 403, "origin_not_allowed"),
        ({"Origin": "http://127.0.0.1:99999999"}, 403, "origin_not_allowed"),
        ({"Origin": "null"}, 403, "origin_not_allowed"),
        ({"Origin": "file://"}, 403, "origin_not_allowed"),
    ],
)
async def test_strangers_are_refused_everywhere(
    server: Running, headers: dict[str, str], status: int, code: str
) -> None:
    """Token, Host and Origin are looked at before anything else, also for addresses that do not exist."""
    sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    for address in ADDRESSES:
        answer = await server.http.get(address, headers=sent)
        assert answer.status_code == status
        if address != "/" or status == 403:
            assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "LOCALHOST:1234"},
        {"Host": "[::1]:7433"},
        {"Host": "rh.example"},
        {"Host": "rh.example", "Origin": "https://rh.example"},
        {"Host": "rh.example:80", "Origin": "http://rh.example"},
    ],
)
async def test_the_names_of_this_server_are_let_in(
    server: Running, headers: dict[str, str]
) -> None:
    """Loopback, the allowed hosts, and pages of the same origin."""
    answer = await server.http.get("/api/sessions", headers=headers)
    assert answer.status_code == 200


async def test_the_link_trades_the_token_for_a_cookie(server: Running) -> None:
    """The browser is sent on without the token; the cookie is no token and opens every door."""
    del server.http.headers["Authorization"]
    answer = await server.http.get(f"/?token={TOKEN}&x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?x=1"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie

    page = await server.http.get("/")
    assert page.status_code == 200
    assert "Roundhouse is running" in page.text
    assert "<script" not in page.text
    assert (await server.http.get("/api/sessions")).status_code == 200
    wrong = await server.http.get("/api/sessions", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401


async def test_a_wrong_link_and_a_missing_token_show_a_page_that_helps(server: Running) -> None:
    """A person in a browser reads what to do; no cookie is given."""
    del server.http.headers["Authorization"]
    for address in ("/", "/?token=wrong", "/?token="):
        answer = await server.http.get(address)
        assert answer.status_code == 401
        assert "roundhouse up" in answer.text
        assert "set-cookie" not in answer.headers
    assert (await server.http.get(f"/api/sessions?token={TOKEN}")).status_code == 401
    astray = await server.http.get(f"{server.url}//evil.example/?token={TOKEN}")
    assert astray.headers["location"].startswith("/evil.example")


async def test_every_answer_carries_the_security_headers(server: Running) -> None:
    """Refusals too. No inline script may run."""
    for headers in (BEARER, {"Authorization": "Bearer wrong"}):
        answer = await server.http.get("/api/sessions", headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        (BEARER | {"Origin": "http://evil.example"}, 403),
        (BEARER | {"Origin": "null"}, 403),
    ],
    ids=["no token", "wrong token", "foreign origin", "null origin"],
)
async def test_strangers_get_no_socket(
    server: Running, headers: dict[str, str], status: int
) -> None:
    """The same rules, and the same answers, before the handshake."""
    with anyio.fail_after(10), pytest.raises(websockets.InvalidStatus) as caught:
        async with websockets.connect(
            f"ws://127.0.0.1:{server.port}/api/ws", additional_headers=headers
        ):
            pass
    assert caught.value.response.status_code == status
    assert b'"error"' in bytes(caught.value.response.body or b"")


async def test_a_page_of_this_server_gets_a_socket(server: Running) -> None:
    """With its cookie and its own origin, as browsers send them."""
    await server.http.get(f"/?token={TOKEN}")
    cookie = "; ".join(f"{name}={value}" for name, value in server.http.cookies.items())
    async with websockets.connect(
        f"ws://127.0.0.1:{server.port}/api/ws",
        additional_headers={"Cookie": cookie, "Origin": server.url},
    ) as connection:
        await connection.send('{"op":"ping"}')
        with anyio.fail_after(10):
            assert await connection.recv() == '{"op":"pong"}'

"""Who may come in: Host, Origin and token, looked at before anything else on every request and WebSocket.

Also puts the security headers on every answer. Knows no route but the links that trade a token for a cookie.
"""

import hashlib
import hmac
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roundhouse.model.errors import Forbidden, RoundhouseError, Unauthorized
from roundhouse.web import landing
from roundhouse.web.errors import refusal
from roundhouse.web.page import is_place

LOOPBACK = ("localhost", "127.0.0.1", "::1")
COOKIE_AGE = 365 * 24 * 3600
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Door:
    """The outermost check of the application."""

    def __init__(self, app: ASGIApp, *, token: str, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._token = token.encode()
        # Not the token itself: a cookie is kept and shown in more places than a token should be.
        self._cookie = hmac.new(self._token, b"roundhouse cookie", hashlib.sha256).hexdigest()
        self._hosts = {_bare(host) for host in (*LOOPBACK, *allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = self._refuse(scope)
        if answer is None:
            await self._app(scope, receive, _with_headers(scope, send))
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
            "extensions", {}
        ):
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        else:
            await answer(scope, receive, _with_headers(scope, send))

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        try:
            host = self._check_host(headers)
            self._check_origin(headers, host)
            if scope["type"] == "http" and (answer := self._link(scope, host)) is not None:
                return answer
            self._check_token(headers, host)
        except Unauthorized as error:
            if scope["type"] == "http" and is_place(scope["path"]):
                return HTMLResponse(landing.LOCKED, 401, {"WWW-Authenticate": "Bearer"})
            return refusal(error)
        except RoundhouseError as error:
            return refusal(error)
        return None

    def _check_host(self, headers: Headers) -> str:
        given = headers.getlist("host")
        host = given[0].strip().lower() if len(given) == 1 else ""
        name = _bare(host)
        if not name or name not in self._hosts:
            raise Forbidden(
                f"The host name {name[:100]!r} is not one of this server's.",
                code="host_not_allowed",
                remedy="Add it to allowed_hosts in config.toml.",
            )
        return host

    def _check_origin(self, headers: Headers, host: str) -> None:
        for origin in headers.getlist("origin"):
            if not _same(origin.strip().lower(), host):
                raise Forbidden(
                    "Pages of another origin may not use this server.", code="origin_not_allowed"
                )

    def _check_token(self, headers: Headers, host: str) -> None:
        given = headers.get("authorization")
        if given is not None:
            scheme, _, word = given.strip().partition(" ")
            if scheme.lower() == "bearer" and self._right(word.strip()):
                return
        elif hmac.compare_digest(
            _cookie(headers, _cookie_name(host)).encode(), self._cookie.encode()
        ):
            return
        raise Unauthorized(remedy="Send `Authorization: Bearer` with the token of `roundhouse up`.")

    def _right(self, word: str) -> bool:
        return hmac.compare_digest(word.encode("utf-8", "replace"), self._token)

    def _link(self, scope: Scope, host: str) -> Response | None:
        """The answer to a link with `?token=`: the cookie, and the same address without the token."""
        if scope["method"] != "GET" or scope["path"].startswith("/api"):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        words = [value for name, value in query if name == "token"]
        if not words:
            return None
        if not self._right(words[-1]):
            raise Unauthorized("The token in this link is not (any longer) the right one.")
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # One slash: an address that began with two would be another server's.
        path = "/" + scope["path"].lstrip("/\\")
        answer = RedirectResponse(path + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(
            _cookie_name(host),
            self._cookie,
            max_age=COOKIE_AGE,
            httponly=True,
            samesite="strict",
            secure=scope.get("scheme") == "https",
        )
        return answer


def _with_headers(scope: Scope, send: Send) -> Send:
    private = scope["path"].startswith("/api") or scope["path"] in (
        "/",
        "/metrics",
        "/openapi.json",
    )

    async def send_with_headers(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if private:
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers


def _bare(host: str) -> str:
    """A host name without its port and without the brackets of IPv6."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.count(":") > 1 else host.partition(":")[0]


def _cookie_name(host: str) -> str:
    # Browsers keep cookies per host name, not per port: two servers on one machine must not share one.
    port = host.rpartition(":")[2]
    return f"roundhouse_{port}" if port.isdecimal() and port.isascii() else "roundhouse"


def _cookie(headers: Headers, name: str) -> str:
    found = ""
    for line in headers.getlist("cookie"):
        try:
            cookies = SimpleCookie(line)
        except CookieError:
            continue
        if name in cookies:
            found = cookies[name].value
    return found


def _same(origin: str, host: str) -> bool:
    try:
        there, here = urlsplit(origin), urlsplit(f"//{host}")
        ports = (there.port, here.port)
    except ValueError:
        return False
    default = DEFAULT_PORTS.get(there.scheme)
    if default is None or there.hostname is None or there.hostname != here.hostname:
        return False
    return (ports[0] or default) == (ports[1] or default)

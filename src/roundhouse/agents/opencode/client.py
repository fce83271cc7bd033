"""The calls of opencode's HTTP API that we make, each bounded. Knows no process and no turn."""

import ssl
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

import httpx2
import msgspec

from roundhouse.agents.opencode.outcome import error_of
from roundhouse.agents.opencode.sse import EventParser
from roundhouse.model.errors import AgentError

Json = dict[str, Any]

USER = "opencode"
CALL_DEADLINE = 60.0
"""Seconds for one call; the first in a folder boots an instance, which takes seconds on a busy machine."""

HEALTH_DEADLINE = 3.0
"""Seconds for a health call: one that comes too early is never answered."""

SILENCE = 30.0
"""Seconds without a byte on the event stream, which beats every ten: then it is broken."""


class NoReply(Exception):
    """The server did not answer, or is gone."""


class Unknown(Exception):
    """The thing named in the call does not exist there (404)."""


class OpenCodeClient:
    """One server's API, for as long as it lives."""

    def __init__(self, url: str, password: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            auth=httpx2.BasicAuth(USER, password),
            timeout=CALL_DEADLINE,
            # The loopback is never behind a proxy.
            trust_env=False,
            # Nor encrypted: an empty context saves reading the machine's certificates.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def version(self) -> str:
        """The server's version. Raises NoReply."""
        health = await self._call("GET", "/global/health", timeout=HEALTH_DEADLINE)
        return str(health.get("version", ""))

    async def events(self) -> AsyncGenerator[Json, None]:
        """The stream of all sessions' events until it breaks. Raises NoReply."""
        timeout = httpx2.Timeout(CALL_DEADLINE, read=SILENCE)
        parser = EventParser()
        try:
            async with self._http.stream("GET", "/global/event", timeout=timeout) as stream:
                if stream.status_code != HTTPStatus.OK:
                    raise NoReply(f"the event stream answered {stream.status_code}")
                async for chunk in stream.aiter_bytes():
                    for data in parser.feed(chunk):
                        yield msgspec.json.decode(data, type=dict)
        except (httpx2.HTTPError, ValueError, msgspec.DecodeError) as error:
            raise NoReply(f"the event stream broke: {error}") from error

    async def create_session(self, directory: str, title: str) -> str:
        """A new conversation in a folder; its id."""
        made = await self._call("POST", "/session", directory=directory, body={"title": title})
        return str(made["id"])

    async def fork(self, session_id: str, directory: str, *, before: str) -> str:
        """A copy of a conversation up to, and without, that message; its id. Raises Unknown."""
        made = await self._call(
            *("POST", f"/session/{session_id}/fork"),
            directory=directory,
            body={"messageID": before},
        )
        return str(made["id"])

    async def session(self, session_id: str) -> Json:
        """A conversation as it is stored. Raises Unknown."""
        found: Json = await self._call("GET", f"/session/{session_id}")
        return found

    async def busy(self, session_id: str, directory: str) -> bool:
        """Whether a turn runs in it."""
        return session_id in await self._call("GET", "/session/status", directory=directory)

    async def messages(self, session_id: str) -> list[Json]:
        """All messages with their parts."""
        found: list[Json] = await self._call("GET", f"/session/{session_id}/message")
        return found

    async def requests(self, directory: str) -> list[tuple[str, Json]]:
        """The open permissions and questions, each under the name of its event."""
        permissions = await self._call("GET", "/permission", directory=directory)
        questions = await self._call("GET", "/question", directory=directory)
        return [
            *(("permission.asked", request) for request in permissions),
            *(("question.asked", request) for request in questions),
        ]

    async def prompt(self, session_id: str, directory: str, body: Json) -> None:
        """Begin a turn. Raises Unknown."""
        path = f"/session/{session_id}/prompt_async"
        await self._call("POST", path, directory=directory, body=body)

    async def command(self, session_id: str, directory: str, body: Json) -> None:
        """Begin a turn by a slash command; returns when it is over. Raises Unknown."""
        path = f"/session/{session_id}/command"
        await self._call("POST", path, directory=directory, body=body, timeout=None)

    async def abort(self, session_id: str, directory: str) -> None:
        """Stop the turn, if one runs."""
        await self._call("POST", f"/session/{session_id}/abort", directory=directory)

    async def reply(self, request_id: str, directory: str, route: str, body: Json) -> None:
        """Answer a permission or a question. Raises Unknown when it is not open any more."""
        kind = "question" if request_id.startswith("que") else "permission"
        await self._call("POST", f"/{kind}/{request_id}/{route}", directory=directory, body=body)

    async def providers(self, directory: str) -> list[Json]:
        """The usable providers with their models."""
        found = await self._call("GET", "/config/providers", directory=directory)
        providers: list[Json] = found.get("providers") or []
        return providers

    async def default_model(self, directory: str) -> str | None:
        """The configured model as provider/model, if one is."""
        config = await self._call("GET", "/config", directory=directory)
        return config.get("model") or None

    async def agents(self, directory: str) -> list[Json]:
        """Opencode's own agents, which are our modes."""
        found: list[Json] = await self._call("GET", "/agent", directory=directory)
        return found

    async def commands(self, directory: str) -> list[Json]:
        """The slash commands."""
        found: list[Json] = await self._call("GET", "/command", directory=directory)
        return found

    async def _call(
        self,
        method: str,
        path: str,
        *,
        directory: str | None = None,
        body: Json | None = None,
        timeout: float | None = CALL_DEADLINE,
    ) -> Any:
        """Raises NoReply, Unknown, AgentError."""
        params = {} if directory is None else {"directory": directory}
        try:
            answer = await self._http.request(
                method, path, params=params, json=body, timeout=timeout
            )
        except httpx2.HTTPError as error:
            raise NoReply(f"{method} {path}: {type(error).__name__} {error}") from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise Unknown(path)
        if answer.is_error:
            raise _refusal(answer, path)
        return msgspec.json.decode(answer.content) if answer.content else None


def _refusal(answer: httpx2.Response, path: str) -> AgentError:
    try:
        error = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        error = None
    if isinstance(error, dict) and "name" in error:
        return error_of(error)
    return AgentError(f"opencode answered {answer.status_code} to {path}: {answer.text[:500]}")

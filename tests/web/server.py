"""The real server on a real socket, inside the test's loop."""

import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import websockets
from fastapi import FastAPI

from roundhouse.service.services import Services
from roundhouse.web.app import create_app
from roundhouse.web.page import PageFile
from roundhouse.web.serving import make_server

TOKEN = "a-token-for-tests"  # noqa: S105 - it opens nothing
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Json = dict[str, Any]


class Running:
    """A server that listens, and a client with the token."""

    def __init__(self, app: FastAPI, services: Services, port: int) -> None:
        self.app = app
        self.services = services
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx2.AsyncClient(base_url=self.url, headers=BEARER, timeout=20)

    async def call(self, method: str, url: str, status: int = 200, **sent: Any) -> Any:
        """One request that must answer with `status`; its JSON."""
        answer = await self.http.request(method, url, **_encoded(sent))
        assert answer.status_code == status, (method, url, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def refused(self, method: str, url: str, status: int, **sent: Any) -> Json:
        """One request that must fail in the error shape; its error."""
        answer = await self.http.request(method, url, **_encoded(sent))
        assert answer.status_code == status, (method, url, answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/json"
        body = answer.json()
        assert set(body) == {"error"}
        assert body["error"]["code"]
        assert body["error"]["message"]
        known = {"code", "message", "field", "remedy", "conflicts", "files", "paths"}
        assert set(body["error"]) <= known
        return dict(body["error"])

    @asynccontextmanager
    async def socket(self, **more: Any) -> AsyncIterator[websockets.ClientConnection]:
        """A WebSocket with the token."""
        async with websockets.connect(
            f"ws://127.0.0.1:{self.port}/api/ws",
            additional_headers=BEARER,
            subprotocols=[websockets.Subprotocol("roundhouse.v1")],
            # A client that stops reading cannot read the server's goodbye either.
            **{"close_timeout": 1.0, **more},
        ) as connection:
            yield connection


def _encoded(sent: Json) -> Json:
    # The client's own encoder refuses half surrogate pairs, which a test wants to send.
    if "json" not in sent:
        return sent
    rest = {name: value for name, value in sent.items() if name != "json"}
    headers = rest.pop("headers", {}) | {"Content-Type": "application/json"}
    return rest | {"content": json.dumps(sent["json"]).encode(), "headers": headers}


@asynccontextmanager
async def running(
    services: Services, *, page: Mapping[str, PageFile] | None = None
) -> AsyncIterator[Running]:
    """A server for the time of the context; `page` holds a built page."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(
            services, token=TOKEN, allowed_hosts=["rh.example"], version="1.2.3", page=page
        )
        server = make_server(app)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            with anyio.fail_after(20):
                while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await anyio.sleep(0.01)
            run = Running(app, services, listener.getsockname()[1])
            async with run.http:
                yield run
            server.should_exit = True

"""How the application is served: uvicorn, set up for many small live frames. Owns no signal and no socket."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from roundhouse.service.services import Services

STOP_DEADLINE = 5
"""Seconds for requests in flight when the server stops. Live streams are ended at once."""

FRAME_MAX = 1024 * 1024
"""Bytes of a WebSocket message that is read at all; the door refuses with a frame well below."""


class Server(uvicorn.Server):
    """uvicorn without its signal handlers; set `should_exit` to stop it."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    async def shutdown(  # type: ignore[explicit-override] # typing.override came with 3.12
        self, sockets: list[socket.socket] | None = None
    ) -> None:
        # A stream would otherwise hold the end up until the deadline.
        self._services.broker.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:  # type: ignore[explicit-override]
        yield


def make_server(app: FastAPI) -> Server:
    """A server for `app`: `await server.serve(sockets=[…])`; `server.started` says when it listens.

    The sockets must be made with IPPROTO_TCP, else every answer waits 40 ms for an acknowledgement.
    """
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        # Addresses can carry a token; what is counted is in /metrics.
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=FRAME_MAX,
        # Deflate costs more time than it saves on small frames.
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=STOP_DEADLINE,
    )
    return Server(config, app.state.services)

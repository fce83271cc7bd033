"""A line to the server that a test can cut, as a bad network does: every connection through it ends at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc


class Line:
    """Passes bytes on, both ways."""

    def __init__(self, port: int) -> None:
        self.url = ""
        self.off = False
        """Whether new connections are refused."""
        self._port = port
        self._open: set[anyio.CancelScope] = set()

    def cut(self) -> None:
        """End every connection. New ones are let through."""
        for scope in list(self._open):
            scope.cancel()

    async def _connection(self, near: anyio.abc.SocketStream) -> None:
        if self.off:
            await near.aclose()
            return
        with anyio.CancelScope() as scope:
            self._open.add(scope)
            async with (
                near,
                await anyio.connect_tcp("127.0.0.1", self._port) as far,
                anyio.create_task_group() as both,
            ):
                both.start_soon(_pass_on, near, far)
                both.start_soon(_pass_on, far, near)
        self._open.discard(scope)

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator["Line"]:
        """A line to a port of this machine, at an address of its own."""
        line = cls(port)
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        own = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - no database
        line.url = f"http://127.0.0.1:{own}"
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, line._connection)
            yield line
            tasks.cancel_scope.cancel()


async def _pass_on(source: anyio.abc.SocketStream, target: anyio.abc.SocketStream) -> None:
    try:
        async for data in source:
            await target.send(data)
        await target.send_eof()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        return

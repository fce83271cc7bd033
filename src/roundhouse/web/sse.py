"""Server-sent events: one subscription as a response that does not end by itself."""

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from roundhouse.service.broker import Batch, Broker

PING_EVERY = 15.0
"""Seconds of silence after which a comment is sent: proxies cut lines that look dead."""

RETRY_MS = 1000


class EventStream(Response):
    """The events of a session after a number, for as long as the client stays."""

    media_type = "text/event-stream"

    def __init__(self, broker: Broker, session_id: str, after: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._broker = broker
        self._session_id = session_id
        self._after = after

    async def __call__(  # type: ignore[explicit-override] # typing.override came with 3.12
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send until the client leaves, the session is deleted or the server stops."""
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            await self._send(send)
            tasks.cancel_scope.cancel()

    async def _send(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        text = b"retry: %d\n\n" % RETRY_MS
        with self._broker.subscribe(self._session_id, self._after) as subscription:
            while True:
                await send({"type": "http.response.body", "body": text, "more_body": True})
                text = b": ping\n\n"
                with anyio.move_on_after(PING_EVERY):
                    batch = await subscription.next()
                    if batch is None:
                        break
                    text = _encode(batch)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _encode(batch: Batch) -> bytes:
    parts = [
        b"id: %d\ndata: %b\n\n" % (frame.event.seq, frame.event.frame()) for frame in batch.frames
    ]
    if batch.caught_up:
        parts.append(b"event: caught_up\ndata: {}\n\n")
    return b"".join(parts) or b": \n\n"

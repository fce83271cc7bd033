"""JSON-RPC over stdin and stdout for the demo agent: blocking, one thread per turn."""

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

Handler = Callable[[str, dict[str, Any], Any], None]
"""Takes method, params and the request's id (None for a notification)."""


class Peer:
    """The client at the other end."""

    def __init__(self) -> None:
        self.deaf = False
        """Whether the end of stdin is ignored."""
        self._lock = threading.Lock()
        self._next = 0
        self._waiting: dict[int, _Answer] = {}

    def write(self, data: bytes) -> None:
        """Put bytes on stdout as they are; ends the program when nobody reads any more."""
        try:
            with self._lock:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
        except OSError:
            os._exit(0)

    def send(self, **message: Any) -> None:
        """Send one message."""
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def update(self, session: str, **update: Any) -> None:
        """Send one `session/update`."""
        self.send(method="session/update", params={"sessionId": session, "update": update})

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the client and wait. An error comes back as `{"error": …}`."""
        with self._lock:
            self._next += 1
            number = self._next
            answer = self._waiting[number] = _Answer()
        self.send(id=number, method=method, params=params)
        answer.arrived.wait()
        return answer.value

    def serve(self, handle: Handler) -> None:
        """Read messages until stdin ends."""
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if "method" in message:
                handle(message["method"], message.get("params") or {}, message.get("id"))
            elif answer := self._waiting.pop(message.get("id"), None):
                error = message.get("error")
                answer.value = {"error": error} if error else message.get("result") or {}
                answer.arrived.set()
        if self.deaf:
            threading.Event().wait()


class _Answer:
    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.value: dict[str, Any] = {}

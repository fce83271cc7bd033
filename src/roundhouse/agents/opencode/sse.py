"""Server-sent events, from bytes as they arrive to the data of whole events. Pure.

Only `data` is kept: opencode puts everything there, and never an id to go on from.
"""

MAX_EVENT = 64 * 1024 * 1024
"""Bytes of one event; more is not an event but a fault."""


class EventTooLong(ValueError):
    """An event is over the limit."""


class EventParser:
    """Feed it bytes in any pieces; it gives back the data of the events that are complete."""

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._limit = limit
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that this chunk completes. Raises EventTooLong."""
        events = []
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = bytes(self._line) + line
            self._line.clear()
            event = self._take(whole.removesuffix(b"\r"))
            if event is not None:
                events.append(event)
        self._line += rest
        if self._size + len(self._line) > self._limit:
            raise EventTooLong(f"an event of over {self._limit} bytes")
        return events

    def _take(self, line: bytes) -> bytes | None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            self._size += len(line)
            return None
        if line or not self._data:
            return None
        event = b"\n".join(self._data)
        self._data = []
        self._size = 0
        return event

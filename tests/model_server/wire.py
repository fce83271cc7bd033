"""What the four vendors' shapes have in common: the protocol of a shape, and server-sent events."""

import json
from typing import Any, Protocol

from tests.model_server.script import Call, Chunk, Conversation, Failure, Reply

Json = dict[str, Any]


class Shape(Protocol):
    """One request and its answer in a vendor's shape; the stream calls the methods in this order."""

    asked: Conversation

    def start(self, reply: Reply) -> bytes:
        """What comes before the first piece."""
        ...

    def chunk(self, piece: Chunk) -> bytes:
        """A piece of text or thinking."""
        ...

    def call(self, call: Call) -> bytes:
        """A tool call."""
        ...

    def end(self, reply: Reply) -> bytes:
        """The end, with the usage."""
        ...

    def whole(self, reply: Reply) -> Json:
        """All of it in one, for a caller who does not stream."""
        ...

    def failure(self, failure: Failure) -> Json:
        """The body of a refusal."""
        ...


def sse(data: Json, event: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or a list of parts."""
    match content:
        case str():
            return content
        case list():
            return "\n".join(filter(None, (text_of(part) for part in content)))
        case {"text": str(text)}:
            return text
        case {"content": inner}:
            return text_of(inner)
        case _:
            return ""


def arguments_text(call: Call) -> str:
    """A tool call's arguments as they stand on the wire."""
    return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)

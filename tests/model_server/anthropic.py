"""Anthropic's messages: Claude Code uses them."""

from tests.model_server.script import Call, Chunk, Conversation, Failure, Message, Reply
from tests.model_server.tools import Tool
from tests.model_server.wire import Json, arguments_text, sse, text_of


class Anthropic:
    """`POST /v1/messages`."""

    def __init__(self, body: Json) -> None:
        messages = [Message("system", text_of(body.get("system")))]
        for message in body["messages"]:
            messages += _split(message)
        self.asked = Conversation(
            dialect="anthropic",
            model=str(body.get("model")),
            messages=messages,
            tools=[
                Tool(tool["name"], tool["input_schema"])
                for tool in body.get("tools") or ()
                if "input_schema" in tool
            ],
            stream=bool(body.get("stream")),
        )
        self._block = -1
        self._open: str | None = None

    def start(self, reply: Reply) -> bytes:
        """The empty message."""
        message = {**self._message(reply), "content": [], "stop_reason": None}
        message["usage"] = {**message["usage"], "output_tokens": 1}
        return self._event("message_start", message=message)

    def chunk(self, piece: Chunk) -> bytes:
        """A delta of a text or thinking block, opening it first."""
        kind = "thinking" if piece.thought else "text"
        before = b""
        if self._open != kind:
            empty = {"type": kind, kind: ""} | ({"signature": ""} if piece.thought else {})
            before = self._close() + self._begin(kind, empty)
        return before + self._delta({"type": f"{kind}_delta", kind: piece.text})

    def call(self, call: Call) -> bytes:
        """A block of its own with the arguments as one delta."""
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": arguments_text(call)}
        return self._close() + self._begin("tool_use", block) + self._delta(delta)

    def end(self, reply: Reply) -> bytes:
        """Close the block; stop reason and usage."""
        delta = {"stop_reason": self._stop(reply), "stop_sequence": None}
        return (
            self._close()
            + self._event("message_delta", delta=delta, usage={"output_tokens": reply.tokens_out})
            + self._event("message_stop")
        )

    def whole(self, reply: Reply) -> Json:
        """A message that is not streamed."""
        content: list[Json] = []
        if reply.text():
            content.append({"type": "text", "text": reply.text()})
        if call := reply.call:
            block = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
            content.append(block)
        return {**self._message(reply), "content": content}

    def failure(self, failure: Failure) -> Json:
        """An error object."""
        return {"type": "error", "error": {"type": failure.code, "message": failure.message}}

    def _message(self, reply: Reply) -> Json:
        return {
            "id": f"msg_{reply.number:06}",
            "type": "message",
            "role": "assistant",
            "model": self.asked.model,
            "stop_reason": self._stop(reply),
            "stop_sequence": None,
            "usage": {"input_tokens": reply.tokens_in, "output_tokens": reply.tokens_out},
        }

    def _stop(self, reply: Reply) -> str:
        return "tool_use" if reply.call else "end_turn"

    def _begin(self, kind: str, block: Json) -> bytes:
        self._block += 1
        self._open = kind
        return self._event("content_block_start", index=self._block, content_block=block)

    def _delta(self, delta: Json) -> bytes:
        return self._event("content_block_delta", index=self._block, delta=delta)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        signature = b""
        if self._open == "thinking":
            signature = self._delta({"type": "signature_delta", "signature": "c2lnbmVk"})
        self._open = None
        return signature + self._event("content_block_stop", index=self._block)

    def _event(self, kind: str, **fields: object) -> bytes:
        return sse({"type": kind, **fields}, kind)


def _split(message: Json) -> list[Message]:
    """A user message's tool results stand beside its text; each becomes a message."""
    role = message["role"]
    content = message["content"]
    if not isinstance(content, list):
        return [Message(role, str(content))]
    results = [part for part in content if part.get("type") == "tool_result"]
    rest = [part for part in content if part.get("type") in ("text", "thinking")]
    split = [Message("tool", text_of(part.get("content"))) for part in results]
    return [*split, Message(role, text_of(rest))] if rest else split

"""OpenAI's responses: Codex uses them."""

from tests.model_server.chat import ROLES
from tests.model_server.script import Call, Chunk, Conversation, Failure, Message, Reply
from tests.model_server.tools import Tool
from tests.model_server.wire import Json, arguments_text, sse, text_of


class Responses:
    """`POST /v1/responses`."""

    def __init__(self, body: Json) -> None:
        given = body.get("input") or []
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        self.asked = Conversation(
            dialect="responses",
            model=str(body.get("model")),
            messages=[
                Message("system", str(body.get("instructions") or "")),
                *filter(None, map(_message, items)),
            ],
            tools=[
                Tool(tool["name"], tool.get("parameters") or {}, tool["type"] == "custom")
                for tool in body.get("tools") or ()
                if tool.get("type") in ("function", "custom")
            ],
            stream=bool(body.get("stream")),
        )
        self._items: list[Json] = []
        self._number = -1
        self._reply = 0

    def start(self, reply: Reply) -> bytes:
        """The response exists."""
        self._reply = reply.number
        return self._event("response.created", response=self._response(reply, "in_progress"))

    def chunk(self, piece: Chunk) -> bytes:
        """A delta of a message or of a reasoning item, opening it first."""
        kind = "reasoning" if piece.thought else "message"
        before = b""
        if not self._items or self._items[-1]["type"] != kind:
            before = self._close() + self._begin(piece)
        self._items[-1]["_text"] += piece.text
        place = {"item_id": self._items[-1]["id"], "output_index": len(self._items) - 1}
        if piece.thought:
            event = "response.reasoning_summary_text.delta"
            return before + self._event(event, **place, summary_index=0, delta=piece.text)
        event = "response.output_text.delta"
        return before + self._event(event, **place, content_index=0, delta=piece.text)

    def call(self, call: Call) -> bytes:
        """An item of its own."""
        before = self._close()
        item = self._function(call)
        self._items.append(item)
        place = {"output_index": len(self._items) - 1}
        return (
            before
            + self._event("response.output_item.added", **place, item=item)
            + self._event("response.output_item.done", **place, item=item)
        )

    def end(self, reply: Reply) -> bytes:
        """The completed response with its usage."""
        return self._close() + self._event(
            "response.completed", response=self._response(reply, "completed")
        )

    def whole(self, reply: Reply) -> Json:
        """A response that is not streamed."""
        self._items = [{"type": "message", "id": f"item_{reply.number}_0", "_text": reply.text()}]
        if reply.call:
            self._items.append(self._function(reply.call))
        return self._response(reply, "completed")

    def failure(self, failure: Failure) -> Json:
        """An error object."""
        return {"error": {"message": failure.message, "type": "error", "code": failure.code}}

    def _begin(self, piece: Chunk) -> bytes:
        kind = "reasoning" if piece.thought else "message"
        self._items.append(
            {"type": kind, "id": f"item_{self._reply}_{len(self._items)}", "_text": ""}
        )
        place = {"output_index": len(self._items) - 1}
        added = self._event("response.output_item.added", **place, item=_item(self._items[-1]))
        if piece.thought:
            return added
        part = {"type": "output_text", "text": "", "annotations": []}
        place |= {"content_index": 0}
        item_id = self._items[-1]["id"]
        return added + self._event(
            "response.content_part.added", item_id=item_id, **place, part=part
        )

    def _close(self) -> bytes:
        if not self._items or "_text" not in self._items[-1]:
            return b""
        self._items[-1] = _item(self._items[-1])
        place = {"output_index": len(self._items) - 1}
        return self._event("response.output_item.done", **place, item=self._items[-1])

    def _function(self, call: Call) -> Json:
        return {
            "type": "function_call",
            "id": f"fc_{call.id}",
            "call_id": call.id,
            "name": call.name,
            "arguments": arguments_text(call),
            "status": "completed",
        }

    def _response(self, reply: Reply, status: str) -> Json:
        return {
            "id": f"resp_{reply.number:06}",
            "object": "response",
            "created_at": 1,
            "status": status,
            "model": self.asked.model,
            "output": [_item(item) for item in self._items],
            "usage": {
                "input_tokens": reply.tokens_in,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": reply.tokens_out,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": reply.tokens_in + reply.tokens_out,
            },
        }

    def _event(self, kind: str, **fields: object) -> bytes:
        self._number += 1
        return sse({"type": kind, "sequence_number": self._number, **fields}, kind)


def _message(item: Json) -> Message | None:
    match item.get("type", "message"):
        case "message":
            return Message(ROLES.get(item["role"], "system"), text_of(item.get("content")))
        case "function_call_output" | "custom_tool_call_output":
            return Message("tool", text_of(item.get("output")))
        case _:
            return None


def _item(item: Json) -> Json:
    """An item as it stands on the wire once its text is known."""
    if "_text" not in item:
        return item
    text = item["_text"]
    if item["type"] == "reasoning":
        summary = [{"type": "summary_text", "text": text}] if text else []
        return {"type": "reasoning", "id": item["id"], "summary": summary}
    part = {"type": "output_text", "text": text, "annotations": []}
    head = {"type": "message", "id": item["id"], "role": "assistant", "status": "completed"}
    return {**head, "content": [part]}

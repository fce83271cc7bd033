"""OpenAI's chat completions: opencode, qwen, goose, kimi, copilot, pi and vibe use them."""

from typing import Literal

from tests.model_server.script import Call, Chunk, Conversation, Failure, Message, Reply
from tests.model_server.tools import Tool
from tests.model_server.wire import Json, arguments_text, sse, text_of

ROLES: dict[str, Literal["user", "assistant", "tool", "system"]] = {
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class Chat:
    """`POST /v1/chat/completions`."""

    def __init__(self, body: Json) -> None:
        self.asked = Conversation(
            dialect="chat",
            model=str(body.get("model")),
            messages=[
                Message(ROLES.get(message["role"], "system"), text_of(message.get("content")))
                for message in body["messages"]
            ],
            tools=[
                Tool(tool["function"]["name"], tool["function"].get("parameters") or {})
                for tool in body.get("tools") or ()
            ],
            stream=bool(body.get("stream")),
        )
        self._number = 0

    def start(self, reply: Reply) -> bytes:
        """The assistant's role."""
        self._number = reply.number
        return self._delta({"role": "assistant", "content": ""})

    def chunk(self, piece: Chunk) -> bytes:
        """Content, or reasoning content as DeepSeek named it."""
        return self._delta({"reasoning_content" if piece.thought else "content": piece.text})

    def call(self, call: Call) -> bytes:
        """The whole call in one delta."""
        return self._delta({"tool_calls": [{"index": 0, **self._function(call)}]})

    def end(self, reply: Reply) -> bytes:
        """The finish reason, the usage with empty choices, the end mark."""
        usage = self._frame([]) | {"usage": self._usage(reply)}
        return self._delta({}, finish=self._finish(reply)) + sse(usage) + b"data: [DONE]\n\n"

    def whole(self, reply: Reply) -> Json:
        """A completion that is not streamed."""
        self._number = reply.number
        message: Json = {"role": "assistant", "content": reply.text() or None}
        if reply.call:
            message["tool_calls"] = [self._function(reply.call)]
        choice = {"index": 0, "message": message, "finish_reason": self._finish(reply)}
        return {
            **self._frame([choice]),
            "object": "chat.completion",
            "usage": self._usage(reply),
        }

    def failure(self, failure: Failure) -> Json:
        """An error object."""
        return {"error": {"message": failure.message, "type": "error", "code": failure.code}}

    def _frame(self, choices: list[Json]) -> Json:
        return {
            "id": f"chatcmpl-{self._number}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.asked.model,
            "choices": choices,
        }

    def _delta(self, delta: Json, finish: str | None = None) -> bytes:
        return sse(self._frame([{"index": 0, "delta": delta, "finish_reason": finish}]))

    def _finish(self, reply: Reply) -> str:
        return "tool_calls" if reply.call else "stop"

    def _function(self, call: Call) -> Json:
        function = {"name": call.name, "arguments": arguments_text(call)}
        return {"id": call.id, "type": "function", "function": function}

    def _usage(self, reply: Reply) -> Json:
        return {
            "prompt_tokens": reply.tokens_in,
            "completion_tokens": reply.tokens_out,
            "total_tokens": reply.tokens_in + reply.tokens_out,
        }

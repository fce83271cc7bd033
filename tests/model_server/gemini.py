"""Google's generateContent: Gemini CLI uses it."""

from tests.model_server.script import Call, Chunk, Conversation, Failure, Message, Reply
from tests.model_server.tools import Tool
from tests.model_server.wire import Json, sse, text_of


class Gemini:
    """`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`."""

    def __init__(self, body: Json, *, model: str, stream: bool) -> None:
        messages: list[Message] = []
        for content in body["contents"]:
            messages += _split(content)
        self.asked = Conversation(
            dialect="gemini",
            model=model,
            messages=messages,
            tools=[
                Tool(tool["name"], tool.get("parametersJsonSchema") or tool.get("parameters") or {})
                for group in body.get("tools") or ()
                for tool in group.get("functionDeclarations") or ()
            ],
            stream=stream,
        )
        self._usage: Json = {}

    def start(self, reply: Reply) -> bytes:
        """Nothing; the usage goes into each chunk."""
        self._usage = {
            "promptTokenCount": reply.tokens_in,
            "candidatesTokenCount": reply.tokens_out,
            "totalTokenCount": reply.tokens_in + reply.tokens_out,
        }
        return b""

    def chunk(self, piece: Chunk) -> bytes:
        """A part of text or thought."""
        return sse(self._candidate([_part(piece)]))

    def call(self, call: Call) -> bytes:
        """A part with the whole call."""
        return sse(self._candidate([_call(call)]))

    def end(self, reply: Reply) -> bytes:
        """The finish reason."""
        return sse(self._candidate([{"text": ""}], finish="STOP"))

    def whole(self, reply: Reply) -> Json:
        """An answer that is not streamed."""
        self.start(reply)
        parts = [_part(piece) for piece in reply.pieces if isinstance(piece, Chunk)]
        if reply.call:
            parts.append(_call(reply.call))
        return self._candidate(parts, finish="STOP")

    def failure(self, failure: Failure) -> Json:
        """An error object."""
        return {
            "error": {"code": failure.status, "message": failure.message, "status": failure.code}
        }

    def _candidate(self, parts: list[Json], finish: str | None = None) -> Json:
        candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return {
            "candidates": [candidate],
            "usageMetadata": self._usage,
            "modelVersion": self.asked.model,
        }


def _part(piece: Chunk) -> Json:
    return {"text": piece.text} | ({"thought": True} if piece.thought else {})


def _call(call: Call) -> Json:
    return {"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}}


def _split(content: Json) -> list[Message]:
    parts = content.get("parts") or []
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    split = [Message("tool", str(result.get("response"))) for result in results]
    text = text_of([part for part in parts if "text" in part])
    if text:
        split.append(Message("assistant" if content.get("role") == "model" else "user", text))
    return split

"""The model server's routes: four vendors' endpoints, a list of models, and a log for tests to ask.

    GET /log                      every request so far, oldest first
    GET /log/wait?prompt=X&state=S&seconds=N
                                  the first request whose prompt holds X in that state, as soon as there is one; else 404

A request's state is `open`, then `done`, `failed` (we refused it) or `left` (the caller closed the connection).
"""

import json
from dataclasses import asdict, dataclass, field

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from tests.model_server.anthropic import Anthropic
from tests.model_server.chat import Chat
from tests.model_server.gemini import Gemini
from tests.model_server.responses import Responses
from tests.model_server.script import Call, Chunk, Failure, Hang, Reply, Script, commands_of
from tests.model_server.wire import Json, Shape

MODELS = ("scripted", "m1", "m2", "gpt-5.5", "gemini-2.5-pro", "claude-sonnet-4-5")


@dataclass
class Entry:
    """One request in the log."""

    id: int
    dialect: str
    model: str
    tools: list[str]
    prompt: str
    """The last user message, with whatever the agent put into it."""
    commands: list[list[str]]
    state: str = "open"
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass
class Log:
    """All requests, and the means to wait for the next news."""

    entries: list[Entry] = field(default_factory=list)
    news: anyio.Event = field(default_factory=anyio.Event)

    def add(self, shape: Shape) -> Entry:
        """A request came in."""
        asked = shape.asked
        users = [message.text for message in asked.messages if message.role == "user"]
        entry = Entry(
            id=len(self.entries) + 1,
            dialect=asked.dialect,
            model=asked.model,
            tools=[tool.name for tool in asked.tools],
            prompt=users[-1] if users else "",
            commands=[list(command) for command in commands_of(asked.messages)],
        )
        self.entries.append(entry)
        self.ring()
        return entry

    def set(self, entry: Entry, state: str) -> None:
        """A request changed its state."""
        entry.state = state
        self.ring()

    def ring(self) -> None:
        """Wake all who wait."""
        self.news.set()
        self.news = anyio.Event()

    async def find(self, prompt: str, state: str) -> Entry:
        """The first entry that fits, as soon as there is one."""
        while True:
            for entry in self.entries:
                if prompt in entry.prompt and entry.tools and state in ("", entry.state):
                    return entry
            await self.news.wait()


class Streamed(Response):
    """Streams a reply, and notices at once when the caller leaves."""

    def __init__(self, shape: Shape, reply: Reply, log: Log, entry: Entry) -> None:
        super().__init__(media_type="text/event-stream")
        self._shape = shape
        self._reply = reply
        self._log = log
        self._entry = entry

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until done or until the caller is gone."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, receive, tasks.cancel_scope)
            await self._send(send)
            self._log.set(self._entry, "done")
            tasks.cancel_scope.cancel()

    async def _watch(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self._entry.state == "open":
            self._log.set(self._entry, "left")
        scope.cancel()

    async def _send(self, send: Send) -> None:
        head = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await self._body(send, self._shape.start(self._reply))
        for piece in self._reply.pieces:
            match piece:
                case Chunk():
                    await anyio.sleep(piece.after)
                    await self._body(send, self._shape.chunk(piece))
                case Call():
                    await self._body(send, self._shape.call(piece))
                case Hang():
                    await anyio.sleep_forever()
        await self._body(send, self._shape.end(self._reply), more=False)

    async def _body(self, send: Send, body: bytes, *, more: bool = True) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": more})


class ModelServer:
    """The scripted model's endpoints over one script and one log."""

    def __init__(self) -> None:
        self._script = Script()
        self._log = Log()

    def app(self) -> Starlette:
        """The ASGI application."""
        post = ["POST"]
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._chat, methods=post),
                Route("/v1/responses", self._responses, methods=post),
                Route("/v1/messages", self._messages, methods=post),
                Route("/v1/messages/count_tokens", self._count, methods=post),
                Route("/v1beta/models/{call:path}", self._gemini, methods=post),
                Route("/log", self._list),
                Route("/log/wait", self._wait),
            ]
        )

    async def _chat(self, request: Request) -> Response:
        return self._answer(Chat(await request.json()))

    async def _responses(self, request: Request) -> Response:
        return self._answer(Responses(await request.json()))

    async def _messages(self, request: Request) -> Response:
        return self._answer(Anthropic(await request.json()))

    async def _gemini(self, request: Request) -> Response:
        model, _, method = request.path_params["call"].partition(":")
        stream = method == "streamGenerateContent"
        return self._answer(Gemini(await request.json(), model=model, stream=stream))

    def _answer(self, shape: Shape) -> Response:
        entry = self._log.add(shape)
        answer = self._script.answer(shape.asked)
        if isinstance(answer, Failure):
            self._log.set(entry, "failed")
            return JSONResponse(shape.failure(answer), answer.status)
        entry.tokens_in, entry.tokens_out = answer.tokens_in, answer.tokens_out
        if shape.asked.stream:
            return Streamed(shape, answer, self._log, entry)
        self._log.set(entry, "done")
        return JSONResponse(shape.whole(answer))

    async def _count(self, request: Request) -> Response:
        return JSONResponse({"input_tokens": len(await request.body()) // 4})

    async def _models(self, _request: Request) -> Response:
        data: list[Json] = [{"id": name, "object": "model", "owned_by": "us"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([asdict(entry) for entry in self._log.entries])

    async def _wait(self, request: Request) -> Response:
        wanted = request.query_params
        with anyio.move_on_after(float(wanted.get("seconds", "30"))):
            found = await self._log.find(wanted.get("prompt", ""), wanted.get("state", ""))
            return Response(json.dumps(asdict(found)), media_type="application/json")
        return JSONResponse({"log": [asdict(entry) for entry in self._log.entries]}, 404)

"""A program that speaks as `opencode serve` does, and misbehaves as told: by its first argument or by a prompt.

never-ready     accepts connections and never says that it listens
dies            ends before it listens, with a word on stderr

BREAK           a turn whose event stream breaks in the middle of a text
DEAF            a turn that no abort ends
LATE            a turn that ends, with the second idle of an aborted turn before it
ASK             a turn that asks a permission which somebody else answers
anything else   is said again
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from typing_extensions import override

Json = dict[str, Any]


class Fake:
    """The server's whole state."""

    def __init__(self) -> None:
        self.streams: set[asyncio.Queue[Json | None]] = set()
        self.sessions: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.busy: set[str] = set()
        self.turns: set[asyncio.Task[None]] = set()
        self.reconnected = asyncio.Event()

    def app(self) -> Starlette:
        """The routes that the backend uses."""
        post = ["POST"]
        return Starlette(
            routes=[
                Route("/global/health", self.health),
                Route("/global/event", self.events),
                Route("/session", self.create, methods=post),
                Route("/session/status", self.status),
                Route("/session/{id}", self.session),
                Route("/session/{id}/message", self.stored),
                Route("/session/{id}/prompt_async", self.prompt, methods=post),
                Route("/session/{id}/abort", self.abort, methods=post),
                Route("/permission/{id}/reply", self.taken, methods=post),
                Route("/config", self.nothing),
                Route("/config/providers", self.nothing),
                Route("/command", self.empty),
                Route("/permission", self.empty),
                Route("/question", self.empty),
            ]
        )

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"healthy": True, "version": "0.0.1"})

    async def empty(self, _request: Request) -> Response:
        return JSONResponse([])

    async def nothing(self, _request: Request) -> Response:
        return JSONResponse({"providers": []})

    async def taken(self, _request: Request) -> Response:
        return JSONResponse(content=True)

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self) -> AsyncIterator[bytes]:
        """One listener's events; None breaks it."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        queue.put_nowait({"type": "server.connected", "properties": {}})
        if self.messages:
            self.reconnected.set()
        self.streams.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield f"data: {json.dumps({'payload': event})}\n\n".encode()
        finally:
            self.streams.discard(queue)

    def say(self, kind: str, session: str, **properties: Any) -> None:
        """To all who listen, as it is now."""
        event = json.dumps({"type": kind, "properties": {"sessionID": session, **properties}})
        for queue in self.streams:
            queue.put_nowait(json.loads(event))

    async def create(self, request: Request) -> Response:
        session = {
            "id": f"ses_{len(self.sessions)}",
            "directory": request.query_params["directory"],
        }
        self.sessions[session["id"]] = session
        return JSONResponse(session)

    async def session(self, request: Request) -> Response:
        found = self.sessions.get(request.path_params["id"])
        return JSONResponse(found or {}, 200 if found else 404)

    async def status(self, _request: Request) -> Response:
        return JSONResponse({session: {"type": "busy"} for session in self.busy})

    async def stored(self, request: Request) -> Response:
        return JSONResponse(self.messages.get(request.path_params["id"], []))

    async def abort(self, _request: Request) -> Response:
        return JSONResponse(content=True)

    async def prompt(self, request: Request) -> Response:
        body = await request.json()
        task = asyncio.get_running_loop().create_task(self.turn(request.path_params["id"], body))
        self.turns.add(task)
        return Response(status_code=204)

    async def turn(self, session: str, body: Json) -> None:
        """Answer one prompt."""
        word = body["parts"][-1]["text"]
        info: Json = {"id": f"{body['messageID']}z", "role": "assistant", "time": {}}
        info |= {"parentID": body["messageID"]}
        part: Json = {"id": f"prt_{body['messageID']}", "messageID": info["id"], "type": "text"}
        part |= {"text": "", "time": {"start": 1}}
        message = {"info": info, "parts": [part]}
        self.messages.setdefault(session, []).append(message)
        self.busy.add(session)
        self.say("session.status", session, status={"type": "busy"})
        if word == "LATE":
            self.say("session.idle", session)
        self.say("message.updated", session, info=info)
        if word == "DEAF":
            return
        self.say("message.part.updated", session, part=part)
        if word == "ASK":
            tool = {"messageID": info["id"], "callID": "c"}
            self.say("permission.asked", session, id="per_1", permission="bash", tool=tool)
            self.say("permission.replied", session, requestID="per_1")
        half = len(word) // 2
        self.delta(session, part, word[:half])
        if word == "BREAK":
            await self.cut()
        self.delta(session, part, word[half:])
        part |= {"text": word, "time": {"start": 1, "end": 2}}
        self.say("message.part.updated", session, part=part)
        info |= {"time": {"completed": 3}, "finish": "stop"}
        self.say("message.updated", session, info=info)
        self.busy.discard(session)
        self.say("session.idle", session)

    async def cut(self) -> None:
        """Break every stream; go on when somebody listens again, having said something to nobody."""
        self.reconnected.clear()
        for queue in self.streams:
            queue.put_nowait(None)
        await self.reconnected.wait()

    def delta(self, session: str, part: Json, text: str) -> None:
        """A piece of a text."""
        self.say("message.part.delta", session, partID=part["id"], field="text", delta=text)


class Server(uvicorn.Server):
    """Says where it listens, as opencode does."""

    @override
    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        if "never-ready" not in sys.argv:
            print(f"opencode server listening on http://127.0.0.1:{self.config.port}", flush=True)  # noqa: T201


def main() -> None:
    """Serve until a signal."""
    if "dies" in sys.argv:
        sys.stderr.write("no disk, no server\n")
        sys.exit(3)
    if not os.environ.get("OPENCODE_SERVER_PASSWORD"):
        sys.exit("no password was given")
    port = int(sys.argv[sys.argv.index("--port") + 1])
    config = uvicorn.Config(Fake().app(), port=port, log_level="error", timeout_graceful_shutdown=0)
    Server(config).run()


if __name__ == "__main__":
    main()

"""A stage for the web page: the built files and their policy as they are served, and an interface that only plays one log.

Nothing of Roundhouse runs behind it, so what is measured is the page.
"""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from roundhouse.web.page import Page, read_page

SESSION = "stage"
AT = "2026-11-24T10:00:00Z"


def session(**change: Any) -> dict[str, Any]:
    """The line of the one session there is."""
    return {
        "id": SESSION,
        "project_id": "p",
        "title": "A session on the stage",
        "status": "running",
        "created_at": AT,
        "updated_at": AT,
        "worktree_path": "/home/me/stage",
        "branch": "rh/stage",
        "base_commit": "9f31c2d0aa",
        "base_ref": "main",
        "include_uncommitted": False,
        "running_task": None,
        "queued": 0,
        "waiting": 0,
        "unread": 0,
        "agents": ["demo"],
        "additions": 0,
        "deletions": 0,
        "last_seq": 1,
        "read_seq": 1,
        "activity": None,
        "hold_reason": None,
        "handover": True,
        "node_id": None,
        "archived_at": None,
    } | change


class Stage:
    """One session, its log, and whoever listens to it."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.line = session()
        self.agents: list[dict[str, Any]] = [
            {
                "name": "demo",
                "kind": "acp_warm",
                "label": "Demo",
                "installed": True,
                "enabled": True,
                "node_id": None,
                "version": "1",
                "models": [],
                "modes": [],
                "commands": [],
                "capabilities": {},
                "diagnostic": None,
                "install_hint": "",
                "probed_at": None,
            }
        ]
        self.page: int | None = None
        """Events of one page of history; as many as are asked for where it says none."""
        self.tasks: list[dict[str, Any]] = []
        self.inbox: list[dict[str, Any]] = []
        self.url = ""
        self._lines: set[WebSocket] = set()

    def add(self, event_type: str, task: str | None, /, **body: Any) -> dict[str, Any]:
        """Put an event at the end of the log."""
        event = {
            "session_id": SESSION,
            "seq": len(self.log) + 1,
            "at": body.pop("at", AT),
            "task_id": task,
            "agent": body.pop("agent", "demo"),
            "type": event_type,
        } | body
        self.log.append(event)
        return event

    async def play(self, event_type: str, task: str | None, /, **body: Any) -> None:
        """Put an event at the end of the log, and tell who follows it."""
        event = {"op": "event"} | self.add(event_type, task, **body)
        for line in list(self._lines):
            await line.send_text(json.dumps(event))

    async def hang_up(self) -> None:
        """Close every line."""
        lines, self._lines = self._lines, set()
        for line in lines:
            await line.close()

    async def _answer(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/api/")
        lists: dict[str, Any] = {
            "sessions": [self.line],
            "projects": [{"id": "p", "name": "stage", "path": "/home/me/stage"}],
            "agents": self.agents,
            "inbox": self.inbox,
            f"sessions/{SESSION}/tasks": self.tasks,
        }
        if path == f"sessions/{SESSION}/events":
            before = int(request.query_params["before"])
            limit = self.page or int(request.query_params["limit"])
            events = [event for event in self.log if event["seq"] < before][-limit:]
            return JSONResponse({"events": events, "last_seq": len(self.log)})
        if path == f"sessions/{SESSION}/agents":
            return JSONResponse([])
        if path == f"sessions/{SESSION}":
            return JSONResponse(self.line)
        if path == "health":
            return JSONResponse({"status": "ok", "nodes": [], "pool": {"size": 8}, "problems": []})
        return JSONResponse({"items": lists.get(path, []), "next_cursor": None})

    async def _follow(self, line: WebSocket) -> None:
        await line.accept(subprotocol="roundhouse.v1")
        try:
            while True:
                said = await line.receive_json()
                if said["op"] == "ping":
                    await line.send_json({"op": "pong"})
                if said["op"] == "subscribe":
                    for event in self.log[said["after"] :]:
                        await line.send_text(json.dumps({"op": "event"} | event))
                    await line.send_json(
                        {"op": "caught_up", "session_id": SESSION, "seq": len(self.log)}
                    )
                    self._lines.add(line)
        except WebSocketDisconnect:
            self._lines.discard(line)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve it, at `url`."""
        app = Starlette(
            routes=[
                WebSocketRoute("/api/ws", self._follow),
                Route("/api/{rest:path}", self._answer, methods=["GET", "POST", "PATCH"]),
            ]
        )
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(
            uvicorn.Config(Page(app, files=read_page()), log_level="error", lifespan="off")
        )
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listener])
            yield
            server.should_exit = True

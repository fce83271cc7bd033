"""A node for tests: it holds its lock, takes requests and answers them as told. And rows that a runner would write."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import anyio

from roundhouse.model.agent import AgentInfo
from roundhouse.model.errors import DatabaseDown, RoundhouseError
from roundhouse.model.event import EventBody, Text, encode_body
from roundhouse.model.session import BackendKind, Continuity, Session, Worktree
from roundhouse.service.bell import Bell
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.database import Database
from roundhouse.store.events import Events, NewEvent
from roundhouse.store.nodes import Nodes
from roundhouse.store.notifier import Notifier
from roundhouse.store.projects import Projects
from roundhouse.store.requests import Request, Requests
from roundhouse.store.sessions import Sessions

Handler = Callable[[Request], Awaitable[dict[str, Any]]]


async def repository(request: Request) -> dict[str, Any]:
    """Says that any path is a repository."""
    path = request.args["path"]
    return {"path": path, "name": path.rsplit("/", 1)[-1], "branch": "main", "head": "c0ffee"}


class FakeNode:
    """A live node that answers by `handlers`. A kind without a handler is never answered."""

    def __init__(self, db: Database, node_id: int) -> None:
        self.id = node_id
        self.handlers: dict[str, Handler] = {"inspect_repository": repository}
        self.taken: list[Request] = []
        self._requests = Requests(db)
        self._bell = Bell()

    async def serve(self) -> None:
        """Take and answer until cancelled."""
        while True:
            with suppress(DatabaseDown):
                for request in await self._requests.take(self.id):
                    self.taken.append(request)
                    handler = self.handlers.get(request.kind)
                    if handler is not None:
                        await self._answer(request, handler)
            await self._bell.wait(0.5)

    async def _answer(self, request: Request, handler: Handler) -> None:
        try:
            result = await handler(request)
        except RoundhouseError as error:
            await self._requests.failed(request.ref, error)
        else:
            await self._requests.done(request.ref, result)

    def says(self, kind: str, answer: dict[str, Any] | RoundhouseError) -> None:
        """Answer requests of a kind with this, or refuse them with it."""

        async def handler(request: Request) -> dict[str, Any]:
            if isinstance(answer, RoundhouseError):
                raise answer
            return answer

        self.handlers[kind] = handler

    def asked(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What was asked of sessions so far, of one kind or of all."""
        return [
            request.args
            for request in self.taken
            if request.session_id is not None and kind in (None, request.kind)
        ]

    def ring(self, payload: str | None) -> None:
        """Somebody asked."""
        self._bell.ring()


@asynccontextmanager
async def live_node(db: Database, url: str, name: str = "here") -> AsyncIterator[FakeNode]:
    """A node that is alive for the time of the context, with the agent `demo`."""
    node_id = await Nodes(db).register(name, "host", 1, "0")
    await AvailableAgents(db).save(
        node_id,
        AgentInfo(
            name="demo", kind=BackendKind.ACP_WARM, label="Demo", installed=True, enabled=True
        ),
    )
    node = FakeNode(db, node_id)
    async with (
        Notifier.open(url, ["requests"], lock=node_id, name="fake node") as notifier,
        anyio.create_task_group() as tasks,
    ):
        notifier.subscribe("requests", node.ring)
        tasks.start_soon(node.serve)
        yield node
        tasks.cancel_scope.cancel()


async def make_session(db: Database, node_id: int, title: str = "A session") -> Session:
    """A session of a project on a node."""
    project = await Projects(db).create(name="repo", path="/srv/repo", node_id=node_id)
    return await Sessions(db).create(project_id=project.id, title=title)


async def with_worktree(
    db: Database, session_id: str, *agents: str, snapshot: str | None = None
) -> None:
    """What the first turns of these agents leave behind, the last one being the last."""
    await Sessions(db).save_worktree(
        Worktree(
            session_id=session_id,
            worktree_path=f"/w/{session_id}",
            branch="b",
            base_commit="c",
            base_snapshot=snapshot,
            reviewed_snapshot=snapshot,
            head_snapshot=snapshot,
        )
    )
    for agent in agents or ("demo",):
        await AgentSessions(db).ready(
            session_id,
            agent,
            backend=BackendKind.ACP_WARM,
            agent_session_id="abc",
            continuity=Continuity.FRESH,
        )


async def append(db: Database, session_id: str, *bodies: EventBody) -> None:
    """Write events as a runner does."""
    await Events(db).append(
        [
            NewEvent(
                session_id=session_id,
                task_id=None,
                agent="demo",
                payload=encode_body(body),
                at=datetime.now(UTC),
            )
            for body in bodies
        ]
    )


def texts(first: int, last: int, size: int = 0) -> list[EventBody]:
    """Numbered pieces of text."""
    return [Text(text=f"{n}" + "x" * size) for n in range(first, last + 1)]

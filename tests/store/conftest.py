"""The tables of one test's database, with a node, a project and a way to make sessions and tasks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from roundhouse.model.event import EventBody, Text, encode_body
from roundhouse.model.permission import Permission, PermissionAsk, PermissionOption
from roundhouse.model.session import Session
from roundhouse.model.task import NewTask, Task
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.database import Database
from roundhouse.store.events import Events, NewEvent
from roundhouse.store.nodes import Nodes
from roundhouse.store.permissions import Permissions
from roundhouse.store.projects import Projects
from roundhouse.store.requests import Requests
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks


@dataclass
class Store:
    """Every table of the test's database."""

    db: Database
    node_id: int
    project_id: str

    def __post_init__(self) -> None:
        self.nodes = Nodes(self.db)
        self.projects = Projects(self.db)
        self.sessions = Sessions(self.db)
        self.agent_sessions = AgentSessions(self.db)
        self.tasks = Tasks(self.db)
        self.events = Events(self.db)
        self.permissions = Permissions(self.db)
        self.requests = Requests(self.db)

    async def session(self, title: str = "A session") -> Session:
        """A new session."""
        return await self.sessions.create(project_id=self.project_id, title=title)

    async def task(self, session_id: str, text: str = "Do it", **given: object) -> Task:
        """A new task."""
        new = {"session_id": session_id, "agent": "demo", "input": text} | given
        task, _ = await self.tasks.create(NewTask(**new))  # type: ignore[arg-type]
        return task

    async def running(self, session_id: str, text: str = "Do it") -> Task:
        """A new task that the node has taken."""
        made = await self.task(session_id, text)
        taken = await self.tasks.claim(self.node_id, 100)
        assert made.id in {task.id for task in taken}
        return await self.tasks.get(made.id)

    async def ask(self, task: Task) -> Permission:
        """A permission request of a running task."""
        return await self.permissions.ask(
            session_id=task.session_id,
            task_id=task.id,
            agent=task.agent,
            ask=PermissionAsk(
                title="Write a file",
                options=[PermissionOption("yes", "Yes", "allow_once")],
                detail={"tool": "edit", "pattern": "*.py"},
            ),
            expires_at=datetime.now(UTC) + timedelta(minutes=30),
        )

    async def types(self, session_id: str) -> list[str]:
        """The types of a session's events, in order."""
        return [str(e.body().__struct_config__.tag) for e in await self.events.read(session_id)]


def new_event(
    session_id: str, task_id: str | None = None, body: EventBody | None = None
) -> NewEvent:
    """An event to append."""
    return NewEvent(
        session_id=session_id,
        task_id=task_id,
        agent="demo",
        payload=encode_body(body or Text(text="hello")),
        at=datetime.now(UTC),
    )


@pytest.fixture
async def store(db: Database) -> Store:
    """The tables, with one node and one project."""
    node_id = await Nodes(db).register("here", "host", 1, "0")
    project = await Projects(db).create(name="small", path="/repo", node_id=node_id)
    return Store(db, node_id, project.id)

"""The tables of one test's database, with a node, a project and a way to make sessions and tasks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from roundhouse.model.event import EventBody, Text, encode_body
from roundhouse.model.permission import Permission, PermissionAsk, PermissionOption
from roundhouse.model.session import Session, Worktree
from roundhouse.model.task import NewTask, Task
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.applies import Applies
from roundhouse.store.changes import NewChange, PendingChanges
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.comments import Comments
from roundhouse.store.database import Database
from roundhouse.store.events import Events, NewEvent
from roundhouse.store.nodes import Nodes
from roundhouse.store.permissions import Permissions
from roundhouse.store.projects import Projects
from roundhouse.store.requests import Requests
from roundhouse.store.review import Review
from roundhouse.store.seen import SeenMarks
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from roundhouse.store.verdicts import Verdicts


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
        self.changes = PendingChanges(self.db)
        self.checkpoints = Checkpoints(self.db)
        self.applies = Applies(self.db)
        self.verdicts = Verdicts(self.db)
        self.comments = Comments(self.db)
        self.seen = SeenMarks(self.db)
        self.review = Review(self.db)

    async def session(self, title: str = "A session") -> Session:
        """A new session."""
        return await self.sessions.create(project_id=self.project_id, title=title)

    async def with_worktree(self, title: str = "A session") -> Session:
        """A new session whose three snapshots are `base`."""
        session = await self.session(title)
        await self.sessions.save_worktree(
            Worktree(
                session_id=session.id,
                worktree_path=f"/w/{session.id}",
                branch=f"roundhouse/{session.id}",
                base_commit="c0",
                base_snapshot="base",
                reviewed_snapshot="base",
                head_snapshot="base",
            )
        )
        return session

    async def changed(self, session_id: str, *paths: str, **given: object) -> None:
        """Pending rows of a turn that changed these files."""
        await self.changes.add([new_change(session_id, path, **given) for path in paths])

    async def statuses(self, session_id: str) -> list[tuple[str, str]]:
        """The path and status of a session's rows of changes."""
        rows, _ = await self.changes.list(session_id)
        return [(row.file_path, row.status.value) for row in rows]

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


def new_change(session_id: str, path: str, **given: object) -> NewChange:
    """One file that one turn changed."""
    values = {"operation": "edit", "patch": "@@", "additions": 1, "deletions": 2, "agent": "demo"}
    return NewChange(session_id=session_id, file_path=path, **(values | given))  # type: ignore[arg-type]


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

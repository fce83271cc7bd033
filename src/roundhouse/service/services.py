"""Everything a front door needs, built once per server process, and the loops that run beside it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio

from roundhouse import __version__
from roundhouse.service.agents import AgentService
from roundhouse.service.broker import Broker
from roundhouse.service.changes import ChangeService
from roundhouse.service.checkout import CheckoutService
from roundhouse.service.checkpoints import CheckpointService
from roundhouse.service.comments import CommentService
from roundhouse.service.events import EventService
from roundhouse.service.files import FileService
from roundhouse.service.health import HealthService
from roundhouse.service.inbox import InboxService
from roundhouse.service.nodes import Reaper
from roundhouse.service.permissions import PermissionService
from roundhouse.service.projects import ProjectService
from roundhouse.service.requests import NodeRequests
from roundhouse.service.sessions import SessionService
from roundhouse.service.summaries import Summaries
from roundhouse.service.tasks import TaskService
from roundhouse.service.usage import UsageService
from roundhouse.service.worktrees import Worktrees
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.changes import PendingChanges
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.comments import Comments
from roundhouse.store.database import Database
from roundhouse.store.events import Events
from roundhouse.store.nodes import Nodes
from roundhouse.store.notifier import Notifier
from roundhouse.store.permissions import Permissions
from roundhouse.store.projects import Projects
from roundhouse.store.requests import Requests
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from roundhouse.store.usage import Usages

CHANNELS = ("events", "sessions", "sessions_deleted", "request_done")
"""What a server's Notifier must listen on."""


class Services:
    """The product's verbs on one database. `problems` are those of the configuration, for `/api/health`."""

    def __init__(self, db: Database, notifier: Notifier, *, problems: Sequence[str] = ()) -> None:
        sessions, tasks, events = Sessions(db), Tasks(db), Events(db)
        permissions, nodes, agents = Permissions(db), Nodes(db), AvailableAgents(db)
        projects, conversations = Projects(db), AgentSessions(db)
        requests = NodeRequests(Requests(db), nodes, notifier)
        self.broker = Broker(events, notifier)
        self.summaries = Summaries(sessions, notifier)
        self.health = HealthService(db, nodes, problems, __version__)
        self.agents = AgentService(agents, conversations, sessions, nodes, requests)
        self.projects = ProjectService(projects, requests)
        self.sessions = SessionService(sessions, tasks, events, notifier, self._gone)
        self.tasks = TaskService(tasks, sessions, self.sessions, agents)
        self.events = EventService(events)
        self.permissions = PermissionService(permissions, sessions, projects)
        worktrees = Worktrees(sessions, requests)
        self.changes = ChangeService(worktrees, tasks, PendingChanges(db), projects)
        self.checkout = CheckoutService(worktrees)
        self.checkpoints = CheckpointService(worktrees, Checkpoints(db), sessions, tasks)
        self.files = FileService(worktrees)
        self.comments = CommentService(worktrees, Comments(db), sessions, conversations, self.tasks)
        self.inbox = InboxService(permissions, sessions)
        self.usage = UsageService(Usages(db))
        self._reaper = Reaper(nodes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The loops beside the doors: live fan-out and the watch over nodes. The app's lifespan enters it."""
        async with anyio.create_task_group() as loops:
            loops.start_soon(self.broker.run)
            loops.start_soon(self.summaries.run)
            loops.start_soon(self._reaper.run)
            try:
                yield
            finally:
                self.broker.close()
                loops.cancel_scope.cancel()

    def _gone(self, session_id: str) -> None:
        # Told directly too: a deletion leaves no row that a poll could find.
        self.broker.deleted(session_id)
        self.summaries.deleted(session_id)

"""A running server, and a live node behind it."""

from collections.abc import AsyncIterator

import pytest

from roundhouse.service.services import CHANNELS, Services
from roundhouse.store.database import Database
from roundhouse.store.notifier import Notifier
from tests.service.node import FakeNode, live_node, with_worktree
from tests.web.server import Running, running


@pytest.fixture
async def notifier(database_url: str) -> AsyncIterator[Notifier]:
    """The server's doorbell."""
    async with Notifier.open(database_url, CHANNELS, name="test server") as opened:
        yield opened


@pytest.fixture
async def server(db: Database, notifier: Notifier) -> AsyncIterator[Running]:
    """The server."""
    async with running(Services(db, notifier)) as run:
        yield run


@pytest.fixture
async def node(db: Database, database_url: str) -> AsyncIterator[FakeNode]:
    """A live node."""
    async with live_node(db, database_url) as alive:
        yield alive


@pytest.fixture
async def project(server: Running, node: FakeNode) -> str:
    """A registered project's id."""
    made = await server.call("POST", "/api/projects", 201, json={"path": "/srv/repo"})
    return str(made["id"])


@pytest.fixture
async def session(server: Running, project: str) -> str:
    """A session's id."""
    made = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    return str(made["id"])


@pytest.fixture
async def worked(db: Database, session: str) -> str:
    """The id of a session in which the agent `demo` had a turn."""
    await with_worktree(db, session)
    return session

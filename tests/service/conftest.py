"""The services on a real database, with their loops running."""

from collections.abc import AsyncIterator

import pytest

from roundhouse.service.services import CHANNELS, Services
from roundhouse.store.database import Database
from roundhouse.store.notifier import Notifier
from tests.service.node import FakeNode, live_node


@pytest.fixture
async def notifier(database_url: str) -> AsyncIterator[Notifier]:
    """The server's doorbell."""
    async with Notifier.open(database_url, CHANNELS, name="test server") as opened:
        yield opened


@pytest.fixture
async def services(db: Database, notifier: Notifier) -> AsyncIterator[Services]:
    """The services with their loops."""
    made = Services(db, notifier)
    async with made.running():
        yield made


@pytest.fixture
async def node(db: Database, database_url: str) -> AsyncIterator[FakeNode]:
    """A live node."""
    async with live_node(db, database_url) as alive:
        yield alive

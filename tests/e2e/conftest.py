"""Fixtures of whole-product tests: a running stack on an empty data folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A running Roundhouse on an empty data folder."""
    async with Stack.running(tmp_path / "data") as running:
        yield running

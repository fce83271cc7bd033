"""Waiting out a database, and loops that outlive their rounds."""

import anyio
import pytest

from roundhouse.model.errors import DatabaseDown, NotFound
from roundhouse.runner.outage import forever, until_back


class Calls:
    """Fails in a given way some times, then works."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.worked = anyio.Event()

    async def __call__(self) -> int:
        if self.errors:
            raise self.errors.pop(0)
        self.worked.set()
        return 42


async def test_a_database_that_comes_back_answers() -> None:
    """Two failures are only a wait."""
    with anyio.fail_after(10):
        assert await until_back(Calls(DatabaseDown(), DatabaseDown())) == 42


async def test_every_other_error_passes_through() -> None:
    """It is not the outage's business."""
    with pytest.raises(NotFound):
        await until_back(Calls(NotFound()))


async def test_a_round_that_fails_is_followed_by_the_next() -> None:
    """Whatever it failed with."""
    calls = Calls(DatabaseDown(), RuntimeError("a bug"))

    async def step() -> None:
        await calls()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(forever, "test", 0.0, step)
            await calls.worked.wait()
            group.cancel_scope.cancel()

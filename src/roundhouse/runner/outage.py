"""Waiting out a database that is away. Owns the back-off, and the rule that nothing else is retried."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import structlog

from roundhouse.model.errors import DatabaseDown

FIRST_WAIT = 0.1
LONGEST_WAIT = 2.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def until_back(call: Callable[[], Awaitable[T]]) -> T:
    """What `call` returns once the database answers; every other error passes through.

    The call is made again after `DatabaseDown`, so it must bear being made twice. Bounded by the caller's
    scope only.
    """
    wait = FIRST_WAIT
    while True:
        try:
            return await call()
        except DatabaseDown as error:
            log.warning("waiting for the database", error=error.message, seconds=wait)
        await anyio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)


async def forever(name: str, every: float, step: Callable[[], Awaitable[None]]) -> None:
    """Call `step` again and again, `every` seconds apart. A failing step is logged, never the end.

    A loop that keeps house must outlive a bug in one of its rounds.
    """
    while True:
        try:
            await step()
        except DatabaseDown as error:
            log.debug("skipped while the database is away", loop=name, error=error.message)
        except Exception:
            log.exception("a housekeeping round failed", loop=name)
        await anyio.sleep(every)

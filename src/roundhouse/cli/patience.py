"""One line that says what a slow command is doing. Only where a person watches, and gone when it is done."""

import sys
from collections.abc import Awaitable
from typing import TypeVar

import anyio

from roundhouse.cli.output import Paint

T = TypeVar("T")
AFTER = 1
"""Seconds after which a person wonders."""


async def patiently(what: str, work: Awaitable[T]) -> T:
    """The result of `work`, which must print nothing itself; meanwhile `what` is said. Raises what it raises."""
    if not (sys.stdout.isatty() and Paint(sys.stderr).terminal):
        return await work
    done: list[T] = []
    failed: Exception | None = None
    async with anyio.create_task_group() as beside:
        beside.start_soon(_say, what)
        try:
            done.append(await work)
        except Exception as error:  # noqa: BLE001 - raised again outside of the group, which would wrap it
            failed = error
        beside.cancel_scope.cancel()
    if failed is not None:
        raise failed
    return done[0]


async def _say(what: str) -> None:
    await anyio.sleep(AFTER)
    paint = Paint(sys.stderr)
    seconds = AFTER
    try:
        while True:
            line = paint(f"{what}… {seconds} s", "dim")
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
            await anyio.sleep(1)
            seconds += 1
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)

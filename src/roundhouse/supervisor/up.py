"""The process behind `roundhouse up`: a stack, its ready line and its signals."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import anyio

from roundhouse.client.discover import Address
from roundhouse.config import Settings
from roundhouse.supervisor.stack import Stack

STOPPED = 0
STOPPED_HARD = 130


async def up(settings: Settings, *, on_ready: Callable[[Address], None]) -> int:
    """Run everything until SIGINT or SIGTERM, and return the exit code. A second one does not wait.

    SIGHUP replaces the server alone. Raises what `Stack.run` raises.
    """
    stack = Stack(settings, say=say)
    body = anyio.CancelScope()
    hard = False
    failure: Exception | None = None

    async def listen() -> None:
        nonlocal hard
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            listening.set()
            async for number in signals:
                if number == signal.SIGHUP:
                    stack.replace_server()
                elif not body.cancel_called:
                    say("Stopping; turns get a moment to end. Once more to stop at once.")
                    body.cancel()
                else:
                    hard = True
                    stack.kill()

    listening = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await listening.wait()
        with body:
            try:
                async with stack.run() as address:
                    on_ready(address)
                    await anyio.sleep_forever()
            except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
                failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return STOPPED_HARD if hard else STOPPED


def say(line: str) -> None:
    """One line for whoever watches; nobody may."""
    with suppress(OSError, ValueError):
        print(f"• {line}", file=sys.stderr, flush=True)  # noqa: T201 - the supervisor's own voice

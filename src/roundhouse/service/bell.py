"""Waiting for a doorbell without trusting it. Knows no channel by name."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

from roundhouse.store.notifier import Notifier


class Bell:
    """Remembers that somebody rang until the next wait has seen it."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        """Wake the one who waits, or the next one who will."""
        self._rung.set()

    async def wait(self, at_most: float) -> bool:
        """Return at the first ring since the last wait (True), or after `at_most` seconds (False)."""
        with anyio.move_on_after(at_most):
            await self._rung.wait()
        rung = self._rung.is_set()
        self._rung = anyio.Event()
        return rung


@contextmanager
def listening(notifier: Notifier, channel: str, payload: str) -> Iterator[Bell]:
    """A bell that rings for `payload` on `channel`, and when anything may have happened."""
    bell = Bell()

    def heard(said: str | None) -> None:
        if said in (None, payload):
            bell.ring()

    unsubscribe = notifier.subscribe(channel, heard)
    try:
        yield bell
    finally:
        unsubscribe()

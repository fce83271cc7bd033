"""The doorbell: one connection that listens, for the life of a process.

Owns reconnecting and the node's advisory lock, which lives on this connection. A notification is only a hint to
look at the rows: it may be lost, doubled or late, and whoever subscribes polls as well.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self

import anyio
import psycopg
import structlog
from psycopg import sql

from roundhouse.model.errors import Conflict, DatabaseDown
from roundhouse.store.database import UNAVAILABLE, connect_arguments
from roundhouse.store.rows import Connection

NODE_LOCK = 7001
"""First key of the advisory lock that a live runner holds; the second is its node's id."""

LOCK_WAIT = 5.0
"""Seconds a new runner waits for its predecessor's connection to be noticed as dead."""

LOCK_EVERY = 0.05
BACK_OFF = (0.05, 2.0)
CLOSE_DEADLINE = 2.0

Callback = Callable[[str | None], None]
log = structlog.get_logger(__name__)


class Notifier:
    """Calls subscribers when somebody rings. Made by `Notifier.open`."""

    def __init__(self, url: str, channels: Sequence[str], lock: int | None, name: str) -> None:
        self.muted = False
        """Drops every notification while true: tests cut the doorbell with it."""
        self._arguments = connect_arguments(url, name)
        self._channels = tuple(channels)
        self._lock = lock
        self._subscribers: dict[str, list[Callback]] = {channel: [] for channel in channels}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, channels: Sequence[str], *, lock: int | None = None, name: str
    ) -> AsyncIterator[Self]:
        """Listen on `channels` for the time of the context, holding the lock of node `lock` if given.

        Raises DatabaseDown if the first connect fails, Conflict if another live process holds the lock.
        """
        notifier = cls(url, channels, lock, name)
        try:
            conn = await notifier._connect(LOCK_WAIT)
        except UNAVAILABLE as error:
            raise DatabaseDown from error
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(notifier._run, conn)
            try:
                yield notifier
            except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    def subscribe(self, channel: str, callback: Callback) -> Callable[[], None]:
        """Have `callback` called with each payload of `channel`; the result ends that.

        It is called with None when anything may have happened: after each reconnect. It must be quick
        and must not block.
        """
        subscribers = self._subscribers[channel]
        subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in subscribers:
                subscribers.remove(callback)

        return unsubscribe

    async def _connect(self, lock_wait: float | None) -> Connection:
        conn = await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True)
        try:
            await self._take_lock(conn, lock_wait)
            for channel in self._channels:
                await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except BaseException:
            await _close(conn)
            raise
        return conn

    async def _take_lock(self, conn: Connection, wait: float | None) -> None:
        if self._lock is None:
            return
        started = anyio.current_time()
        while True:
            cursor = await conn.execute(
                "SELECT pg_try_advisory_lock(%s, %s)", (NODE_LOCK, self._lock)
            )
            if await cursor.fetchone() == (True,):
                return
            if wait is not None and anyio.current_time() - started > wait:
                raise Conflict(
                    "Another runner with this name is alive.",
                    code="node_taken",
                    remedy="Stop it, or give this one another name.",
                )
            await anyio.sleep(LOCK_EVERY)

    async def _run(self, conn: Connection) -> None:
        while True:
            try:
                async for notification in conn.notifies():
                    self._ring(notification.channel, notification.payload)
            except UNAVAILABLE as error:
                log.warning("doorbell_lost", error=str(error).strip())
            finally:
                await _close(conn)
            conn = await self._reconnect()
            log.info("doorbell_back")
            for channel in self._channels:
                self._ring(channel, None)

    async def _reconnect(self) -> Connection:
        delay, longest = BACK_OFF
        while True:
            try:
                return await self._connect(None)
            except UNAVAILABLE:
                await anyio.sleep(delay)
                delay = min(delay * 2, longest)

    def _ring(self, channel: str, payload: str | None) -> None:
        if self.muted:
            return
        for callback in tuple(self._subscribers[channel]):
            try:
                callback(payload)
            except Exception:
                # One subscriber's fault must not deafen the others.
                log.exception("subscriber_failed", channel=channel)


async def _close(conn: Connection) -> None:
    with anyio.move_on_after(CLOSE_DEADLINE, shield=True):
        await conn.close()

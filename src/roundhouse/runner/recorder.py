"""Writes what happens in turns as events: in order, each exactly once, published only when committed.

Owns the buffer between agents and the database, its natural batching and its back-pressure. Knows nothing of
what an event means.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import anyio
import structlog
from anyio.abc import TaskStatus

from roundhouse.model.errors import DatabaseDown
from roundhouse.model.event import EventBody, encode_body
from roundhouse.runner.outage import FIRST_WAIT, LONGEST_WAIT
from roundhouse.store.events import Events, NewEvent

BUFFER_BYTES = 64 * 1024 * 1024
"""What is kept while the database is away; beyond it `emit` waits, and the agents are no longer read."""

BATCH_ROWS = 2_000
BATCH_BYTES = 4 * 1024 * 1024

LINGER = 0.01
"""Seconds an event that is in no hurry waits for others."""

NEVER = 2**62
"""A number no event reaches."""

NEIGHBOURS = 200
"""Events that others may have appended between a lost commit and the look for it."""

ROW_COST = 200
"""Bytes a kept event costs beside its payload."""

log = structlog.get_logger(__name__)


class Recorder:
    """One writer for all turns of a node. While one commit runs, the next batch fills."""

    def __init__(
        self,
        events: Events,
        *,
        buffer_bytes: int = BUFFER_BYTES,
        dropped: Callable[[str], None] | None = None,
    ) -> None:
        self._events = events
        self._buffer_bytes = buffer_bytes
        self._dropped = dropped
        self._kept: deque[NewEvent] = deque()
        self._bytes = 0
        self._filled = anyio.Event()
        self._hurry = anyio.Event()
        self._moved = anyio.Event()
        self._emitted = 0
        self._committed = 0
        self._last_of: dict[str, int] = {}
        self._seq_of: dict[str, int] = {}
        self._clock = datetime.min.replace(tzinfo=UTC)

    @property
    def kept_bytes(self) -> int:
        """What waits for its commit."""
        return self._bytes

    async def emit(
        self,
        session_id: str,
        task_id: str | None,
        agent: str | None,
        body: EventBody,
        *,
        soon: bool = True,
    ) -> None:
        """Take one event. Returns at once, unless the buffer is full: then when it has room.

        With `soon` off it may wait a moment for company: one commit instead of two.
        """
        while self._bytes >= self._buffer_bytes:
            await self._moved.wait()
        # Strictly rising, so that a row can be recognised after a commit whose answer was lost.
        self._clock = max(datetime.now(UTC), self._clock + timedelta(microseconds=1))
        row = NewEvent(
            session_id=session_id,
            task_id=task_id,
            agent=agent,
            payload=encode_body(body),
            at=self._clock,
        )
        self._kept.append(row)
        self._bytes += _weight(row)
        self._emitted += 1
        self._last_of[session_id] = self._emitted
        self._filled.set()
        if soon:
            self._hurry.set()

    async def drain(self, session_id: str) -> None:
        """Return when every event of the session that was emitted before this call is committed."""
        until = self._last_of.get(session_id, 0)
        await self._until(until)

    async def drain_all(self) -> None:
        """Return when every event emitted before this call is committed."""
        await self._until(self._emitted)

    async def _until(self, number: int) -> None:
        while self._committed < number:
            self._hurry.set()
            await self._moved.wait()

    def take_seq(self, session_id: str) -> int | None:
        """The number of the session's last event that was written here, told once."""
        return self._seq_of.pop(session_id, None)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write until cancelled."""
        task_status.started()
        while True:
            await self._filled.wait()
            with anyio.move_on_after(LINGER):
                await self._hurry.wait()
            self._filled = anyio.Event()
            self._hurry = anyio.Event()
            while self._kept:
                await self._flush(self._batch())

    def _batch(self) -> list[NewEvent]:
        batch: list[NewEvent] = []
        size = 0
        for row in self._kept:
            if batch and (len(batch) >= BATCH_ROWS or size + len(row.payload) > BATCH_BYTES):
                break
            batch.append(row)
            size += len(row.payload)
        return batch

    async def _flush(self, batch: Sequence[NewEvent]) -> None:
        """Commit the batch, which is the buffer's beginning, then let go of it."""
        await self._write(batch)
        for row in batch:
            self._kept.popleft()
            self._bytes -= _weight(row)
        self._committed += len(batch)
        for session_id in {row.session_id for row in batch}:
            if self._last_of[session_id] <= self._committed:
                del self._last_of[session_id]
        self._moved.set()
        self._moved = anyio.Event()

    async def _write(self, batch: Sequence[NewEvent]) -> None:
        wait = FIRST_WAIT
        doubtful = False
        while True:
            try:
                if doubtful:
                    batch = await self._missing(batch)
                self._note(batch, await self._events.append(batch))
            except DatabaseDown as error:
                log.warning("events are kept", kept=len(self._kept), error=error.message)
                doubtful = True
                await anyio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            except Exception:
                # What can never be written must not hold up all that follows.
                log.exception("events were lost", rows=len(batch))
                return
            else:
                return

    async def _missing(self, batch: Sequence[NewEvent]) -> list[NewEvent]:
        """What of the batch is not in the log: its commit may have gone through, and only the answer was lost."""
        landed = set()
        for session_id, rows in Counter(row.session_id for row in batch).items():
            recent = await self._events.read_before(session_id, NEVER, rows + NEIGHBOURS)
            landed |= {(session_id, event.at) for event in recent}
        return [row for row in batch if (row.session_id, row.at) not in landed]

    def _note(self, batch: Sequence[NewEvent], numbers: Sequence[int | None]) -> None:
        for row, number in zip(batch, numbers, strict=True):
            if number is not None and row.task_id is not None:
                self._seq_of[row.session_id] = number
        if self._dropped is None or None not in numbers:
            return
        lost = {
            row.task_id
            for row, number in zip(batch, numbers, strict=True)
            if number is None and row.task_id is not None
        }
        for task_id in lost:
            self._dropped(task_id)


def _weight(row: NewEvent) -> int:
    return len(row.payload) + ROW_COST

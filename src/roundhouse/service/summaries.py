"""Tells everybody which sessions' lines in the list have changed.

One read for all that changed in a moment, shared by all listeners. A listener that does not keep up misses
steps in between, never the last state.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio
import msgspec
import structlog
from msgspec import Struct

from roundhouse.model.errors import DatabaseDown
from roundhouse.model.session import Session
from roundhouse.service.bell import Bell
from roundhouse.store.notifier import Notifier
from roundhouse.store.sessions import Sessions

DEBOUNCE = 0.1
"""Seconds in which changes are gathered: one turn's start or end is several."""

POLL_EVERY = 1.0
"""Seconds until a change is found whose doorbell was lost. Also the rhythm of a session in which nothing but
new events came: only its `last_seq` moved."""

REMEMBERED = 2000
"""Lines and deletions kept to leave out repetitions of what was just said."""

log = structlog.get_logger(__name__)


class SessionSummary(Struct, frozen=True, tag_field="op", tag="summary"):
    """The frame of a session's line."""

    session: Session


class DeletedSession(Struct, frozen=True):
    """What is left of a deleted session's line."""

    id: str
    deleted: bool = True


class DeletedSummary(Struct, frozen=True, tag_field="op", tag="summary"):
    """The frame of a deleted session."""

    session: DeletedSession


class Listener:
    """One connection's pending lines, the last one of each session."""

    def __init__(self) -> None:
        self._pending: dict[str, bytes] = {}
        self._wake = anyio.Event()

    def put(self, session_id: str, line: bytes) -> None:
        """Queue a line, in place of an older one of the session."""
        self._pending.pop(session_id, None)
        self._pending[session_id] = line
        self._wake.set()

    async def next(self) -> list[bytes]:
        """The encoded frames that wait, or that come next."""
        while not self._pending:
            self._wake = anyio.Event()
            await self._wake.wait()
        lines = list(self._pending.values())
        self._pending = {}
        return lines


class Summaries:
    """The lines' fan-out of one server process."""

    def __init__(self, sessions: Sessions, notifier: Notifier) -> None:
        self._sessions = sessions
        self._notifier = notifier
        self._listeners: set[Listener] = set()
        self._changed: set[str] = set()
        self._moved: set[str] = set()
        self._said: dict[str, bytes] = {}
        self._gone: dict[str, bytes] = {}
        self._bell = Bell()
        self._looked = datetime.now(UTC)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener for the time of the context."""
        listener = Listener()
        if not self._listeners:
            self._looked = datetime.now(UTC)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def deleted(self, session_id: str) -> None:
        """Say that a session is gone."""
        if session_id in self._gone:
            return
        self._said.pop(session_id, None)
        _remember(self._gone, session_id, b"")
        frame = msgspec.json.encode(DeletedSummary(DeletedSession(session_id)))
        for listener in self._listeners:
            listener.put(session_id, frame)

    async def run(self) -> None:
        """Follow the database until cancelled."""
        unsubscribe: list[Callable[[], None]] = [
            self._notifier.subscribe("sessions", self._heard),
            self._notifier.subscribe("events", self._heard_events),
            self._notifier.subscribe("sessions_deleted", self._heard_deleted),
        ]
        next_poll = anyio.current_time() + POLL_EVERY
        try:
            while True:
                if await self._bell.wait(max(0.0, next_poll - anyio.current_time())):
                    await anyio.sleep(DEBOUNCE)
                polled = anyio.current_time() >= next_poll
                if polled:
                    next_poll = anyio.current_time() + POLL_EVERY
                try:
                    await self._round(polled=polled)
                except DatabaseDown:
                    await anyio.sleep(POLL_EVERY)
                except Exception:
                    log.exception("summaries_failed")
        finally:
            for undo in unsubscribe:
                undo()

    async def _round(self, *, polled: bool) -> None:
        if not self._listeners:
            self._changed.clear()
            self._moved.clear()
            return
        if polled:
            now = datetime.now(UTC)
            self._changed.update(await self._sessions.changed_since(self._looked))
            self._looked = now
            self._changed |= self._moved
            self._moved = set()
        if not self._changed:
            return
        wanted, self._changed = self._changed, set()
        try:
            lines = await self._sessions.changed(wanted)
        except DatabaseDown:
            self._changed |= wanted
            raise
        for line in lines:
            self._say(line)
        for session_id in wanted - {line.id for line in lines}:
            self.deleted(session_id)

    def _say(self, line: Session) -> None:
        frame = msgspec.json.encode(SessionSummary(line))
        if self._said.pop(line.id, None) != frame:
            for listener in self._listeners:
                listener.put(line.id, frame)
        _remember(self._said, line.id, frame)

    def _heard(self, session_id: str | None) -> None:
        if session_id is not None:
            self._changed.add(session_id)
            self._bell.ring()

    def _heard_events(self, payload: str | None) -> None:
        if payload:
            self._moved.update(msgspec.json.decode(payload, type=dict[str, int]))

    def _heard_deleted(self, session_id: str | None) -> None:
        if session_id is not None:
            self._changed.discard(session_id)
            self.deleted(session_id)


def _remember(memory: dict[str, bytes], session_id: str, frame: bytes) -> None:
    memory[session_id] = frame
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]

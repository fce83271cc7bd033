"""Sessions: made, listed, renamed, archived, deleted. Their tasks and events are elsewhere."""

from collections.abc import Callable

import anyio

from roundhouse.model.errors import Conflict, InvalidInput
from roundhouse.model.session import Session, SessionStatus
from roundhouse.service.bell import Bell, listening
from roundhouse.service.page import Page
from roundhouse.service.text import TITLE_MAX, UNTITLED, clean
from roundhouse.store.events import Events
from roundhouse.store.notifier import Notifier
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

STOP_DEADLINE = 10.0
"""Seconds a running turn has to end before its session is deleted: what a cancel is promised to take."""

POLL_EVERY = 0.5


class SessionService:
    """The sessions of this Roundhouse. `gone` is told of each one that is deleted here."""

    def __init__(
        self,
        sessions: Sessions,
        tasks: Tasks,
        events: Events,
        notifier: Notifier,
        gone: Callable[[str], None],
    ) -> None:
        self._sessions = sessions
        self._tasks = tasks
        self._events = events
        self._notifier = notifier
        self._gone = gone

    async def create(
        self,
        project_id: str,
        *,
        title: str | None = None,
        base_ref: str | None = None,
        include_uncommitted: bool = False,
    ) -> Session:
        """A new session; without a title the first prompt gives it one. Raises NotFound, InvalidInput."""
        wanted = _title(title) if title and title.strip() else UNTITLED
        if base_ref is not None:
            clean(base_ref, "base_ref")
            if not base_ref or base_ref.startswith("-"):
                raise InvalidInput("This is no name of a branch or commit.", field="base_ref")
        return await self._sessions.create(
            project_id=project_id,
            title=wanted,
            base_ref=base_ref,
            include_uncommitted=include_uncommitted,
        )

    async def get(self, session_id: str) -> Session:
        """One session's line. Raises NotFound."""
        return await self._sessions.get(session_id)

    async def find(self, prefix: str) -> Page[Session]:
        """Sessions whose ids begin so, archived ones too; a handful, which is enough to see that it is not one."""
        found = await self._sessions.find(prefix)
        return Page(await self._sessions.changed(found))

    async def update(
        self,
        session_id: str,
        *,
        title: str | None = None,
        archived: bool | None = None,
        read_seq: int | None = None,
        handover: bool | None = None,
    ) -> Session:
        """Change what is given.

        Raises NotFound, Conflict `session_busy` for archiving while a turn runs, InvalidInput `out_of_range`
        for a `read_seq` beyond the last event.
        """
        if title is not None:
            title = _title(title)
        if read_seq is not None:
            last = await self._events.head(session_id)
            if not 0 <= read_seq <= last:
                raise InvalidInput(
                    f"The session's last event is {last}.", code="out_of_range", field="read_seq"
                )
        if archived:
            line = await self._sessions.get(session_id)
            if line.running_task is not None:
                raise _busy("Cancel the turn first, or wait for its end.")
        return await self._sessions.update(
            session_id, title=title, archived=archived, read_seq=read_seq, handover=handover
        )

    async def resume(self, session_id: str) -> Session:
        """Lift the hold on what is queued. Raises NotFound."""
        return await self._sessions.resume(session_id)

    async def delete(self, session_id: str) -> None:
        """Delete a session with all that belongs to it; a running turn is cancelled first.

        Raises NotFound, and Conflict `session_busy` if the turn has not ended after STOP_DEADLINE seconds.
        """
        with listening(self._notifier, "sessions", session_id) as bell:
            deadline = anyio.current_time() + STOP_DEADLINE
            while not await self._quiet(session_id, bell):
                if anyio.current_time() >= deadline:
                    raise _busy("Wait for the turn's end, or restart the runner.")
            try:
                await self._sessions.delete(session_id)
            except Conflict:
                # A runner took a task between the look and the deletion.
                await self._quiet(session_id, bell)
                await self._sessions.delete(session_id)
        self._gone(session_id)

    async def _quiet(self, session_id: str, bell: Bell) -> bool:
        line = await self._sessions.get(session_id)
        if line.running_task is None and not line.queued:
            return True
        for task in await self._open_tasks(session_id):
            try:
                await self._tasks.cancel(task)
            except Conflict:
                continue
        await bell.wait(POLL_EVERY)
        return False

    async def _open_tasks(self, session_id: str) -> list[str]:
        """Ids of the session's tasks that have not ended, the queued ones first: none may start meanwhile."""
        pending: list[str] = []
        running: list[str] = []
        cursor: str | None = None
        while True:
            tasks, cursor = await self._tasks.list(session_id, limit=1000, cursor=cursor)
            for task in tasks:
                if not task.status.terminal:
                    (running if task.started_at else pending).append(task.id)
            if cursor is None:
                return pending + running

    async def list(
        self,
        *,
        project_id: str | None,
        status: SessionStatus | None,
        q: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Session]:
        """A page of lines, most recently updated first; archived ones only by their status."""
        found = await self._sessions.list(
            project_id=project_id, status=status, q=q, limit=limit, cursor=cursor
        )
        return Page(*found)


def _title(title: str) -> str:
    title = " ".join(clean(title, "title").split())
    if not title:
        raise InvalidInput("The title is empty.", code="empty", field="title")
    if len(title) > TITLE_MAX:
        raise InvalidInput(f"The title is over {TITLE_MAX} characters.", field="title")
    return title


def _busy(remedy: str) -> Conflict:
    return Conflict("A turn is running in this session.", code="session_busy", remedy=remedy)

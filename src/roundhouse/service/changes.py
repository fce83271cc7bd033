"""What a session's worktree holds against what was reviewed. The node reads it; nothing is computed here."""

from typing import Any

from roundhouse.model.change import ChangeSet, ChangeTotals
from roundhouse.model.errors import NotFound
from roundhouse.service.requests import NodeRequests
from roundhouse.service.text import clean
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

NOTHING = ChangeSet(base=None, reviewed=None, head=None, files=[], totals=ChangeTotals())


class ChangeService:
    """Reads changes."""

    def __init__(self, sessions: Sessions, tasks: Tasks, requests: NodeRequests) -> None:
        self._sessions = sessions
        self._tasks = tasks
        self._requests = requests

    async def read(
        self,
        session_id: str,
        *,
        agent: str | None = None,
        task_id: str | None = None,
        path: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ChangeSet | dict[str, Any]:
        """A page of the session's changes as of the last settled turn, in the form of a ChangeSet.

        Raises NotFound, InvalidInput, NodeDown, WorkspaceError.
        """
        session = await self._sessions.get(session_id)
        if task_id is not None and (await self._tasks.get(task_id)).session_id != session_id:
            raise NotFound(f"There is no task {task_id} in this session.")
        wanted = {"agent": agent, "task_id": task_id, "path": path, "cursor": cursor}
        args: dict[str, Any] = {
            name: clean(value, name) for name, value in wanted.items() if value is not None
        }
        if limit is not None:
            args["limit"] = limit
        if session.node_id is None or await self._sessions.worktree(session_id) is None:
            return NOTHING
        return await self._requests.ask(
            "changes",
            args,
            node_id=session.node_id,
            session_id=session_id,
            by="http",
            read=True,
        )

"""Reads of a session's worktree for a person: its changes, who wrote a line, its files.

What the person edited is recorded first, so that changes show it. Nothing else is written.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
from anyio import to_thread

from roundhouse.model.change import ChangeSet, ChangeTotals, DiffLine, Hunk
from roundhouse.model.errors import InvalidInput, NotFound, RoundhouseError
from roundhouse.model.session import Worktree
from roundhouse.runner.arguments import Handler, given, session_of, text_of
from roundhouse.runner.ground import Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.store.requests import Request
from roundhouse.workspace.listing import list_files, read_file
from roundhouse.workspace.repository import common_dir, linked_git_dir
from roundhouse.workspace.review import change_set
from roundhouse.workspace.snapshot import Snapshots

SETTLE_WAIT = 4.0
"""Seconds a read of changes waits for a turn that has ended to settle."""

LOOK_WAIT = 4.0
"""Seconds a read of changes waits for whoever writes the worktree; then it shows what was there before."""

FILES = 1000

AROUND = 30
"""Lines before and after the one that is asked for: a hunk can be a whole file."""

SEEN = "seen"
_MARKS = {"context": " ", "add": "+", "delete": "-"}
log = structlog.get_logger(__name__)


class Reading:
    """Serves reads."""

    def __init__(self, grounds: Grounds, rows: Rows, snapshots: Snapshots) -> None:
        self._grounds = grounds
        self._rows = rows
        self._snapshots = snapshots

    def table(self) -> dict[str, Handler]:
        """By kind of request."""
        return {
            "changes": self.changes,
            "line": self.line,
            "files": self.files,
            "file": self.file,
        }

    async def changes(self, request: Request) -> dict[str, Any]:
        """What a session's worktree holds against what was reviewed, while a turn runs as of the last that settled.

        `since` is a snapshot to compare with instead, or `seen`: only what was not looked at yet.
        """
        session_id = session_of(request)
        await self._grounds.settled(session_id, SETTLE_WAIT)
        if request.args.get("cursor") is None:
            await self._look(session_id)
        worktree = await until_back(partial(self._rows.sessions.worktree, session_id))
        if worktree is None:
            return _json(
                ChangeSet(base=None, reviewed=None, head=None, files=[], totals=ChangeTotals())
            )
        wanted = given(request, "agent", "task_id", "path", "since", "cursor", "limit")
        unseen_only = wanted.get("since") == SEEN
        if unseen_only:
            del wanted["since"]
        seen = await until_back(partial(self._rows.seen.all, session_id))
        found = await change_set(
            self._snapshots, worktree, seen=seen, unseen_only=unseen_only, **wanted
        )
        return _json(found)

    async def line(self, request: Request) -> dict[str, Any]:
        """Who made a line of the changes (None: the person), and what of its hunk is around it, None where it is in none.

        A line that nobody changed counts as the agent's who alone wrote in its hunk.
        """
        number, side = request.args.get("line"), request.args.get("side")
        if not isinstance(number, int) or side not in ("old", "new"):
            raise InvalidInput("A line is a number on the side old or new.", field="line")
        path = text_of(request, "path")
        await self._look(session_of(request))
        worktree = await self._worktree(request)
        async for hunk in self._hunks(worktree, path):
            for at, line in enumerate(hunk.lines):
                if (line.new if side == "new" else line.old) == number:
                    return _maker(hunk, line) | {"hunk": _text(hunk, at)}
        return {"agent": None, "task_id": None, "hunk": None}

    async def _hunks(self, worktree: Worktree, path: str) -> AsyncIterator[Hunk]:
        cursor = None
        while True:
            page = await change_set(self._snapshots, worktree, path=path, limit=1, cursor=cursor)
            for hunk in (hunk for file in page.files if file.path == path for hunk in file.hunks):
                yield hunk
            cursor = page.next_cursor
            if cursor is None:
                return

    async def files(self, request: Request) -> dict[str, Any]:
        """A page of what a folder of the worktree holds, or of the files whose names fit `q`."""
        worktree = await self._worktree(request)
        wanted = {"limit": FILES} | given(request, "path", "q", "limit", "cursor")
        return await list_files(Path(worktree.worktree_path), **wanted)

    async def file(self, request: Request) -> dict[str, Any]:
        """A part of a file of the worktree."""
        worktree = await self._worktree(request)
        wanted = given(request, "offset", "limit")
        return await read_file(Path(worktree.worktree_path), text_of(request, "path"), **wanted)

    async def _look(self, session_id: str) -> None:
        """Record what the person moved since the last look. No read fails or waits long for it."""
        try:
            if not await self._at_rest(session_id):
                return
            async with self._grounds.hold(session_id, within=LOOK_WAIT) as ground:
                if not await self._grounds.busy(ground):
                    await self._grounds.books.catch_up(ground)
        except (RoundhouseError, OSError) as error:  # a TimeoutError is an OSError
            log.info("not looked at for a read", session_id=session_id, error=str(error))

    async def _at_rest(self, session_id: str) -> bool:
        """Whether no turn runs, and nothing of the worktree must be made or mended before it is looked at."""
        rows = self._rows
        session = await until_back(partial(rows.sessions.get, session_id))
        if session.running_task is not None:
            return False
        if self._grounds.known(session_id) is not None:
            return True
        worktree = await until_back(partial(rows.sessions.worktree, session_id))
        if worktree is None or worktree.head_snapshot is None:
            return False
        project = await until_back(partial(rows.projects.get, session.project_id))
        place, repository = Path(worktree.worktree_path), Path(project.path)
        common = await to_thread.run_sync(common_dir, repository)
        return await to_thread.run_sync(linked_git_dir, place, common) is not None

    async def _worktree(self, request: Request) -> Worktree:
        found = await until_back(partial(self._rows.sessions.worktree, session_of(request)))
        if found is None:
            raise NotFound("This session has no files yet.", remedy="Give an agent a task first.")
        return found


def _json(value: ChangeSet) -> dict[str, Any]:
    result: dict[str, Any] = msgspec.to_builtins(value)
    return result


def _maker(hunk: Hunk, line: DiffLine) -> dict[str, Any]:
    if line.kind == "context" and len(hunk.agents) == 1:
        return {"agent": hunk.agents[0], "task_id": hunk.task_ids[-1] if hunk.task_ids else None}
    return {"agent": line.agent, "task_id": line.task_id}


def _text(hunk: Hunk, at: int) -> str:
    around = hunk.lines[max(0, at - AROUND) : at + AROUND + 1]
    lines = [_MARKS[line.kind] + line.text for line in around]
    return "\n".join([hunk.header, *lines])

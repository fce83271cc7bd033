"""What a session's worktree holds against what was reviewed, and deciding on it.

The node computes and writes; here is what may be asked of it.
"""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from roundhouse.model.change import ChangeSet, ChangeTotals
from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.outcome import (
    SeenOutcome,
    UndoneVerdict,
    VerdictOutcome,
)
from roundhouse.model.review import Overlap
from roundhouse.model.session import Session
from roundhouse.service.page import Page
from roundhouse.service.requests import read_outcome
from roundhouse.service.text import clean
from roundhouse.service.worktrees import Worktrees
from roundhouse.store.changes import PendingChanges
from roundhouse.store.projects import Projects
from roundhouse.store.tasks import Tasks

NOTHING = ChangeSet(base=None, reviewed=None, head=None, files=[], totals=ChangeTotals())
PERSON = "person"
"""The name by which the person's own changes are asked for, where an agent's name goes."""

SEEN = "seen"
_SNAPSHOT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class ChoiceWish(Struct, frozen=True, kw_only=True):
    """Which changes a person means: files and hunks by name, or what one agent wrote, or all.

    `head` is the last snapshot as the person saw it.
    """

    files: Sequence[str] | None = None
    hunks: Sequence[str] | None = None
    agent: str | None = None
    everything: bool | None = None
    head: str | None = None


class ChangeService:
    """Reads changes, and accepts, rejects and marks them."""

    def __init__(
        self, worktrees: Worktrees, tasks: Tasks, pending: PendingChanges, projects: Projects
    ) -> None:
        self._worktrees = worktrees
        self._tasks = tasks
        self._pending = pending
        self._projects = projects

    async def read(
        self,
        session_id: str,
        *,
        agent: str | None = None,
        task_id: str | None = None,
        path: str | None = None,
        since: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ChangeSet | dict[str, Any]:
        """A page of the session's changes, while a turn runs as of the last that settled, in the form of a ChangeSet.

        `since` is a snapshot, or `seen`: what was not marked as seen. Raises NotFound, InvalidInput, NodeDown,
        WorkspaceError.
        """
        wanted = {
            "agent": agent,
            "task_id": task_id,
            "path": path,
            "since": since,
            "cursor": cursor,
        }
        args: dict[str, Any] = {
            name: clean(value, name) for name, value in wanted.items() if value is not None
        }
        if since is not None and since != SEEN and not _SNAPSHOT.fullmatch(since):
            raise InvalidInput("Give `seen`, or a snapshot's whole id.", field="since")
        if limit is not None:
            args["limit"] = limit
        if task_id is not None and (await self._tasks.get(task_id)).session_id != session_id:
            raise NotFound(f"There is no task {task_id} in this session.")
        told = await self._worktrees.read(session_id, "changes", args)
        return NOTHING if told is None else told

    async def accept(self, session_id: str, wish: ChoiceWish) -> VerdictOutcome:
        """Move changes into the reviewed snapshot.

        Raises NotFound, InvalidInput, Conflict (`nothing_to_review`, `stale_file`, `stale_hunk`, `stale_changes` where
        what is chosen is not what was last looked at), NodeDown.
        """
        return read_outcome(await self._decide(session_id, "accept", wish), VerdictOutcome)

    async def reject(self, session_id: str, wish: ChoiceWish) -> VerdictOutcome:
        """Reverse changes in the worktree. Raises as `accept`, and Conflict `session_busy` while a turn runs."""
        return read_outcome(await self._decide(session_id, "reject", wish), VerdictOutcome)

    async def seen(self, session_id: str, wish: ChoiceWish) -> SeenOutcome:
        """Remember that a person looked at changes as they are now. Raises as `accept`."""
        return read_outcome(await self._decide(session_id, "seen", wish), SeenOutcome)

    async def undo(self, session_id: str) -> UndoneVerdict:
        """Take the last accept or reject back.

        Raises NotFound, Conflict (`nothing_to_review`, `nothing_to_undo`, `session_busy`), NodeDown.
        """
        return read_outcome(
            await self._worktrees.change(session_id, "undo_verdict", {}), UndoneVerdict
        )

    async def overlaps(self, project_id: str) -> Page[Overlap]:
        """Files that are pending in more than one session of a project. Raises NotFound."""
        project = await self._projects.get(project_id)
        return Page(await self._pending.overlaps(project.id))

    async def _decide(self, session_id: str, kind: str, wish: ChoiceWish) -> dict[str, Any]:
        args = _checked(wish)
        session = await self._worktrees.session(session_id)
        if wish.agent is not None:
            _check_agent(wish.agent, session)
        return await self._worktrees.change(session_id, kind, args)


def _checked(wish: ChoiceWish) -> dict[str, Any]:
    """The choice as a node takes it. Raises InvalidInput."""
    args: dict[str, Any] = {}
    for field, names in (("files", wish.files), ("hunks", wish.hunks)):
        if names is not None:
            args[field] = _names(names, field)
    if wish.agent is not None:
        args["agent"] = _names([wish.agent], "agent")[0]
    if wish.everything is False:
        raise InvalidInput("`all` is true, or is left out.", field="all")
    if wish.everything:
        args["all"] = True
    if not args:
        raise InvalidInput(
            "Say which changes: files, hunks, agent or all.", code="missing", field="files"
        )
    for alone in ("all", "agent"):
        if alone in args and len(args) > 1:
            raise InvalidInput(f"`{alone}` goes with nothing else.", field=alone)
    return args if wish.head is None else args | {"head": _head(wish.head)}


def _head(snapshot: str) -> str:
    if not _SNAPSHOT.fullmatch(snapshot):
        raise InvalidInput("Give a snapshot's whole id.", field="head")
    return snapshot


def _names(names: Sequence[str], field: str) -> list[str]:
    if not names:
        raise InvalidInput(f"Name some {field}, or leave `{field}` out.", code="empty", field=field)
    if not all(names):
        raise InvalidInput(f"A name in `{field}` is empty.", code="empty", field=field)
    return sorted({clean(name, field) for name in names})


def _check_agent(agent: str, session: Session) -> None:
    if agent != PERSON and agent not in session.agents:
        known = ", ".join(session.agents) or "none yet"
        raise InvalidInput(
            f"The agent {agent[:100]!r} has no part in this session.",
            code="unknown_agent",
            field="agent",
            remedy=f"Its agents are {known}; `{PERSON}` is for what you wrote yourself.",
        )

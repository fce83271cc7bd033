"""Reading the files of a session's worktree. The node reads; nothing is kept here."""

from typing import Any

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.outcome import FilePart, WorktreeEntry
from roundhouse.service.page import Page
from roundhouse.service.requests import read_outcome
from roundhouse.service.text import clean
from roundhouse.service.worktrees import Worktrees


class FileService:
    """The worktrees' files."""

    def __init__(self, worktrees: Worktrees) -> None:
        self._worktrees = worktrees

    async def list(
        self, session_id: str, *, path: str, q: str | None, limit: int, cursor: str | None
    ) -> Page[WorktreeEntry]:
        """A page of what lies in a folder; with `q` of the files below it whose path fits.

        Nothing before the session's first turn. Raises NotFound, InvalidInput, NodeDown.
        """
        args: dict[str, Any] = {"path": clean(path, "path"), "limit": limit}
        if q is not None:
            args["q"] = clean(q, "q")
        if cursor is not None:
            args["cursor"] = clean(cursor, "cursor")
        told = await self._worktrees.read(session_id, "files", args)
        if told is None:
            return Page([])
        page: Page[WorktreeEntry] = read_outcome(told, Page[WorktreeEntry])
        return page

    async def read(self, session_id: str, path: str, *, offset: int) -> FilePart:
        """A piece of a file from byte `offset` on. Raises NotFound, InvalidInput, NodeDown."""
        if not clean(path, "path"):
            raise InvalidInput("The path is empty.", code="empty", field="path")
        told = await self._worktrees.read(session_id, "file", {"path": path, "offset": offset})
        if told is None:
            raise NotFound("This session has no files yet: it has had no turn.", field="path")
        return read_outcome(told, FilePart)

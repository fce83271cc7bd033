"""What differs in a worktree, and who made it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

Operation = Literal["create", "edit", "delete", "rename"]


class ChangeStatus(StrEnum):
    """Where a pending change is."""

    PENDING = "pending"
    APPLIED = "applied"
    REJECTED = "rejected"
    REVERTED = "reverted"


class PendingChange(Struct, frozen=True, kw_only=True):
    """A row of `pending_changes`: one file that one turn changed. `agents` is ever the one that ran."""

    id: str
    session_id: str
    task_id: str | None
    agent: str | None
    agents: list[str]
    file_path: str
    operation: Operation
    patch: str
    additions: int
    deletions: int
    status: ChangeStatus
    created_at: datetime
    old_path: str | None = None
    resolved_at: datetime | None = None


class DiffLine(Struct, frozen=True, kw_only=True):
    """One line; `old` and `new` are line numbers from 1. `agent` is None where the person wrote it."""

    kind: Literal["context", "add", "delete"]
    text: str
    old: int | None = None
    new: int | None = None
    agent: str | None = None
    task_id: str | None = None


class Hunk(Struct, frozen=True, kw_only=True):
    """A git hunk with 3 lines of context; `id` is derived from its content. `seen`: a person marked it so."""

    id: str
    header: str
    lines: list[DiffLine]
    agents: list[str] = []
    task_ids: list[str] = []
    seen: bool = False


class AgentShare(Struct, frozen=True):
    """How much of a file's changed lines are one agent's; `share` is 0 to 1. Name None = the person."""

    name: str | None
    lines: int
    share: float


class FileChange(Struct, frozen=True, kw_only=True):
    """One file's difference between reviewed and head. `seen`: all of it is marked so.

    `old_mode` and `new_mode` are git's, such as 100755, and None where the side has no file, or both
    are the same plain file's.
    """

    id: str
    path: str
    operation: Operation
    additions: int
    deletions: int
    status: ChangeStatus = ChangeStatus.PENDING
    old_path: str | None = None
    agents: list[AgentShare] = []
    hunks: list[Hunk] = []
    binary: bool = False
    too_large: bool = False
    seen: bool = False
    old_mode: str | None = None
    new_mode: str | None = None


class ChangeTotals(Struct, frozen=True, kw_only=True):
    """Sums over the whole list."""

    files: int = 0
    additions: int = 0
    deletions: int = 0
    agents: list[AgentShare] = []


class ChangeSet(Struct, frozen=True, kw_only=True):
    """What a session's worktree holds against what was reviewed."""

    base: str | None
    reviewed: str | None
    head: str | None
    files: list[FileChange]
    totals: ChangeTotals
    next_cursor: str | None = None

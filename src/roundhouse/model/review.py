"""What a person decides about a session's changes, and what is remembered of it: rows and choices, no content."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

CheckpointKind = Literal["base", "turn", "person", "safety", "reject", "rewind"]
VerdictKind = Literal["accept", "reject"]
Side = Literal["old", "new"]
CommentStatus = Literal["open", "sent", "resolved"]


class Choice(Struct, frozen=True, kw_only=True):
    """Which pending changes are meant: paths and hunk ids of the change set, or what one agent wrote, or all."""

    files: frozenset[str] = frozenset()
    hunks: frozenset[str] = frozenset()
    agent: str | None = None
    everything: bool = False


class NewCheckpoint(Struct, frozen=True, kw_only=True):
    """A snapshot to remember. `files`, `additions`, `deletions` count what differs from the one before it."""

    session_id: str
    kind: CheckpointKind
    title: str
    snapshot: str
    task_id: str | None = None
    agent: str | None = None
    files: int = 0
    additions: int = 0
    deletions: int = 0


class Checkpoint(NewCheckpoint, frozen=True, kw_only=True):
    """A row of `checkpoints`: a state of the worktree that a person can go back to."""

    id: str
    created_at: datetime


class NewApplied(Struct, frozen=True, kw_only=True):
    """An apply that is done. The trees hold raw contents of the written files, in the session's own store."""

    session_id: str
    project_path: str
    before_tree: str
    after_tree: str
    base_before: str
    base_after: str
    reviewed_before: str
    reviewed_after: str
    files: list[str]


class Applied(NewApplied, frozen=True, kw_only=True):
    """A row of `applies`."""

    id: str
    created_at: datetime
    undone_at: datetime | None = None


class NewVerdict(Struct, frozen=True, kw_only=True):
    """An accept or a reject. `before` and `after` are snapshots: of reviewed for an accept, of head for a reject."""

    session_id: str
    kind: VerdictKind
    before: str
    after: str
    files: list[str]
    hunks: int


class VerdictRow(NewVerdict, frozen=True, kw_only=True):
    """A row of `verdicts`."""

    id: str
    created_at: datetime
    undone_at: datetime | None = None


class NewComment(Struct, frozen=True, kw_only=True):
    """A person's remark on one line of the change set; `hunk` is the text around it as it was then.

    `agent` and `task_id_of_line` say who made the line, None where the person did.
    """

    session_id: str
    path: str
    line: int
    side: Side
    text: str
    agent: str | None = None
    task_id_of_line: str | None = None
    hunk: str | None = None


class Comment(NewComment, frozen=True, kw_only=True):
    """A row of `comments`. Its status is derived when read, from the task that it was sent with.

    That one completed: resolved. It ended in any other way: open again.
    """

    id: str
    status: CommentStatus
    created_at: datetime
    sent_task_id: str | None = None
    sent_at: datetime | None = None


class OverlapSession(Struct, frozen=True):
    """A session as an overlap names it."""

    id: str
    title: str


class Overlap(Struct, frozen=True):
    """A file that is pending in several sessions of one project."""

    path: str
    sessions: list[OverlapSession]

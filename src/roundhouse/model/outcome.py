"""What a node did or read for a person: the shapes that its handlers make, its server reads and its clients get."""

from typing import Literal

from msgspec import Struct

from roundhouse.model.change import Operation
from roundhouse.model.event import ChangedFile
from roundhouse.model.review import Checkpoint, Comment
from roundhouse.model.task import Task

ConflictKind = Literal[
    "content",
    "deleted_in_checkout",
    "deleted_in_session",
    "both_added",
    "binary",
    "type",
    "occupied",
    "outside",
    "submodule",
]


class VerdictOutcome(Struct, frozen=True, kw_only=True):
    """What an accept or a reject took, and the snapshots after it.

    `mixed` are hunks that stayed because also others than the agent asked for wrote in them. A reject wrote the
    worktree: `checkpoint_id` is its state now, `undo_checkpoint_id` the one to go back to.
    """

    reviewed: str | None = None
    head: str | None = None
    files: list[str] = []
    hunks: int = 0
    mixed: list[str] = []
    checkpoint_id: str | None = None
    undo_checkpoint_id: str | None = None


class UndoneVerdict(VerdictOutcome, frozen=True, kw_only=True):
    """Which verdict was taken back, and the snapshots after that."""

    undone: Literal["accept", "reject"] | None = None


class SeenOutcome(Struct, frozen=True, kw_only=True):
    """How many files and hunks are marked as seen, until their content changes."""

    marked: int = 0


class ConflictSide(Struct, frozen=True, kw_only=True):
    """One side of a conflict; null text where it is binary, too large or no file. Of a link it is the target."""

    text: str | None = None
    mode: str | None = None
    too_large: bool = False
    binary: bool = False


class ApplyConflict(Struct, frozen=True, kw_only=True):
    """One file that cannot be applied: `ours` is the checkout's, `theirs` the session's; null where it has none.

    `merged` is both together with conflict markers; `in_the_way` is what stands where a folder of the path must be.
    """

    path: str
    kind: ConflictKind
    base: ConflictSide | None = None
    ours: ConflictSide | None = None
    theirs: ConflictSide | None = None
    merged: str | None = None
    in_the_way: str | None = None


class AppliedFile(Struct, frozen=True, kw_only=True):
    """One file of the checkout. `merged`: the checkout had edits of its own there, which are kept.

    The modes are told where they differ, or where it is no plain file.
    """

    path: str
    operation: Operation
    old_path: str | None = None
    additions: int = 0
    deletions: int = 0
    merged: bool = False
    binary: bool = False
    old_mode: str | None = None
    new_mode: str | None = None


class ApplyOutcome(Struct, frozen=True, kw_only=True):
    """What an apply wrote, or would write with `check_only`.

    `unchanged` has the checkout already; `skipped` are links to other repositories, which are left alone. `base` is
    the snapshot that the checkout has now.
    """

    applied: bool
    check_only: bool = False
    files: list[AppliedFile] = []
    unchanged: list[str] = []
    skipped: list[str] = []
    base: str | None = None


class CommitOutcome(Struct, frozen=True, kw_only=True):
    """The commits made on the session's branch, oldest first; `commit` is the last."""

    commit: str
    branch: str
    commits: list[str] = []
    files: int = 0


class RewindOutcome(Struct, frozen=True, kw_only=True):
    """The state that is there now, the one to go back to, and what differs between them.

    `goal_id` is the checkpoint that was gone to and `goal_title` what it is called, such as `after “Fix it”`. Where
    nothing differed `checkpoint` is that one, and there is nothing to go back to. `kept` are files that stayed because
    the checkpoint did not know them; `conversations` the agents that went back in their own memory too.
    """

    checkpoint: Checkpoint
    goal_id: str | None = None
    goal_title: str | None = None
    undo_checkpoint_id: str | None = None
    files: list[ChangedFile] = []
    kept: list[str] = []
    conversations: list[str] = []


class WorktreeEntry(Struct, frozen=True, kw_only=True):
    """What lies in a worktree; `path` counts from its top. A folder has no size."""

    name: str
    path: str
    kind: Literal["file", "folder", "link", "submodule"]
    size: int | None = None


class FilePart(Struct, frozen=True, kw_only=True):
    """A part of a file, of a link its target. `next_offset` gives the next part, or is null at the end."""

    path: str
    kind: Literal["file", "link"]
    size: int
    encoding: Literal["utf-8", "base64"]
    content: str
    offset: int
    next_offset: int | None = None


class CommentedLine(Struct, frozen=True, kw_only=True):
    """Who wrote a line of the changes, null where the person did, and the hunk it is in, if it is in one."""

    agent: str | None = None
    task_id: str | None = None
    hunk: str | None = None


class SentComments(Struct, frozen=True):
    """The prompts that carry the comments, and the comments as they are now."""

    tasks: list[Task]
    comments: list[Comment]

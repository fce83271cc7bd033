"""Projects, sessions, worktrees and agents' own conversations inside a session."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class SessionStatus(StrEnum):
    """The one word a list shows for a session; derived, never stored.

    The first that holds wins, in the order written here.
    """

    ARCHIVED = "archived"
    WAITING = "waiting"
    """An agent waits for a person's answer."""
    RUNNING = "running"
    QUEUED = "queued"
    FAILED = "failed"
    """The last task failed or was lost."""
    UNREAD = "unread"
    IDLE = "idle"


class BackendKind(StrEnum):
    """How an agent is talked to."""

    OPENCODE_SERVER = "opencode_server"
    ACP_WARM = "acp_warm"


class AgentSessionStatus(StrEnum):
    """Where one agent's conversation is."""

    IDLE = "idle"
    ACTIVE = "active"
    CRASHED = "crashed"
    CLOSED = "closed"


class Continuity(StrEnum):
    """What the agent remembers at the start of a turn; never silent."""

    FRESH = "fresh"
    """A new conversation: it knows nothing from before."""
    CONTINUED = "continued"
    """The same live process."""
    RESUMED = "resumed"
    """A new process that loaded the agent's own memory."""
    REBUILT = "rebuilt"
    """A new conversation that was told the history by us."""


class Project(Struct, frozen=True, kw_only=True):
    """A git repository on a node that the user registered. `path` is its top-level folder."""

    id: str
    name: str
    path: str
    created_at: datetime
    node_id: str | None = None
    setup_command: str | None = None
    teardown_command: str | None = None
    copy: list[str] = []


class Session(Struct, frozen=True, kw_only=True):
    """A session's line in the list, as sent."""

    id: str
    project_id: str
    title: str
    status: SessionStatus
    created_at: datetime
    updated_at: datetime
    worktree_path: str | None = None
    branch: str | None = None
    base_commit: str | None = None
    base_ref: str | None = None
    include_uncommitted: bool = False
    running_task: str | None = None
    queued: int = 0
    waiting: int = 0
    unread: int = 0
    agents: list[str] = []
    additions: int = 0
    deletions: int = 0
    last_seq: int = 0
    read_seq: int = 0
    activity: str | None = None
    hold_reason: str | None = None
    handover: bool = True
    node_id: str | None = None
    archived_at: datetime | None = None


class Worktree(Struct, frozen=True, kw_only=True):
    """A row of `session_worktrees`. Snapshots are commit ids in our own object store."""

    session_id: str
    worktree_path: str
    branch: str
    base_commit: str
    base_snapshot: str | None = None
    reviewed_snapshot: str | None = None
    head_snapshot: str | None = None


class AgentSession(Struct, frozen=True, kw_only=True):
    """One agent's own conversation inside a session; key `(session_id, agent)`."""

    session_id: str
    agent: str
    backend: BackendKind
    status: AgentSessionStatus
    continuity: Continuity
    agent_session_id: str | None = None
    server_port: int | None = None
    pid: int | None = None
    last_seen_snapshot: str | None = None
    last_seen_seq: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    last_active_at: datetime | None = None

"""One task is one prompt to one agent: one turn. Owns its statuses and their legal moves."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class TaskStatus(StrEnum):
    """Where a task is. The four last are terminal."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        """Whether nothing can follow."""
        return not MOVES[self]


MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED}),
    TaskStatus.RUNNING: frozenset(
        {TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.LOST}
    ),
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
    TaskStatus.LOST: frozenset(),
}


class FailureCode(StrEnum):
    """Why a turn failed, as shown to users and scripts."""

    AGENT_NOT_INSTALLED = "agent_not_installed"
    AGENT_START_FAILED = "agent_start_failed"
    AGENT_CRASHED = "agent_crashed"
    AGENT_ERROR = "agent_error"
    AGENT_REFUSED = "agent_refused"
    AUTH_REQUIRED = "auth_required"
    RATE_LIMITED = "rate_limited"
    CONTEXT_EXCEEDED = "context_exceeded"
    STALLED = "stalled"
    PERMISSION_EXPIRED = "permission_expired"
    WORKSPACE_ERROR = "workspace_error"
    NODE_LOST = "node_lost"
    INTERNAL = "internal"


class Usage(Struct, frozen=True, omit_defaults=True):
    """What a turn used. `None` is "the agent does not say", never zero.

    `tokens_*` and `cost_usd` are this turn's; `context_*` describe the conversation after it.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    context_used: int | None = None
    context_size: int | None = None


class Task(Struct, frozen=True, kw_only=True):
    """A row of `tasks`, as stored and as sent."""

    id: str
    session_id: str
    agent: str
    input: str
    status: TaskStatus
    priority: int
    position: int
    created_at: datetime
    parent_task_id: str | None = None
    client_key: str | None = None
    model: str | None = None
    mode: str | None = None
    handover: bool = True
    failure_code: FailureCode | None = None
    error: str | None = None
    output_summary: str | None = None
    cancel_requested: bool = False
    usage: Usage | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    snapshot_before: str | None = None
    snapshot_after: str | None = None


class NewTask(Struct, frozen=True, kw_only=True):
    """What a caller gives to have a task made; already checked by `service.tasks`."""

    session_id: str
    agent: str
    input: str
    model: str | None = None
    mode: str | None = None
    priority: int = 0
    client_key: str | None = None
    parent_task_id: str | None = None
    handover: bool = True

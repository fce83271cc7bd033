"""What agents ask of a person, and what a person answers."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct


class PermissionStatus(StrEnum):
    """Where a request is; the last three are terminal."""

    PENDING = "pending"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


OptionKind = Literal["allow_once", "allow_always", "reject_once", "reject_always", "other"]
Remember = Literal["session", "project"]


class PermissionOption(Struct, frozen=True):
    """One button."""

    id: str
    label: str
    kind: OptionKind = "other"


class Question(Struct, frozen=True, kw_only=True):
    """One question an agent asks; `choices` may be empty for free text."""

    question: str
    header: str = ""
    choices: list[str] = []
    multiple: bool = False


class PermissionAsk(Struct, frozen=True, kw_only=True):
    """What a backend passes up. `detail` is shown, never interpreted, except `detail["tool"]`

    and `detail["pattern"]`, by which rules match. For a question, `questions` holds them.
    """

    title: str
    options: list[PermissionOption]
    kind: Literal["permission", "question"] = "permission"
    tool_call_id: str | None = None
    tool_kind: str | None = None
    detail: dict[str, Any] = {}
    questions: list[Question] = []


class PermissionAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's answer. All empty = nobody answered: the backend tells its agent `cancelled`."""

    option_id: str | None = None
    answers: list[list[str]] | None = None
    message: str | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the agent must be told that nobody answered."""
        return self.option_id is None and self.answers is None


class Permission(Struct, frozen=True, kw_only=True):
    """A row of `permission_requests`, as sent."""

    id: str
    session_id: str
    task_id: str
    agent: str
    kind: Literal["permission", "question"]
    title: str
    detail: dict[str, Any]
    options: list[PermissionOption]
    status: PermissionStatus
    created_at: datetime
    expires_at: datetime
    tool_call_id: str | None = None
    questions: list[Question] = []
    answer: PermissionAnswer | None = None
    answered_by: str | None = None


class PermissionRule(Struct, frozen=True, kw_only=True):
    """A remembered decision. `matcher` is `"<tool kind or *>"` or `"<tool kind>:<glob on title>"`."""

    id: str
    scope: Literal["session", "project", "global"]
    matcher: str
    decision: Literal["allow", "deny"]
    session_id: str | None = None
    project_id: str | None = None
    agent: str | None = None
    created_at: datetime | None = None

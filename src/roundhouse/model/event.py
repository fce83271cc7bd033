"""The event union: every durable, numbered fact about a session.

Bodies are tagged structs; the tag is the wire's `type`. Tool calls are upserts by `id` and messages are
grouped by `message_id` (the direction of ACP v2). What an agent sends and we do not know is `Raw`.
Owns encoding of an event to its flat wire form; knows nothing of storage or delivery.
"""

# ruff: noqa: PLC0414 - what a tool call shows is part of the events: it is found here too

import re
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from roundhouse.model.permission import (
    PermissionAnswer,
    PermissionOption,
    PermissionStatus,
    Question,
)
from roundhouse.model.session import Continuity
from roundhouse.model.task import FailureCode, TaskStatus, Usage
from roundhouse.model.tool import Location as Location
from roundhouse.model.tool import ToolContent as ToolContent
from roundhouse.model.tool import ToolDiff as ToolDiff
from roundhouse.model.tool import ToolOther as ToolOther
from roundhouse.model.tool import ToolStatus as ToolStatus
from roundhouse.model.tool import ToolTerminal as ToolTerminal
from roundhouse.model.tool import ToolText as ToolText


class _Body(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    pass


class TaskCreated(_Body, frozen=True, tag="task_created"):
    """A task was queued."""

    input: str
    agent: str
    model: str | None = None
    mode: str | None = None
    priority: int = 0
    parent_task_id: str | None = None


class TaskStarted(_Body, frozen=True, tag="task_started"):
    """A runner took the task."""

    node: str | None = None


class AgentReady(_Body, frozen=True, tag="agent_ready"):
    """The agent can be prompted. `ms` is how long that took."""

    continuity: Continuity
    warm: bool
    ms: int
    pid: int | None = None
    agent_session_id: str | None = None
    reason: str | None = None
    """Why the memory is not the best possible, when it is not."""


class Handover(_Body, frozen=True, tag="handover"):
    """What we told an agent about what happened while it was away."""

    text: str


class Text(_Body, frozen=True, tag="text"):
    """A piece of the agent's answer, to be appended to the message."""

    text: str
    message_id: str | None = None
    whole: bool = False
    first_seq: int | None = None


class Reasoning(_Body, frozen=True, tag="reasoning"):
    """A piece of the agent's thinking, to be appended to the message."""

    text: str
    message_id: str | None = None
    whole: bool = False
    first_seq: int | None = None


class ToolCall(_Body, frozen=True, tag="tool_call"):
    """An agent began (or re-described) a tool call; an upsert by `id`."""

    id: str
    title: str = ""
    kind: str = "other"
    status: ToolStatus = "pending"
    input: Any = None
    locations: list[Location] = []
    content: list[ToolContent] = []


class ToolUpdate(_Body, frozen=True, tag="tool_update"):
    """News of a tool call: only the fields given change."""

    id: str
    title: str | None = None
    kind: str | None = None
    status: ToolStatus | None = None
    input: Any = None
    output: Any = None
    locations: list[Location] | None = None
    content: list[ToolContent] | None = None


class PlanEntry(Struct, frozen=True, omit_defaults=True):
    """One line of a plan."""

    content: str
    status: str = "pending"
    priority: str = "medium"


class Plan(_Body, frozen=True, tag="plan"):
    """The agent's whole plan, replacing the one before."""

    entries: list[PlanEntry]


class Command(Struct, frozen=True, omit_defaults=True):
    """A slash command."""

    name: str
    description: str = ""
    hint: str | None = None


class Commands(_Body, frozen=True, tag="commands"):
    """The agent's slash commands, replacing those before."""

    commands: list[Command]


class Mode(_Body, frozen=True, tag="mode"):
    """The agent's mode, model or an option changed."""

    mode: str | None = None
    model: str | None = None
    option: str | None = None
    value: Any = None


class UsageReport(_Body, frozen=True, tag="usage"):
    """Tokens, cost and context so far in this turn."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    context_used: int | None = None
    context_size: int | None = None


class PermissionRequested(_Body, frozen=True, tag="permission_requested"):
    """The agent waits for a person."""

    permission_id: str
    kind: Literal["permission", "question"]
    title: str
    options: list[PermissionOption]
    expires_at: datetime
    tool_call_id: str | None = None
    detail: dict[str, Any] = {}
    questions: list[Question] = []


class PermissionAnswered(_Body, frozen=True, tag="permission_answered"):
    """A request ended: answered, expired or withdrawn."""

    permission_id: str
    status: PermissionStatus
    answer: PermissionAnswer | None = None
    answered_by: str | None = None


class ChangedFile(Struct, frozen=True, omit_defaults=True):
    """One file a turn changed."""

    path: str
    operation: Literal["create", "edit", "delete", "rename"]
    additions: int = 0
    deletions: int = 0
    old_path: str | None = None


class Changes(_Body, frozen=True, tag="changes"):
    """The turn has settled: these files differ from before it."""

    files: list[ChangedFile]
    snapshot: str | None = None


class TaskEnded(_Body, frozen=True, tag="task_ended"):
    """The task's one terminal state. `ms` is from start to end."""

    status: TaskStatus
    failure_code: FailureCode | None = None
    error: str | None = None
    usage: Usage | None = None
    ms: int | None = None


class AgentCrashed(_Body, frozen=True, tag="agent_crashed"):
    """The agent's process ended by itself."""

    error: str
    exit_code: int | None = None
    stderr: str | None = None


class Reviewed(_Body, frozen=True, tag="reviewed"):
    """A person accepted or rejected changes, or took the last verdict back. `hunks` counts those beside `files`."""

    verdict: Literal["accepted", "rejected", "undone"]
    files: list[str]
    hunks: int = 0
    snapshot: str | None = None


class AppliedToCheckout(_Body, frozen=True, tag="applied"):
    """These files of the user's checkout were written, or put back as they were where `undone`."""

    files: list[ChangedFile]
    undone: bool = False
    accepted_only: bool = False


class Committed(_Body, frozen=True, tag="committed"):
    """A commit was made on the session's branch; `commit` is the last where there are several."""

    commit: str
    branch: str
    message: str
    files: int = 0


class Rewound(_Body, frozen=True, tag="rewound"):
    """Files were taken back to a checkpoint. `kept` are those that stayed because it did not know them."""

    checkpoint_id: str
    files: list[str] = []
    undo_checkpoint_id: str | None = None
    title: str | None = None
    kept: list[str] = []


class RepositoryAction(Struct, frozen=True, omit_defaults=True):
    """One move of the worktree's HEAD, or a stash; `before` and `after` are commits."""

    action: str
    message: str = ""
    before: str | None = None
    after: str | None = None


class RepositoryMoved(_Body, frozen=True, tag="repository"):
    """What was done with git in the worktree. `branch` is the one it is on now, None where on none."""

    actions: list[RepositoryAction]
    branch: str | None = None


class Activity(_Body, frozen=True, tag="activity"):
    """The one-line answer to "why is it quiet"; also set-up progress and notices."""

    text: str


class Raw(_Body, frozen=True, tag="raw"):
    """Something an agent sent that we do not know, kept as it came."""

    source: str
    value: Any


EventBody: TypeAlias = (
    TaskCreated
    | TaskStarted
    | AgentReady
    | Handover
    | Text
    | Reasoning
    | ToolCall
    | ToolUpdate
    | Plan
    | Commands
    | Mode
    | UsageReport
    | PermissionRequested
    | PermissionAnswered
    | Changes
    | TaskEnded
    | AgentCrashed
    | Reviewed
    | AppliedToCheckout
    | Committed
    | Rewound
    | RepositoryMoved
    | Activity
    | Raw
)

EVENT_TYPES: tuple[type[_Body], ...] = EventBody.__args__

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[EventBody] = msgspec.json.Decoder(EventBody)


def type_name(body: EventBody) -> str:
    """The wire's `type` of an event body."""
    return str(body.__struct_config__.tag)


def encode_body(body: EventBody) -> bytes:
    """The body as a JSON object, tag included, in the text that JSONB can hold.

    NUL characters and lone surrogates, which it cannot, become U+FFFD.
    """
    try:
        encoded = _encoder.encode(body)
    except UnicodeEncodeError:
        return _encoder.encode(_storable(msgspec.to_builtins(body)))
    if b"\\u0000" in encoded:
        encoded = _encoder.encode(_storable(msgspec.json.decode(encoded)))
    return encoded


def decode_body(payload: bytes | str) -> EventBody:
    """The body from its stored JSON object. Raises `msgspec.ValidationError`."""
    return _decoder.decode(payload)


def _storable(value: Any) -> Any:
    match value:
        case str():
            return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value


class Event(Struct, frozen=True):
    """An event as stored. `payload` is the body's JSON object, tag included."""

    session_id: str
    seq: int
    at: datetime
    task_id: str | None
    agent: str | None
    payload: bytes

    def frame(self, *, op: str | None = None) -> bytes:
        """The flat wire form; with `op`, the WebSocket frame."""
        head: dict[str, Any] = {} if op is None else {"op": op}
        head |= {
            "session_id": self.session_id,
            "seq": self.seq,
            "at": self.at,
            "task_id": self.task_id,
        }
        if self.agent is not None:
            head["agent"] = self.agent
        return _encoder.encode(head)[:-1] + b"," + self.payload.lstrip()[1:]

    def body(self) -> EventBody:
        """The decoded body."""
        return decode_body(self.payload)

"""One turn's opencode events as ours: text and thinking exactly once, tools as upserts, and when it is over.

Pure. Opencode tells text twice, as deltas and as whole parts, and tells of things before and after the turn on
the same stream; only what belongs to the message that began this turn passes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from roundhouse.agents.opencode.asks import Asked, permission_asked, question_asked
from roundhouse.agents.opencode.outcome import Stop, report_of, stop_of, usage_of
from roundhouse.agents.opencode.tools import ToolParts
from roundhouse.model.errors import AgentError
from roundhouse.model.event import (
    Activity,
    EventBody,
    Plan,
    PlanEntry,
    Raw,
    Reasoning,
    Text,
    ToolUpdate,
)
from roundhouse.model.task import Usage

Json = dict[str, Any]


class Withdrawn(Struct, frozen=True):
    """A request was answered by somebody else."""

    id: str


class Idle(Struct, frozen=True):
    """The session says it is idle, perhaps still about an earlier turn."""


News = EventBody | Asked | Withdrawn | Idle

_SILENT_PARTS = frozenset(
    {"step-start", "step-finish", "snapshot", "patch", "file", "agent", "subtask", "retry"}
)
_SILENT_EVENTS = frozenset(
    {
        "session.created",
        "session.updated",
        "session.deleted",
        "session.diff",
        "session.compacted",
        "message.removed",
        "message.part.removed",
        "permission.updated",
        "command.executed",
        "file.edited",
    }
)


@dataclass
class _Stream:
    """A text or reasoning part, and how much of it was told."""

    reasoning: bool
    told: str = ""
    sure: bool = True
    """Whether nothing of it was missed; if not, only a whole text can be trusted."""


class Translator:
    """Takes the events of one session from the moment the turn's message is sent."""

    def __init__(self, session_id: str, message_id: str, limits: Mapping[str, int]) -> None:
        self._session_id = session_id
        self._limits = limits
        self._begun = False
        self._users = {message_id}
        self._last_user = message_id
        self._messages: dict[str, Json] = {}
        self._streams: dict[str, _Stream] = {}
        self._tools = ToolParts()
        self._asked: set[str] = set()
        self._error: Json | None = None
        self._reported: Usage | None = None
        self._missing = False
        self._handlers: dict[str, Callable[[Json], list[News]]] = {
            "message.updated": lambda it: self._message(it.get("info") or {}),
            "message.part.updated": lambda it: self._part(it.get("part") or {}),
            "message.part.delta": self._delta,
            "session.status": lambda it: self._status(it.get("status") or {}),
            "session.idle": lambda _: [Idle()],
            "session.error": self._failed,
            "todo.updated": lambda it: [_plan(it.get("todos") or [])],
        }

    # ------------------------------------------------------------ what is known

    @property
    def begun(self) -> bool:
        """Whether the session works on this turn, or has failed to."""
        return bool(self._begun or self._messages or self._error)

    @property
    def answered(self) -> bool:
        """Whether the newest answer of this turn is complete, or failed. Idle after that can be the end."""
        last = self._last
        if last is None:
            return self._error is not None
        return bool(last.get("error") or (last.get("time") or {}).get("completed"))

    @property
    def final(self) -> bool:
        """Whether the newest answer says itself that nothing follows."""
        last = self._last
        return bool(last and last.get("finish") in ("stop", "length", "content-filter"))

    @property
    def model(self) -> str | None:
        """The model that answered last, as provider/model."""
        last = self._last
        return f"{last.get('providerID')}/{last.get('modelID')}" if last is not None else None

    @property
    def usage(self) -> Usage | None:
        """What the turn used so far."""
        return usage_of(self._messages.values(), self._limits)

    def stop(self) -> Stop | AgentError:
        """How the turn ended; ask when it has."""
        return stop_of(self._last, self._error)

    def abandoned(self) -> list[EventBody]:
        """Marks the tools that will never end as failed."""
        return [ToolUpdate(id=part, status="failed") for part in self._tools.open()]

    @property
    def _last(self) -> Json | None:
        return next(reversed(self._messages.values()), None)

    # ------------------------------------------------------------ what comes in

    def feed(self, event: Json) -> list[News]:
        """The news in one event."""
        kind, properties = str(event.get("type")), event.get("properties") or {}
        if properties.get("sessionID", self._session_id) != self._session_id:
            return self._child(kind, properties)
        handler = self._handlers.get(kind)
        if handler is not None:
            return handler(properties)
        if kind in _SILENT_EVENTS:
            return []
        return self._request(kind, properties) or _raw(kind, event)

    def catch_up(self, messages: list[Json], requests: list[tuple[str, Json]]) -> list[News]:
        """The news in what was read after the stream had broken: messages with parts, open requests."""
        for stream in self._streams.values():
            stream.sure = False
        self._missing = True
        news: list[News] = []
        for message in messages:
            news += self._message(message.get("info") or {})
            for part in message.get("parts") or ():
                news += self._part(part)
        for kind, request in requests:
            # What an aborted turn asked stays listed.
            if (request.get("tool") or {}).get("messageID") in self._messages:
                news += self._request(kind, request)
        self._missing = False
        return news

    def _child(self, kind: str, properties: Json) -> list[News]:
        # What a sub-agent says is told by its tool call; what it asks must reach a person.
        return [news for news in self._request(kind, properties) if not isinstance(news, Raw)]

    def _request(self, kind: str, properties: Json) -> list[News]:
        match kind:
            case "permission.asked" | "question.asked":
                if properties["id"] in self._asked:
                    return []
                self._asked.add(properties["id"])
                call_id = self._tools.call_id(properties.get("tool"))
                make = permission_asked if kind == "permission.asked" else question_asked
                return [make(properties, call_id)]
            case "permission.replied" | "question.replied" | "question.rejected":
                return [Withdrawn(str(properties.get("requestID")))]
            case _:
                return []

    def _message(self, info: Json) -> list[News]:
        message_id = str(info.get("id"))
        if info.get("role") == "user":
            # Compaction goes on under user messages of its own; ids are in order of time.
            if message_id > self._last_user:
                self._users.add(message_id)
                self._last_user = message_id
            return []
        if info.get("parentID") not in self._users:
            return []
        self._messages[message_id] = info
        usage = self.usage
        if usage is None or usage == self._reported:
            return []
        self._reported = usage
        return [report_of(usage)]

    def _part(self, part: Json) -> list[News]:
        message = self._messages.get(str(part.get("messageID")))
        kind = str(part.get("type"))
        if message is None:
            if kind == "compaction" and part.get("messageID") in self._users:
                return [Activity(text="opencode makes room by compacting the conversation")]
            return []
        if kind == "tool":
            return [*self._tools.feed(part)]
        if kind in ("text", "reasoning"):
            # A summary is opencode's note to itself.
            return [] if message.get("summary") else self._whole(part, kind == "reasoning")
        return [] if kind in _SILENT_PARTS else [Raw(source="opencode", value=part)]

    def _whole(self, part: Json, reasoning: bool) -> list[News]:
        part_id, text = str(part["id"]), str(part.get("text", ""))
        stream = self._streams.setdefault(part_id, _Stream(reasoning, sure=not self._missing))
        if (part.get("time") or {}).get("end"):
            stream.sure = True
        # Its end is trimmed when it is complete; what was told stays told.
        if not text.startswith(stream.told) or len(text) == len(stream.told):
            return []
        rest, stream.told = text[len(stream.told) :], text
        return [_said(part_id, rest, reasoning=reasoning)]

    def _delta(self, properties: Json) -> list[News]:
        part_id = str(properties.get("partID"))
        stream = self._streams.get(part_id)
        if stream is None or not stream.sure or properties.get("field") != "text":
            return []
        delta = str(properties.get("delta", ""))
        stream.told += delta
        return [_said(part_id, delta, reasoning=stream.reasoning)] if delta else []

    def _failed(self, properties: Json) -> list[News]:
        self._error = properties.get("error") or {}
        return []

    def _status(self, status: Json) -> list[News]:
        match status.get("type"):
            case "idle":
                return [Idle()]
            case "busy":
                self._begun = True
                return []
            case "retry":
                self._begun = True
                reason = status.get("message") or "no reason given"
                text = f"the model's provider refuses, attempt {status.get('attempt')}: {reason}"
                return [Activity(text=text)]
            case _:
                return [Raw(source="opencode", value={"status": status})]


def _said(part_id: str, text: str, *, reasoning: bool) -> EventBody:
    if reasoning:
        return Reasoning(text=text, message_id=part_id)
    return Text(text=text, message_id=part_id)


def _plan(todos: list[Json]) -> Plan:
    return Plan(
        entries=[
            PlanEntry(
                content=str(todo.get("content", "")),
                status=str(todo.get("status", "pending")),
                priority=str(todo.get("priority", "medium")),
            )
            for todo in todos
        ]
    )


def _raw(kind: str, event: Json) -> list[News]:
    # Replies are known, they only carry no news here.
    if kind.startswith(("permission.", "question.")):
        return []
    return [Raw(source="opencode", value=event)]

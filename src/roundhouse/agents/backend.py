"""The one interface every agent is used through, and the values that cross it.

Owns no process and no protocol. The two implementations are `acp.backend.WarmAcpBackend` (one warm child a
conversation) and `opencode.backend.OpenCodeServerBackend` (one server, many conversations).
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Literal, Protocol

from msgspec import Struct

from roundhouse.model.agent import AgentInfo, AgentSpec
from roundhouse.model.event import EventBody
from roundhouse.model.permission import PermissionAnswer, PermissionAsk
from roundhouse.model.session import BackendKind, Continuity
from roundhouse.model.task import FailureCode, Usage

Emit = Callable[[EventBody], Awaitable[None]]
"""Hands one event body on. Slow when the log is behind: the backend then stops reading its agent."""

Ask = Callable[[PermissionAsk], Awaitable[PermissionAnswer]]
"""Asks a person. Returns when answered or expired; a cancelled scope ends the wait."""

CANCEL_GRACE = 5.0
"""Seconds an agent has to end a cancelled turn by its protocol; then the stop ladder. A cancel must end in 10."""


class SessionSpec(Struct, frozen=True, kw_only=True):
    """The conversation that is wanted.

    `agent_session_id` is the agent's own id to resume, if it had one. `cwd` is the worktree. `emit` takes
    what the agent says outside of turns (its commands, its mode).
    """

    session_id: str
    agent: AgentSpec
    cwd: str
    emit: Emit
    agent_session_id: str | None = None
    made_at: float | None = None
    """Unix time at which that conversation was made, for agents that cannot load a young one."""


class SessionHandle:
    """A live conversation with one agent. Backends subclass it and keep their own state in it."""

    def __init__(self, spec: SessionSpec, agent_session_id: str, continuity: Continuity) -> None:
        self.spec = spec
        self.agent_session_id = agent_session_id
        self.continuity = continuity
        """FRESH or RESUMED: how `ensure_session` got it. Whoever keeps it warm says CONTINUED."""
        self.reason: str | None = None
        """Why it is FRESH although an `agent_session_id` was given, in one sentence."""
        self.pid: int | None = None
        self.port: int | None = None


class TextBlock(Struct, frozen=True, tag_field="type", tag="text"):
    """Text of a prompt."""

    text: str


class ImageBlock(Struct, frozen=True, kw_only=True, tag_field="type", tag="image"):
    """A picture of a prompt."""

    media_type: str
    data_base64: str


class LinkBlock(Struct, frozen=True, kw_only=True, tag_field="type", tag="link"):
    """A file in the worktree that the prompt points to."""

    path: str


PromptBlock = TextBlock | ImageBlock | LinkBlock


class Prompt(Struct, frozen=True, kw_only=True):
    """What is sent for one turn. The user's text is the last block and unaltered."""

    blocks: list[PromptBlock]
    model: str | None = None
    mode: str | None = None


class TurnSink(Struct, frozen=True):
    """Where a turn's news go."""

    emit: Emit
    ask: Ask


class TurnResult(Struct, frozen=True, kw_only=True):
    """How the agent itself ended the turn. A failure is raised as `AgentError`, not returned."""

    stop: Literal["end_turn", "cancelled", "refused", "max_tokens", "max_turns"]
    usage: Usage | None = None


class Health(Struct, frozen=True, kw_only=True):
    """Whether a conversation can take a prompt, and which process tree to weigh."""

    alive: bool
    pid: int | None = None
    failure: FailureCode | None = None
    detail: str | None = None


class AgentBackend(Protocol):
    """Keeps conversations warm behind one shape.

    Cancelling the scope that `prompt` runs in cancels the turn: the implementation sends its protocol's own
    cancel and answers what the agent still asks, shielded and for at most CANCEL_GRACE; if the agent has not
    ended the turn by then it stops the process (or quarantines the conversation), and the handle is no longer
    alive. `close_session` and `dispose` may be called twice, on dead handles and on ones never prompted.
    """

    kind: ClassVar[BackendKind]
    forgets: ClassVar[bool]
    """Whether `forget_since` can do anything: else nobody starts an agent only to ask."""

    async def ensure_session(self, wanted: SessionSpec) -> SessionHandle:
        """Start and resume, or make anew. Raises AgentError (agent_not_installed, agent_start_failed, auth_required)."""
        ...

    async def prompt(self, handle: SessionHandle, prompt: Prompt, turn: TurnSink) -> TurnResult:
        """Run one turn; every event has been given to `turn.emit` when it returns. Raises AgentError.

        A death of the agent raises `agent_crashed` within 250 ms, after emitting AgentCrashed.
        """
        ...

    async def close_session(self, handle: SessionHandle) -> None:
        """End the conversation's process, or let go of it on the shared server; it stays resumable."""
        ...

    async def forget_since(self, handle: SessionHandle, moment: float) -> bool:
        """Take the conversation back to before the first prompt at or after `moment`, in Unix time.

        Afterwards the handle has the `agent_session_id` of what is left; the longer conversation stays the agent's to
        keep. False: this agent cannot, or there was no such prompt. Not while a turn runs. Raises AgentError.
        """
        ...

    async def dispose(self) -> None:
        """End everything; returns when no process is left."""
        ...

    def health(self, handle: SessionHandle) -> Health:
        """What is known now, without asking."""
        ...

    async def probe(self, cwd: str) -> AgentInfo:
        """Find version, models, modes, commands; never raises for an unusable agent: says why in `diagnostic`."""
        ...

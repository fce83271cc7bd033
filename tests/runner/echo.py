"""A whole agent backend in memory: it answers with what it was sent, and can die, hang, refuse and throw."""

from typing import ClassVar, Literal

import anyio

from roundhouse.agents.backend import (
    Health,
    Prompt,
    SessionHandle,
    SessionSpec,
    TextBlock,
    TurnResult,
    TurnSink,
)
from roundhouse.model.agent import AgentInfo, AgentSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.event import Text
from roundhouse.model.session import BackendKind, Continuity
from roundhouse.model.task import FailureCode, Usage

Stop = Literal["end_turn", "cancelled", "refused", "max_tokens", "max_turns"]


def spec(name: str = "echo") -> AgentSpec:
    """An agent of this backend."""
    return AgentSpec(name=name, kind=BackendKind.ACP_WARM, label=name, command=["echo"])


class EchoHandle(SessionHandle):
    """A conversation."""

    alive = True


class EchoBackend:
    """Implements `AgentBackend`."""

    kind: ClassVar[BackendKind] = BackendKind.ACP_WARM
    forgets: ClassVar[bool] = False

    def __init__(self, *, first_pid: int = 1000, shared_pid: bool = False) -> None:
        self.made: list[EchoHandle] = []
        self.closed: list[EchoHandle] = []
        self.disposed = 0
        self.gate: anyio.Event | None = None
        self.entered = anyio.Event()
        self.throws = False
        self.remembers = True
        self.fails: Exception | None = None
        self.stop: Stop = "end_turn"
        self._first_pid = first_pid
        self._shared_pid = shared_pid

    async def ensure_session(self, wanted: SessionSpec) -> EchoHandle:
        """A handle, once the gate is open."""
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.throws:
            raise AgentError("it does not start", failure=FailureCode.AGENT_START_FAILED)
        resumed = wanted.agent_session_id is not None and self.remembers
        id_ = wanted.agent_session_id if resumed else None
        handle = EchoHandle(
            wanted,
            id_ or f"own-{len(self.made)}",
            Continuity.RESUMED if resumed else Continuity.FRESH,
        )
        if wanted.agent_session_id is not None and not resumed:
            handle.reason = "it has forgotten"
        handle.pid = self._first_pid + (0 if self._shared_pid else len(self.made))
        self.made.append(handle)
        return handle

    async def prompt(self, handle: SessionHandle, prompt: Prompt, turn: TurnSink) -> TurnResult:
        """Says what it was sent."""
        for block in prompt.blocks:
            if isinstance(block, TextBlock):
                await turn.emit(Text(text=block.text))
        if self.fails is not None:
            raise self.fails
        return TurnResult(stop=self.stop, usage=Usage(tokens_in=3, tokens_out=4))

    async def close_session(self, handle: SessionHandle) -> None:
        """Notes that it was closed."""
        assert isinstance(handle, EchoHandle)
        handle.alive = False
        self.closed.append(handle)
        if self.throws:
            raise RuntimeError("closing fails")

    async def forget_since(self, handle: SessionHandle, moment: float) -> bool:
        """It remembers nothing."""
        return False

    async def dispose(self) -> None:
        """Notes that it was disposed."""
        self.disposed += 1
        if self.throws:
            raise RuntimeError("disposing fails")

    def health(self, handle: SessionHandle) -> Health:
        """What the handle says."""
        assert isinstance(handle, EchoHandle)
        return Health(alive=handle.alive, pid=handle.pid)

    async def probe(self, cwd: str) -> AgentInfo:
        """Nothing to find out."""
        return AgentInfo(name="echo", kind=self.kind, label="echo", installed=True, enabled=True)

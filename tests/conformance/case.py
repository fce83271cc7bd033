"""The seam through which a backend takes part in the conformance suite.

A case names a backend and the prompts by which its agent shows each behaviour, and opens a fresh `Bench`: the
backend itself and a maker of session specs. Cases are collected from `backends_*.py` in this folder:
each has a module-level `CASES: list[BackendCase]`.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from roundhouse.agents.backend import AgentBackend, Emit, SessionSpec


class MakeSpec(Protocol):
    """Makes the spec of a conversation in `cwd`; `agent_session_id` is one to resume."""

    def __call__(
        self, cwd: Path, emit: Emit, *, agent_session_id: str | None = None
    ) -> SessionSpec: ...


class Prompts(Struct, frozen=True, kw_only=True):
    """What to say to the agent so that it shows a behaviour. None: this backend's agent cannot."""

    say: Callable[[str], str]
    """Answers with exactly this text, and nothing else."""
    remember: Callable[[str], str]
    recall: str
    """Answers with a text that holds what it was told to remember in this conversation (or does not)."""
    slow: Callable[[int], str]
    """Streams at least this many pieces with a pause of about 50 ms between them."""
    hang: str
    """Begins a turn that never ends by itself and obeys the protocol's cancel."""
    write: Callable[[str, str], str]
    """Writes a file (path, text) of the worktree, without a permission when the spec was made so, or after one."""
    permit: Callable[[str, str], str]
    """Asks for permission, then writes a file (path, text)."""
    crash: str | None = None
    """Kills the agent's process in mid-turn; None: the suite kills `handle.pid` during `hang`."""
    ignore_cancel: str | None = None
    """Like `hang`, but deaf to the protocol's cancel."""
    think: Callable[[str], str] | None = None
    fail: str | None = None
    """Makes the turn fail with an error of the model or the agent."""


class Bench(Struct, frozen=True, kw_only=True):
    """A backend ready for one test."""

    backend: AgentBackend
    spec: MakeSpec
    processes: Callable[[], set[int]]
    """The processes of this backend's agents that live now (all of them, grandchildren too)."""
    restart: Callable[[], AbstractAsyncContextManager[AgentBackend]]
    """A second, fresh backend on the same memory, as after a restart of the runner. The first was disposed."""


class BackendCase(Struct, frozen=True, kw_only=True):
    """One backend of the suite. `open` gets an empty folder for its home and memory."""

    name: str
    open: Callable[[Path], AbstractAsyncContextManager[Bench]]
    prompts: Prompts
    model: str | None = None
    """A model it can be set to, other than its default."""
    mode: str | None = None
    """A mode it can be set to, other than its default."""
    missing: Callable[[], str | None] = lambda: None
    """What has to be installed first, or None."""
    brief: bool = False
    """It is slow to start: only what tells agents apart is tried with it."""
    deadline: float = 30.0
    """Seconds that any one step may take on a busy machine."""
    shared_process: bool = False
    """One process serves several conversations: its death and its stop concern all of them."""
    forgets: bool = False
    """Its conversation can be taken back to an earlier turn."""

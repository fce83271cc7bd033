"""WarmAcpBackend in the suite, with the demo agent: in its own words, and made awkward as other agents are."""

import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio

from roundhouse.agents.acp.backend import WarmAcpBackend
from roundhouse.agents.backend import AgentBackend, Emit, SessionSpec
from roundhouse.agents.guard import NODE_VARIABLE, Guard
from roundhouse.agents.process import Spawner
from roundhouse.model.agent import AgentSpec
from roundhouse.model.session import BackendKind
from tests.conformance.case import BackendCase, Bench, Prompts

PROMPTS = Prompts(
    say=lambda text: f"SAY {text}",
    remember=lambda text: f"REMEMBER {text}",
    recall="RECALL",
    slow=lambda number: f"SLOW {number}",
    hang="HANG",
    write=lambda path, text: f"WRITE {path} {text}",
    permit=lambda path, text: f"PERMIT {path} {text}",
    crash="CRASH",
    ignore_cancel="HANG HARD",
    think=lambda text: f"THINK {text}",
    fail="FAIL -32603 the model is on fire",
)


def demo_spec(home: Path, **env: str) -> AgentSpec:
    """The demo agent with its memory under `home`; DEMO_* variables make it awkward."""
    return AgentSpec(
        name="demo",
        kind=BackendKind.ACP_WARM,
        label="Demo",
        command=[sys.executable, "-P", "-m", "roundhouse.agents.demo"],
        env={"DEMO_HOME": str(home), **env},
    )


def alive_with(marker: str) -> set[int]:
    """The processes whose environment carries the marker."""
    wanted = f"{NODE_VARIABLE}={marker}".encode()
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        if wanted in environ.split(b"\0"):
            found.add(int(entry.name))
    return found - {os.getpid()}


@asynccontextmanager
async def spawner_with(marker: str) -> AsyncIterator[tuple[Spawner, anyio.abc.TaskGroup]]:
    """A guarded spawner and the group its children are watched in."""
    async with Guard.start(marker) as guard, anyio.create_task_group() as tasks:
        yield Spawner(guard, marker), tasks
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def warm_backend(spec: AgentSpec, marker: str) -> AsyncIterator[WarmAcpBackend]:
    """A backend that is disposed at the end."""
    async with spawner_with(marker) as (spawner, tasks):
        backend = WarmAcpBackend(spec, spawner, tasks)
        try:
            yield backend
        finally:
            await backend.dispose()


def spec_maker(agent: AgentSpec) -> Callable[..., SessionSpec]:
    """Makes session specs for one agent."""

    def make(cwd: Path, emit: Emit, *, agent_session_id: str | None = None) -> SessionSpec:
        return SessionSpec(
            session_id="s1", agent=agent, cwd=str(cwd), emit=emit, agent_session_id=agent_session_id
        )

    return make


@asynccontextmanager
async def open_acp(home: Path, *, make: Callable[[Path], AgentSpec]) -> AsyncIterator[Bench]:
    """A bench for an ACP agent whose spec `make` gives, with its home in place."""
    marker = f"conformance-{secrets.token_hex(6)}"
    agent = make(home)

    def restart() -> AbstractAsyncContextManager[AgentBackend]:
        return warm_backend(agent, marker)

    async with warm_backend(agent, marker) as backend:
        yield Bench(
            backend=backend,
            spec=spec_maker(agent),
            processes=partial(alive_with, marker),
            restart=restart,
        )


def demo_case(name: str, **env: str) -> BackendCase:
    """The demo agent under DEMO_* options."""
    return BackendCase(
        name=name,
        open=partial(open_acp, make=lambda home: demo_spec(home, **env)),
        prompts=PROMPTS,
        model="demo-large",
        mode="auto",
    )


CASES: list[BackendCase] = [
    demo_case("acp-demo"),
    demo_case("acp-demo-load-options", DEMO_RESUME="0", DEMO_OPTIONS="1"),
    demo_case("acp-demo-end-turn", DEMO_CANCEL_SAYS="end_turn"),
]

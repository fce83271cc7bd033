"""OpenCodeServerBackend in the suite: the real opencode, with the scripted model behind it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.opencode.backend import OpenCodeServerBackend
from roundhouse.model.agent import AgentSpec
from tests.conformance.backends_acp import alive_with, spawner_with, spec_maker
from tests.conformance.case import BackendCase, Bench, Prompts
from tests.e2e.agents import installed, real
from tests.model_server.process import running_model

PROMPTS = Prompts(
    say=lambda text: f"SAY {text}",
    remember=lambda text: f"REMEMBER {text}",
    recall="RECALL",
    slow=lambda number: f"SLOW {number}",
    hang="HANG",
    write=lambda path, text: f"WRITE {path} {text}",
    permit=lambda path, text: f"WRITE {path} {text}",
    think=lambda text: f"THINK {text}\nSAY thought",
    fail="FAIL 400",
)


@asynccontextmanager
async def server_backend(spec: AgentSpec, marker: str) -> AsyncIterator[OpenCodeServerBackend]:
    """A backend that is disposed at the end."""
    async with spawner_with(marker) as (spawner, tasks):
        backend = OpenCodeServerBackend(spec, spawner, tasks)
        try:
            yield backend
        finally:
            await backend.dispose()


@asynccontextmanager
async def open_opencode(home: Path) -> AsyncIterator[Bench]:
    """A bench with a model server and a home of its own."""
    marker = f"conformance-{secrets.token_hex(6)}"
    async with running_model() as model:
        spec = real("opencode", home, model.url).spec

        def restart() -> AbstractAsyncContextManager[AgentBackend]:
            return server_backend(spec, marker)

        async with server_backend(spec, marker) as backend:
            yield Bench(
                backend=backend,
                spec=spec_maker(spec),
                processes=partial(alive_with, marker),
                restart=restart,
            )


def not_here() -> str | None:
    """Why the real agents cannot run."""
    return None if installed() else "run tests/agents-package/install.sh first"


CASES: list[BackendCase] = [
    BackendCase(
        name="opencode",
        open=open_opencode,
        prompts=PROMPTS,
        model="scripted/m2",
        mode="plan",
        missing=not_here,
        deadline=60.0,
        shared_process=True,
        forgets=True,
    )
]

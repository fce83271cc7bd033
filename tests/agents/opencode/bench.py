"""What the tests of this folder share: backends on the fake and on the real opencode, and turns on them."""

import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from roundhouse.agents.backend import Prompt, SessionHandle, SessionSpec, TextBlock, TurnResult
from roundhouse.agents.opencode.backend import OpenCodeServerBackend
from roundhouse.model.agent import AgentSpec
from roundhouse.model.event import EventBody
from roundhouse.model.session import BackendKind
from tests.conformance.backends_acp import spawner_with
from tests.conformance.witness import Witness

DEADLINE = 60.0
FAKE = Path(__file__).parent / "fake_opencode.py"


async def unheard(_body: EventBody) -> None:
    """Takes what is said outside of turns."""


def fake_spec(*arguments: str) -> AgentSpec:
    """The fake as an agent of the catalog."""
    return AgentSpec(
        name="opencode",
        kind=BackendKind.OPENCODE_SERVER,
        label="Fake",
        command=[sys.executable, str(FAKE), *arguments],
    )


@asynccontextmanager
async def backend_on(spec: AgentSpec) -> AsyncIterator[OpenCodeServerBackend]:
    """A backend that is disposed at the end."""
    async with spawner_with(f"opencode-{secrets.token_hex(6)}") as (spawner, tasks):
        backend = OpenCodeServerBackend(spec, spawner, tasks)
        try:
            yield backend
        finally:
            await backend.dispose()


def wanted(cwd: Path, known: str | None = None, session_id: str = "s1") -> SessionSpec:
    """A conversation in a folder."""
    return SessionSpec(
        session_id=session_id,
        agent=fake_spec(),
        cwd=str(cwd),
        emit=unheard,
        agent_session_id=known,
    )


async def turn(
    backend: OpenCodeServerBackend, handle: SessionHandle, text: str, witness: Witness
) -> TurnResult:
    """One turn to its end."""
    with anyio.fail_after(DEADLINE):
        return await backend.prompt(handle, Prompt(blocks=[TextBlock(text)]), witness.sink)

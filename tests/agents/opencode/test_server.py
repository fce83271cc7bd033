"""The server process: how it starts, how it fails to, and that it ends with its last conversation."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from roundhouse.agents.opencode import server as server_module
from roundhouse.agents.opencode.server import OpenCodeServer
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode
from tests.agents.opencode.bench import DEADLINE, backend_on, fake_spec, wanted
from tests.conformance.backends_acp import alive_with, spawner_with

MARKER = f"opencode-test-server-{os.getpid()}"
"""Its own in each worker: a guard ends all that carry it."""


@asynccontextmanager
async def server_of(*arguments: str) -> AsyncIterator[OpenCodeServer]:
    """A fake server that was not started yet."""
    async with spawner_with(MARKER) as (spawner, tasks):
        yield OpenCodeServer(fake_spec(*arguments), spawner, tasks)


async def refusal(server: OpenCodeServer) -> AgentError:
    """How its start fails."""
    with anyio.fail_after(DEADLINE), pytest.raises(AgentError) as failed:
        await server.start()
    return failed.value


async def test_it_starts_answers_and_stops_twice() -> None:
    """Its version is known, and nothing of it is left."""
    async with server_of() as server:
        with anyio.fail_after(DEADLINE):
            await server.start()
            await server.stop()
            await server.stop()

        assert server.version == "0.0.1"
        assert not server.alive
    assert alive_with(MARKER) == set()


async def test_a_server_that_dies_at_start_says_why() -> None:
    """The end of its stderr is in the error."""
    async with server_of("dies") as server:
        failed = await refusal(server)

    assert failed.failure is FailureCode.AGENT_START_FAILED
    assert "no disk, no server" in failed.message
    assert alive_with(MARKER) == set()


async def test_a_server_that_never_listens_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts connections, but no request is sent before its line."""
    monkeypatch.setattr(server_module, "START_DEADLINE", 1.0)
    async with server_of("never-ready") as server:
        failed = await refusal(server)

    assert failed.failure is FailureCode.AGENT_START_FAILED
    assert "did not start" in failed.message
    assert alive_with(MARKER) == set()


async def test_what_is_not_installed_is_not_tried_again() -> None:
    """The probe shows it, and a session is refused."""
    spec = replace(fake_spec(), command=["no-such-opencode"], install_hint="get it")
    async with backend_on(spec) as backend:
        info = await backend.probe("/")
        with pytest.raises(AgentError) as failed:
            await backend.ensure_session(wanted(Path("/")))

    assert not info.installed
    assert info.diagnostic == "no-such-opencode is not installed"
    assert failed.value.failure is FailureCode.AGENT_NOT_INSTALLED


async def test_the_server_ends_with_its_last_conversation(tmp_path: Path) -> None:
    """Two conversations share it; closing one leaves it, closing both ends it."""
    async with backend_on(fake_spec()) as backend:
        with anyio.fail_after(DEADLINE):
            first = await backend.ensure_session(wanted(tmp_path))
            second = await backend.ensure_session(wanted(tmp_path, session_id="s2"))
            assert first.pid == second.pid
            await backend.close_session(first)
            closed, still = backend.health(first), backend.health(second)
            await backend.close_session(second)
            await backend.close_session(second)

        assert not closed.alive
        assert still.alive
        assert not backend.health(second).alive

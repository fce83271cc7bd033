"""Turns on a server that misbehaves on purpose."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from roundhouse.agents.backend import SessionHandle
from roundhouse.agents.opencode import turn as turn_module
from roundhouse.agents.opencode.backend import OpenCodeServerBackend
from roundhouse.agents.opencode.turn import new_message_id
from roundhouse.model.session import Continuity
from tests.agents.opencode.bench import DEADLINE, backend_on, fake_spec, turn, wanted
from tests.conformance.witness import Witness


@pytest.fixture
async def backend() -> AsyncIterator[OpenCodeServerBackend]:
    """On the fake."""
    async with backend_on(fake_spec()) as made:
        yield made


async def opened(backend: OpenCodeServerBackend, cwd: Path, name: str = "s1") -> SessionHandle:
    """A new conversation."""
    with anyio.fail_after(DEADLINE):
        return await backend.ensure_session(wanted(cwd, session_id=name))


async def test_a_break_of_the_stream_loses_and_doubles_nothing(
    backend: OpenCodeServerBackend, tmp_path: Path
) -> None:
    """The text is whole and said once, although it was cut in the middle."""
    handle = await opened(backend, tmp_path)
    seen = Witness()

    result = await turn(backend, handle, "BREAK", seen)

    assert result.stop == "end_turn"
    assert seen.text == "BREAK"


async def test_the_second_idle_of_an_aborted_turn_is_not_the_end(
    backend: OpenCodeServerBackend, tmp_path: Path
) -> None:
    """The turn's own text still comes."""
    handle = await opened(backend, tmp_path)
    seen = Witness()

    await turn(backend, handle, "LATE", seen)

    assert seen.text == "LATE"


async def test_a_request_that_somebody_else_answered_is_withdrawn(
    backend: OpenCodeServerBackend, tmp_path: Path
) -> None:
    """Nobody is asked any longer, and the turn ends."""
    handle = await opened(backend, tmp_path)
    seen = Witness(answer=None)

    await turn(backend, handle, "ASK", seen)

    assert seen.asking == 0
    assert seen.text == "ASK"


@asynccontextmanager
async def deaf_turn(
    backend: OpenCodeServerBackend, handle: SessionHandle
) -> AsyncIterator[anyio.CancelScope]:
    """A turn under way that no abort ends; its scope."""
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await turn(backend, handle, "DEAF", Witness())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.fail_after(DEADLINE):
            while not await handle_is_busy(handle):  # noqa: ASYNC110 (another process's state)
                await anyio.sleep(0.01)
        yield scope
        scope.cancel()


async def handle_is_busy(handle: SessionHandle) -> bool:
    """Whether the server says so."""
    server = getattr(handle, "server")  # noqa: B009 (the backend's own handle)
    return bool(await server.client.busy(handle.agent_session_id, handle.spec.cwd))


async def test_a_session_deaf_to_abort_is_left_and_the_server_with_its_last_turn(
    backend: OpenCodeServerBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another turn runs, its server lives; then it ends, and what comes next has a new one."""
    monkeypatch.setattr(turn_module, "CANCEL_GRACE", 0.5)
    first = await opened(backend, tmp_path)
    second = await opened(backend, tmp_path, "s2")
    server = getattr(first, "server")  # noqa: B009 (the backend's own handle)

    async with deaf_turn(backend, second) as other:
        async with deaf_turn(backend, first) as mine:
            mine.cancel()
        assert not backend.health(first).alive
        assert server.alive
        other.cancel()

    assert not server.alive
    with anyio.fail_after(DEADLINE):
        again = await backend.ensure_session(wanted(tmp_path, known=first.agent_session_id))
    assert again.continuity is Continuity.FRESH
    assert again.reason is not None
    assert (await turn(backend, again, "hello", Witness())).stop == "end_turn"


def test_message_ids_are_in_order_of_time() -> None:
    """Opencode compares them with its own, which are made so."""
    first = new_message_id()

    assert first.startswith("msg_")
    assert len(first) == len("msg_20cbd9775001") + 14
    assert first[:14] <= new_message_id()[:14]

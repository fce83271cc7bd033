"""How turns end, with an agent in memory that fails as told: one terminal state each, with its code."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from typing_extensions import override

from roundhouse.agents.backend import Prompt, SessionHandle, TurnResult, TurnSink
from roundhouse.model.errors import AgentError
from roundhouse.model.event import Activity, TaskEnded, Text
from roundhouse.model.session import Session
from roundhouse.model.task import FailureCode, TaskStatus
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.database import Database
from tests.runner.echo import EchoBackend, Stop, spec
from tests.runner.harness import Bench, bench_of, catalog_of, running


class TalkingBackend(EchoBackend):
    """Talks until it is cancelled."""

    @override
    async def prompt(self, handle: SessionHandle, prompt: Prompt, turn: TurnSink) -> TurnResult:
        """One word after the other."""
        while True:
            await turn.emit(Text(text="word "))
            await anyio.lowlevel.checkpoint()
            with anyio.move_on_after(0.02):
                await anyio.Event().wait()


@pytest.fixture
def backend() -> EchoBackend:
    """The agent."""
    return EchoBackend()


@pytest.fixture
async def bench(
    db: Database, database_url: str, tmp_path: Path, session: Session, backend: EchoBackend
) -> AsyncIterator[Bench]:
    """The session on a node that has the agent."""
    async with (
        bench_of(db, database_url, session) as bench,
        running(database_url, tmp_path / "data", lambda *_: backend, catalog_of(spec())),
    ):
        yield bench


async def test_a_completed_turn_has_its_usage_and_summary(bench: Bench) -> None:
    """In the row, in the event, and added up for the agent."""
    await bench.turn("hello", "echo")
    task = await bench.turn("hello", "echo")
    assert (task.status, task.output_summary) == (TaskStatus.COMPLETED, "hello")
    assert task.usage is not None
    assert (task.usage.tokens_in, task.usage.tokens_out) == (3, 4)
    row = await AgentSessions(bench.db).get(bench.session.id, "echo")
    assert row is not None
    assert (row.tokens_in, row.tokens_out, row.status) == (6, 8, "idle")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            AgentError("no login", failure=FailureCode.AUTH_REQUIRED, remedy="Log in."),
            FailureCode.AUTH_REQUIRED,
            "no login Log in.",
        ),
        (RuntimeError("a bug"), FailureCode.INTERNAL, "RuntimeError: a bug"),
        (
            AgentError("nul \x00 here"),
            FailureCode.AGENT_ERROR,
            "nul \N{REPLACEMENT CHARACTER} here",
        ),
    ],
)
async def test_every_failure_has_its_code_and_its_words(
    bench: Bench, backend: EchoBackend, error: Exception, code: FailureCode, words: str
) -> None:
    """Even a bug of ours ends the task, once, and the session goes on."""
    backend.fails = error
    task = await bench.turn("hello", "echo")
    assert (task.status, task.failure_code, task.error) == (TaskStatus.FAILED, code, words)
    assert len(await bench.bodies(TaskEnded, task)) == 1
    backend.fails = None
    assert (await bench.turn("again", "echo")).status is TaskStatus.COMPLETED


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        ("end_turn", TaskStatus.COMPLETED),
        ("max_tokens", TaskStatus.COMPLETED),
        ("max_turns", TaskStatus.COMPLETED),
        ("cancelled", TaskStatus.CANCELLED),
        ("refused", TaskStatus.FAILED),
    ],
)
async def test_the_agents_own_end_is_the_tasks(
    bench: Bench, backend: EchoBackend, stop: Stop, status: TaskStatus
) -> None:
    """A refusal is a failure with a code."""
    backend.stop = stop
    task = await bench.turn("hello", "echo")
    assert task.status is status
    assert (task.failure_code is FailureCode.AGENT_REFUSED) is (stop == "refused")


async def test_an_agent_that_does_not_start_fails_the_turn(
    bench: Bench, backend: EchoBackend
) -> None:
    """With its own code; nothing of it counts as warm."""
    backend.throws = True
    task = await bench.turn("hello", "echo")
    assert (task.status, task.failure_code) == (
        TaskStatus.FAILED,
        FailureCode.AGENT_START_FAILED,
    )
    backend.throws = False
    assert (await bench.turn("hello", "echo")).status is TaskStatus.COMPLETED


async def test_a_turn_whose_task_was_declared_lost_stops_and_writes_nothing_more(
    db: Database, database_url: str, tmp_path: Path, session: Session
) -> None:
    """The zombie finds out by its dropped events; the session's next task runs."""
    talking, echo = TalkingBackend(), EchoBackend()
    agents = catalog_of(spec("talking"), spec("echo"))
    async with (
        bench_of(db, database_url, session) as bench,
        running(
            database_url,
            tmp_path / "data",
            lambda given, *_: talking if given.name == "talking" else echo,
            agents,
        ),
    ):
        task = await bench.send("hello", "talking")
        await bench.seen(Text, task)
        async with db.connection() as conn:
            await conn.execute(
                "UPDATE sessions SET running_task = NULL WHERE id = %s", (session.id,)
            )
            await conn.execute(
                "UPDATE tasks SET status = 'lost', ended_at = now() WHERE id = %s", (int(task.id),)
            )
        assert (await bench.turn("next", "echo")).status is TaskStatus.COMPLETED
    assert (await bench.tasks.get(task.id)).status is TaskStatus.LOST
    assert await bench.bodies(TaskEnded, task) == []
    assert await bench.bodies(Activity, task) == []

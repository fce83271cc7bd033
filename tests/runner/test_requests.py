"""What servers ask of a node, served from real rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio

from roundhouse.model.errors import Conflict
from roundhouse.model.session import Session
from roundhouse.runner.arguments import Handler
from roundhouse.runner.requests import RequestDesk
from roundhouse.store.database import Database
from roundhouse.store.requests import Request, Requests, RequestState


async def echo(request: Request) -> dict[str, Any]:
    """Gives back what it got."""
    return {"args": request.args, "session_id": request.session_id}


async def conflict(request: Request) -> dict[str, Any]:
    """Refuses."""
    raise Conflict("It is busy.", code="session_busy", remedy="Wait.")


async def bug(request: Request) -> dict[str, Any]:
    """Breaks."""
    raise ZeroDivisionError("oops")


@asynccontextmanager
async def serving(
    db: Database, node_id: int, handlers: dict[str, Handler]
) -> AsyncIterator[RequestDesk]:
    """A desk at work."""
    desk = RequestDesk(Requests(db), node_id, handlers)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(desk.run)
            yield desk
            group.cancel_scope.cancel()


async def result(db: Database, desk: RequestDesk, ref: str) -> RequestState:
    """The request once it has ended."""
    while True:
        state = await Requests(db).state(ref)
        if state.status in ("done", "failed"):
            return state
        desk.ring(None)


async def test_reads_and_mutations_get_their_results(
    db: Database, node_id: int, session: Session
) -> None:
    """Both tables, by the doorbell."""
    requests = Requests(db)
    async with serving(db, node_id, {"echo": echo}) as desk:
        for read in (True, False):
            ref = await requests.ask(
                "echo", {"a": 1}, node_id=node_id, session_id=session.id, by="me", read=read
            )
            state = await result(db, desk, ref)
            assert state.status == "done"
            assert state.result == {"args": {"a": 1}, "session_id": session.id}


async def test_every_failure_is_an_answer(db: Database, node_id: int) -> None:
    """A refusal with its code and remedy, a bug as internal, an unknown kind as invalid."""
    requests = Requests(db)
    expected = {"conflict": "session_busy", "bug": "internal", "unheard-of": "invalid"}
    async with serving(db, node_id, {"conflict": conflict, "bug": bug}) as desk:
        for kind, code in expected.items():
            ref = await requests.ask(kind, {}, node_id=node_id, by="me", read=True)
            state = await result(db, desk, ref)
            assert state.status == "failed"
            assert state.result is not None
            assert state.result["code"] == code


async def test_a_session_s_mutations_come_one_at_a_time_and_reads_do_not_wait(
    db: Database, node_id: int, session: Session
) -> None:
    """The second starts when the first has ended; a read passes both."""
    gate, order = anyio.Event(), []

    async def slow(request: Request) -> dict[str, Any]:
        order.append(f"begin {request.args['n']}")
        await gate.wait()
        order.append(f"end {request.args['n']}")
        return {}

    requests = Requests(db)
    async with serving(db, node_id, {"slow": slow, "echo": echo}) as desk:
        refs = [
            await requests.ask("slow", {"n": n}, node_id=node_id, session_id=session.id, by="me")
            for n in (1, 2)
        ]
        read = await requests.ask(
            "echo", {}, node_id=node_id, session_id=session.id, by="me", read=True
        )
        await result(db, desk, read)
        gate.set()
        for ref in refs:
            await result(db, desk, ref)
    assert order == ["begin 1", "end 1", "begin 2", "end 2"]

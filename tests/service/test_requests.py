"""Asking a node: its answer, its refusal, its silence, its death."""

from typing import Any

import anyio
import pytest

from roundhouse.model.errors import (
    Conflict,
    InvalidInput,
    NodeDown,
    NotFound,
    RoundhouseError,
    Unavailable,
    WorkspaceError,
)
from roundhouse.model.outcome import SeenOutcome
from roundhouse.service.requests import NodeRequests, read_outcome
from roundhouse.store.database import Database
from roundhouse.store.nodes import Nodes
from roundhouse.store.notifier import Notifier
from roundhouse.store.requests import Request, Requests
from tests.service.node import FakeNode, live_node


@pytest.fixture
def requests(db: Database, notifier: Notifier) -> NodeRequests:
    """The asking side."""
    return NodeRequests(Requests(db), Nodes(db), notifier)


async def echo(request: Request) -> dict[str, Any]:
    """Says what it was asked."""
    return {"kind": request.kind, **request.args}


@pytest.mark.parametrize("muted", [False, True], ids=["doorbell", "poll"])
@pytest.mark.parametrize("read", [False, True], ids=["mutation", "read"])
async def test_the_node_answers(
    requests: NodeRequests, node: FakeNode, notifier: Notifier, muted: bool, read: bool
) -> None:
    """With or without the doorbell."""
    notifier.muted = muted
    node.handlers["echo"] = echo
    with anyio.fail_after(10):
        told = await requests.ask("echo", {"a": 1}, node_id=str(node.id), read=read)
    assert told == {"kind": "echo", "a": 1}


async def test_a_delivered_read_leaves_nothing_behind(
    requests: NodeRequests, node: FakeNode, db: Database
) -> None:
    """Its row is deleted."""
    node.handlers["echo"] = echo
    await requests.ask("echo", {}, node_id=str(node.id), read=True)
    async with db.connection() as conn:
        assert await (await conn.execute("SELECT count(*) FROM reads")).fetchone() == (0,)


class Odd(WorkspaceError):
    """An error that only the node knows."""


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (InvalidInput("x", code="no_commits", field="path", remedy="y"), InvalidInput),
        (InvalidInput("x", field="path"), InvalidInput),
        (Conflict("x", code="session_busy"), Conflict),
        (WorkspaceError("x", code="disk_full"), WorkspaceError),
        (Odd("x", code="odd"), WorkspaceError),
        (NotFound("x", field="path"), NotFound),
        (Unavailable("x"), Unavailable),
        (RoundhouseError("x"), RoundhouseError),
    ],
)
async def test_a_refusal_is_raised_as_the_error_it_was(
    requests: NodeRequests,
    node: FakeNode,
    raised: RoundhouseError,
    expected: type[RoundhouseError],
) -> None:
    """Or as the nearest that both sides know; message, field and remedy come with it."""
    node.says("x", raised)
    with pytest.raises(expected) as caught:
        await requests.ask("x", {}, node_id=str(node.id))
    assert type(caught.value) is expected
    assert caught.value.code == raised.code
    assert caught.value.message == raised.message
    assert caught.value.field == raised.field
    assert caught.value.remedy == raised.remedy


@pytest.mark.parametrize("read", [False, True], ids=["mutation", "read"])
@pytest.mark.parametrize(
    "raised",
    [
        NotFound("x", field="path"),
        Conflict("x", code="apply_conflict", details={"conflicts": [{"path": "a"}], "files": []}),
        Unavailable("x"),
    ],
    ids=["not found", "conflict", "unavailable"],
)
async def test_the_details_of_a_refusal_travel(
    requests: NodeRequests, node: FakeNode, raised: RoundhouseError, read: bool
) -> None:
    """Of a mutation and of a read."""
    node.says("x", raised)
    with pytest.raises(type(raised)) as caught:
        await requests.ask("x", {}, node_id=str(node.id), read=read)
    assert (caught.value.code, caught.value.details) == (raised.code, raised.details)


async def test_a_silent_node_is_given_up(requests: NodeRequests, node: FakeNode) -> None:
    """The deadline ends the wait."""
    for read in (False, True):
        with pytest.raises(Unavailable) as caught:
            await requests.ask("nothing", {}, node_id=str(node.id), deadline=0.2, read=read)
        assert caught.value.code == "node_timeout"


async def test_a_dead_node_is_noticed_before_and_while_asking(
    requests: NodeRequests, db: Database, database_url: str
) -> None:
    """Within five seconds."""

    async def ask(node_id: str) -> None:
        with pytest.raises(NodeDown):
            await requests.ask("nothing", {}, node_id=node_id)

    async with anyio.create_task_group() as tasks:
        async with live_node(db, database_url) as node:
            node_id = str(node.id)
            tasks.start_soon(ask, node_id)
            with anyio.fail_after(5):
                while not node.taken:  # noqa: ASYNC110 - the node's list has no event
                    await anyio.sleep(0.01)
        tasks.cancel_scope.deadline = anyio.current_time() + 5
    assert not tasks.cancel_scope.cancelled_caught
    with anyio.fail_after(5), pytest.raises(NodeDown):
        await requests.ask("nothing", {}, node_id=node_id)
    with anyio.fail_after(5), pytest.raises(NodeDown):
        await requests.live()


async def test_what_a_node_dropped_in_a_crash_is_said_to_be_uncertain(
    requests: NodeRequests, node: FakeNode, db: Database
) -> None:
    """The person is told to look; a read that the database lost can simply be asked again."""

    async def die(request: Request) -> dict[str, Any]:
        async with db.connection() as conn:
            await conn.execute("UPDATE requests SET status = 'lost'")
            await conn.execute("DELETE FROM reads")
        return {}

    node.handlers["x"] = die
    with pytest.raises(NodeDown):
        await requests.ask("x", {}, node_id=str(node.id))
    with pytest.raises(Unavailable) as caught:
        await requests.ask("x", {}, node_id=str(node.id), read=True)
    assert caught.value.code == "request_lost"


@pytest.mark.parametrize("told", [{"marked": "many"}, {"marked": None}])
def test_an_answer_that_cannot_be_read_is_an_error_of_ours(told: dict[str, Any]) -> None:
    """Never half an answer."""
    with pytest.raises(RoundhouseError) as caught:
        read_outcome(told, SeenOutcome)
    assert caught.value.code == "internal"


def test_what_a_newer_node_says_beside_is_left_out() -> None:
    """Fields may be added."""
    assert read_outcome({"marked": 2, "more": [1]}, SeenOutcome) == SeenOutcome(marked=2)

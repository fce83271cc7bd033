"""Nothing that an agent said is lost or doubled, whoever looks and however often the line breaks."""

from collections.abc import Callable
from pathlib import Path

import anyio

from tests.e2e.stack import Json, Stack, counting


def a_few_more_than(after: int) -> Callable[[Json], bool]:
    """Where this client loses its line: seven events on, or at the end."""
    return lambda event: event["seq"] >= after + 7 or event["type"] == "task_ended"


async def test_a_client_that_comes_back_has_exactly_the_text_that_was_sent(
    stack: Stack, repo: Path
) -> None:
    """Cut the socket again and again in the middle of a streamed answer; `after` gives the rest."""
    session = (await stack.session(repo))["id"]
    task = (await stack.send(session, "demo", "SLOW 60"))["id"]
    seen: list[Json] = []
    while not seen or seen[-1]["type"] != "task_ended":
        after = seen[-1]["seq"] if seen else 0
        seen += await stack.until(session, a_few_more_than(after), after=after)

    assert [e["seq"] for e in seen] == list(range(1, len(seen) + 1))
    live = "".join(e["text"] for e in seen if e["type"] == "text")
    assert live == counting(60)
    assert await stack.text_of(session, task) == counting(60)


async def test_server_sent_events_continue_after_the_last_id(stack: Stack, repo: Path) -> None:
    """The SSE door has the same numbers as the WebSocket."""
    session = (await stack.session(repo))["id"]
    await stack.turn(session, "demo", "SAY hello")
    events = await stack.events(session)
    ids: list[int] = []
    url = f"/api/sessions/{session}/stream"
    async with stack.http.stream("GET", url, headers={"Last-Event-ID": "2"}) as answer:
        assert answer.status_code == 200
        with anyio.fail_after(20):
            async for line in answer.aiter_lines():
                if line.startswith("id:"):
                    ids.append(int(line[3:]))
                if ids and ids[-1] == events[-1]["seq"]:
                    break

    assert ids == [e["seq"] for e in events[2:]]


async def test_twenty_sessions_of_ten_turns_each_end_in_order(stack: Stack, repo: Path) -> None:
    """200 turns at once: each completed once, in its session's order, none lost or doubled."""
    project = (await stack.call("POST", "/api/projects", path=str(repo)))["id"]
    sessions = [
        (await stack.call("POST", "/api/sessions", project_id=project, title=f"s{n}"))["id"]
        for n in range(20)
    ]

    async def ten(session: str) -> None:
        for n in range(10):
            await stack.send(session, "demo", f"SAY turn {n} of {session}", client_key=f"k{n}")
            await stack.send(session, "demo", "a doubled submit", client_key=f"k{n}")

    async with anyio.create_task_group() as tasks:
        for session in sessions:
            tasks.start_soon(ten, session)
    for session in sessions:
        ends: list[Json] = []

        def last(event: Json, ends: list[Json] = ends) -> bool:
            if event["type"] == "task_ended":
                ends.append(event)
            return len(ends) == 10

        seen = await stack.until(session, last, deadline=300)
        created = [e["task_id"] for e in seen if e["type"] == "task_created"]
        assert [e["task_id"] for e in ends] == created
        assert [e["status"] for e in ends] == ["completed"] * 10
        spoken = "".join(e["text"] for e in seen if e["type"] == "text")
        assert [spoken.count(f"turn {n} of {session}") for n in range(10)] == [1] * 10
        await stack.events(session)

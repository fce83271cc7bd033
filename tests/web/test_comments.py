"""The addresses of comments."""

from typing import Any

import pytest

from roundhouse.model.errors import InvalidInput
from roundhouse.store.database import Database
from roundhouse.store.tasks import Tasks
from tests.service.node import FakeNode, with_worktree
from tests.web.server import Json, Running

GOOD: Json = {"path": "a.py", "line": 3, "side": "new", "text": "Why?"}


@pytest.fixture
def line(node: FakeNode) -> Json:
    """What the node knows of every line."""
    told = {"agent": "demo", "task_id": None, "hunk": "@@ -3 +3 @@\n-a\n+b"}
    node.says("line", told)
    return told


async def test_a_comment_is_kept_listed_and_dropped(
    server: Running, node: FakeNode, worked: str, line: Json
) -> None:
    """With what the node knows of its line."""
    url = f"/api/sessions/{worked}/comments"
    assert await server.call("GET", url) == {"items": [], "next_cursor": None}
    made = await server.call("POST", url, 201, json=GOOD)
    assert {name: made[name] for name in GOOD} == GOOD
    assert (made["agent"], made["hunk"], made["status"]) == ("demo", line["hunk"], "open")
    assert (await server.call("GET", url))["items"] == [made]
    await server.call("DELETE", f"{url}/{made['id']}", 204)
    for wrong in (made["id"], "x", "9" * 30):
        await server.refused("DELETE", f"{url}/{wrong}", 404)
    assert (await server.call("GET", url))["items"] == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"path": ""}, 422),
        ({"path": 7}, 422),
        ({"path": None}, 422),
        ({"path": "a\x00"}, 422),
        ({"path": "x" * 20_000}, 422),
        ({"line": 0}, 422),
        ({"line": -1}, 422),
        ({"line": 2**40}, 422),
        ({"line": "3"}, 422),
        ({"line": True}, 422),
        ({"line": None}, 422),
        ({"side": "left"}, 422),
        ({"text": ""}, 422),
        ({"text": "\n"}, 422),
        ({"text": "a\x00"}, 422),
        ({"text": "\ud800"}, 422),
        ({"text": ["a"]}, 422),
        ({"text": "é" * 40_000}, 413),
        ({"body": "x"}, 422),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_comment_that_cannot_be_is_refused_before_the_node_is_asked(
    *, server: Running, node: FakeNode, worked: str, line: Json, wrong: Any, status: int
) -> None:
    """With the field; nothing is kept."""
    url = f"/api/sessions/{worked}/comments"
    error = await server.refused("POST", url, status, json=GOOD | wrong)
    assert error["field"] == next(iter(wrong))
    for name in ("path", "line", "text"):
        less = {key: value for key, value in GOOD.items() if key != name}
        assert (await server.refused("POST", url, 422, json=less))["code"] == "missing"
    assert node.asked() == []
    assert (await server.call("GET", url))["items"] == []


async def test_a_line_that_is_not_there_takes_no_comment(
    server: Running, node: FakeNode, worked: str
) -> None:
    """As the node says."""
    node.says("line", InvalidInput("No such line.", code="no_such_line", field="line"))
    url = f"/api/sessions/{worked}/comments"
    error = await server.refused("POST", url, 422, json=GOOD)
    assert (error["code"], error["field"]) == ("no_such_line", "line")
    assert (await server.call("GET", url))["items"] == []


async def test_comments_are_sent_as_one_prompt_and_only_once(
    server: Running, db: Database, worked: str, line: Json
) -> None:
    """Then they cannot be dropped; a second click finds the same task."""
    url = f"/api/sessions/{worked}/comments"
    ids = [(await server.call("POST", url, 201, json=GOOD))["id"] for _ in range(2)]
    sent = await server.call("POST", f"{url}/send", json={})
    assert [task["agent"] for task in sent["tasks"]] == ["demo"]
    assert [(one["id"], one["status"]) for one in sent["comments"]] == [(i, "sent") for i in ids]
    assert await server.call("POST", f"{url}/send", json={"ids": ids}) == sent
    assert await server.call("POST", f"{url}/send", json={}) == {"tasks": [], "comments": []}
    tasks, _ = await Tasks(db).list(worked, limit=10)
    assert [task.id for task in tasks] == [sent["tasks"][0]["id"]]
    assert "`a.py:3`" in tasks[0].input
    await server.refused("DELETE", f"{url}/{ids[0]}", 409)


async def test_comments_of_another_session_are_not_there(
    server: Running, db: Database, project: str, worked: str, line: Json
) -> None:
    """Neither to be sent nor to be dropped."""
    other = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    await with_worktree(db, other["id"])
    theirs = await server.call("POST", f"/api/sessions/{other['id']}/comments", 201, json=GOOD)
    url = f"/api/sessions/{worked}/comments"
    await server.refused("DELETE", f"{url}/{theirs['id']}", 404)
    await server.refused("POST", f"{url}/send", 404, json={"ids": [theirs["id"]]})
    bad: list[Json] = [
        {"ids": []},
        {"ids": [7]},
        {"ids": "1"},
        {"ids": ["1"] * 1001},
        {"agent": 7},
        {"agent": "a\x00"},
        {"agents": ["demo"]},
    ]
    for wrong in bad:
        error = await server.refused("POST", f"{url}/send", 422, json=wrong)
        assert error["field"].partition(".")[0] == next(iter(wrong))
    for end in ("comments", "comments/1"):
        method = "GET" if end == "comments" else "DELETE"
        await server.refused(method, f"/api/sessions/nosuch/{end}", 404)
    await server.refused("POST", "/api/sessions/nosuch/comments/send", 404, json={})

"""The addresses of a worktree: its checkpoints, the way back to one, its files."""

from typing import Any

import pytest

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.review import NewCheckpoint
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.database import Database
from tests.service.node import FakeNode
from tests.web.server import Json, Running


async def add(db: Database, session: str, title: str) -> Json:
    """A checkpoint, as a rewind's answer shows it."""
    made = await Checkpoints(db).add(
        NewCheckpoint(session_id=session, kind="safety", title=title, snapshot="s", files=1)
    )
    return {"id": made.id, "title": title}


async def test_checkpoints_come_newest_first_by_pages(
    server: Running, db: Database, session: str
) -> None:
    """None before the first turn; the node is not asked."""
    url = f"/api/sessions/{session}/checkpoints"
    assert await server.call("GET", url) == {"items": [], "next_cursor": None}
    made = [(await add(db, session, title))["id"] for title in "abc"]
    page = await server.call("GET", f"{url}?limit=2")
    assert [one["id"] for one in page["items"]] == made[:0:-1]
    assert page["items"][0]["title"] == "c"
    rest = await server.call("GET", f"{url}?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in rest["items"]] == made[:1]
    assert rest["next_cursor"] is None
    for query in ("limit=0", "cursor=x", "cursor=%00", "cursor=WyJ4IiwieSJd"):
        await server.refused("GET", f"{url}?{query}", 422)
    await server.refused("GET", "/api/sessions/nosuch/checkpoints", 404)


async def test_a_rewind_names_the_way_back(
    server: Running, db: Database, node: FakeNode, worked: str
) -> None:
    """To a checkpoint, or to a task; the node's answer is described."""
    url = f"/api/sessions/{worked}/rewind"
    goal = await add(db, worked, "goal")
    row = (await server.call("GET", f"/api/sessions/{worked}/checkpoints"))["items"][0]
    file = {"path": "a", "operation": "edit", "additions": 1}
    told = {
        "checkpoint": row,
        "goal_id": goal["id"],
        "goal_title": "after “x”",
        "undo_checkpoint_id": "7",
        "files": [file],
        "kept": ["b"],
        "conversations": [],
    }
    node.says("rewind", told)
    outcome = await server.call("POST", url, json={"checkpoint_id": goal["id"]})
    assert outcome == told
    assert node.asked("rewind")[-1] == {
        "checkpoint_id": goal["id"],
        "before": False,
        "conversation": False,
    }
    body = {"agent": "demo", "input": "x"}
    task = await server.call("POST", f"/api/sessions/{worked}/tasks", 201, json=body)
    wish = {"task_id": task["id"], "before": True, "conversation": True}
    await server.call("POST", url, json=wish)
    assert node.asked("rewind")[-1] == wish


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "checkpoint_id"),
        ({"checkpoint_id": "1", "task_id": "1"}, 422, "task_id"),
        ({"checkpoint_id": None}, 422, "checkpoint_id"),
        ({"checkpoint_id": 1}, 422, "checkpoint_id"),
        ({"checkpoint_id": "a\x00"}, 422, "checkpoint_id"),
        ({"checkpoint_id": "x" * 300}, 422, "checkpoint_id"),
        ({"checkpoint_id": "1", "before": "yes"}, 422, "before"),
        ({"checkpoint_id": "1", "before": True}, 422, "before"),
        ({"checkpoint_id": "1", "conversation": 1}, 422, "conversation"),
        ({"to": "1"}, 422, "to"),
        ({"checkpoint_id": "x"}, 404, None),
        ({"checkpoint_id": "999999"}, 404, None),
        ({"checkpoint_id": "9" * 30}, 404, None),
        ({"task_id": "999999"}, 404, None),
    ],
    ids=lambda value: repr(value)[:50],
)
async def test_a_rewind_to_nowhere_is_refused_before_the_node_is_asked(
    *, server: Running, node: FakeNode, worked: str, body: Any, status: int, field: str | None
) -> None:
    """422 or 404."""
    error = await server.refused("POST", f"/api/sessions/{worked}/rewind", status, json=body)
    assert error.get("field") == field
    assert node.asked() == []


async def test_a_checkpoint_of_another_session_is_not_found(
    server: Running, db: Database, node: FakeNode, project: str, worked: str
) -> None:
    """404."""
    other = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    foreign = await add(db, other["id"], "foreign")
    body = {"checkpoint_id": foreign["id"]}
    await server.refused("POST", f"/api/sessions/{worked}/rewind", 404, json=body)
    assert node.asked() == []


async def test_files_are_listed_and_found_by_the_node(
    server: Running, node: FakeNode, session: str, worked: str
) -> None:
    """By folder or by a part of the name, in pages."""
    url = f"/api/sessions/{worked}/files"
    entry = {"name": "b", "path": "a/b", "kind": "file", "size": 5}
    page = {"items": [entry, entry | {"kind": "folder", "size": None}], "next_cursor": "n"}
    node.says("files", page)
    assert await server.call("GET", url) == page
    assert node.asked("files")[-1] == {"path": "", "limit": 100}
    await server.call("GET", f"{url}?path=a&q=b&limit=3&cursor=n")
    assert node.asked("files")[-1] == {"path": "a", "q": "b", "limit": 3, "cursor": "n"}
    asked = len(node.asked())
    for query in ("path=%00", "q=%00", "limit=0", "limit=9999", "cursor=%00"):
        await server.refused("GET", f"{url}?{query}", 422)
    await server.refused("GET", "/api/sessions/nosuch/files", 404)
    assert len(node.asked()) == asked
    node.says("files", InvalidInput("Outside.", code="outside", field="path"))
    assert (await server.refused("GET", f"{url}?path=../x", 422))["code"] == "outside"


async def test_a_file_is_read_in_parts(server: Running, node: FakeNode, worked: str) -> None:
    """From an offset on."""
    url = f"/api/sessions/{worked}/file"
    part = {
        "path": "a",
        "kind": "file",
        "size": 9,
        "encoding": "utf-8",
        "content": "x",
        "offset": 4,
        "next_offset": 5,
    }
    node.says("file", part)
    assert await server.call("GET", f"{url}?path=a&offset=4") == part
    assert node.asked("file") == [{"path": "a", "offset": 4}]
    for query in ("", "path=", "path=%00", "path=a&offset=-1", "path=a&offset=x"):
        await server.refused("GET", f"{url}?{query}", 422)
    assert len(node.asked()) == 1
    node.says("file", NotFound("There is no a.", field="path"))
    await server.refused("GET", f"{url}?path=a", 404)


async def test_before_the_first_turn_there_are_no_files(
    server: Running, node: FakeNode, session: str
) -> None:
    """An empty list, and 404."""
    url = f"/api/sessions/{session}"
    assert await server.call("GET", f"{url}/files") == {"items": [], "next_cursor": None}
    await server.refused("GET", f"{url}/file?path=a", 404)
    assert node.asked() == []

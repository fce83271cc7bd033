"""The addresses of changes: what is handed to the node, what comes back, what is refused before it is asked."""

from typing import Any

import pytest

from roundhouse.model.errors import Conflict, NotFound, WorkspaceError
from roundhouse.store.changes import NewChange, PendingChanges
from roundhouse.store.database import Database
from roundhouse.store.tasks import Tasks
from tests.service.node import FakeNode
from tests.web.server import Json, Running

GOOD = {"agent": "demo", "input": "hi"}
SNAPSHOT = "0123456789" * 4
VERDICT = {"reviewed": "r", "head": "h", "files": ["a"], "hunks": 2, "mixed": []}
DECISIONS = ("accept", "reject", "seen")


async def test_changes_are_read_by_the_node(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """Nothing before the first turn; then what the node says, with the filters handed on."""
    url = f"/api/sessions/{session}/changes"
    nothing = await server.call("GET", url)
    assert nothing["files"] == []
    assert nothing["totals"]["files"] == 0
    assert node.asked("changes") == []


async def test_every_filter_of_changes_is_handed_on(
    server: Running, node: FakeNode, worked: str
) -> None:
    """`since` too; what cannot be is refused."""
    url = f"/api/sessions/{worked}/changes"
    task = (await server.call("POST", f"/api/sessions/{worked}/tasks", 201, json=GOOD))["id"]
    told = {"base": "c", "reviewed": "c", "head": "d", "files": [], "totals": {"files": 0}}
    node.says("changes", told)
    assert await server.call("GET", f"{url}?agent=demo&task_id={task}&limit=5") == told
    assert node.asked("changes")[-1] == {"agent": "demo", "task_id": task, "limit": 5}
    assert node.taken[-1].session_id == worked
    for since in ("seen", SNAPSHOT):
        await server.call("GET", f"{url}?since={since}&path=a/b&cursor=x")
        assert node.asked("changes")[-1] == {"since": since, "path": "a/b", "cursor": "x"}
    asked = len(node.asked())
    for query in ("since=1", "since=", "since=HEAD", "since=%00", "path=%00", "limit=0", "limit=x"):
        error = await server.refused("GET", f"{url}?{query}", 422)
        assert error["field"] == query.partition("=")[0]
    await server.refused("GET", f"{url}?task_id=999", 404)
    await server.refused("GET", "/api/sessions/nosuch/changes", 404)
    assert len(node.asked()) == asked


@pytest.mark.parametrize("kind", ["accept", "reject"])
async def test_a_verdict_names_what_it_took(
    server: Running, node: FakeNode, worked: str, kind: str
) -> None:
    """The choice is handed on as it was made; the answer is described."""
    url = f"/api/sessions/{worked}/changes/{kind}"
    node.says(kind, VERDICT | {"new": "field"})
    for choice in (
        {"files": ["b", "a", "a"], "hunks": ["h1"]},
        {"hunks": ["h1"]},
        {"agent": "demo"},
        {"agent": "person"},
        {"all": True},
        {"all": True, "head": SNAPSHOT},
    ):
        outcome = await server.call("POST", url, json=choice)
        assert {name: outcome[name] for name in VERDICT} == VERDICT
        wanted = choice | ({"files": ["a", "b"]} if "files" in choice else {})
        assert node.asked(kind)[-1] == wanted


async def test_seen_and_undo_are_the_nodes_too(
    server: Running, node: FakeNode, worked: str
) -> None:
    """Their answers are described; undo takes no wish that it would not fulfil."""
    url = f"/api/sessions/{worked}/changes"
    node.says("seen", {"marked": 3})
    assert await server.call("POST", f"{url}/seen", json={"all": True}) == {"marked": 3}
    node.says("undo_verdict", VERDICT | {"undone": "accept"})
    assert (await server.call("POST", f"{url}/undo"))["undone"] == "accept"
    assert (await server.call("POST", f"{url}/undo", json={}))["undone"] == "accept"
    error = await server.refused("POST", f"{url}/undo", 422, json={"check_only": True})
    assert (error["code"], error["field"]) == ("unknown_field", "check_only")
    assert len(node.asked("undo_verdict")) == 2


BAD_CHOICES: list[tuple[Any, str]] = [
    ({}, "files"),
    ({"files": []}, "files"),
    ({"files": [""]}, "files"),
    ({"files": ["a\x00"]}, "files.0"),
    ({"files": ["\ud800"]}, "files.0"),
    ({"files": "a"}, "files"),
    ({"files": [7]}, "files.0"),
    ({"files": ["x" * 20_000]}, "files.0"),
    ({"files": ["x"] * 20_001}, "files"),
    ({"hunks": []}, "hunks"),
    ({"hunks": [None]}, "hunks.0"),
    ({"hunks": ["x" * 300]}, "hunks.0"),
    ({"agent": ""}, "agent"),
    ({"agent": "nobody"}, "agent"),
    ({"agent": 1}, "agent"),
    ({"agent": "a\x00"}, "agent"),
    ({"agent": "demo", "files": ["a"]}, "agent"),
    ({"agent": "demo", "all": True}, "all"),
    ({"all": True, "hunks": ["a"]}, "all"),
    ({"all": False}, "all"),
    ({"head": "a" * 40}, "files"),
    ({"all": True, "head": "HEAD"}, "head"),
    ({"all": True, "head": ""}, "head"),
    ({"all": True, "head": 1}, "head"),
    ({"all": "yes"}, "all"),
    ({"all": 1}, "all"),
    ({"everything": True}, "everything"),
    ({"file": ["a"]}, "file"),
    ({"all": True, "Files": ["a"]}, "Files"),
    ([], ""),
    (None, ""),
]


@pytest.mark.parametrize(("body", "field"), BAD_CHOICES, ids=lambda value: repr(value)[:40])
async def test_a_choice_that_cannot_be_is_refused_before_the_node_is_asked(
    server: Running, node: FakeNode, worked: str, body: Any, field: str
) -> None:
    """422 with the field, for each of the three."""
    for kind in DECISIONS:
        url = f"/api/sessions/{worked}/changes/{kind}"
        error = await server.refused("POST", url, 422, json=body)
        assert error.get("field", "") == field
    assert node.asked() == []


@pytest.mark.parametrize("kind", DECISIONS)
async def test_what_is_stale_or_busy_is_a_conflict(
    server: Running, node: FakeNode, worked: str, kind: str
) -> None:
    """409 with the node's own code."""
    url = f"/api/sessions/{worked}/changes/{kind}"
    for code in ("stale_hunk", "stale_file", "session_busy", "something_new"):
        node.says(kind, Conflict("No.", code=code, remedy="Look again."))
        error = await server.refused("POST", url, 409, json={"hunks": ["x"]})
        assert error == {"code": code, "message": "No.", "remedy": "Look again."}
    node.says(kind, Conflict("No.", code="stale_changes", details={"paths": ["a"]}))
    error = await server.refused("POST", url, 409, json={"all": True})
    assert (error["code"], error["paths"]) == ("stale_changes", ["a"])


APPLIED = {
    "applied": True,
    "check_only": False,
    "files": [
        {
            "path": "a",
            "operation": "edit",
            "old_path": None,
            "additions": 1,
            "deletions": 2,
            "merged": True,
            "binary": False,
            "old_mode": None,
            "new_mode": None,
        }
    ],
    "unchanged": ["b"],
    "skipped": ["sub"],
    "base": "s",
}


async def test_an_apply_says_what_it_wrote(server: Running, node: FakeNode, worked: str) -> None:
    """And its options are handed on."""
    url = f"/api/sessions/{worked}/apply"
    node.says("apply", APPLIED)
    assert await server.call("POST", url, json={"target": "checkout"}) == APPLIED
    assert node.asked("apply")[-1] == {"accepted_only": False, "check_only": False}
    await server.call("POST", url, json={"accepted_only": True, "check_only": True})
    assert node.asked("apply")[-1] == {"accepted_only": True, "check_only": True}
    node.says("undo_apply", APPLIED)
    assert await server.call("POST", f"{url}/undo") == APPLIED
    node.says("undo_apply", Conflict("Nothing.", code="nothing_to_undo"))
    assert (await server.refused("POST", f"{url}/undo", 409))["code"] == "nothing_to_undo"
    asked = len(node.asked())
    for wrong in (
        {"target": "elsewhere"},
        {"target": None},
        {"accepted_only": "yes"},
        {"check_only": 1},
        {"checkonly": True},
    ):
        error = await server.refused("POST", url, 422, json=wrong)
        assert error["field"] == next(iter(wrong))
    await server.refused("POST", f"{url}/undo", 422, json={"check_only": True})
    assert len(node.asked()) == asked


async def test_conflicts_of_an_apply_come_with_the_error(
    server: Running, node: FakeNode, worked: str
) -> None:
    """Both sides of each, beside what could be applied; code and message stay the error's own."""
    conflict = {
        "path": "a",
        "kind": "content",
        "base": {"text": "0\n", "mode": "100644"},
        "ours": {"text": "1\n", "mode": "100644"},
        "theirs": None,
        "merged": "<<<<<<<",
    }
    details: Json = {"conflicts": [conflict], "files": APPLIED["files"], "code": "x"}
    node.says("apply", Conflict("It does not fit.", code="apply_conflict", details=details))
    error = await server.refused(
        "POST", f"/api/sessions/{worked}/apply", 409, json={"check_only": True}
    )
    assert error == details | {"code": "apply_conflict", "message": "It does not fit."}


async def test_a_commit_needs_a_message(server: Running, node: FakeNode, worked: str) -> None:
    """And says what it made."""
    url = f"/api/sessions/{worked}/commit"
    made = {"commit": "c", "branch": "b", "commits": ["c"], "files": 2}
    node.says("commit", made)
    assert await server.call("POST", url, json={"message": "Fix ünd\n\nmore"}) == made
    assert node.asked("commit")[-1] == {
        "message": "Fix ünd\n\nmore",
        "squash": True,
        "accepted_only": False,
    }
    await server.call("POST", url, json={"message": "x", "squash": False, "accepted_only": True})
    asked = len(node.asked())
    for wrong in (
        {"message": ""},
        {"message": " \n"},
        {"message": "a\x00"},
        {"message": 7},
        {"message": None},
        {"squash": "no"},
        {"all": True},
    ):
        error = await server.refused("POST", url, 422, json={"message": "x"} | wrong)
        assert error["field"] == next(iter(wrong))
    await server.refused("POST", url, 422, json={})
    await server.refused("POST", url, 413, json={"message": "é" * 40_000})
    assert len(node.asked()) == asked


async def test_before_the_first_turn_there_is_nothing_to_review(
    server: Running, node: FakeNode, session: str
) -> None:
    """409 with a sentence for what would change something; 404 for what is no session."""
    bodies: dict[str, Json] = {
        "changes/accept": {"all": True},
        "changes/reject": {"all": True},
        "changes/seen": {"all": True},
        "changes/undo": {},
        "apply": {},
        "apply/undo": {},
        "commit": {"message": "x"},
        "rewind": {"checkpoint_id": "1"},
        "comments": {"path": "a", "line": 1, "text": "x"},
    }
    for end, body in bodies.items():
        error = await server.refused("POST", f"/api/sessions/{session}/{end}", 409, json=body)
        assert error["code"] == "nothing_to_review", end
        assert error["remedy"]
        await server.refused("POST", f"/api/sessions/nosuch/{end}", 404, json=body)
        await server.refused("POST", f"/api/sessions/%00/{end}", 422, json=body)
    assert node.asked() == []


async def test_what_the_node_refuses_or_garbles_has_the_error_shape(
    server: Running, node: FakeNode, worked: str
) -> None:
    """404, 409 or 500, never half an answer."""
    url = f"/api/sessions/{worked}/apply"
    node.says("apply", WorkspaceError("No space left.", code="disk_full"))
    assert (await server.refused("POST", url, 409, json={}))["code"] == "disk_full"
    node.says("apply", NotFound("No checkout."))
    await server.refused("POST", url, 404, json={})
    node.says("apply", {"applied": "perhaps"})
    assert (await server.refused("POST", url, 500, json={}))["code"] == "internal"


async def test_overlaps_of_a_project_are_listed(
    server: Running, db: Database, project: str, worked: str
) -> None:
    """Files that are pending in two of its sessions; 404 for what is no project."""
    url = f"/api/projects/{project}/overlaps"
    assert await server.call("GET", url) == {"items": [], "next_cursor": None}
    other = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    await PendingChanges(db).add(
        [
            NewChange(
                session_id=one,
                file_path=path,
                operation="edit",
                patch="",
                additions=1,
                deletions=0,
            )
            for one, path in ((worked, "a"), (worked, "b"), (other["id"], "b"))
        ]
    )
    (found,) = (await server.call("GET", url))["items"]
    assert found["path"] == "b"
    assert {one["id"] for one in found["sessions"]} == {worked, other["id"]}
    await server.refused("GET", "/api/projects/nosuch/overlaps", 404)


async def test_a_task_of_another_session_is_not_found(
    server: Running, db: Database, node: FakeNode, project: str, worked: str
) -> None:
    """As a filter and as a place to go back to."""
    other = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    url = f"/api/sessions/{other['id']}/tasks"
    task = await server.call("POST", url, 201, json=GOOD)
    assert (await Tasks(db).get(task["id"])).session_id == other["id"]
    await server.refused("GET", f"/api/sessions/{worked}/changes?task_id={task['id']}", 404)
    await server.refused(
        "POST", f"/api/sessions/{worked}/rewind", 404, json={"task_id": task["id"]}
    )
    assert node.asked() == []

"""The addresses: what they answer, and what they refuse without writing anything."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from roundhouse.model.errors import Conflict, InvalidInput
from roundhouse.model.event import TaskStarted
from roundhouse.model.permission import PermissionAsk, PermissionOption, Question
from roundhouse.model.session import BackendKind, Continuity
from roundhouse.model.task import TaskStatus
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.database import Database
from roundhouse.store.permissions import Permissions
from roundhouse.store.requests import Request
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from tests.service.node import FakeNode, append, texts
from tests.web.server import Json, Running

GOOD = {"agent": "demo", "input": "hi"}


async def running_task(db: Database, node: FakeNode, server: Running, session: str) -> str:
    """A task that the node has taken."""
    task = await server.call("POST", f"/api/sessions/{session}/tasks", 201, json=GOOD)
    taken = await Tasks(db).claim(node.id, 1)
    assert [one.id for one in taken] == [task["id"]]
    return str(task["id"])


async def test_projects_are_registered_once_changed_and_forgotten(
    server: Running, node: FakeNode, project: str
) -> None:
    """The same path is the same project; one with sessions stays."""
    again = await server.call("POST", "/api/projects", 201, json={"path": "/srv/repo"})
    assert again["id"] == project
    assert again["name"] == "repo"
    patch = {"name": "Mine", "setup_command": "make", "copy": [".env"]}
    changed = await server.call("PATCH", f"/api/projects/{project}", json=patch)
    assert {key: changed[key] for key in patch} == patch
    changed = await server.call("PATCH", f"/api/projects/{project}", json={"setup_command": None})
    assert changed["setup_command"] is None
    assert changed["copy"] == [".env"]
    assert (await server.call("GET", "/api/projects"))["items"] == [changed]
    session = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    error = await server.refused("DELETE", f"/api/projects/{project}", 409)
    assert error["code"] == "has_sessions"
    await server.call("DELETE", f"/api/sessions/{session['id']}", 204)
    await server.call("DELETE", f"/api/projects/{project}", 204)
    await server.refused("GET", f"/api/projects/{project}", 404)


@pytest.mark.parametrize(
    "body",
    [
        {"path": "a\x00b"},
        {"path": "\ud800"},
        {"path": ""},
        {"path": "  "},
        {"path": 7},
        {"path": "x" * 20_000},
        {"path": "/srv/repo", "name": 7},
        {},
        [],
        "text",
        None,
    ],
    ids=repr,
)
async def test_a_bad_path_is_refused_before_the_node_is_asked(
    server: Running, node: FakeNode, body: Any
) -> None:
    """422 with the field."""
    error = await server.refused("POST", "/api/projects", 422, json=body)
    if isinstance(body, dict):
        assert error["field"] in ("path", "name")
    assert node.taken == []


@pytest.mark.parametrize("glob", ["/etc/passwd", "../x", "a/../../b", "~/x", ""])
async def test_files_to_copy_lie_inside_the_repository(
    server: Running, project: str, glob: str
) -> None:
    """No pattern leads out of it."""
    await server.refused("PATCH", f"/api/projects/{project}", 422, json={"copy": [glob]})


async def test_what_the_node_says_of_a_path_is_the_answer(server: Running, node: FakeNode) -> None:
    """Its code, field and remedy."""

    async def refuse(request: Request) -> Json:
        raise InvalidInput("No commits.", code="no_commits", field="path", remedy="Commit.")

    node.handlers["inspect_repository"] = refuse
    error = await server.refused("POST", "/api/projects", 422, json={"path": "/x"})
    assert error == {
        "code": "no_commits",
        "message": "No commits.",
        "field": "path",
        "remedy": "Commit.",
    }
    node.says("inspect_repository", InvalidInput("Nothing.", code="not_found", field="path"))
    error = await server.refused("POST", "/api/projects", 422, json={"path": "/x"})
    assert (error["code"], error["field"]) == ("not_found", "path")
    assert (await server.call("GET", "/api/projects"))["items"] == []


async def test_without_a_node_a_path_is_503_within_five_seconds(server: Running) -> None:
    """Nobody could look at it."""
    with anyio.fail_after(5):
        error = await server.refused("POST", "/api/projects", 503, json={"path": "/srv/repo"})
    assert error["code"] == "node_down"
    assert (await server.call("GET", "/api/health"))["status"] == "degraded"


async def test_sessions_are_named_read_archived_and_taken_back(
    server: Running, db: Database, session: str
) -> None:
    """PATCH changes what is given and refuses what cannot be."""
    url = f"/api/sessions/{session}"
    await append(db, session, *texts(1, 3))
    assert (await server.call("PATCH", url, json={"read_seq": 3}))["read_seq"] == 3
    for wrong in (4, -1, 2**70, "3", True):
        await server.refused("PATCH", url, 422, json={"read_seq": wrong})
    assert (await server.call("PATCH", url, json={"handover": False}))["handover"] is False
    assert (await server.call("PATCH", url, json={"title": " A\n b "}))["title"] == "A b"
    for title in ("", " \n", "x" * 201, "a\x00", 7):
        await server.refused("PATCH", url, 422, json={"title": title})
    assert (await server.call("PATCH", url, json={"archived": True}))["status"] == "archived"
    assert (await server.call("GET", "/api/sessions"))["items"] == []
    found = await server.call("GET", "/api/sessions?status=archived")
    assert [line["id"] for line in found["items"]] == [session]
    error = await server.refused("POST", f"{url}/tasks", 409, json=GOOD)
    assert error["code"] == "archived"
    assert (await server.call("PATCH", url, json={"archived": False}))["archived_at"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"project_id": "nosuch"},
        {"project_id": "a\x00"},
        {"project_id": None},
        {"base_ref": "--upload-pack=x"},
        {"base_ref": ""},
        {"include_uncommitted": "yes"},
        {"title": "x" * 201},
    ],
    ids=repr,
)
async def test_a_session_that_cannot_be_is_refused(
    server: Running, project: str, body: Json
) -> None:
    """404 for the project, 422 for the rest, and no session."""
    full = body if "project_id" in body or not body else {"project_id": project} | body
    status = 404 if body.get("project_id") == "nosuch" else 422
    await server.refused("POST", "/api/sessions", status, json=full)
    assert (await server.call("GET", "/api/sessions"))["items"] == []


async def test_a_busy_session_is_not_archived_and_its_deletion_waits_for_the_end(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """The turn is cancelled, its end waited for; queued tasks go first, so that none starts meanwhile."""
    task = await running_task(db, node, server, session)
    await server.call("POST", f"/api/sessions/{session}/tasks", 201, json=GOOD)
    url = f"/api/sessions/{session}"
    error = await server.refused("PATCH", url, 409, json={"archived": True})
    assert error["code"] == "session_busy"

    async def obey() -> None:
        while not await Tasks(db).cancelled([task]):  # noqa: ASYNC110 - a row has no event
            await anyio.sleep(0.02)
        await Tasks(db).finish(task, node.id, TaskStatus.CANCELLED)
        await Sessions(db).settled(session, task)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(obey)
        with anyio.fail_after(10):
            await server.call("DELETE", url, 204)
    await server.refused("GET", url, 404)
    await server.refused("DELETE", url, 404)
    await server.refused("GET", f"{url}/events", 404)
    await server.refused("GET", f"{url}/tasks", 404)


async def test_a_turn_that_does_not_end_keeps_its_session(
    server: Running, db: Database, node: FakeNode, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """409 after the deadline."""
    monkeypatch.setattr("roundhouse.service.sessions.STOP_DEADLINE", 0.2)
    await running_task(db, node, server, session)
    error = await server.refused("DELETE", f"/api/sessions/{session}", 409)
    assert error["code"] == "session_busy"
    await server.call("GET", f"/api/sessions/{session}")


async def test_tasks_are_queued_once_per_key_and_name_the_session(
    server: Running, session: str
) -> None:
    """201, then 200 with the same; the title is the first prompt's first line, once."""
    url = f"/api/sessions/{session}/tasks"
    body = {"agent": "demo", "input": "\n  Fix   the bug\nplease", "client_key": "k"}
    first = await server.call("POST", url, 201, json=body)
    again = await server.call("POST", url, 200, json=body | {"input": "other"})
    assert again == first
    assert (await server.call("GET", f"/api/sessions/{session}"))["title"] == "Fix the bug"
    await server.call("POST", url, 201, json=GOOD)
    assert (await server.call("GET", f"/api/sessions/{session}"))["title"] == "Fix the bug"
    page = await server.call("GET", f"{url}?limit=1")
    assert [task["id"] for task in page["items"]] == [first["id"]]
    rest = await server.call("GET", f"{url}?limit=1&cursor={page['next_cursor']}")
    assert [task["input"] for task in rest["items"]] == ["hi"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"agent": "nobody"}, "unknown_agent"),
        ({"agent": "dem\x00o"}, "invalid"),
        ({"agent": 7}, "invalid"),
        ({"agent": None}, "invalid"),
        ({"input": ""}, "empty"),
        ({"input": " \n"}, "empty"),
        ({"input": "a\x00b"}, "invalid"),
        ({"input": "a\ud800b"}, "invalid"),
        ({"priority": "high"}, "invalid"),
        ({"priority": 10**12}, "invalid"),
        ({"priority": 1.5}, "invalid"),
        ({"parent_task_id": "99999"}, "not_found"),
        ({"parent_task_id": "x"}, "not_found"),
        ({"client_key": "k" * 10_000}, "invalid"),
        ({"client_key": "a\x00b"}, "invalid"),
        ({"client_key": ""}, "invalid"),
        ({"model": ""}, "invalid"),
        ({"handover": "no"}, "invalid"),
        ({"attachments": [{"path": "x"}]}, "attachments_unsupported"),
    ],
    ids=repr,
)
async def test_a_task_that_cannot_be_is_refused_before_anything_is_queued(
    server: Running, project: str, session: str, wrong: Json, code: str
) -> None:
    """422 with the field, in both places that take a prompt; no task, no event, no session is left."""
    url = f"/api/sessions/{session}/tasks"
    error = await server.refused("POST", url, 422, json=GOOD | wrong)
    assert error["code"] == code
    assert error["field"] == next(iter(wrong))
    body = GOOD | wrong | {"project_id": project}
    error = await server.refused("POST", "/api/tasks", 422, json=body)
    assert error["code"] == code
    assert (await server.call("GET", url))["items"] == []
    assert (await server.call("GET", f"/api/sessions/{session}"))["last_seq"] == 0
    assert len((await server.call("GET", "/api/sessions"))["items"]) == 1


async def test_a_prompt_can_have_a_session_of_its_own(server: Running, project: str) -> None:
    """Named after it."""
    body = {"project_id": project, "agent": "demo", "input": "x" * 100, "attachments": []}
    task = await server.call("POST", "/api/tasks", 201, json=body)
    line = await server.call("GET", f"/api/sessions/{task['session_id']}")
    assert len(line["title"]) == 80
    assert line["queued"] == 1
    await server.refused("POST", "/api/tasks", 404, json=body | {"project_id": "nosuch"})


async def test_a_disabled_agent_takes_no_task(server: Running, session: str) -> None:
    """Until it is switched on again."""
    switched = await server.call("PATCH", "/api/agents/demo", json={"enabled": False})
    assert switched["enabled"] is False
    error = await server.refused("POST", f"/api/sessions/{session}/tasks", 422, json=GOOD)
    assert error["code"] == "agent_disabled"
    await server.call("PATCH", "/api/agents/demo", json={"enabled": True})
    await server.call("POST", f"/api/sessions/{session}/tasks", 201, json=GOOD)
    await server.refused("PATCH", "/api/agents/demo", 422, json={"enabled": "yes"})
    await server.refused("PATCH", "/api/agents/nobody", 404, json={"enabled": True})
    await server.refused("GET", "/api/agents/nobody", 404)
    assert [one["name"] for one in (await server.call("GET", "/api/agents"))["items"]] == ["demo"]


async def test_the_queue_is_edited_until_a_task_is_taken(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """Input, agent and place; then 409."""
    url = f"/api/sessions/{session}/tasks"
    first, second = [
        (await server.call("POST", url, 201, json=GOOD | {"input": text}))["id"] for text in "ab"
    ]
    patch = {"input": "B", "position": 0, "priority": 0}
    assert (await server.call("PATCH", f"/api/tasks/{second}", json=patch))["input"] == "B"
    for wrong in ({"input": ""}, {"agent": "nobody"}, {"position": -1}, {"input": "\x00"}):
        await server.refused("PATCH", f"/api/tasks/{second}", 422, json=wrong)
    assert [task.id for task in await Tasks(db).claim(node.id, 5)] == [second]
    error = await server.refused("PATCH", f"/api/tasks/{second}", 409, json={"input": "C"})
    assert error["code"] == "not_pending"
    assert (await server.call("POST", f"/api/tasks/{first}/cancel"))["status"] == "cancelled"
    error = await server.refused("POST", f"/api/tasks/{first}/cancel", 409)
    assert error["code"] == "already_ended"
    asked = await server.call("POST", f"/api/tasks/{second}/cancel")
    assert (asked["status"], asked["cancel_requested"]) == ("running", True)
    for wrong_id in ("x", "999999", "9" * 30, "-1", "%00"):
        for method, end in (("GET", ""), ("PATCH", ""), ("POST", "/cancel")):
            answer = await server.http.request(
                method, f"/api/tasks/{wrong_id}{end}", json={} if method == "PATCH" else None
            )
            assert answer.status_code in (404, 422), wrong_id


async def test_events_come_by_pages_from_both_ends(
    server: Running, db: Database, session: str
) -> None:
    """`after` and `before`, in order; out of range is said."""
    url = f"/api/sessions/{session}/events"
    assert await server.call("GET", url) == {"events": [], "last_seq": 0}
    await append(db, session, TaskStarted(), *texts(2, 10))
    page = await server.call("GET", f"{url}?after=3&limit=2")
    assert [event["seq"] for event in page["events"]] == [4, 5]
    assert page["last_seq"] == 10
    page = await server.call("GET", f"{url}?before=4&limit=2")
    assert [event["seq"] for event in page["events"]] == [2, 3]
    assert (await server.call("GET", f"{url}?after=10"))["events"] == []
    error = await server.refused("GET", f"{url}?after=11", 422)
    assert (error["code"], error["field"]) == ("out_of_range", "after")
    for query in (
        "after=-1", "after=x", "after=99999999999999999999", "limit=0", "limit=999999999",
        "before=0", "before=x", "after=1&before=3", "after=",
    ):  # fmt: skip
        await server.refused("GET", f"{url}?{query}", 422)


async def test_lists_refuse_bad_limits_cursors_and_filters(server: Running, project: str) -> None:
    """Whatever comes in a query."""
    for query in (
        "limit=0", "limit=x", "limit=999999999", "cursor=x", "cursor=%00", "cursor=WyJ4IiwieSJd",
        "status=nothing", "q=%00",
    ):  # fmt: skip
        await server.refused("GET", f"/api/sessions?{query}", 422)
    assert (await server.call("GET", "/api/sessions?q=%25_%27"))["items"] == []
    assert (await server.call("GET", "/api/sessions?project_id=nosuch"))["items"] == []
    await server.refused("GET", "/api/projects?cursor=x", 422)
    await server.refused("GET", "/api/permissions?status=maybe", 422)


async def test_a_permission_is_answered_once_and_remembered(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """By an option that exists; the rule covers this tool and this pattern."""
    task = await running_task(db, node, server, session)
    ask = PermissionAsk(
        title="npm *",
        detail={"tool": "execute"},
        options=[
            PermissionOption("yes", "Allow", "allow_once"),
            PermissionOption("hm", "Explain", "other"),
        ],
    )
    row = await Permissions(db).ask(
        session_id=session, task_id=task, agent="demo", ask=ask, expires_at=soon()
    )
    found = await server.call("GET", f"/api/permissions?status=pending&session_id={session}")
    assert [one["id"] for one in found["items"]] == [row.id]
    assert (await server.call("GET", "/api/inbox"))["items"][0]["permission"]["id"] == row.id
    url = f"/api/permissions/{row.id}/answer"
    for wrong in (
        {},
        {"option_id": "no"},
        {"option_id": 7},
        {"option_id": "yes", "answers": [["x"]]},
        {"answers": [["x"]]},
        {"option_id": "hm", "remember": "session"},
        {"option_id": "yes", "remember": "forever"},
        {"option_id": "yes", "message": "\x00"},
    ):
        await server.refused("POST", url, 422, json=wrong)
    body = {"option_id": "yes", "remember": "project"}
    answered = await server.call("POST", url, json=body)
    assert (answered["status"], answered["answer"]) == ("answered", {"option_id": "yes"})
    error = await server.refused("POST", url, 409, json=body)
    assert error["code"] == "already_answered"
    rules = (await server.call("GET", "/api/permission-rules"))["items"]
    assert [(rule["matcher"], rule["scope"]) for rule in rules] == [("execute:npm [*]", "project")]
    await server.call("DELETE", f"/api/permission-rules/{rules[0]['id']}", 204)
    await server.refused("DELETE", f"/api/permission-rules/{rules[0]['id']}", 404)
    for wrong_id in ("77", "x", "9" * 30):
        await server.refused("POST", f"/api/permissions/{wrong_id}/answer", 404, json=body)


async def test_a_question_takes_an_answer_for_each_part(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """No more and no fewer."""
    task = await running_task(db, node, server, session)
    ask = PermissionAsk(
        title="Which?", kind="question", options=[], questions=[Question(question="Which?")]
    )
    row = await Permissions(db).ask(
        session_id=session, task_id=task, agent="demo", ask=ask, expires_at=soon()
    )
    url = f"/api/permissions/{row.id}/answer"
    for wrong in ([], [["a"], ["b"]], ["a"], "a", [["\x00"]]):
        await server.refused("POST", url, 422, json={"answers": wrong})
    answered = await server.call("POST", url, json={"answers": [["this"]]})
    assert answered["answer"] == {"answers": [["this"]]}


async def test_rules_are_made_by_hand_too(server: Running, project: str, session: str) -> None:
    """With what belongs to their scope, and nothing else."""
    good = {"scope": "session", "session_id": session, "matcher": "execute", "decision": "deny"}
    rule = await server.call("POST", "/api/permission-rules", 201, json=good)
    assert rule["session_id"] == session
    for wrong in (
        {"scope": "project"},
        {"scope": "global"},
        {"session_id": None},
        {"matcher": ""},
        {"matcher": ":x"},
        {"decision": "maybe"},
        {"project_id": project},
    ):
        await server.refused("POST", "/api/permission-rules", 422, json=good | wrong)
    await server.refused("POST", "/api/permission-rules", 404, json=good | {"session_id": "nosuch"})
    await server.refused("DELETE", "/api/permission-rules/x", 404)


async def test_the_agents_of_a_session_are_listed_and_closed(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """A plain array; closing is the node's, and its refusal is the answer."""
    url = f"/api/sessions/{session}/agents"
    assert await server.call("GET", url) == []
    await AgentSessions(db).ready(
        session,
        "demo",
        backend=BackendKind.ACP_WARM,
        agent_session_id="abc",
        continuity=Continuity.FRESH,
        pid=42,
    )
    (found,) = await server.call("GET", url)
    assert (found["agent"], found["warm"], found["pid"]) == ("demo", True, 42)
    assert found["usage"] == {"tokens_in": 0, "tokens_out": 0, "cost_usd": 0.0}

    async def close(request: Request) -> Json:
        return {"closed": [request.args["agent"]]}

    async def busy(request: Request) -> Json:
        raise Conflict("It is working.", code="session_busy")

    node.handlers["close_agent"] = close
    assert await server.call("POST", f"{url}/demo/close") == {"closed": ["demo"]}
    node.handlers["close_agent"] = busy
    error = await server.refused("POST", f"{url}/demo/close", 409)
    assert error["code"] == "session_busy"
    await server.refused("POST", f"{url}/nobody/close", 404)
    await server.refused("GET", "/api/sessions/nosuch/agents", 404)


async def test_agents_are_looked_at_again(server: Running, node: FakeNode) -> None:
    """By every live node."""

    async def refresh(request: Request) -> Json:
        return {"agents": 3}

    node.handlers["refresh_agents"] = refresh
    assert await server.call("POST", "/api/agents/refresh") == {"agents": 3}


async def test_a_held_session_is_resumed(server: Running, session: str) -> None:
    """Also one that is not held."""
    line = await server.call("POST", f"/api/sessions/{session}/resume")
    assert line["hold_reason"] is None
    await server.refused("POST", "/api/sessions/nosuch/resume", 404)


PROCESS = {
    "agent": "demo",
    "session_id": "s",
    "busy": False,
    "pid": 7,
    "idle_seconds": 1.5,
    "rss_bytes": 9,
}


async def test_health_and_metrics_tell_of_the_node(
    server: Running, db: Database, node: FakeNode
) -> None:
    """What the node says of itself, and what the server counts."""
    from roundhouse.store.nodes import Nodes

    await Nodes(db).beat(
        node.id, draining=False, stats={"warm": 2, "rss_bytes": 5, "processes": [PROCESS]}
    )
    health = await server.call("GET", "/api/health")
    assert (health["status"], health["database"]) == ("ok", "ok")
    (found,) = health["nodes"]
    assert (found["alive"], found["warm"], found["rss_bytes"]) == (True, 2, 5)
    assert found["processes"] == [PROCESS]
    await server.http.get("/api/sessions/whoever")
    answer = await server.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'roundhouse_node_warm{node="here"} 2.0' in answer.text
    assert 'route="/api/sessions/{session_id}",status="404"' in answer.text
    assert "whoever" not in answer.text


async def test_an_agent_may_appear_while_a_new_node_is_still_looking(
    server: Running, db: Database, node: FakeNode, session: str
) -> None:
    """The first task waits for the first agent instead of being refused."""
    rows = AvailableAgents(db)
    info = await rows.get("demo")
    await rows.keep_only(node.id, [])
    async with anyio.create_task_group() as tasks:

        async def appear() -> None:
            await anyio.wait_all_tasks_blocked()
            await rows.save(node.id, info)

        tasks.start_soon(appear)
        await server.call("POST", f"/api/sessions/{session}/tasks", 201, json=GOOD)


def soon() -> datetime:
    """A deadline that a test does not reach."""
    return datetime.now(UTC) + timedelta(hours=1)


async def test_no_address_takes_a_parameter_that_it_does_not_know(server: Running) -> None:
    """Wherever it is, before anything is looked up; what the route takes is named."""
    paths = (await server.call("GET", "/openapi.json"))["paths"]
    asked = 0
    for path, operations in paths.items():
        if path == "/api/ws" or "get" not in operations:
            continue
        url = re.sub(r"\{\w+\}", "1", path)
        error = await server.refused("GET", f"{url}?agnet=x", 422)
        assert (error["code"], error["field"]) == ("unknown_field", "agnet"), path
        known = [one["name"] for one in operations["get"].get("parameters", [])]
        taken = error["remedy"].removeprefix("It takes ").removesuffix(".").split(", ")
        assert taken == ["none"] or set(taken) <= set(known), path
        asked += 1
    assert asked > 20
    long = await server.refused("GET", f"/api/projects?{'x' * 300}=1&limit=1", 422)
    assert (long["field"], long["remedy"]) == ("x" * 200, "It takes limit, cursor.")
    await server.refused("GET", "/api/projects?Limit=1", 422)
    await server.refused("POST", "/api/agents/refresh?now=1", 422)

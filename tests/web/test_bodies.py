"""A field that nobody knows is a typing error, and is said to be one."""

from typing import Any

import pytest

from tests.service.node import FakeNode
from tests.web.server import Json, Running


async def test_no_body_takes_unknown_fields(server: Running) -> None:
    """By the description: every shape that a request can have is closed."""
    document = await server.call("GET", "/openapi.json")
    schemas = document["components"]["schemas"]
    checked = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            body = operation.get("requestBody")
            if body is None:
                continue
            schema = body["content"]["application/json"]["schema"]
            for part in schema.get("anyOf", [schema]):
                if "$ref" in part:
                    found = schemas[part["$ref"].rpartition("/")[2]]
                    assert found["additionalProperties"] is False, path
                    checked += 1
    assert checked > 15


BODIES: list[tuple[str, str, Json]] = [
    ("PATCH", "/api/agents/demo", {"enabled": True}),
    ("POST", "/api/projects", {"path": "/srv/repo"}),
    ("PATCH", "/api/projects/PROJECT", {}),
    ("POST", "/api/sessions", {"project_id": "PROJECT"}),
    ("PATCH", "/api/sessions/SESSION", {}),
    ("POST", "/api/sessions/SESSION/tasks", {"agent": "demo", "input": "x"}),
    ("POST", "/api/tasks", {"project_id": "PROJECT", "agent": "demo", "input": "x"}),
    ("PATCH", "/api/tasks/1", {}),
    ("POST", "/api/permissions/1/answer", {"option_id": "x"}),
    ("POST", "/api/permission-rules", {"scope": "global", "matcher": "*", "decision": "deny"}),
    ("POST", "/api/sessions/SESSION/changes/accept", {"all": True}),
    ("POST", "/api/sessions/SESSION/changes/undo", {}),
    ("POST", "/api/sessions/SESSION/apply", {"target": "checkout"}),
    ("POST", "/api/sessions/SESSION/apply/undo", {}),
    ("POST", "/api/sessions/SESSION/commit", {"message": "x"}),
    ("POST", "/api/sessions/SESSION/rewind", {"checkpoint_id": "1"}),
    ("POST", "/api/sessions/SESSION/comments", {"path": "a", "line": 1, "text": "x"}),
    ("POST", "/api/sessions/SESSION/comments/send", {}),
]


@pytest.mark.parametrize(("method", "url", "body"), BODIES, ids=lambda value: str(value)[:50])
async def test_an_unknown_field_is_named_and_nothing_is_done(
    *,
    server: Running,
    node: FakeNode,
    project: str,
    session: str,
    method: str,
    url: str,
    body: Json,
) -> None:
    """422 `unknown_field`, whatever the name holds."""

    def real(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        return text.replace("PROJECT", project).replace("SESSION", session)

    good = {name: real(value) for name, value in body.items()}
    for name, shown in (
        ("no_such", "no_such"),
        ("All", "All"),
        ("", None),
        ("a\x00", "a\x00"),
        ("x" * 5000, "x" * 200),
    ):
        error = await server.refused(method, real(url), 422, json=good | {name: 1})
        assert (error["code"], error.get("field")) == ("unknown_field", shown)
    # Half a character in a name is refused too; what for is the parser's word.
    await server.refused(method, real(url), 422, json=good | {"\ud800": 1})
    assert node.asked() == []
    assert len((await server.call("GET", "/api/sessions"))["items"]) == 1
    assert (await server.call("GET", f"/api/sessions/{session}/tasks"))["items"] == []
    assert (await server.call("GET", "/api/permission-rules"))["items"] == []


@pytest.mark.parametrize("url", ["apply", "comments/send"])
async def test_a_body_of_which_nothing_is_needed_can_be_left_out(
    server: Running, node: FakeNode, worked: str, url: str
) -> None:
    """As if it were empty."""
    node.says("apply", {"applied": False})
    await server.call("POST", f"/api/sessions/{worked}/{url}")
    for asked in node.asked("apply"):
        assert asked == {"accepted_only": False, "check_only": False}


@pytest.mark.parametrize(
    ("method", "url", "sent", "code", "field", "message"),
    [
        ("POST", "commit", [], "invalid", None, "The body must be a JSON object."),
        ("POST", "commit", None, "missing", None, "The request needs a body."),
        ("POST", "commit", {}, "missing", "message", "This is missing."),
        ("POST", "commit", {"message": 1}, "invalid", "message", "This must be a text."),
        (
            *("POST", "commit", {"message": "x", "squash": "no"}),
            *("invalid", "squash", "This must be true or false."),
        ),
        (
            *("POST", "changes/accept", {"files": ["a"] * 20_001}),
            *("invalid", "files", "These are over 20000."),
        ),
        ("POST", "changes/accept", {"files": "a"}, "invalid", "files", "This must be a list."),
        (
            *("POST", "changes/accept", {"files": []}),
            *("empty", "files", "Name some files, or leave `files` out."),
        ),
        (
            *("POST", "changes/accept", {"files": [""]}),
            *("empty", "files", "A name in `files` is empty."),
        ),
        (
            *("POST", "changes/accept", {"hunks": ["x" * 300]}),
            *("invalid", "hunks.0", "This is over 200 characters."),
        ),
        (
            *("POST", "apply", {"target": "branch"}),
            *("invalid", "target", "This must be one of 'checkout'."),
        ),
        (
            *("POST", "comments", {"path": "a", "line": 0, "text": "x"}),
            *("invalid", "line", "This must be at least 1."),
        ),
        (
            *("POST", "comments", {"path": "a", "line": 1.5, "text": "x"}),
            *("invalid", "line", "This must be a whole number."),
        ),
        (
            *("POST", "comments", {"path": "a", "line": 1, "side": "left", "text": "x"}),
            *("invalid", "side", "This must be one of 'old' or 'new'."),
        ),
        ("GET", "changes?limit=x", None, "invalid", "limit", "This must be a whole number."),
        ("GET", "changes?limit=1001", None, "invalid", "limit", "This must be at most 1000."),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_what_does_not_fit_is_said_in_plain_words(
    *,
    server: Running,
    node: FakeNode,
    worked: str,
    method: str,
    url: str,
    sent: Any,
    code: str,
    field: str | None,
    message: str,
) -> None:
    """None of the framework's."""
    body = {} if sent is None else {"json": sent}
    error = await server.refused(method, f"/api/sessions/{worked}/{url}", 422, **body)
    assert (error["code"], error.get("field"), error["message"]) == (code, field, message)
    assert node.asked() == []

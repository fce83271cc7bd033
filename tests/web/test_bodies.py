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

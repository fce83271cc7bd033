"""The description fits what the server does."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.routing import BaseRoute

from roundhouse.model.event import EVENT_TYPES
from tests.service.node import FakeNode
from tests.web.server import Json, Running


def references(part: Any) -> Iterator[str]:
    """Every reference inside a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


async def description(server: Running) -> Json:
    """The document."""
    return dict(await server.call("GET", "/openapi.json"))


async def test_every_reference_leads_somewhere(server: Running) -> None:
    """No shape is named that is not described."""
    document = await description(server)
    schemas = document["components"]["schemas"]
    for reference in set(references(document)):
        prefix, _, name = reference.rpartition("/")
        assert prefix == "#/components/schemas"
        assert name in schemas


async def test_every_event_type_is_described(server: Running) -> None:
    """By its tag, in the discriminator."""
    document = await description(server)
    mapping = document["components"]["schemas"]["EventBody"]["discriminator"]["mapping"]
    assert set(mapping) == {kind.__struct_config__.tag for kind in EVENT_TYPES}
    assert {"op", "session_id", "after"} <= set(
        document["components"]["schemas"]["Subscribe"]["properties"]
    )


async def test_every_route_is_described(server: Running) -> None:
    """With a summary, a shape for its success, and the shape of errors."""
    document = await description(server)
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert ("GET", "/api/ws") in described
    for method, path in described:
        operation = document["paths"][path][method.lower()]
        assert operation["summary"]
        if path != "/api/ws":
            assert operation["responses"]["4XX"]["content"]["application/json"]
            assert any(status.startswith("2") for status in operation["responses"])
    hidden = {("GET", "/"), ("GET", "/openapi.json")}
    for route in flat(server.app.router.routes):
        methods = getattr(route, "methods", None) or {"GET"}
        path = str(getattr(route, "path", ""))
        for method in methods - {"HEAD"}:
            assert (method, path) in described | hidden


def flat(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route with an address of its own."""
    for route in routes:
        if hasattr(route, "path"):
            yield route


REVIEW = (
    "ChangeSet", "VerdictOutcome", "UndoneVerdict", "SeenOutcome", "ApplyOutcome", "ApplyConflict",
    "CommitOutcome", "RewindOutcome", "Checkpoint", "Comment", "SentComments", "Overlap",
    "WorktreeEntry", "FilePart", "Page_Checkpoint_", "Page_Comment_", "Page_Overlap_", "Error",
    "ErrorInfo", "Reviewed", "AppliedToCheckout", "Committed", "Rewound", "RepositoryMoved",
)  # fmt: skip


async def test_what_reviewing_answers_is_described_to_its_last_field(server: Running) -> None:
    """Types of a client are made from it: nothing is merely "an object"."""
    schemas = (await description(server))["components"]["schemas"]
    queue, seen = list(REVIEW), set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        for where, part in parts(schemas[name], name):
            assert part.get("type") != "object" or part.get("properties"), where
            assert part, where
        queue += [one.rpartition("/")[2] for one in references(schemas[name])]
    assert "conflicts" in schemas["ErrorInfo"]["properties"]


def parts(schema: Any, where: str) -> Iterator[tuple[str, Json]]:
    """Every schema within one."""
    yield where, schema
    for name, field in schema.get("properties", {}).items():
        yield from parts(field, f"{where}.{name}")
    for more in schema.get("anyOf", []):
        yield from parts(more, where)
    if isinstance(schema.get("items"), dict):
        yield from parts(schema["items"], f"{where}[]")


async def test_answers_have_the_described_fields(
    server: Running, session: str, node: FakeNode
) -> None:
    """A session and a task carry exactly what their shapes say."""
    document = await description(server)
    schemas = document["components"]["schemas"]
    line = await server.call("GET", f"/api/sessions/{session}")
    assert set(line) == set(schemas["Session"]["properties"])
    task = await server.call(
        "POST", f"/api/sessions/{session}/tasks", 201, json={"agent": "demo", "input": "hi"}
    )
    assert set(task) == set(schemas["Task"]["properties"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", task["created_at"])


async def test_the_contract_of_the_first_release_is_served(server: Running) -> None:
    """The addresses that users were promised."""
    document = await description(server)
    for promised in (
        "GET /api/health", "GET /api/agents", "POST /api/agents/refresh", "GET /api/agents/{name}",
        "PATCH /api/agents/{name}", "POST /api/projects", "GET /api/projects",
        "GET /api/projects/{project_id}", "DELETE /api/projects/{project_id}",
        "PATCH /api/projects/{project_id}", "POST /api/sessions", "GET /api/sessions",
        "GET /api/sessions/{session_id}", "PATCH /api/sessions/{session_id}",
        "DELETE /api/sessions/{session_id}", "POST /api/sessions/{session_id}/resume",
        "POST /api/sessions/{session_id}/tasks", "GET /api/sessions/{session_id}/tasks",
        "GET /api/tasks/{task_id}", "PATCH /api/tasks/{task_id}", "POST /api/tasks",
        "POST /api/tasks/{task_id}/cancel", "GET /api/sessions/{session_id}/events",
        "GET /api/sessions/{session_id}/stream", "GET /api/ws",
        "GET /api/sessions/{session_id}/agents",
        "POST /api/sessions/{session_id}/agents/{agent}/close", "GET /api/permissions",
        "POST /api/permissions/{permission_id}/answer", "GET /api/permission-rules",
        "POST /api/permission-rules", "DELETE /api/permission-rules/{rule_id}",
        "GET /api/sessions/{session_id}/changes", "GET /api/inbox", "GET /metrics",
        "POST /api/sessions/{session_id}/changes/accept",
        "POST /api/sessions/{session_id}/changes/reject",
        "POST /api/sessions/{session_id}/changes/seen",
        "POST /api/sessions/{session_id}/apply", "POST /api/sessions/{session_id}/apply/undo",
        "GET /api/projects/{project_id}/overlaps", "POST /api/sessions/{session_id}/commit",
        "GET /api/sessions/{session_id}/checkpoints", "POST /api/sessions/{session_id}/rewind",
        "GET /api/sessions/{session_id}/files", "GET /api/sessions/{session_id}/file",
        "GET /api/sessions/{session_id}/comments", "POST /api/sessions/{session_id}/comments",
        "DELETE /api/sessions/{session_id}/comments/{comment_id}",
        "POST /api/sessions/{session_id}/comments/send",
    ):  # fmt: skip
        method, path = promised.split()
        assert method.lower() in document["paths"][path], promised

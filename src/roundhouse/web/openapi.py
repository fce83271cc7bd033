"""The description of the interface: routes, shapes, event types, WebSocket frames.

Bodies of requests describe themselves; what is sent is described by the model's structs.
"""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from roundhouse.model.event import EventBody
from roundhouse.service.summaries import DeletedSummary, SessionSummary
from roundhouse.web import live
from roundhouse.web.answers import REF, SHAPES
from roundhouse.web.errors import Error

_ABOUT = (
    "Every address needs the token, this one included: `Authorization: Bearer` or the cookie that a link with "
    "`?token=` gives. Ids are texts, times are RFC 3339 in UTC. Fields may be added, none is removed."
)
_HEAD = {
    "title": "EventHead",
    "description": "What every event has beside its type and the type's own fields.",
    "type": "object",
    "properties": {
        "session_id": {"type": "string"},
        "seq": {"type": "integer", "description": "Gapless within a session, from 1."},
        "at": {"type": "string", "format": "date-time"},
        "task_id": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "agent": {"type": "string"},
    },
    "required": ["session_id", "seq", "at", "task_id"],
}
_FRAMES = (live.CaughtUp, live.Pong, live.Refused, SessionSummary, DeletedSummary)
_SENT = (live.Subscribe, live.Unsubscribe, live.Ping)


def document(app: FastAPI) -> bytes:
    """The OpenAPI document of an application, made once."""
    made: bytes | None = getattr(app.state, "openapi_document", None)
    if made is None:
        made = app.state.openapi_document = msgspec.json.encode(_build(app))
    return made


def _build(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title="Roundhouse",
        version=app.version,
        description=_ABOUT,
        routes=app.routes,
    )
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas |= _shapes()
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    for path in found["paths"].values():
        for operation in path.values():
            _say_errors(operation)
    found["paths"]["/api/ws"] = _socket()
    return found


def _shapes() -> dict[str, Any]:
    wanted = [*SHAPES, Error, *_FRAMES, *_SENT, EventBody]
    found, components = msgspec.json.schema_components(wanted, ref_template=REF)
    shapes: dict[str, Any] = dict(components)
    shapes["EventBody"] = found[-1]
    shapes["EventHead"] = _HEAD
    shapes["Event"] = {"allOf": [_ref("EventHead"), _ref("EventBody")]}
    frame = {"type": "object", "properties": {"op": {"const": "event"}}, "required": ["op"]}
    shapes["EventFrame"] = {"allOf": [frame, _ref("Event")]}
    return shapes


def _say_errors(operation: dict[str, Any]) -> None:
    content = {"application/json": {"schema": _ref("Error")}}
    responses = operation["responses"]
    responses.pop("422", None)
    responses["4XX"] = {"description": "The request is refused.", "content": content}
    responses["5XX"] = {
        "description": "Something is away (503, try again later) or went wrong.",
        "content": content,
    }


def _socket() -> dict[str, Any]:
    return {
        "get": {
            "tags": ["events"],
            "summary": "Live events",
            "operationId": "live_events",
            "description": f"A WebSocket, subprotocol `{live.PROTOCOL}`. Closing and coming back with `after` = the "
            "last `seq` seen gives exactly the rest. Summaries of all sessions come without a subscription; a "
            'deleted session is `{"op":"summary","session":{"id":…,"deleted":true}}`.',
            "responses": {"101": {"description": "The connection is a WebSocket now."}},
            "x-client-messages": {"oneOf": [_ref(kind.__name__) for kind in _SENT]},
            "x-server-messages": {
                "oneOf": [_ref("EventFrame"), *(_ref(kind.__name__) for kind in _FRAMES)]
            },
        }
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": REF.format(name=name)}

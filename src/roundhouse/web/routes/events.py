"""A session's events by pages, and as a stream of server-sent events."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from roundhouse.model.errors import InvalidInput
from roundhouse.service.events import LIMIT_MAX
from roundhouse.web.answers import raw
from roundhouse.web.params import SEQ_MAX, Id, Seq, Wired
from roundhouse.web.sse import EventStream

router = APIRouter(prefix="/api/sessions/{session_id}", tags=["events"])

_EVENT = {"$ref": "#/components/schemas/Event"}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events in order, and the number of the session's last one.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "events": {"type": "array", "items": _EVENT},
                        "last_seq": {"type": "integer"},
                    },
                    "required": ["events", "last_seq"],
                }
            }
        },
    }
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`id:` is the event's number and `data:` the event. `event: caught_up` says once that "
        "everything stored so far was sent. A comment every 15 seconds keeps the line open.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}


@router.get("/events", responses=_PAGE)
async def read_events(
    services: Wired,
    session_id: Id,
    after: Seq | None = None,
    before: Annotated[int | None, Query(ge=1, le=SEQ_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 1000,
) -> Response:
    """The events that follow `after` (0: from the first), or the page that ends before `before`.

    422 `out_of_range` for an `after` beyond the last event.
    """
    if before is None:
        page = await services.events.after(session_id, after or 0, limit)
    elif after is None:
        page = await services.events.before(session_id, before, limit)
    else:
        raise InvalidInput("Give after or before, not both.", field="before")
    events = b",".join(event.frame() for event in page.events)
    return raw(b'{"events":[%b],"last_seq":%d}' % (events, page.last_seq))


@router.get("/stream", responses=_STREAM)
async def stream_events(
    services: Wired,
    session_id: Id,
    after: Seq = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=SEQ_MAX)] = None,
) -> Response:
    """Replay the events after `after` (or `Last-Event-ID`, which counts more), then follow."""
    start = after if last_event_id is None else last_event_id
    await services.broker.check(session_id, start)
    return EventStream(services.broker, session_id, start)

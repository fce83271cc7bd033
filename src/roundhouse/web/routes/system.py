"""Health, metrics, the description, the inbox, and the place of the page."""

from functools import partial
from typing import Annotated

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from roundhouse.model.errors import DatabaseDown
from roundhouse.service.health import Health
from roundhouse.service.inbox import InboxItem
from roundhouse.service.page import LIMIT, LIMIT_MAX, Page
from roundhouse.web import landing, openapi
from roundhouse.web.answers import answer, raw, returns
from roundhouse.web.errors import RETRY_AFTER, Error, info
from roundhouse.web.metrics import CONTENT_TYPE
from roundhouse.web.params import Wired

router = APIRouter()


@router.get("/", include_in_schema=False)
async def index() -> Response:
    """Says that the server runs and how to use it."""
    return HTMLResponse(landing.RUNNING)


@router.get("/openapi.json", include_in_schema=False)
async def description(request: Request) -> Response:
    """This interface, described."""
    return raw(openapi.document(request.app))


@router.get("/api/health", tags=["system"], responses=returns(Health, 200, 503))
async def health(services: Wired) -> Response:
    """How this Roundhouse is. Without the database: 503, with the same fields and an `error`."""
    found = await services.health.look()
    if found.database == "ok":
        return answer(found)
    both = msgspec.to_builtins(found) | msgspec.to_builtins(Error(info(DatabaseDown())))
    down = answer(both, 503)
    down.headers["Retry-After"] = RETRY_AFTER
    return down


@router.get(
    "/metrics",
    tags=["system"],
    responses={200: {"description": "Prometheus' text format.", "content": {"text/plain": {}}}},
)
async def metrics(request: Request, services: Wired) -> Response:
    """Counters of this server and of its nodes. Needs the token like everything else."""
    found = await services.health.look()
    render = partial(request.app.state.meter.render, services.broker.counters, found)
    # It reads files of the process, and the first call imports.
    body = await anyio.to_thread.run_sync(render)
    return Response(body, media_type=CONTENT_TYPE)


@router.get("/api/inbox", tags=["inbox"], responses=returns(Page[InboxItem]))
async def inbox(
    services: Wired, limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT
) -> Response:
    """What needs a person, oldest first."""
    return answer(await services.inbox.list(limit=limit))

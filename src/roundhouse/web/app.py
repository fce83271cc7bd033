"""Puts the HTTP door together: routes, error handlers, and the checks in front of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from roundhouse.model.errors import RoundhouseError
from roundhouse.service.services import Services
from roundhouse.web import errors
from roundhouse.web.boundary import Boundary
from roundhouse.web.door import Door
from roundhouse.web.live import serve_socket
from roundhouse.web.metrics import Meter
from roundhouse.web.page import Page, PageFile
from roundhouse.web.params import no_unknown
from roundhouse.web.routes import ROUTERS


def create_app(
    services: Services,
    *,
    token: str,
    allowed_hosts: Sequence[str],
    version: str,
    page: Mapping[str, PageFile] | None = None,
) -> FastAPI:
    """The application. Its lifespan runs the services' loops.

    `allowed_hosts` are the names beside the loopback ones by which browsers may reach it: the bound host, and
    what the configuration allows. `page` holds the files of the built page, to be served in front of the routes.
    """
    meter = Meter()
    app = FastAPI(
        title="Roundhouse",
        version=version,
        # The description needs the token and is ours; pages that explain it would load scripts from elsewhere.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        exception_handlers={
            RoundhouseError: errors.on_error,
            HTTPException: errors.on_http_error,
            RequestValidationError: errors.on_invalid,
        },
        middleware=[
            Middleware(Door, token=token, allowed_hosts=allowed_hosts),
            Middleware(Boundary, meter=meter),
            *([] if page is None else [Middleware(Page, files=page)]),
        ],
    )
    app.state.services = services
    app.state.meter = meter
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(no_unknown)])
    app.router.routes.append(WebSocketRoute("/api/ws", serve_socket))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    async with services.running():
        yield

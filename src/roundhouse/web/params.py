"""What comes with a request beside its body: the services, ids, limits, cursors. And the types of text in bodies."""

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import AfterValidator

from roundhouse.model.errors import InvalidInput
from roundhouse.service.page import LIMIT, LIMIT_MAX
from roundhouse.service.services import Services
from roundhouse.service.text import clean

ID_MAX = 200
TEXT_MAX = 10_000
SEQ_MAX = 2**63 - 1
CURSOR_MAX = 10_000
"""Characters of a cursor: it may hold a file's path."""


def shown_name(text: str) -> str:
    """A name that a client made up, as it can be shown."""
    return text[:ID_MAX].encode(errors="replace").decode()


def _clean(text: str) -> str:
    try:
        return clean(text, "")
    except InvalidInput as error:
        raise ValueError(error.message) from None


async def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


async def no_unknown(request: Request) -> None:
    """Refuse query parameters that the route does not take, for they are typing errors. Raises InvalidInput."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = [field.alias for field in route.dependant.query_params]
    for name in request.query_params:
        if name not in known:
            raise InvalidInput(
                "There is no such parameter here; nothing was done.",
                code="unknown_field",
                field=shown_name(name),
                remedy=f"It takes {', '.join(known)}." if known else "It takes none.",
            )


Wired = Annotated[Services, Depends(_services)]
Id = Annotated[str, Path(max_length=ID_MAX), AfterValidator(_clean)]
Word = Annotated[str, AfterValidator(_clean), Query(max_length=TEXT_MAX)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[
    str | None, Query(max_length=CURSOR_MAX), AfterValidator(lambda c: c and _clean(c))
]
Seq = Annotated[int, Query(ge=0, le=SEQ_MAX)]
Text = Annotated[str, AfterValidator(_clean)]

DEFAULT_LIMIT = LIMIT

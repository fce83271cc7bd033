"""Answers as the routes give them, and what the description says of them. Owns JSON encoding."""

from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

REF = "#/components/schemas/{name}"

SHAPES: list[Any] = []
"""Every shape a route has said it answers with, for the description."""


def answer(value: Any, status: int = 200) -> Response:
    """A value of the model as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def raw(body: bytes) -> Response:
    """JSON that is encoded already."""
    return Response(body, media_type="application/json")


def nothing() -> Response:
    """Done, and nothing to say."""
    return Response(status_code=204)


def returns(shape: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route answers with, for the description: a struct, a page of one or a list of one."""
    SHAPES.append(shape)
    content = {"application/json": {"schema": schema_of(shape)}}
    about = (getattr(shape, "__doc__", None) or "A list.").split("\n")[0]
    return {status: {"description": about, "content": content} for status in statuses or (200,)}


def schema_of(shape: Any) -> dict[str, Any]:
    """A reference to a shape's schema, without computing it."""
    arguments: tuple[Any, ...] = getattr(shape, "__args__", ())
    origin: Any = getattr(shape, "__origin__", shape)
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if not issubclass(origin, Struct):
        raise TypeError(f"{shape} is no struct")
    name = origin.__name__
    if arguments:
        name += "_" + "_".join(argument.__name__ for argument in arguments) + "_"
    return {"$ref": REF.format(name=name)}

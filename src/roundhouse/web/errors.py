"""The one map from the model's errors to the wire: status, headers and `{"error": {...}}`."""

from typing import Any

import msgspec
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from roundhouse.model.errors import (
    AgentError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RoundhouseError,
    SetupError,
    TooLarge,
    Unauthorized,
    Unavailable,
    WorkspaceError,
)
from roundhouse.model.outcome import AppliedFile, ApplyConflict
from roundhouse.web.params import shown_name

STATUSES: dict[type[RoundhouseError], int] = {
    TooLarge: 413,
    InvalidInput: 422,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    WorkspaceError: 409,
    SetupError: 409,
    AgentError: 409,
    Unavailable: 503,
    RoundhouseError: 500,
}
RETRY_AFTER = "1"
MALFORMED = "malformed_json"

_CODES = {
    400: MALFORMED,
    404: "not_found",
    405: "method_not_allowed",
    413: TooLarge.code,
}
_TYPES = {"missing": "missing", "extra_forbidden": "unknown_field"}
_WORDS = {
    "bool_parsing": "This must be true or false.",
    "bool_type": "This must be true or false.",
    "dict_type": "This must be an object with fields.",
    "enum": "This must be one of {expected}.",
    "extra_forbidden": "There is no such field here; nothing was done.",
    "finite_number": "This must be a number.",
    "float_type": "This must be a number.",
    "greater_than_equal": "This must be at least {ge}.",
    "int_from_float": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_parsing_size": "This number is too large.",
    "int_type": "This must be a whole number.",
    "less_than_equal": "This must be at most {le}.",
    "list_type": "This must be a list.",
    "literal_error": "This must be one of {expected}.",
    "missing": "This is missing.",
    "model_attributes_type": "This must be an object with fields.",
    "model_type": "This must be an object with fields.",
    "string_too_long": "This is over {max_length} characters.",
    "string_type": "This must be a text.",
    "string_unicode": "This must be a text of whole characters.",
    "too_long": "These are over {max_length}.",
}
"""What the faults of a shape are called, with the limits that come with them."""

_NO_BODY = {
    "missing": "The request needs a body.",
    "model_attributes_type": "The body must be a JSON object.",
}
_MESSAGES = {
    400: "The body is not JSON.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is too large.",
}
log = structlog.get_logger(__name__)


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong: a code for programs, a message and a remedy for people, and further facts.

    `conflicts` and `files` come with `apply_conflict`: what cannot be applied, and what could. `paths` are the files
    that are not as they were expected.
    """

    code: str
    message: str
    field: str | None = None
    remedy: str | None = None
    conflicts: list[ApplyConflict] | None = None
    files: list[AppliedFile] | None = None
    paths: list[str] | None = None


class Error(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorInfo


def info(error: RoundhouseError) -> ErrorInfo:
    """What an error shows, but for its details."""
    return ErrorInfo(error.code, error.message, error.field, error.remedy)


def status_of(error: RoundhouseError) -> int:
    """The HTTP status of an error: that of the nearest class that has one."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def refusal(error: RoundhouseError) -> Response:
    """The answer for an error."""
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = RETRY_AFTER
    elif isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(status_of(error), info(error), headers, error.details)


def unexpected() -> Response:
    """The answer for what nobody foresaw. The caller logs it."""
    return _answer(500, ErrorInfo("internal", "Something went wrong; the log has the details."))


async def on_error(request: Request, error: Exception) -> Response:
    """Handler of every RoundhouseError."""
    if not isinstance(error, RoundhouseError):
        raise error
    if type(error) is RoundhouseError:
        log.error("request_failed", path=request.url.path, exc_info=error)
    return refusal(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Handler of what the framework itself refuses: unknown routes, methods, unreadable bodies."""
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    shown = ErrorInfo(
        _CODES.get(status, "invalid"), _MESSAGES.get(status) or str(error.detail or "Refused.")
    )
    return _answer(status, shown, dict(error.headers or {}))


async def on_invalid(request: Request, error: Exception) -> Response:
    """Handler of input that does not fit its declared shape; the first fault is shown."""
    if not isinstance(error, RequestValidationError):
        raise error
    first: dict[str, Any] = dict(error.errors()[0])
    if first["type"] == "json_invalid":
        return _answer(400, ErrorInfo(MALFORMED, _MESSAGES[400]))
    place = ".".join(str(part) for part in first["loc"][1:])
    code = _TYPES.get(first["type"], InvalidInput.code)
    return _answer(422, ErrorInfo(code, _fault(first), shown_name(place) or None))


def _fault(first: dict[str, Any]) -> str:
    """A fault of a shape in our words."""
    kind = first["type"]
    if kind == "too_long" and isinstance(first["input"], str):
        kind = "string_too_long"
    if len(first["loc"]) == 1 and kind in _NO_BODY:
        return _NO_BODY[kind]
    if kind == "value_error":
        return str(first["msg"]).removeprefix("Value error, ").rstrip(".") + "."
    return _WORDS.get(kind, "This does not fit.").format_map(first.get("ctx") or {})


def _answer(
    status: int,
    shown: ErrorInfo,
    headers: dict[str, str] | None = None,
    details: dict[str, Any] | None = None,
) -> Response:
    said: dict[str, Any] = msgspec.to_builtins(shown)
    # What an error says itself counts more than a detail of the same name.
    body = {
        "error": said | {key: value for key, value in (details or {}).items() if key not in said}
    }
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")

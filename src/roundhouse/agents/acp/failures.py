"""Which failure code an agent's error answer deserves. Pure."""

import re
from http import HTTPStatus

from roundhouse.agents.acp import wire
from roundhouse.agents.acp.wire import RpcError
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode

_SIGNS: tuple[tuple[FailureCode, re.Pattern[str]], ...] = (
    (
        FailureCode.CONTEXT_EXCEEDED,
        re.compile(
            r"context.{0,20}(length|window|limit|exceed)|prompt is too long|too many tokens",
            re.IGNORECASE,
        ),
    ),
    (
        FailureCode.RATE_LIMITED,
        re.compile(r"\b429\b|rate.?limit|too many requests|quota|overloaded", re.IGNORECASE),
    ),
    (
        FailureCode.AUTH_REQUIRED,
        re.compile(
            r"\b401\b|unauthori[sz]ed|authenticat|api key|not logged in|log ?in", re.IGNORECASE
        ),
    ),
)

SHOWN = 600
"""Characters of the agent's own words in a message."""


def failure_of(error: RpcError, label: str) -> AgentError:
    """The error to show for an agent's refusal."""
    detail = _detail(error)
    code = _code(error, detail)
    remedy = None
    if code is FailureCode.AUTH_REQUIRED:
        remedy = f"Log in to {label} once in a terminal, or give it its key in agents.toml."
    return AgentError(f"{label}: {detail[:SHOWN]}", failure=code, remedy=remedy)


def _detail(error: RpcError) -> str:
    data = error.data
    if isinstance(data, dict):
        for key in ("message", "details", "detail", "errorMessage"):
            if isinstance(data.get(key), str) and data[key] not in error.message:
                return f"{error.message}: {data[key]}"
    if isinstance(data, str) and data not in error.message:
        return f"{error.message}: {data}"
    return error.message


def _code(error: RpcError, detail: str) -> FailureCode:
    status = (
        error.data.get("statusCode", error.data.get("status"))
        if isinstance(error.data, dict)
        else None
    )
    if HTTPStatus.TOO_MANY_REQUESTS in (error.code, status):
        return FailureCode.RATE_LIMITED
    if error.code == wire.AUTH_REQUIRED or HTTPStatus.UNAUTHORIZED in (
        error.code,
        status,
    ):
        return FailureCode.AUTH_REQUIRED
    for code, sign in _SIGNS:
        if sign.search(detail):
            return code
    return FailureCode.AGENT_ERROR

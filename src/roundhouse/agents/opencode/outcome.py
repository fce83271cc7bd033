"""How an opencode turn ended: its errors in our words, its stop reason, what it used. Pure."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from roundhouse.model.errors import AgentError
from roundhouse.model.event import UsageReport
from roundhouse.model.task import FailureCode, Usage

Json = dict[str, Any]
Stop = Literal["end_turn", "cancelled", "refused", "max_tokens", "max_turns"]

_STOPS: dict[str, Stop] = {"length": "max_tokens", "content-filter": "refused"}
_STOP_ERRORS: dict[str, Stop] = {
    "MessageAbortedError": "cancelled",
    "MessageOutputLengthError": "max_tokens",
    "ContentFilterError": "refused",
}
_FAILURES = {
    "ProviderAuthError": FailureCode.AUTH_REQUIRED,
    "ContextOverflowError": FailureCode.CONTEXT_EXCEEDED,
}
_STATUS_FAILURES: dict[int, FailureCode] = {
    HTTPStatus.UNAUTHORIZED: FailureCode.AUTH_REQUIRED,
    HTTPStatus.FORBIDDEN: FailureCode.AUTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: FailureCode.CONTEXT_EXCEEDED,
    HTTPStatus.TOO_MANY_REQUESTS: FailureCode.RATE_LIMITED,
}


def stop_of(message: Json | None, error: Json | None) -> Stop | AgentError:
    """What the last assistant message, or the session's error where there was none, says about the end."""
    found = (message or {}).get("error") or (error if message is None else None)
    if not found:
        return _STOPS.get((message or {}).get("finish") or "", "end_turn")
    return _STOP_ERRORS.get(str(found.get("name"))) or error_of(found)


def error_of(error: Json) -> AgentError:
    """An error object of opencode as ours."""
    name = str(error.get("name", "UnknownError"))
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    failure = _FAILURES.get(name) or _STATUS_FAILURES.get(data.get("statusCode") or 0)
    remedy = None
    if failure is FailureCode.AUTH_REQUIRED:
        remedy = "run `opencode auth login` as the user that runs Roundhouse"
    message = str(data.get("message") or name)
    return AgentError(message, failure=failure or FailureCode.AGENT_ERROR, remedy=remedy)


def usage_of(messages: Iterable[Json], limits: Mapping[str, int]) -> Usage | None:
    """The sum over a turn's assistant messages; the context is the last one's. `limits` are by provider/model."""
    tokens_in = tokens_out = 0
    cost = 0.0
    last: Json | None = None
    for message in messages:
        tokens = message.get("tokens") or {}
        into, out = _sides(tokens)
        tokens_in += into
        tokens_out += out
        cost += message.get("cost") or 0.0
        if into + out:
            last = message
    if last is None:
        return None
    model = f"{last.get('providerID')}/{last.get('modelID')}"
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=cost,
        context_used=sum(_sides(last["tokens"])),
        context_size=limits.get(model),
    )


def report_of(usage: Usage) -> UsageReport:
    """The same as an event."""
    return UsageReport(
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost_usd=usage.cost_usd,
        context_used=usage.context_used,
        context_size=usage.context_size,
    )


def _sides(tokens: Json) -> tuple[int, int]:
    """What went in, cached or not, and what came out, thought or said."""
    cache = tokens.get("cache") or {}
    into = (tokens.get("input") or 0) + (cache.get("read") or 0) + (cache.get("write") or 0)
    return into, (tokens.get("output") or 0) + (tokens.get("reasoning") or 0)

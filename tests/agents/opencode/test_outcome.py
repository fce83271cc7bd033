"""Opencode's errors and token counts in our words."""

from typing import Any

import pytest

from roundhouse.agents.opencode.outcome import error_of, report_of, stop_of, usage_of
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode, Usage


def api_error(status: int) -> dict[str, Any]:
    """What the provider's refusal looks like."""
    return {"name": "APIError", "data": {"message": f"no {status}", "statusCode": status}}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ({"name": "ProviderAuthError", "data": {"message": "who?"}}, FailureCode.AUTH_REQUIRED),
        ({"name": "ContextOverflowError", "data": {}}, FailureCode.CONTEXT_EXCEEDED),
        (api_error(401), FailureCode.AUTH_REQUIRED),
        (api_error(403), FailureCode.AUTH_REQUIRED),
        (api_error(413), FailureCode.CONTEXT_EXCEEDED),
        (api_error(429), FailureCode.RATE_LIMITED),
        (api_error(400), FailureCode.AGENT_ERROR),
        ({"name": "UnknownError"}, FailureCode.AGENT_ERROR),
    ],
    ids=str,
)
def test_errors_have_our_codes(error: dict[str, Any], failure: FailureCode) -> None:
    """Each kind of refusal is told apart."""
    assert error_of(error).failure is failure


def test_a_missing_login_names_its_remedy() -> None:
    """The user is told what to run."""
    assert "opencode auth login" in (error_of(api_error(401)).remedy or "")


@pytest.mark.parametrize(
    ("message", "stop"),
    [
        ({"finish": "stop"}, "end_turn"),
        ({"finish": "tool-calls"}, "end_turn"),
        ({"finish": "length"}, "max_tokens"),
        ({"finish": "content-filter"}, "refused"),
        ({"error": {"name": "MessageAbortedError"}}, "cancelled"),
        ({"error": {"name": "MessageOutputLengthError"}}, "max_tokens"),
    ],
    ids=str,
)
def test_the_last_message_says_why_it_stopped(message: dict[str, Any], stop: str) -> None:
    """Finish reasons and the errors that are none."""
    assert stop_of(message, None) == stop


def test_an_error_without_any_message_ends_the_turn_too() -> None:
    """An unknown model never gets as far as a message."""
    failed = stop_of(None, {"name": "ProviderModelNotFoundError", "data": {"message": "no m9"}})

    assert isinstance(failed, AgentError)
    assert failed.message == "no m9"


def message(into: int, out: int, **more: Any) -> dict[str, Any]:
    """An assistant message's info."""
    tokens = {"input": into, "output": out, "reasoning": 1, "cache": {"read": 2, "write": 3}}
    return {"providerID": "p", "modelID": "m", "tokens": tokens, "cost": 0.5, **more}


def test_usage_is_the_turns_sum_and_the_last_context() -> None:
    """Cached tokens count as read, reasoning as written."""
    usage = usage_of([message(10, 1), message(20, 2)], {"p/m": 1000})

    assert usage == Usage(40, 5, 1.0, context_used=28, context_size=1000)
    assert usage is not None
    assert report_of(usage).tokens_in == 40


def test_no_tokens_is_not_zero_tokens() -> None:
    """A turn without any model answer says nothing about its use."""
    assert usage_of([{"tokens": {"input": 0, "output": 0}}], {}) is None

"""Failure codes out of error answers."""

from typing import Any

import pytest

from roundhouse.agents.acp.failures import failure_of
from roundhouse.agents.acp.wire import RpcError
from roundhouse.model.task import FailureCode


@pytest.mark.parametrize(
    ("code", "message", "data", "failure"),
    [
        (-32000, "Authentication required", None, FailureCode.AUTH_REQUIRED),
        (-32603, "Invalid API key", None, FailureCode.AUTH_REQUIRED),
        (-32603, "Internal error", {"statusCode": 401}, FailureCode.AUTH_REQUIRED),
        (429, "slow down", None, FailureCode.RATE_LIMITED),
        (-32603, "Internal error", {"details": "429 Too Many Requests"}, FailureCode.RATE_LIMITED),
        (-32603, "You exceeded your current quota", None, FailureCode.RATE_LIMITED),
        (-32603, "context_length_exceeded", None, FailureCode.CONTEXT_EXCEEDED),
        (-32603, "maximum context window is 8192", None, FailureCode.CONTEXT_EXCEEDED),
        (400, "bad request", None, FailureCode.AGENT_ERROR),
        (-32603, "Internal error", "the disk is full", FailureCode.AGENT_ERROR),
    ],
)
def test_codes(code: int, message: str, data: Any, failure: FailureCode) -> None:
    """By number where there is one, else by the words."""
    assert failure_of(RpcError(code, message, data), "X").failure is failure


def test_the_agents_own_words_are_shown() -> None:
    """With its name, with the detail, and cut where it goes on for ever."""
    error = failure_of(RpcError(-32603, "Internal error", {"message": "no disk"}), "Qwen Code")

    assert error.message == "Qwen Code: Internal error: no disk"
    assert len(failure_of(RpcError(1, "x" * 100_000), "X").message) < 1000


def test_a_missing_login_has_a_remedy() -> None:
    """It names the agent."""
    assert "Log in to X" in (failure_of(RpcError(-32000, "no"), "X").remedy or "")

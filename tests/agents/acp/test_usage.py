"""The four meanings of an agent's numbers."""

from typing import Any

import pytest

from roundhouse.agents.acp.usage import Kind, Meter
from roundhouse.model.event import UsageReport
from roundhouse.model.task import Usage


def result(tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """A prompt's result with usage."""
    return {"usage": {"inputTokens": tokens_in, "outputTokens": tokens_out, "totalTokens": 0}}


def turns(kind: Kind, *results: dict[str, Any]) -> list[tuple[int | None, int | None] | None]:
    """The tokens of turns that follow each other."""
    meter = Meter(kind)
    counted = []
    for given in results:
        meter.begin()
        usage = meter.end(given)
        counted.append(None if usage is None else (usage.tokens_in, usage.tokens_out))
    return counted


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ("turn", [(10, 2), (30, 5)]),
        ("last_call", [(10, 2), (30, 5)]),
        ("cumulative", [(10, 2), (20, 3)]),
        ("none", [None, None]),
    ],
)
def test_tokens_are_the_turns_own(kind: Kind, counted: list[object]) -> None:
    """Whatever the agent counts."""
    assert turns(kind, result(10, 2), result(30, 5)) == counted


def test_the_last_call_is_not_the_turn_when_a_tool_was_used() -> None:
    """There were more calls then, and nobody counted them: unknown, not wrong."""
    meter = Meter("last_call")
    meter.begin()
    meter.called_tool()

    assert meter.end(result(10, 2)) is None


def test_after_a_resume_totals_have_no_beginning() -> None:
    """The first turn's share is unknown, the second's known."""
    meter = Meter("cumulative")
    meter.resumed()
    meter.begin()
    assert meter.end(result(100, 20)) is None
    meter.begin()
    assert meter.end(result(110, 25)) == Usage(tokens_in=10, tokens_out=5)


def test_costs_are_the_turns_share_of_the_total() -> None:
    """The context is what it is."""
    meter = Meter("turn")
    meter.begin()
    assert meter.seen(UsageReport(cost_usd=0.1, context_used=5, context_size=9)).cost_usd == 0.1
    assert meter.seen(UsageReport(cost_usd=0.3)).cost_usd == pytest.approx(0.3)
    assert meter.end({}) == Usage(cost_usd=0.3, context_used=5, context_size=9)

    meter.begin()
    meter.seen(UsageReport(cost_usd=0.4))
    assert meter.end({}) == Usage(cost_usd=0.1, context_used=5, context_size=9)


def test_a_replay_tells_where_the_costs_begin() -> None:
    """Without one the first turn's cost is unknown."""
    replayed, silent = Meter("turn"), Meter("turn")
    replayed.seen(UsageReport(cost_usd=1.0))
    for meter in (replayed, silent):
        meter.resumed()
        meter.begin()
        meter.seen(UsageReport(cost_usd=1.5))

    assert replayed.end({}) == Usage(cost_usd=0.5)
    assert silent.end({}) is None


def test_geminis_place_for_the_numbers() -> None:
    """In `_meta`."""
    quota = {"quota": {"token_count": {"input_tokens": 7, "output_tokens": 3}}}

    assert turns("turn", {"_meta": quota}) == [(7, 3)]


@pytest.mark.parametrize(
    "given", [{}, {"usage": 5}, {"usage": {"inputTokens": "x"}}, {"_meta": []}]
)
def test_nothing_is_unknown_and_never_zero(given: dict[str, Any]) -> None:
    """None all the way."""
    assert turns("turn", given) == [None]

"""What a turn used, out of the four meanings that agents give their numbers. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from roundhouse.model.event import UsageReport
from roundhouse.model.task import Usage

Kind = Literal["turn", "last_call", "cumulative", "none"]


class Meter:
    """Follows one conversation. Costs come as a running total, tokens as the agent's `Kind` says."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._cost: float | None = 0.0
        self._cost_before: float | None = None
        self._tokens: tuple[int, int] | None = (0, 0)
        self._context_used: int | None = None
        self._context_size: int | None = None
        self._called_tool = False

    def resumed(self) -> None:
        """The conversation is older than this process: totals start at what its replay said, or unknown."""
        self._tokens = None
        self._cost = self._cost or None

    def begin(self) -> None:
        """A turn begins."""
        self._cost_before = self._cost
        self._called_tool = False

    def called_tool(self) -> None:
        """The agent used a tool, so the turn took more than one call of the model."""
        self._called_tool = True

    def seen(self, report: UsageReport) -> UsageReport:
        """An agent's report with its running total turned into this turn's cost."""
        if report.cost_usd is not None:
            self._cost = report.cost_usd
        if report.context_used is not None:
            self._context_used = report.context_used
        if report.context_size is not None:
            self._context_size = report.context_size
        return msgspec.structs.replace(report, cost_usd=self._turn_cost())

    def end(self, result: Mapping[str, Any]) -> Usage | None:
        """What the turn used, given the prompt's result; None when the agent says nothing at all."""
        tokens = self._turn_tokens(_counts(result))
        usage = Usage(
            tokens_in=tokens[0] if tokens else None,
            tokens_out=tokens[1] if tokens else None,
            cost_usd=self._turn_cost(),
            context_used=self._context_used,
            context_size=self._context_size,
        )
        return None if usage == Usage() else usage

    def _turn_cost(self) -> float | None:
        if self._cost is None or self._cost_before is None or self._cost == 0:
            return None
        return round(max(0.0, self._cost - self._cost_before), 9)

    def _turn_tokens(self, counts: tuple[int, int] | None) -> tuple[int, int] | None:
        if counts is None or self._kind == "none":
            return None
        if self._kind == "last_call" and self._called_tool:
            return None
        if self._kind == "cumulative":
            before, self._tokens = self._tokens, counts
            if before is None:
                return None
            return max(0, counts[0] - before[0]), max(0, counts[1] - before[1])
        return counts


def _counts(result: Mapping[str, Any]) -> tuple[int, int] | None:
    usage = result.get("usage")
    if isinstance(usage, dict):
        return _pair(usage.get("inputTokens"), usage.get("outputTokens"))
    found: Any = result
    for key in ("_meta", "quota", "token_count"):  # gemini's place for it
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, dict):
        return _pair(found.get("input_tokens"), found.get("output_tokens"))
    return None


def _pair(tokens_in: Any, tokens_out: Any) -> tuple[int, int] | None:
    if isinstance(tokens_in, int) and isinstance(tokens_out, int):
        return tokens_in, tokens_out
    return None

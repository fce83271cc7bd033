"""What turns have used, summed up."""

from typing import Literal

from msgspec import Struct

UsageBy = Literal["agent", "project", "day"]


class UsageLine(Struct, frozen=True, kw_only=True):
    """The ended turns of one agent under one key: an agent's name, a project's id, or a day (UTC).

    Sums leave out turns whose agent does not say; None is "nobody said". `ms_*` are from start to end of a turn.
    """

    key: str
    label: str
    agent: str
    turns: int
    failed: int
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    ms_p50: int | None = None
    ms_p95: int | None = None

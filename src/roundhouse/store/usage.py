"""What ended turns have used, summed over table `tasks`."""

from roundhouse.model.usage import UsageBy, UsageLine
from roundhouse.store.database import Database
from roundhouse.store.rows import fetch

_KEYS: dict[UsageBy, tuple[str, str]] = {
    "agent": ("t.agent", "t.agent"),
    "project": ("p.id", "p.name"),
    "day": ("to_char(t.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",) * 2,
}
_TURN = "extract(epoch FROM t.ended_at - t.started_at) * 1000"
_SUM = """
    SELECT {key} AS key, {label} AS label, t.agent,
        count(*) AS turns,
        count(*) FILTER (WHERE t.status IN ('failed', 'lost')) AS failed,
        sum((t.usage->>'tokens_in')::bigint)::bigint AS tokens_in,
        sum((t.usage->>'tokens_out')::bigint)::bigint AS tokens_out,
        sum((t.usage->>'cost_usd')::double precision) AS cost_usd,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY {turn}))::bigint AS ms_p50,
        round(percentile_cont(0.95) WITHIN GROUP (ORDER BY {turn}))::bigint AS ms_p95
    FROM tasks t JOIN sessions s ON s.id = t.session_id JOIN projects p ON p.id = s.project_id
    WHERE t.ended_at > now() - make_interval(days => %s)
    GROUP BY 1, 2, 3 ORDER BY 1, 3"""


class Usages:
    """The sums of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def sums(self, by: UsageBy, *, days: int) -> list[UsageLine]:
        """The turns that ended in the last so many days, by key and agent, sorted by both."""
        key, label = _KEYS[by]
        query = _SUM.format(key=key, label=label, turn=_TURN)
        async with self._db.connection() as conn:
            return await fetch(conn, UsageLine, query, (days,))

"""The plans of the hot queries: they must not grow with what has ended."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roundhouse.store import changes
from roundhouse.store.changes import PendingChanges
from roundhouse.store.database import Database
from roundhouse.store.migrate import migrate
from roundhouse.store.rows import fetch_value

ENDED = 25_000

# The two statements inside claim(), with values for its variables.
CANDIDATES = """
    SELECT s.id
    FROM tasks q JOIN sessions s ON s.id = q.session_id
    WHERE q.status = 'pending'
      AND s.running_task IS NULL AND s.hold_reason IS NULL AND s.archived_at IS NULL
      AND (s.node_id IS NULL OR s.node_id = 1)
      AND q.id = (SELECT h.id FROM tasks h WHERE h.session_id = q.session_id AND h.status = 'pending'
                  ORDER BY h.priority DESC, h.position, h.id LIMIT 1)
    ORDER BY q.priority DESC, q.id
    LIMIT 4
    FOR NO KEY UPDATE OF s SKIP LOCKED"""
HEAD = """
    SELECT h.id FROM tasks h WHERE h.session_id = 's000000001' AND h.status = 'pending'
    ORDER BY h.priority DESC, h.position, h.id LIMIT 1"""


def flat(text: str) -> str:
    """A query without its layout."""
    return " ".join(text.split())


def scans(plan: dict[str, Any]) -> set[str]:
    """Every index used, and every table read from end to end."""
    own = {plan.get("Index Name") or plan["Relation Name"]} if "Relation Name" in plan else set()
    if plan["Node Type"] == "Bitmap Heap Scan":
        own = set()
    if "Index Name" in plan:
        own = {plan["Index Name"]}
    return own.union(*(scans(inner) for inner in plan.get("Plans", [])))


@pytest.fixture
async def full(fresh_database_url: str) -> AsyncIterator[Database]:
    """A database with many ended tasks and a few pending ones."""
    await migrate(fresh_database_url)
    async with Database.open(fresh_database_url, name="test") as db:
        await fill(db)
        yield db


async def fill(db: Database) -> None:
    """Write the rows without triggers and have them analysed."""
    async with db.connection() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(
            "INSERT INTO nodes (name, hostname, pid, version) VALUES ('n', '', 1, '')"
        )
        await conn.execute("INSERT INTO projects (id, name, path, node_id) VALUES ('p', '', '', 1)")
        await conn.execute(
            "INSERT INTO sessions (id, project_id, title)"
            " SELECT 's' || lpad(n::text, 9, '0'), 'p', '' FROM generate_series(0, 999) n"
        )
        await conn.execute(
            "INSERT INTO tasks (session_id, agent, input, position, status, started_at, ended_at)"
            " SELECT 's' || lpad((n %% 1000)::text, 9, '0'), 'a', 'x', n,"
            " CASE WHEN n %% 500 = 0 THEN 'pending' ELSE 'completed' END,"
            " now(), CASE WHEN n %% 500 = 0 THEN NULL ELSE now() END"
            " FROM generate_series(1, %s) n",
            (ENDED,),
        )
    async with db.connection() as conn:
        await conn.execute("ANALYZE tasks")
        await conn.execute("ANALYZE sessions")


async def test_claim_reads_pending_tasks_only(full: Database) -> None:
    """By the partial indexes, however many tasks have ended."""
    async with full.connection() as conn:
        plan = await fetch_value(conn, "EXPLAIN (FORMAT JSON) " + CANDIDATES)

    used = scans(plan[0]["Plan"])
    assert "tasks" not in used
    assert {"tasks_pending", "tasks_queue"} <= used


async def test_the_head_of_a_queue_is_one_probe(full: Database) -> None:
    """In the index's own order, without a sort."""
    async with full.connection() as conn:
        plan = await fetch_value(conn, "EXPLAIN (FORMAT JSON) " + HEAD)

    assert scans(plan[0]["Plan"]) == {"tasks_queue"}
    assert "Sort" not in str(plan)


async def test_the_pinned_queries_are_the_ones_claim_runs(db: Database) -> None:
    """Else the two tests above would pin nothing."""
    async with db.connection() as conn:
        source = flat(await fetch_value(conn, "SELECT prosrc FROM pg_proc WHERE proname = 'claim'"))

    assert (
        flat(CANDIDATES.replace("= 1)", "= p_node)").replace("LIMIT 4", "LIMIT p_limit")) in source
    )
    assert flat(HEAD.replace("'s000000001'", "v_session")) in source


async def test_overlaps_read_what_is_pending_only(full: Database) -> None:
    """By the partial index, with 10,000 sessions and a history of resolved rows."""
    async with full.connection() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(
            "INSERT INTO sessions (id, project_id, title)"
            " SELECT 's' || lpad(n::text, 9, '0'), 'p', '' FROM generate_series(1000, 9999) n"
        )
        await conn.execute(
            "INSERT INTO pending_changes (session_id, file_path, operation, patch, status, resolved_at)"
            " SELECT 's' || lpad((n %% 10000)::text, 9, '0'), 'f' || n / 38, 'edit', repeat('x', 500),"
            " CASE WHEN n %% 19 = 0 THEN 'pending' ELSE 'applied' END,"
            " CASE WHEN n %% 19 = 0 THEN NULL ELSE now() END FROM generate_series(1, %s) n",
            (100_000,),
        )
    async with full.connection() as conn:
        await conn.execute("ANALYZE sessions")
        await conn.execute("ANALYZE pending_changes")
        query, values = changes._OVERLAPS, ("p", changes.OVERLAPS_MAX)
        plan = await fetch_value(conn, "EXPLAIN (FORMAT JSON) " + query, values)

    used = scans(plan[0]["Plan"])
    assert "pending_changes" not in used
    assert "pending_changes_open" in used
    found = await PendingChanges(full).overlaps("p")
    assert len(found) == changes.OVERLAPS_MAX
    assert {len(overlap.sessions) for overlap in found} == {2}

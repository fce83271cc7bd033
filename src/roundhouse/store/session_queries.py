"""The SQL of `sessions`: the line, the page, and the small statements. Knows how a status is derived."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Collection

from roundhouse.model.session import SessionStatus

# One session's parts, by the alias `s`; each is a single probe of an index.
_WAITING = "EXISTS (SELECT 1 FROM permission_requests p WHERE p.session_id = s.id AND p.status = 'pending')"
_RUNNING = "EXISTS (SELECT 1 FROM tasks t WHERE t.session_id = s.id AND t.status = 'running')"
_QUEUED = "EXISTS (SELECT 1 FROM tasks t WHERE t.session_id = s.id AND t.status = 'pending')"
_FAILED = """(SELECT t.status IN ('failed', 'lost') FROM tasks t
              WHERE t.session_id = s.id AND t.ended_at IS NOT NULL ORDER BY t.ended_at DESC LIMIT 1)"""
_UNREAD = """EXISTS (SELECT 1 FROM events e
              WHERE e.session_id = s.id AND e.type = 'task_ended' AND e.seq > s.read_seq)"""
_STATUS = f"""
    CASE WHEN s.archived_at IS NOT NULL THEN 'archived'
         WHEN {_WAITING} THEN 'waiting'
         WHEN {_RUNNING} THEN 'running'
         WHEN {_QUEUED} THEN 'queued'
         WHEN {_FAILED} THEN 'failed'
         WHEN {_UNREAD} THEN 'unread'
         ELSE 'idle' END"""

_LINE = f"""
    SELECT s.id, s.project_id, s.title, {_STATUS} AS status, s.created_at, s.updated_at,
        w.worktree_path, w.branch, w.base_commit, s.base_ref, s.include_uncommitted, s.running_task::text,
        (SELECT count(*) FROM tasks t WHERE t.session_id = s.id AND t.status = 'pending') AS queued,
        (SELECT count(*) FROM permission_requests p
         WHERE p.session_id = s.id AND p.status = 'pending') AS waiting,
        (SELECT count(*) FROM events e
         WHERE e.session_id = s.id AND e.type = 'task_ended' AND e.seq > s.read_seq) AS unread,
        ARRAY (SELECT a.agent FROM (
            SELECT c.agent, c.created_at FROM agent_sessions c WHERE c.session_id = s.id
            UNION ALL SELECT t.agent, t.created_at FROM tasks t WHERE t.session_id = s.id AND t.status = 'pending'
            UNION ALL SELECT t.agent, t.created_at FROM tasks t WHERE t.session_id = s.id AND t.status = 'running'
        ) a GROUP BY a.agent ORDER BY min(a.created_at), a.agent) AS agents,
        coalesce(w.additions, 0) AS additions, coalesce(w.deletions, 0) AS deletions,
        h.last_seq, s.read_seq, s.activity, s.hold_reason, s.handover, s.node_id::text, s.archived_at
    FROM %s s JOIN event_heads h ON h.session_id = s.id
    LEFT JOIN session_worktrees w ON w.session_id = s.id"""

BY_IDS = _LINE % "sessions" + " WHERE s.id = ANY (%s) ORDER BY s.updated_at DESC, s.id"

# The cheapest condition that holds for exactly the sessions of a status that are not archived.
_CONDITIONS = {
    SessionStatus.WAITING: _WAITING,
    SessionStatus.RUNNING: f"{_RUNNING} AND NOT {_WAITING}",
    SessionStatus.QUEUED: f"{_QUEUED} AND NOT {_RUNNING} AND NOT {_WAITING}",
    SessionStatus.FAILED: f"{_STATUS} = 'failed'",
    SessionStatus.UNREAD: f"{_STATUS} = 'unread'",
    SessionStatus.IDLE: f"{_STATUS} = 'idle'",
}
_FILTERS = {
    "project_id": "s.project_id = %(project_id)s",
    "q": "(s.title ILIKE %(q)s OR s.id LIKE %(q_id)s)",
    "at": "s.updated_at <= %(at)s::timestamptz AND (s.updated_at < %(at)s::timestamptz OR s.id > %(after)s)",
}


def page(status: SessionStatus | None, given: Collection[str]) -> str:
    """The query of one page; `given` are the parameters that filter it."""
    archived = status is SessionStatus.ARCHIVED
    conditions = ["s.archived_at IS NOT NULL" if archived else "s.archived_at IS NULL"]
    if status in _CONDITIONS:
        conditions.append(_CONDITIONS[status])
    conditions += [condition for name, condition in _FILTERS.items() if name in given]
    rows = (
        "(SELECT * FROM sessions s WHERE "
        + " AND ".join(conditions)
        + " ORDER BY s.updated_at DESC, s.id LIMIT %(limit)s)"
    )
    return _LINE % rows + " ORDER BY s.updated_at DESC, s.id"


INSERT = """
    INSERT INTO sessions (id, project_id, node_id, title, base_ref, include_uncommitted)
    SELECT %s, p.id, p.node_id, %s, %s, %s FROM projects p WHERE p.id = %s"""
CHANGED_SINCE = "SELECT id FROM sessions WHERE changed_at >= %s"
# What a person only looked at does not move up in the list.
UPDATE = """
    UPDATE sessions s SET
        title = coalesce(%(title)s, title),
        handover = coalesce(%(handover)s, handover),
        archived_at = CASE WHEN %(archived)s::boolean IS NULL THEN archived_at
                           WHEN %(archived)s::boolean THEN coalesce(archived_at, now()) END,
        read_seq = greatest(read_seq, least(%(read_seq)s::bigint,
                   (SELECT h.last_seq FROM event_heads h WHERE h.session_id = s.id))),
        updated_at = CASE WHEN %(title)s::text IS NULL AND %(archived)s::boolean IS NULL
                     THEN updated_at ELSE now() END
    WHERE s.id = %(id)s"""
RESUME = """
    UPDATE sessions SET hold_reason = NULL, updated_at = now() WHERE id = %s AND hold_reason IS NOT NULL"""
BUSY = "SELECT EXISTS (SELECT 1 FROM tasks t WHERE t.session_id = %s AND t.status = 'running')"
LOCK_HEAD = "SELECT 1 FROM event_heads WHERE session_id = %s FOR UPDATE"
DELETE = "DELETE FROM sessions WHERE id = %s"
SET_ACTIVITY = """
    UPDATE sessions SET activity = %s WHERE id = %s AND activity IS DISTINCT FROM %s"""
SETTLED = """
    UPDATE sessions SET running_task = NULL, activity = NULL, updated_at = clock_timestamp()
    WHERE id = %s AND running_task = %s"""
FIND = "SELECT id FROM sessions WHERE id LIKE %s ORDER BY id LIMIT %s"
WORKTREE = """
    SELECT session_id, worktree_path, branch, base_commit, base_snapshot, reviewed_snapshot, head_snapshot
    FROM session_worktrees WHERE session_id = %s"""
SAVE_WORKTREE = """
    INSERT INTO session_worktrees (session_id, worktree_path, branch, base_commit, base_snapshot,
        reviewed_snapshot, head_snapshot)
    VALUES (%(session_id)s, %(worktree_path)s, %(branch)s, %(base_commit)s, %(base_snapshot)s,
        %(reviewed_snapshot)s, %(head_snapshot)s)
    ON CONFLICT (session_id) DO UPDATE SET worktree_path = excluded.worktree_path,
        branch = excluded.branch, base_commit = excluded.base_commit, base_snapshot = excluded.base_snapshot,
        reviewed_snapshot = excluded.reviewed_snapshot, head_snapshot = excluded.head_snapshot"""
SET_SNAPSHOTS = """
    UPDATE session_worktrees SET base_snapshot = coalesce(%s, base_snapshot),
        reviewed_snapshot = coalesce(%s, reviewed_snapshot), head_snapshot = coalesce(%s, head_snapshot),
        additions = coalesce(%s, additions), deletions = coalesce(%s, deletions)
    WHERE session_id = %s"""

"""Table `agent_sessions`: each agent's own conversation inside a session, and what it used."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from roundhouse.model.session import AgentSession, AgentSessionStatus, BackendKind, Continuity
from roundhouse.model.task import Usage
from roundhouse.store.database import Database
from roundhouse.store.rows import fetch, fetch_one

_COLUMNS = """session_id, agent, backend, status, continuity, agent_session_id, server_port, pid,
    last_seen_snapshot, last_seen_seq, tokens_in, tokens_out, cost_usd, last_active_at"""
_GET = f"SELECT {_COLUMNS} FROM agent_sessions WHERE session_id = %s AND agent = %s"
_LIST = f"SELECT {_COLUMNS} FROM agent_sessions WHERE session_id = %s ORDER BY created_at, agent"
_READY = """
    INSERT INTO agent_sessions AS a (session_id, agent, backend, agent_session_id, continuity, pid,
        server_port, status, last_active_at)
    VALUES (%(session_id)s, %(agent)s, %(backend)s, %(agent_session_id)s, %(continuity)s, %(pid)s,
        %(server_port)s, 'active', now())
    ON CONFLICT (session_id, agent) DO UPDATE SET backend = excluded.backend,
        agent_session_id = excluded.agent_session_id, continuity = excluded.continuity,
        pid = excluded.pid, server_port = excluded.server_port, status = 'active', last_active_at = now(),
        last_seen_snapshot = CASE WHEN excluded.continuity <> 'fresh' THEN a.last_seen_snapshot END,
        last_seen_seq = CASE WHEN excluded.continuity <> 'fresh' THEN a.last_seen_seq ELSE 0 END"""
_IDLE = """
    UPDATE agent_sessions SET status = 'idle', last_active_at = now(),
        tokens_in = tokens_in + coalesce(%(tokens_in)s, 0),
        tokens_out = tokens_out + coalesce(%(tokens_out)s, 0),
        cost_usd = cost_usd + coalesce(%(cost_usd)s, 0),
        last_seen_snapshot = coalesce(%(snapshot)s, last_seen_snapshot),
        last_seen_seq = coalesce(%(seq)s, last_seen_seq)
    WHERE session_id = %(session_id)s AND agent = %(agent)s"""
_SET_STATUS = """
    UPDATE agent_sessions SET status = %(status)s,
        pid = CASE WHEN %(gone)s THEN NULL ELSE pid END,
        server_port = CASE WHEN %(gone)s THEN NULL ELSE server_port END
    WHERE session_id = %(session_id)s AND agent = %(agent)s"""
_WENT_BACK = """
    UPDATE agent_sessions SET agent_session_id = %s WHERE session_id = %s AND agent = %s"""
_FORGET = """
    UPDATE agent_sessions SET agent_session_id = NULL, last_seen_snapshot = NULL, last_seen_seq = 0
    WHERE session_id = %s AND agent = %s"""


class AgentSessions:
    """The agents' conversations of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, session_id: str, agent: str) -> AgentSession | None:
        """One conversation, if the agent was ever ready in the session."""
        async with self._db.connection() as conn:
            return await fetch_one(conn, AgentSession, _GET, (session_id, agent))

    async def ready(
        self,
        session_id: str,
        agent: str,
        *,
        backend: BackendKind,
        agent_session_id: str | None,
        continuity: Continuity,
        pid: int | None = None,
        server_port: int | None = None,
    ) -> None:
        """Say that the agent can be prompted. A fresh conversation has seen nothing: what it saw is reset.

        Raises NotFound for the session.
        """
        values = {
            "session_id": session_id,
            "agent": agent,
            "backend": backend.value,
            "agent_session_id": agent_session_id,
            "continuity": continuity.value,
            "pid": pid,
            "server_port": server_port,
        }
        async with self._db.connection() as conn:
            await conn.execute(_READY, values)

    async def idle(
        self,
        session_id: str,
        agent: str,
        *,
        usage: Usage | None = None,
        last_seen_snapshot: str | None = None,
        last_seen_seq: int | None = None,
    ) -> None:
        """Say that its turn is over: adds the usage, moves what it has seen where given."""
        used = usage or Usage()
        values = {
            "session_id": session_id,
            "agent": agent,
            "tokens_in": used.tokens_in,
            "tokens_out": used.tokens_out,
            "cost_usd": used.cost_usd,
            "snapshot": last_seen_snapshot,
            "seq": last_seen_seq,
        }
        async with self._db.connection() as conn:
            await conn.execute(_IDLE, values)

    async def set_status(self, session_id: str, agent: str, status: AgentSessionStatus) -> None:
        """Set the status; a crashed or closed one has no process any more."""
        gone = status in {AgentSessionStatus.CRASHED, AgentSessionStatus.CLOSED}
        values = {"session_id": session_id, "agent": agent, "status": status.value, "gone": gone}
        async with self._db.connection() as conn:
            await conn.execute(_SET_STATUS, values)

    async def went_back(self, session_id: str, agent: str, agent_session_id: str) -> None:
        """Say that the conversation goes on from an earlier point, under this id."""
        async with self._db.connection() as conn:
            await conn.execute(_WENT_BACK, (agent_session_id, session_id, agent))

    async def forget(self, session_id: str, agent: str) -> None:
        """Drop the agent's own id: its next conversation in the session is a fresh one."""
        async with self._db.connection() as conn:
            await conn.execute(_FORGET, (session_id, agent))

    async def list(self, session_id: str) -> list[AgentSession]:
        """A session's conversations, in the order the agents joined."""
        async with self._db.connection() as conn:
            return await fetch(conn, AgentSession, _LIST, (session_id,))

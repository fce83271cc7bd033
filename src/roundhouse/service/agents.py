"""The agents of the nodes, and the agents' conversations inside a session."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from roundhouse.model.agent import AgentInfo
from roundhouse.model.errors import NodeDown, NotFound
from roundhouse.model.session import AgentSession, AgentSessionStatus, BackendKind, Continuity
from roundhouse.service.requests import PROBE_DEADLINE, NodeRequests
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.nodes import Nodes
from roundhouse.store.sessions import Sessions


class ConversationUsage(Struct, frozen=True):
    """What one agent used in a session so far."""

    tokens_in: int
    tokens_out: int
    cost_usd: float


class Conversation(Struct, frozen=True, kw_only=True):
    """One agent in a session, as sent. `warm`: its process is up and the next turn starts at once."""

    agent: str
    backend: BackendKind
    status: AgentSessionStatus
    continuity: Continuity
    agent_session_id: str | None
    warm: bool
    pid: int | None
    last_active_at: datetime | None
    usage: ConversationUsage


class Closed(Struct, frozen=True):
    """The agents whose processes were ended."""

    closed: list[str]


class Refreshed(Struct, frozen=True):
    """How many agents were looked at."""

    agents: int


class AgentService:
    """The agents of this Roundhouse."""

    def __init__(
        self,
        available: AvailableAgents,
        conversations: AgentSessions,
        sessions: Sessions,
        nodes: Nodes,
        requests: NodeRequests,
    ) -> None:
        self._available = available
        self._conversations = conversations
        self._sessions = sessions
        self._nodes = nodes
        self._requests = requests

    async def get(self, name: str) -> AgentInfo:
        """One agent. Raises NotFound."""
        return await self._available.get(name)

    async def enable(self, name: str, enabled: bool) -> AgentInfo:
        """Switch an agent on or off. Raises NotFound."""
        await self._available.set_enabled(name, enabled)
        return await self._available.get(name)

    async def refresh(self) -> Refreshed:
        """Have every live node read its catalog again and look at its agents. Raises NodeDown."""
        agents = 0
        failure: NodeDown | None = None
        for node in await self._requests.live():
            try:
                told = await self._requests.ask(
                    "refresh_agents", {}, node_id=node.id, by="http", deadline=PROBE_DEADLINE
                )
                agents += int(told.get("agents", 0))
            except NodeDown as error:
                failure = error
        if failure is not None and not agents:
            raise failure
        return Refreshed(agents)

    async def conversations(self, session_id: str) -> list[Conversation]:
        """The agents of a session, in the order they joined. Raises NotFound."""
        session = await self._sessions.get(session_id)
        rows = await self._conversations.list(session_id)
        alive = any(node.alive for node in await self._nodes.all() if node.id == session.node_id)
        return [_conversation(row, alive=alive) for row in rows]

    async def close(self, session_id: str, agent: str) -> Closed:
        """End an agent's process; its memory stays, and the next turn resumes it.

        Raises NotFound, Conflict `session_busy` while it runs a turn, NodeDown.
        """
        session = await self._sessions.get(session_id)
        known = await self._conversations.get(session_id, agent)
        if known is None or session.node_id is None:
            raise NotFound(f"The agent {agent} has no part in this session.")
        told: dict[str, Any] = await self._requests.ask(
            "close_agent",
            {"agent": agent},
            node_id=session.node_id,
            session_id=session_id,
            by="http",
        )
        return Closed([str(name) for name in told.get("closed", [])])

    async def list(self) -> list[AgentInfo]:
        """Every agent by name; with several nodes, once for each."""
        return await self._available.list()


def _conversation(row: AgentSession, *, alive: bool) -> Conversation:
    up = row.status in (AgentSessionStatus.IDLE, AgentSessionStatus.ACTIVE)
    warm = alive and up and row.pid is not None
    return Conversation(
        agent=row.agent,
        backend=row.backend,
        status=row.status,
        continuity=row.continuity,
        agent_session_id=row.agent_session_id,
        warm=warm,
        pid=row.pid if warm else None,
        last_active_at=row.last_active_at,
        usage=ConversationUsage(row.tokens_in, row.tokens_out, row.cost_usd),
    )

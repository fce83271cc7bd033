"""Takes the agents' own conversations back along with the files, where an agent can.

Owns which agents are asked. How one forgets is its backend's.
"""

from functools import partial

import structlog
from msgspec.structs import replace

from roundhouse.agents.backend import SessionSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.event import Activity
from roundhouse.model.session import AgentSession
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.outage import until_back
from roundhouse.runner.pool import AgentPool
from roundhouse.runner.recorder import Recorder
from roundhouse.runner.roster import Roster

log = structlog.get_logger(__name__)


class Conversations:
    """The agents' memories of a session's turns."""

    def __init__(self, rows: Rows, recorder: Recorder, pool: AgentPool, roster: Roster) -> None:
        self._rows = rows
        self._recorder = recorder
        self._pool = pool
        self._roster = roster

    async def take_back(self, ground: Ground, moment: float) -> list[str]:
        """Have the session's agents forget what they were asked at or after `moment`, in Unix time; those that did.

        An agent that cannot, or fails to, keeps its memory and is told of the rewind instead. The caller holds the
        session.
        """
        known = await until_back(partial(self._rows.agent_sessions.list, ground.session.id))
        done = []
        for row in known:
            if row.agent_session_id is None:
                continue
            try:
                if await self._forget(ground, row, moment):
                    done.append(row.agent)
            except AgentError as error:
                log.warning("an agent did not forget", agent=row.agent, error=error.message)
                text = f"{row.agent} keeps its memory of what was taken back: {error.message}"
                await self._say(ground, row.agent, text)
        return done

    async def _forget(self, ground: Ground, row: AgentSession, moment: float) -> bool:
        spec = await self._roster.known(row.agent)
        if not self._pool.backend(spec).forgets:
            return False
        wanted = SessionSpec(
            session_id=row.session_id,
            agent=spec,
            cwd=ground.worktree.worktree_path,
            emit=partial(self._recorder.emit, row.session_id, None, row.agent),
            agent_session_id=row.agent_session_id,
            made_at=row.last_active_at.timestamp() if row.last_active_at else None,
        )
        async with self._pool.lease(wanted) as lease:
            if lease.handle.agent_session_id != row.agent_session_id:
                return False  # it could not be resumed: all is forgotten anyhow, and its next turn says so
            if not await lease.backend.forget_since(lease.handle, moment):
                return False
            mine = lease.handle.agent_session_id
        await until_back(
            partial(self._rows.agent_sessions.went_back, row.session_id, row.agent, mine)
        )
        ground.agents[row.agent] = replace(row, agent_session_id=mine)
        await self._say(ground, row.agent, f"{row.agent} forgot what was taken back.")
        return True

    async def _say(self, ground: Ground, agent: str, text: str) -> None:
        await self._recorder.emit(ground.session.id, None, agent, Activity(text=text))

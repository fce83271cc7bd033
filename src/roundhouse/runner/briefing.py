"""Finds out whether an agent must be told something before its turn, and reads what that is.

Owns the question "is it behind?". The words are `handover`'s.
"""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from roundhouse.model.session import AgentSession, Continuity
from roundhouse.model.task import Task
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.handover import (
    TYPES,
    Exchange,
    exchanges,
    handover,
    history,
    is_command,
    missing_inputs,
    taken_back,
    with_inputs,
)
from roundhouse.runner.outage import until_back

EVENTS_READ = 20_000
"""How far back a story may reach; what is older would not fit into its length anyway."""


class Briefing(Struct, frozen=True):
    """What stands before the person's text, and how much the agent then knows.

    `complete`: after this turn the agent has heard of everything that happened before it.
    """

    continuity: Continuity
    text: str | None = None
    complete: bool = True


class Briefer:
    """Writes the note for an agent that was away, or whose memory is gone."""

    def __init__(self, rows: Rows, grounds: Grounds) -> None:
        self._events = rows.events
        self._tasks = rows.tasks
        self._sessions = rows.sessions
        self._grounds = grounds

    async def brief(self, task: Task, ground: Ground, continuity: Continuity) -> Briefing:
        """What to tell before this turn. Asks no database when the same agent goes on undisturbed."""
        mine = ground.agents.get(task.agent)
        forgot = continuity is Continuity.FRESH and mine is not None and mine.last_seen_seq > 0
        if not forgot and _abreast(task, ground, mine):
            return Briefing(continuity)
        if is_command(task.input) or not await self._wanted(task):
            # Told another time: until then the agent stays behind.
            return Briefing(continuity, complete=False)
        if forgot:
            told, taken = await self._stories(task, after=0)
            base = ground.worktree.base_snapshot or ground.before
            files = await self._grounds.files_since(ground, base)
            text = history(told, files, task.agent, taken)
            return Briefing(Continuity.REBUILT if text else continuity, text)
        told, taken = await self._stories(task, after=mine.last_seen_seq if mine else 0)
        others = [story for story in told if story.agent != task.agent]
        if mine is None and not others:
            return Briefing(continuity)
        since = (mine.last_seen_snapshot if mine else None) or ground.worktree.base_snapshot
        files = await self._grounds.files_since(ground, since or ground.before)
        return Briefing(continuity, handover(others, files, taken))

    async def _wanted(self, task: Task) -> bool:
        if not task.handover:
            return False
        session = await until_back(partial(self._sessions.get, task.session_id))
        return session.handover

    async def _stories(self, task: Task, *, after: int) -> tuple[Sequence[Exchange], Sequence[str]]:
        """What was asked and said, and what the person took back."""
        head = await until_back(partial(self._events.head, task.session_id))
        start = max(after, head - EVENTS_READ)
        rows = await until_back(partial(self._events.of_tasks, task.session_id, start, TYPES))
        told = exchanges(rows)
        inputs = {
            id_: (await until_back(partial(self._tasks.get, id_))).input
            for id_ in missing_inputs(told)
        }
        with_inputs(told, inputs)
        return told, taken_back(rows)


def _abreast(task: Task, ground: Ground, mine: AgentSession | None) -> bool:
    return (
        mine is not None
        and ground.last_agent == task.agent
        and mine.last_seen_snapshot == ground.before
    )

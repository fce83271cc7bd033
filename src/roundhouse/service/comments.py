"""A person's remarks on lines of the changes: collected, then sent as one prompt to each agent that must answer.

Owns who gets which, and that none is lost or sent twice. What the prompt says is `remarks`' business.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import anyio
import msgspec

from roundhouse.model.errors import InvalidInput, NotFound, TooLarge
from roundhouse.model.outcome import CommentedLine, SentComments
from roundhouse.model.review import Comment, NewComment, Side
from roundhouse.model.session import Session
from roundhouse.model.task import Task
from roundhouse.service.page import Page
from roundhouse.service.remarks import prompt_of
from roundhouse.service.requests import read_outcome
from roundhouse.service.tasks import TaskService, TaskWish
from roundhouse.service.text import INPUT_MAX, clean
from roundhouse.service.worktrees import Worktrees
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.comments import Comments
from roundhouse.store.sessions import Sessions

TEXT_MAX = 64 * 1024
"""Bytes of a comment."""

_KEY_LENGTH = 32
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class CommentService:
    """The comments of this Roundhouse."""

    def __init__(
        self,
        worktrees: Worktrees,
        comments: Comments,
        sessions: Sessions,
        agents: AgentSessions,
        tasks: TaskService,
    ) -> None:
        self._worktrees = worktrees
        self._comments = comments
        self._sessions = sessions
        self._agents = agents
        self._tasks = tasks
        # Two sends at once would both find the same comments open.
        self._sending = anyio.Lock()

    async def list(self, session_id: str) -> Page[Comment]:
        """A session's comments, oldest first, all of them. Raises NotFound."""
        await self._sessions.get(session_id)
        return Page(await self._comments.list(session_id))

    async def add(self, session_id: str, *, path: str, line: int, side: Side, text: str) -> Comment:
        """Keep a remark on a line of the changes, with who wrote it and what stands around it.

        Raises NotFound, InvalidInput for what is no such line, TooLarge, Conflict `nothing_to_review`, NodeDown.
        """
        if not clean(path, "path"):
            raise InvalidInput("The path is empty.", code="empty", field="path")
        if not clean(text, "text").strip():
            raise InvalidInput("The comment is empty.", code="empty", field="text")
        if len(text.encode()) > TEXT_MAX:
            raise TooLarge(f"The comment is over {TEXT_MAX // 1024} KiB.", field="text")
        await self._worktrees.session(session_id)
        told = await self._worktrees.read(
            session_id, "line", {"path": path, "line": line, "side": side}
        )
        found = read_outcome(told or {}, CommentedLine)
        if found.hunk is None:
            raise InvalidInput(
                "There is no such line in the changes.",
                code="no_such_line",
                field="line",
                remedy="Look at the changes again: they may have moved.",
            )
        return await self._comments.add(
            NewComment(
                session_id=session_id,
                path=path,
                line=line,
                side=side,
                text=text,
                agent=found.agent,
                task_id_of_line=found.task_id,
                hunk=found.hunk,
            )
        )

    async def delete(self, session_id: str, comment_id: str) -> None:
        """Drop a remark that was not sent. Raises NotFound, Conflict."""
        await self._comments.delete(session_id, comment_id)

    async def send(
        self,
        session_id: str,
        *,
        agent: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> SentComments:
        """Queue the open remarks, or those with these ids, as one prompt for each agent.

        They go to `agent`, or to who wrote the lines, and from lines of the person's to the agent that worked last.
        Sending what was sent already gives the tasks that carry it. Raises NotFound, InvalidInput, TooLarge, and
        Conflict `archived`; then nothing was queued.
        """
        session = await self._sessions.get(session_id)
        async with self._sending:
            wanted = _chosen(await self._comments.list(session_id), ids)
            tasks: dict[str, Task] = {}
            for comment in wanted:
                carrier = comment.sent_task_id
                if comment.status != "open" and carrier is not None and carrier not in tasks:
                    tasks[carrier] = await self._tasks.get(carrier)
            last = None if agent is not None else await self._last_agent(session)
            groups = _groups([one for one in wanted if one.status == "open"], agent, last)
            wishes = {name: _wish(name, group) for name, group in groups.items()}
            for wish in wishes.values():
                await self._tasks.check(session, wish)
            for name, group in groups.items():
                # The task first: after a crash between the two, the same key finds it again.
                task, _ = await self._tasks.create(session_id, wishes[name])
                await self._comments.sent([comment.id for comment in group], task.id)
                tasks[task.id] = task
            meant = {comment.id for comment in wanted}
            now = [one for one in await self._comments.list(session_id) if one.id in meant]
        return SentComments(list(tasks.values()), now)

    async def _last_agent(self, session: Session) -> str | None:
        rows = await self._agents.list(session.id)
        if not rows:
            return None
        return max(rows, key=lambda row: row.last_active_at or _LONG_AGO).agent


def _chosen(comments: Sequence[Comment], ids: Sequence[str] | None) -> list[Comment]:
    """The comments meant. Raises NotFound, InvalidInput."""
    if ids is None:
        return [comment for comment in comments if comment.status == "open"]
    if not ids:
        raise InvalidInput("Name comments, or leave ids out for all.", code="empty", field="ids")
    missing = set(ids) - {comment.id for comment in comments}
    if missing:
        raise NotFound(f"There is no comment {min(missing)[:40]!r} in this session.", field="ids")
    return [comment for comment in comments if comment.id in set(ids)]


def _groups(
    comments: Sequence[Comment], agent: str | None, last: str | None
) -> Mapping[str, list[Comment]]:
    """Who gets which: `agent` all, else each the author of its lines, else `last`. Raises InvalidInput."""
    groups: dict[str, list[Comment]] = defaultdict(list)
    for comment in comments:
        name = agent if agent is not None else comment.agent or last
        if name is None:
            raise InvalidInput(
                "No agent has worked in this session yet: say who gets the comments.",
                code="missing",
                field="agent",
            )
        groups[name].append(comment)
    return groups


def _wish(agent: str, comments: Sequence[Comment]) -> TaskWish:
    text = prompt_of(comments)
    if len(text.encode()) > INPUT_MAX:
        raise TooLarge(
            f"Together these comments are over {INPUT_MAX // 2**20} MB.",
            field="ids",
            remedy="Send fewer at once.",
        )
    return TaskWish(agent=agent, input=text, client_key=_key(comments))


def _key(comments: Sequence[Comment]) -> str:
    """The same for the same comments, until their task has failed and they are sent anew."""
    parts = sorted((comment.id, comment.sent_task_id or "") for comment in comments)
    return f"comments:{hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:_KEY_LENGTH]}"

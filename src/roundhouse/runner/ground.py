"""The ground turns run on: a session's worktree, what is known of it, and what of it moved.

Owns making and repairing worktrees before a turn, and the snapshots around it: whose a difference is.
What is kept in memory is only a faster way to what rows and folders say.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import msgspec
import structlog

from roundhouse.agents.backend import Emit
from roundhouse.agents.process import Spawner
from roundhouse.model.errors import WorkspaceError
from roundhouse.model.event import Activity, ChangedFile, Changes
from roundhouse.model.session import AgentSession, Project, Session, Worktree
from roundhouse.model.task import Task
from roundhouse.runner.outage import until_back
from roundhouse.runner.recorder import Recorder
from roundhouse.runner.setup import run_setup
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.changes import NewChange, PendingChanges
from roundhouse.store.projects import Projects
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from roundhouse.workspace.snapshot import FileDelta, Snapshots
from roundhouse.workspace.sweep import Fingerprint, Sweep
from roundhouse.workspace.worktree import Worktrees, copy_files

KNOWN = 500
"""Sessions whose ground is remembered; forgetting one costs its next turn a few queries."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Ground:
    """What the runner remembers of one session's worktree and agents."""

    session: Session
    repository: Path
    worktree: Worktree
    agents: dict[str, AgentSession]
    fingerprint: Fingerprint | None = None
    last_agent: str | None = None
    """Who ran the last turn that settled here."""
    before: str = ""
    settling: anyio.Event | None = None
    repaired: bool = False
    """The folder is another one than the agents that are still warm were started in."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.worktree.worktree_path)

    @property
    def head(self) -> str:
        """The last snapshot."""
        head = self.worktree.head_snapshot
        if head is None:
            raise WorkspaceError(f"The worktree {self.path} has no first snapshot.")
        return head


@dataclass(frozen=True)
class Rows:
    """The tables grounds are written to."""

    projects: Projects
    sessions: Sessions
    agent_sessions: AgentSessions
    tasks: Tasks
    changes: PendingChanges


class Grounds:
    """All sessions' grounds on this node."""

    def __init__(
        self,
        rows: Rows,
        recorder: Recorder,
        spawner: Spawner,
        *,
        worktrees: Worktrees,
        snapshots: Snapshots,
        sweep: Sweep,
    ) -> None:
        self._rows = rows
        self._recorder = recorder
        self._spawner = spawner
        self._worktrees = worktrees
        self._snapshots = snapshots
        self._sweep = sweep
        self._known: dict[str, Ground] = {}
        self._unpacked: dict[str, Worktree] = {}

    def known(self, session_id: str) -> Ground | None:
        """What is remembered of a session."""
        return self._known.get(session_id)

    def forget(self, session_id: str) -> None:
        """Look at rows and folders again before the session's next turn."""
        self._known.pop(session_id, None)

    async def prepare(self, task: Task, emit: Emit) -> Ground:
        """The session's worktree, there and with a snapshot of what it holds now.

        Raises WorkspaceError, naming the path and the remedy.
        """
        ground = self._known.pop(task.session_id, None)
        if ground is not None and not await self._worktrees.linked(
            ground.worktree, ground.repository
        ):
            ground = None
        if ground is not None:
            try:
                await self._before(ground, task)
            except WorkspaceError as error:
                log.warning("looking at the worktree anew", session_id=task.session_id, error=error)
                ground = None
        if ground is None:
            ground = await self._load(task, emit)
            await self._before(ground, task)
        self._known[task.session_id] = ground
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]
        return ground

    async def _load(self, task: Task, emit: Emit) -> Ground:
        rows = self._rows
        session = await until_back(lambda: rows.sessions.get(task.session_id))
        project = await until_back(lambda: rows.projects.get(session.project_id))
        existing = await until_back(lambda: rows.sessions.worktree(session.id))
        worktree, how = await self._worktrees.ensure(
            session.id,
            Path(project.path),
            slug=session.title,
            base_ref=session.base_ref,
            include_uncommitted=session.include_uncommitted,
            existing=existing,
        )
        if how == "repaired":
            await emit(Activity(text="The worktree was not in order and has been repaired."))
        if existing is None or how != "kept":
            await self._furnish(project, worktree, emit)
        worktree = await self._with_base(existing, worktree)
        agents = await until_back(lambda: rows.agent_sessions.list(session.id))
        known = {row.agent: row for row in agents}
        return Ground(session, Path(project.path), worktree, known, repaired=how == "repaired")

    async def _furnish(self, project: Project, worktree: Worktree, emit: Emit) -> None:
        """What a new worktree needs beside the repository's files."""
        path = Path(worktree.worktree_path)
        if project.copy:
            copied = await copy_files(Path(project.path), path, project.copy)
            await emit(Activity(text=f"Copied into the worktree: {', '.join(copied) or 'nothing'}"))
        if project.setup_command:
            await run_setup(self._spawner, project.setup_command, str(path), emit)

    async def _with_base(self, existing: Worktree | None, worktree: Worktree) -> Worktree:
        """The worktree with its first snapshot, stored. The row's existence says that set-up is done."""
        if worktree.head_snapshot is None:
            base = await self._snapshots.base(worktree)
            worktree = msgspec.structs.replace(
                worktree, base_snapshot=base, reviewed_snapshot=base, head_snapshot=base
            )
        if worktree != existing:
            await until_back(lambda: self._rows.sessions.save_worktree(worktree))
        return worktree

    async def _before(self, ground: Ground, task: Task) -> None:
        """Find what moved since the last turn, and whose it is."""
        look = await self._sweep.scan(ground.path)
        if not self._sweep.same(ground.fingerprint, look):
            last = await until_back(lambda: self._rows.tasks.previous(task.session_id, task.id))
            # A turn that never settled left its work behind; after one that did, only the person moves files.
            owner = last if last is not None and last.snapshot_after is None else None
            await self._move(ground, owner)
            if owner is not None:
                after = ground.head
                await until_back(lambda: self._rows.tasks.set_snapshots(owner.id, after=after))
            ground.fingerprint = look
        ground.before = ground.head

    async def settle(self, ground: Ground, task: Task) -> None:
        """Record what the turn changed: snapshot, rows, event."""
        look = await self._sweep.scan(ground.path)
        if not self._sweep.same(ground.fingerprint, look):
            await self._move(ground, task)
            ground.fingerprint = look
        ground.last_agent = task.agent

    async def note_snapshots(self, ground: Ground, task: Task) -> None:
        """Write the task's two snapshots: with them it counts as settled."""
        before, after = ground.before, ground.head
        await until_back(
            lambda: self._rows.tasks.set_snapshots(task.id, before=before, after=after)
        )

    async def _move(self, ground: Ground, owner: Task | None) -> None:
        """Take a snapshot as `owner`'s, None being the person, and record what it differs in."""
        old = ground.head
        title = owner.input.strip().splitlines()[0:1] if owner else []
        taken = await self._snapshots.take(
            ground.worktree,
            parents=[old],
            author=owner.agent if owner else None,
            task_id=owner.id if owner else None,
            message="".join(title) or "Changes by the person",
        )
        if taken.skipped:
            await self._say(
                ground, owner, f"Left out (repositories of their own): {', '.join(taken.skipped)}"
            )
        if not taken.changed:
            return
        deltas = await self._snapshots.turn_changes(ground.worktree, old, taken.commit)
        if ground.worktree.reviewed_snapshot == old:
            against_reviewed = deltas
        else:
            against_reviewed = await self._snapshots.turn_changes(
                ground.worktree, ground.worktree.reviewed_snapshot or old, taken.commit
            )
        await self._record(ground, owner, taken.commit, deltas, against_reviewed)

    async def _record(
        self,
        ground: Ground,
        owner: Task | None,
        commit: str,
        deltas: list[FileDelta],
        all_: list[FileDelta],
    ) -> None:
        session_id = ground.session.id
        agent = owner.agent if owner else None
        rows = [
            NewChange(
                session_id=session_id,
                task_id=owner.id if owner else None,
                agent=agent,
                agents=[agent] if agent else [],
                file_path=delta.file_path,
                old_path=delta.old_path,
                operation=delta.operation,
                patch=delta.patch,
                additions=delta.additions,
                deletions=delta.deletions,
            )
            for delta in deltas
        ]
        await until_back(lambda: self._rows.changes.add(rows))
        await until_back(
            partial(
                self._rows.sessions.set_snapshots,
                session_id,
                head=commit,
                additions=sum(delta.additions for delta in all_),
                deletions=sum(delta.deletions for delta in all_),
            )
        )
        ground.worktree = msgspec.structs.replace(ground.worktree, head_snapshot=commit)
        self._unpacked[session_id] = ground.worktree
        event = Changes(files=changed_files(deltas), snapshot=commit)
        await self._recorder.emit(session_id, _task_of(owner), agent, event)

    async def _say(self, ground: Ground, owner: Task | None, text: str) -> None:
        agent = owner.agent if owner else None
        await self._recorder.emit(ground.session.id, _task_of(owner), agent, Activity(text=text))

    async def files_since(self, ground: Ground, snapshot: str) -> list[ChangedFile]:
        """What differs between a snapshot and the last one."""
        if snapshot == ground.head:
            return []
        return changed_files(
            await self._snapshots.turn_changes(ground.worktree, snapshot, ground.head)
        )

    async def settled(self, session_id: str, at_most: float) -> None:
        """Wait while a turn of the session is settling, but not longer than so many seconds."""
        ground = self._known.get(session_id)
        if ground is not None and ground.settling is not None:
            with anyio.move_on_after(at_most):
                await ground.settling.wait()

    async def pack(self) -> None:
        """Make the snapshots of idle sessions independent of the user's own clean-ups."""
        for session_id, worktree in list(self._unpacked.items()):
            ground = self._known.get(session_id)
            if ground is not None and ground.settling is not None:
                continue
            del self._unpacked[session_id]
            await self._snapshots.pack(worktree)

    async def remove(self, session_id: str) -> None:
        """Everything of a deleted session that is on disk."""
        self._known.pop(session_id, None)
        self._unpacked.pop(session_id, None)
        await self._worktrees.remove(session_id)
        await self._snapshots.remove(session_id)

    async def orphans(self) -> list[str]:
        """The sessions that have a folder here."""
        return await self._worktrees.orphans(set())


def changed_files(deltas: list[FileDelta]) -> list[ChangedFile]:
    """The deltas without their patches."""
    return [
        ChangedFile(
            path=delta.file_path,
            operation=delta.operation,
            additions=delta.additions,
            deletions=delta.deletions,
            old_path=delta.old_path,
        )
        for delta in deltas
    ]


def _task_of(owner: Task | None) -> str | None:
    """The task an event may carry: the log takes nothing more from one that was lost."""
    return owner.id if owner is not None and owner.status != "lost" else None

"""The grounds of all sessions on this node: made, found again, repaired, and held by one at a time.

Owns who may read and write a session's snapshots when, and what is remembered of it. What is written down is `books`'.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import msgspec
import structlog
from anyio import to_thread

from roundhouse.agents.backend import Emit
from roundhouse.agents.process import Spawner
from roundhouse.model.errors import Conflict, NotFound, RoundhouseError, WorkspaceError
from roundhouse.model.event import (
    Activity,
    ChangedFile,
    EventBody,
    RepositoryAction,
    RepositoryMoved,
)
from roundhouse.model.session import Project, Worktree
from roundhouse.model.task import Task
from roundhouse.runner.books import Books, changed_files
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.outage import until_back
from roundhouse.runner.recorder import Recorder
from roundhouse.runner.setup import run_setup, run_teardown
from roundhouse.workspace.locks import KeyedLocks
from roundhouse.workspace.move import resume, unfinished
from roundhouse.workspace.repository import common_dir, linked_git_dir
from roundhouse.workspace.repository_log import LogMark, mark, since
from roundhouse.workspace.snapshot import Snapshots
from roundhouse.workspace.sweep import Sweep, missing
from roundhouse.workspace.worktree import Worktrees, copy_files

KNOWN = 500
"""Sessions whose ground is remembered; forgetting one costs its next turn a few queries."""

log = structlog.get_logger(__name__)


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
        self.books = Books(rows, recorder, snapshots, sweep)
        self._rows = rows
        self._recorder = recorder
        self._spawner = spawner
        self._worktrees = worktrees
        self._snapshots = snapshots
        self._known: dict[str, Ground] = {}
        self._locks = KeyedLocks()

    def known(self, session_id: str) -> Ground | None:
        """What is remembered of a session."""
        return self._known.get(session_id)

    def forget(self, session_id: str) -> None:
        """Look at rows and folders again before the session's next turn."""
        self._known.pop(session_id, None)

    async def prepare(self, task: Task, emit: Emit) -> Ground:
        """The session's worktree, there and with a snapshot of what it holds now.

        Waits for whoever holds the ground. Raises WorkspaceError, naming the path and the remedy.
        """
        async with self._locks.hold(task.session_id):
            ground = self._known.pop(task.session_id, None)
            if ground is not None and not await to_thread.run_sync(_look, ground):
                ground = None
            if ground is not None:
                try:
                    await self._before(ground, task)
                except WorkspaceError as error:
                    log.warning(
                        "looking at the worktree anew", session_id=task.session_id, error=error
                    )
                    ground = None
            if ground is None:
                ground = await self._load(task.session_id, emit)
                await to_thread.run_sync(_look, ground)
                await self._before(ground, task)
            self._remember(ground)
        return ground

    @asynccontextmanager
    async def hold(
        self, session_id: str, *, files: bool = True, within: float = math.inf
    ) -> AsyncIterator[Ground]:
        """The session's ground, for the only one who reads and moves its snapshots meanwhile; with `files` they are there.

        Raises Conflict `nothing_to_review` before the first turn, WorkspaceError (`worktree_missing`), TimeoutError
        when others hold it for longer than `within` seconds.
        """
        known = self._known.get(session_id)
        if (
            known is None
            and await until_back(partial(self._rows.sessions.worktree, session_id)) is None
        ):
            raise Conflict(
                "There is nothing to review: this session has had no turn yet.",
                code="nothing_to_review",
                remedy="Give an agent a task first.",
            )
        with anyio.fail_after(within) as waiting:
            async with self._locks.hold(session_id):
                waiting.deadline = math.inf
                ground = self._known.get(session_id)
                if ground is None:
                    ground = await self._load(session_id, partial(self._emit, session_id))
                    self._remember(ground)
                elif ground.doubtful:
                    await self.books.recover(ground)
                if files and not await to_thread.run_sync(ground.path.is_dir):
                    raise missing(ground.path)
                try:
                    yield ground
                except BaseException:
                    ground.doubtful = True
                    raise

    async def busy(self, ground: Ground) -> bool:
        """Whether a turn runs, or has not settled yet."""
        session = await until_back(partial(self._rows.sessions.get, ground.session.id))
        return session.running_task is not None

    async def idle(self, ground: Ground) -> None:
        """Raises Conflict `session_busy` while a turn runs. None begins while the ground is held."""
        if await self.busy(ground):
            raise Conflict(
                "A turn is running in this session.",
                code="session_busy",
                remedy="Wait for it to end, or cancel it.",
            )

    async def recover(self) -> None:
        """Bring what the runner before us began and did not end to its end, in all sessions."""
        for session_id in await self.orphans():
            try:
                if await unfinished(self._snapshots, session_id) is not None:
                    # Holding the ground is what does it.
                    async with self.hold(session_id):
                        pass
                await self._note_unpacked(session_id)
            except (NotFound, Conflict):
                # Its files are brought to an end when what is left of it is removed.
                log.info("a deleted session was cut short", session_id=session_id)
            except Exception:
                # One broken session keeps no runner from starting.
                log.exception("what was cut short could not be ended", session_id=session_id)

    async def _note_unpacked(self, session_id: str) -> None:
        """What the runner before us had not packed yet waits for a quiet moment again."""
        if await self._snapshots.unpacked(session_id):
            worktree = await until_back(partial(self._rows.sessions.worktree, session_id))
            if worktree is not None:
                self.books.unpacked.setdefault(session_id, worktree)

    async def _load(self, session_id: str, emit: Emit) -> Ground:
        rows = self._rows
        session = await until_back(partial(rows.sessions.get, session_id))
        project = await until_back(partial(rows.projects.get, session.project_id))
        existing = await until_back(partial(rows.sessions.worktree, session_id))
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
        agents = await until_back(partial(rows.agent_sessions.list, session.id))
        known = {row.agent: row for row in agents}
        ground = Ground(session, project, worktree, known, repaired=how == "repaired")
        await self.books.recover(ground)
        return ground

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
            await self.books.begin(worktree)
        if worktree != existing:
            await until_back(partial(self._rows.sessions.save_worktree, worktree))
        return worktree

    async def _before(self, ground: Ground, task: Task) -> None:
        """Find what moved since the last turn, and whose it is."""
        if ground.doubtful:
            await self.books.recover(ground)
        await self.books.catch_up(ground, task.id)
        ground.before = ground.head

    def _remember(self, ground: Ground) -> None:
        self._known[ground.session.id] = ground
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]

    async def settle(self, ground: Ground, task: Task) -> None:
        """Record what the turn changed: snapshot, rows, events."""
        async with self._locks.hold(task.session_id):
            if ground.doubtful or self._known.get(task.session_id) is not ground:
                # Others may have moved the row meanwhile.
                await self.books.recover(ground)
            await self.books.settle(ground, task)
            self._remember(ground)
        await self._tell_repository(ground, task)

    async def _tell_repository(self, ground: Ground, task: Task) -> None:
        """Say what the turn did with git itself, which no difference of files shows. No turn fails for it."""
        place, ground.mark = ground.mark, None
        if place is None:
            return
        try:
            actions, branch = await to_thread.run_sync(_news, ground, place)
        except (RoundhouseError, OSError, ValueError):
            log.warning("git's logs could not be read", session_id=task.session_id, exc_info=True)
            return
        if actions:
            body = RepositoryMoved(actions=actions, branch=branch)
            await self._recorder.emit(task.session_id, task.id, task.agent, body)

    async def note_snapshots(self, ground: Ground, task: Task) -> None:
        """Write the task's two snapshots: with them it counts as settled."""
        noted = partial(
            self._rows.tasks.set_snapshots, task.id, before=ground.before, after=ground.head
        )
        await until_back(noted)

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
        """Do what waits for a quiet moment: pack the snapshots of idle sessions, so that no clean-up of the user's can
        take from them, and make spare worktrees.
        """
        unpacked = self.books.unpacked
        for session_id, worktree in list(unpacked.items()):
            ground = self._known.get(session_id)
            if ground is not None and ground.settling is not None:
                continue
            # Not beside a move that is being planned: its objects are loose, and no ref names them yet.
            async with self._locks.hold(session_id):
                if unpacked.pop(session_id, None) is None:
                    continue
                try:
                    await self._snapshots.pack(worktree)
                except (RoundhouseError, OSError) as error:
                    # The others' turn comes all the same, and this one's again.
                    log.warning("not packed", session_id=session_id, error=str(error))
                    unpacked[session_id] = worktree
        await self._worktrees.prepare_spares()

    async def remove(self, session_id: str) -> None:
        """Everything of a deleted session that is on disk, once nobody works on it any more."""
        async with self._locks.hold(session_id):
            self._known.pop(session_id, None)
            self.books.unpacked.pop(session_id, None)
            await self._end_files(session_id)
            await self._tear_down(session_id)
            await self._worktrees.remove(session_id)
            await self._snapshots.remove(session_id)

    async def _end_files(self, session_id: str) -> None:
        """Bring files that were left between two states to the new one, also the user's: no row asks for it any more."""
        try:
            move = await unfinished(self._snapshots, session_id)
            if move is not None:
                gone = Worktree(session_id=session_id, worktree_path="", branch="", base_commit="")
                left = await resume(self._snapshots, gone, move)
                log.warning("ended what a deleted session began", session_id=session_id, left=left)
        except (RoundhouseError, OSError) as error:
            log.warning("left between two states", session_id=session_id, error=str(error))

    async def _tear_down(self, session_id: str) -> None:
        """Let the project's own command clean up first. What goes wrong is logged: the folder goes anyway."""
        path = self._worktrees.path(session_id)
        try:
            command = await self._teardown_command(path)
            if command:
                await run_teardown(self._spawner, command, str(path))
        except (RoundhouseError, OSError) as error:
            log.warning("the teardown failed", session_id=session_id, error=str(error))

    async def _teardown_command(self, path: Path) -> str | None:
        """The session is gone from the rows; the folder itself says which project's it is."""
        cursor = None
        while True:
            page = partial(self._rows.projects.list, cursor=cursor)
            projects, cursor = await until_back(page)
            command = await to_thread.run_sync(_teardown_of, projects, path)
            if command or cursor is None:
                return command

    async def orphans(self) -> list[str]:
        """The sessions that have a folder here."""
        return await self._worktrees.orphans(set())

    async def _emit(self, session_id: str, body: EventBody) -> None:
        await self._recorder.emit(session_id, None, None, body)


def _teardown_of(projects: list[Project], path: Path) -> str | None:
    for project in projects:
        if not project.teardown_command:
            continue
        try:
            if linked_git_dir(path, common_dir(Path(project.path))) is not None:
                return project.teardown_command
        except (RoundhouseError, OSError):
            # A project whose repository is away is not this folder's.
            continue
    return None


def _git_dir(ground: Ground) -> Path | None:
    return linked_git_dir(ground.path, common_dir(ground.repository))


def _look(ground: Ground) -> bool:
    """Whether files and repository belong together; notes where git's logs end. One look, as every turn pays for it."""
    ground.mark = None
    try:
        git_dir = _git_dir(ground)
        if git_dir is None:
            return False
    except (RoundhouseError, OSError):
        # What is wrong is found and told by who makes it right.
        return False
    try:
        ground.mark = mark(git_dir)
    except (OSError, ValueError):
        log.warning("git's logs could not be read", session_id=ground.session.id, exc_info=True)
    return True


def _news(ground: Ground, place: LogMark) -> tuple[list[RepositoryAction], str | None]:
    git_dir = _git_dir(ground)
    return ([], None) if git_dir is None else since(git_dir, place)

"""The sessions' worktrees: made on branches of their own, repaired at the same path, removed without a trace.

Owns what is written into a user's repository: the branch, `refs/roundhouse/<session>/base` and git's own record of
the worktree. Nothing else there changes. What the files were is `snapshot`'s.
"""

import re
from pathlib import Path
from typing import Literal

import anyio
import msgspec
import structlog
from anyio import to_thread

from roundhouse.model.errors import WorkspaceError
from roundhouse.model.session import Worktree
from roundhouse.workspace.copying import copy_files, copy_uncommitted
from roundhouse.workspace.git import LONG_DEADLINE, GitError, git, run_git
from roundhouse.workspace.locks import KeyedLocks
from roundhouse.workspace.records import Record, Records
from roundhouse.workspace.repository import RepositoryInfo, common_dir, inspect, linked_git_dir
from roundhouse.workspace.snapshot import Snapshots, base_gone
from roundhouse.workspace.spare import SLOW, Spares
from roundhouse.workspace.trash import Trash

__all__ = ["How", "RepositoryInfo", "Worktrees", "copy_files", "inspect"]

logger = structlog.get_logger(__name__)

How = Literal["kept", "made", "repaired"]
SLUG_LENGTH = 40
CLEAN_UP = 30.0
"""Seconds for taking back a worktree that could not be made."""
_RECORDS = ".sessions"
_TRASH = ".trash"
_SPARES = ".spares"
_ADD = ("-c", "checkout.workers=2", "worktree", "add", "--quiet")


class Worktrees:
    """All sessions' worktrees, each at `root/<session>`.

    A repository where making one takes over `spare_after` seconds gets a spare.
    """

    def __init__(
        self, root: Path, snapshots: Snapshots | None = None, *, spare_after: float = SLOW
    ) -> None:
        self._root = root
        self._snapshots = snapshots or Snapshots(root.parent / "snapshots")
        self._locks = KeyedLocks()
        self._trash = Trash(root / _TRASH)
        self._records = Records(root / _RECORDS)
        self._spares = Spares(root / _SPARES, self._trash, self._locks, after=spare_after)

    def path(self, session_id: str) -> Path:
        """Where a session's worktree is made."""
        return self._root / session_id

    async def ensure(
        self,
        session_id: str,
        repository: Path,
        *,
        slug: str,
        base_ref: str | None,
        include_uncommitted: bool,
        existing: Worktree | None,
    ) -> tuple[Worktree, How]:
        """The session's worktree, in order; what is missing of it is made, and its last snapshot put back.

        With `existing` its path and branch stay. Without, what lies at the path was never used and goes.
        Raises WorkspaceError that names path and remedy: the repository moved or is gone, its base is gone, the
        path is occupied, the disk is full.
        """
        common = await to_thread.run_sync(common_dir, repository)
        if existing is not None and await self._in_order(existing, common):
            return existing, "kept"
        async with self._locks.hold(str(common)):
            if existing is not None:
                await self._repair(existing, repository, common)
                return existing, "repaired"
            worktree = await self._make(session_id, repository, common, slug, base_ref)
            try:
                if include_uncommitted:
                    await self._copy_edits(repository, worktree)
            except BaseException:
                await self._take_back(session_id)
                raise
        return worktree, "made"

    async def remove(self, session_id: str) -> None:
        """Take away the worktree, git's record of it, its refs, and its branch if that has no commit of its own.

        The files are deleted in the background. A repository that is gone, or a worktree that never was, is fine.
        """
        record = await to_thread.run_sync(self._records.load, session_id)
        if record is None:
            await to_thread.run_sync(self._trash.discard, self.path(session_id))
            return
        async with self._locks.hold(record.common):
            await to_thread.run_sync(self._trash.discard, self.path(session_id))
            try:
                await self._forget(session_id, record)
            except WorkspaceError as error:
                logger.warning("the repository is gone", session_id=session_id, error=str(error))
            await to_thread.run_sync(self._records.forget, session_id)
            if not await to_thread.run_sync(self._records.uses, record.common):
                await self._spares.drop(Path(record.common))

    async def prepare_spares(self) -> None:
        """Make a worktree ready for each repository where that takes long; for when nothing else is to do."""
        await self._spares.prepare()

    async def orphans(self, known: set[str]) -> list[str]:
        """The sessions that have something here and are not known. Goes on with deletions left over."""
        return await to_thread.run_sync(self._orphans, known)

    async def _in_order(self, existing: Worktree, common: Path) -> bool:
        pinned = common / f"refs/roundhouse/{existing.session_id}/base"

        def look() -> tuple[bool, bool]:
            path = Path(existing.worktree_path)
            return linked_git_dir(path, common) is not None, pinned.is_file()

        linked, is_pinned = await to_thread.run_sync(look)
        # The loose ref is the cheap sign; after the user's gc it is packed, and git must be asked.
        return linked and (is_pinned or await _has_commit(common, existing.base_commit))

    async def _make(
        self, session_id: str, repository: Path, common: Path, slug: str, base_ref: str | None
    ) -> Worktree:
        path = self.path(session_id)
        await to_thread.run_sync(lambda: self._root.mkdir(parents=True, exist_ok=True))
        await self._clear(session_id, path, common)
        base = await _resolve(repository, base_ref)
        branch = await _branch_name(common, session_id, slug)
        record = Record(str(common), "", branch, base)
        try:
            await to_thread.run_sync(self._records.save, session_id, record)
            await git("update-ref", _base_ref(session_id), base, cwd=common)
            if not await self._spares.take(common, path, branch, base):
                began = anyio.current_time()
                add = (*_ADD, "--no-track", "-b", branch, str(path), base)
                await git(*add, cwd=common, deadline=LONG_DEADLINE)
                self._spares.took(common, base, anyio.current_time() - began)
            await self._note_git_dir(session_id, record, path, common)
        except BaseException:
            await self._take_back(session_id)
            raise
        return Worktree(
            session_id=session_id, worktree_path=str(path), branch=branch, base_commit=base
        )

    async def _clear(self, session_id: str, path: Path, common: Path) -> None:
        """Make room for a new worktree: a killed runner may have left one that no turn ever ran in."""

        def state() -> tuple[bool, bool]:
            there = path.is_symlink() or (path.exists() and (path.is_file() or any(path.iterdir())))
            return there, (path / ".git").is_file() or not there

        record = await to_thread.run_sync(self._records.load, session_id)
        occupied, ours = await to_thread.run_sync(state)
        if occupied and not (ours and record is not None):
            raise WorkspaceError(
                f"The place of the session's worktree, {path}, is occupied.",
                remedy="Move what is there away, then send the task again.",
            )
        if record is not None:
            await to_thread.run_sync(self._trash.discard, path)
            await self._forget(session_id, record)

    async def _copy_edits(self, repository: Path, worktree: Worktree) -> None:
        head = await git("rev-parse", "-q", "--verify", "HEAD^{commit}", cwd=repository)
        if head.decode().strip() != worktree.base_commit:
            raise WorkspaceError(
                f"The uncommitted edits of {repository} belong to its HEAD, not to the base"
                f" {worktree.base_commit}.",
                remedy="Start the session from HEAD, or without uncommitted edits.",
            )
        await copy_uncommitted(repository, Path(worktree.worktree_path))

    async def _repair(self, existing: Worktree, repository: Path, common: Path) -> None:
        path = Path(existing.worktree_path)
        if not await _has_commit(common, existing.base_commit):
            raise base_gone(existing)
        record = Record(str(common), "", existing.branch, existing.base_commit)
        await to_thread.run_sync(self._records.save_if_new, existing.session_id, record)
        await git("update-ref", _base_ref(existing.session_id), existing.base_commit, cwd=common)
        await to_thread.run_sync(_recover, path)
        if await to_thread.run_sync(_holds_files, path):
            if await self._relink(existing.session_id, path, common) is None:
                await self._adopt(existing, path, common)
            await self._note_git_dir(existing.session_id, record, path, common)
            await self._snapshots.attach(existing)
            return
        await self._add_again(existing, path, common)
        await self._note_git_dir(existing.session_id, record, path, common)
        if existing.head_snapshot is not None:
            await self._snapshots.restore(existing, existing.head_snapshot)

    async def _relink(self, session_id: str, path: Path, common: Path) -> Path | None:
        """Join files and repository again, where git still has its half of the link."""
        record = await to_thread.run_sync(self._records.load, session_id)
        known = None if record is None or not record.git_dir else Path(record.git_dir).name

        def write_link() -> None:
            link = path / ".git"
            if link.is_dir() and not link.is_symlink():
                # An agent's own `git init`: its history is kept out of the way, not destroyed.
                aside = self._root / ".aside"
                aside.mkdir(exist_ok=True)
                link.rename(aside / f"{session_id}-git-{len(list(aside.iterdir()))}")
            admin = common / "worktrees" / (known or session_id)
            if (admin / "HEAD").is_file():
                link.write_text(f"gitdir: {admin}\n")
                (admin / "gitdir").write_text(f"{link}\n")

        if await to_thread.run_sync(linked_git_dir, path, common) is None:
            await to_thread.run_sync(write_link)
        return await to_thread.run_sync(linked_git_dir, path, common)

    async def _adopt(self, existing: Worktree, path: Path, common: Path) -> None:
        """Give files that lost git's record of them a new record, without touching one."""
        aside = _aside(path)
        await to_thread.run_sync(path.rename, aside)
        try:
            await self._add_again(existing, path, common, "--no-checkout")

            def swap() -> None:
                (aside / ".git").unlink(missing_ok=True)
                (path / ".git").rename(aside / ".git")
                path.rmdir()

            await to_thread.run_sync(swap)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_put_back, aside, path)
        await git("read-tree", "HEAD", cwd=path)

    async def _add_again(self, existing: Worktree, path: Path, common: Path, *options: str) -> None:
        """`worktree add` at the same path, on the session's branch as far as that can be had."""
        await run_git("worktree", "remove", "--force", "--force", str(path), cwd=common)
        await to_thread.run_sync(lambda: path.parent.mkdir(parents=True, exist_ok=True))
        branch = existing.branch
        if await _has_commit(common, f"refs/heads/{branch}"):
            add = (*_ADD, *options, str(path), branch)
        else:
            add = (*_ADD, *options, "--no-track", "-b", branch, str(path), existing.base_commit)
        done = await run_git(*add, cwd=common, deadline=LONG_DEADLINE)
        if done.exit_code and "already" in done.stderr:
            # The user has the branch checked out elsewhere; the files matter more than the name.
            add = (*_ADD, *options, "--detach", str(path), branch)
            done = await run_git(*add, cwd=common, deadline=LONG_DEADLINE)
        if done.exit_code:
            raise GitError(("worktree", "add"), done.exit_code, done.stderr, path)

    async def _take_back(self, session_id: str) -> None:
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLEAN_UP):
            try:
                record = await to_thread.run_sync(self._records.load, session_id)
                await to_thread.run_sync(self._trash.discard, self.path(session_id))
                if record is not None:
                    await self._forget(session_id, record)
                await to_thread.run_sync(self._records.forget, session_id)
            except (WorkspaceError, OSError) as error:
                logger.warning("left behind", path=str(self.path(session_id)), error=str(error))

    async def _forget(self, session_id: str, record: Record) -> None:
        """Drop all that the repository knows of the session. Raises WorkspaceError when it is gone."""
        common = Path(record.common)
        path = str(self.path(session_id))
        # Not `worktree prune`: that would also forget worktrees of the user's that are away for now.
        await run_git("worktree", "remove", "--force", "--force", path, cwd=common)
        refs = await git(
            "for-each-ref", "--format=%(refname)", f"refs/roundhouse/{session_id}/", cwd=common
        )
        deletions = "".join(f"delete {ref}\n" for ref in refs.decode().split())
        await git("update-ref", "--stdin", cwd=common, stdin=deletions.encode())
        branch = f"refs/heads/{record.branch}"
        own = await run_git("rev-list", "-n1", branch, f"^{record.base_commit}", "--", cwd=common)
        if own.exit_code == 0 and not own.stdout:
            # Refuses, rightly, where the user has the branch checked out.
            await run_git("branch", "--quiet", "-D", "--", record.branch, cwd=common)

    async def _note_git_dir(
        self, session_id: str, record: Record, path: Path, common: Path
    ) -> None:
        found = await to_thread.run_sync(linked_git_dir, path, common)
        if found is None:
            raise WorkspaceError(
                f"The worktree {path} could not be joined to its repository.",
                remedy="Move that folder away, then send the task again.",
            )
        record = msgspec.structs.replace(record, git_dir=str(found))
        await to_thread.run_sync(self._records.save, session_id, record)

    def _orphans(self, known: set[str]) -> list[str]:
        self._trash.empty()
        found = self._records.sessions()
        if self._root.is_dir():
            found |= {path.name for path in self._root.iterdir() if "." not in path.name}
        return sorted(found - known)


def _base_ref(session_id: str) -> str:
    return f"refs/roundhouse/{session_id}/base"


def _holds_files(path: Path) -> bool:
    """Whether something is there that must not be lost. Raises WorkspaceError for what is no folder."""
    if path.is_symlink() or path.is_file():
        raise WorkspaceError(
            f"The place of the session's worktree, {path}, is occupied.",
            remedy="Move what is there away, then send the task again.",
        )
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()
    return path.is_dir()


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}-adopted")


def _recover(path: Path) -> None:
    """Put the files back where they belong, should we have been killed while they were aside."""
    if _aside(path).is_dir():
        _put_back(_aside(path), path)


def _put_back(aside: Path, path: Path) -> None:
    if path.is_dir():
        # What was made of the new record holds nothing but a link.
        (path / ".git").unlink(missing_ok=True)
        path.rmdir()
    aside.rename(path)


async def _has_commit(common: Path, revision: str) -> bool:
    done = await run_git("cat-file", "-e", f"{revision}^{{commit}}", cwd=common)
    return done.exit_code == 0


async def _resolve(repository: Path, base_ref: str | None) -> str:
    wanted = f"{base_ref or 'HEAD'}^{{commit}}"
    done = await run_git("rev-parse", "-q", "--verify", "--end-of-options", wanted, cwd=repository)
    lines = done.stdout.decode().split()
    if done.exit_code or not lines:
        raise WorkspaceError(
            f"{base_ref or 'HEAD'} names no commit in the repository {repository}.",
            code="no_such_base",
            remedy="Start a session from a branch, tag or commit that exists there.",
        )
    return lines[-1]


async def _branch_name(common: Path, session_id: str, slug: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", slug.lower())[:SLUG_LENGTH].strip("-") or "session"
    # A branch of the name `roundhouse` leaves no room below it.
    taken = await _has_commit(common, "refs/heads/roundhouse")
    return f"roundhouse{'-' if taken else '/'}{words}-{session_id}"

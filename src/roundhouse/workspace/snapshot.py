"""Snapshots: commits, in an object store of the session's own, of what a worktree held.

Owns taking, comparing, packing and removing them and how a commit names its author. Each is kept by a ref of its
name, so its parents are the caller's to choose (architecture §8). The user's objects, index, HEAD and branches
stay as they are.
"""

import re
from pathlib import Path

from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import WorkspaceError
from roundhouse.model.session import Worktree
from roundhouse.workspace.delta import GITLINK, Entry, FileDelta, file_deltas, raw_entry
from roundhouse.workspace.git import LONG_DEADLINE, GitError, git, git_in_store, run_git
from roundhouse.workspace.locks import KeyedLocks
from roundhouse.workspace.session_store import (
    SessionStore,
    attach,
    drop_stale_lock,
    exists,
    load_index,
    open_store,
)
from roundhouse.workspace.tracked import agree, follow
from roundhouse.workspace.trash import Trash

__all__ = ["Author", "FileDelta", "Snapshot", "Snapshots", "parse_author"]

REFS = "refs/snapshots/"
_TREES_KEPT = 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Snapshot(Struct, frozen=True, kw_only=True):
    """What `take` found. `skipped` are paths that could not be part of it, such as nested repositories."""

    commit: str
    tree: str
    changed: bool
    skipped: list[str] = []


class Author(Struct, frozen=True):
    """Who made a snapshot's difference. `agent` is None for the person."""

    agent: str | None
    task_id: str | None


def parse_author(message: str) -> Author:
    """The author from a snapshot's message: its last paragraph, which is ours."""
    agent = task_id = None
    for line in message.rstrip("\n").rpartition("\n\n")[2].split("\n"):
        name, _, value = line.partition(": ")
        if name == "Roundhouse-Author" and value.startswith("agent "):
            agent = value.removeprefix("agent ")
        elif name == "Roundhouse-Task":
            task_id = value
    return Author(agent, task_id)


class Snapshots:
    """The snapshots of all sessions, each session's under `root/<session>`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._locks = KeyedLocks()
        self._trees: dict[str, str] = {}
        self._trash = Trash(root / ".trash")

    def path(self, session_id: str) -> Path:
        """The folder of a session's snapshots, which is a bare git repository."""
        return self._root / session_id

    async def base(self, worktree: Worktree) -> str:
        """The first snapshot: a root commit of the base's tree. The same for the same base, whenever asked.

        Raises WorkspaceError when the base commit is gone.
        """
        async with self._locks.hold(worktree.session_id):
            store = await open_store(self.path(worktree.session_id), worktree)
            found = await git_in_store(
                *("log", "-1", "--format=%T %ct", "--end-of-options", worktree.base_commit),
                store=store.path,
                check=False,
            )
            if not found:
                raise base_gone(worktree)
            tree, at = found.decode().split()
            commit = await self._commit(
                store,
                tree,
                parents=[],
                who=("Roundhouse", "base@roundhouse"),
                message="Base\n\nRoundhouse-Author: base\n",
                at=at,
            )
            if not await to_thread.run_sync(store.index.is_file):
                await load_index(store, commit)
        return commit

    async def take(
        self,
        worktree: Worktree,
        *,
        parents: list[str],
        author: str | None,
        task_id: str | None,
        message: str,
    ) -> Snapshot:
        """A snapshot of the worktree as it is now; none is made when it equals the first parent.

        `author` is the agent whose difference to the first parent it is, None the person. Raises WorkspaceError.
        """
        async with self._locks.hold(worktree.session_id):
            store = await open_store(self.path(worktree.session_id), worktree)
            last = await self._tree(store, parents[0])
            tree, skipped = await _write_tree(store, last, parents[0])
            if tree == last:
                return Snapshot(commit=parents[0], tree=tree, changed=False, skipped=skipped)
            text = _CONTROL.sub(" ", message).strip() or "Snapshot"
            trailers = f"Roundhouse-Author: {'person' if author is None else f'agent {author}'}\n"
            if task_id is not None:
                trailers += f"Roundhouse-Task: {task_id}\n"
            who = (
                ("Person", "person@roundhouse") if author is None else (author, "agent@roundhouse")
            )
            commit = await self._commit(
                store, tree, parents=parents, who=who, message=f"{text}\n\n{trailers}"
            )
        return Snapshot(commit=commit, tree=tree, changed=True, skipped=skipped)

    async def edited(
        self, worktree: Worktree, index_info: bytes, *, parents: list[str], message: str
    ) -> str:
        """A snapshot of the person's: the first parent's tree with the entries of `update-index -z --index-info`.

        Touches neither the worktree nor any index that is in use. Raises GitError.
        """
        async with self._locks.hold(worktree.session_id):
            store = await open_store(self.path(worktree.session_id), worktree)
            index = store.path / "edited.index"

            def clear() -> None:
                index.unlink(missing_ok=True)
                index.with_name(f"{index.name}.lock").unlink(missing_ok=True)

            await to_thread.run_sync(clear)
            env = {"GIT_INDEX_FILE": str(index)}
            await git_in_store("read-tree", parents[0], store=store.path, env=env)
            change = ("update-index", "-z", "--index-info")
            await git_in_store(*change, store=store.path, env=env, stdin=index_info)
            tree = (await git_in_store("write-tree", store=store.path, env=env)).decode().strip()
            return await self._commit(
                store,
                tree,
                parents=parents,
                who=("Person", "person@roundhouse"),
                message=f"{message}\n\nRoundhouse-Author: person\n",
            )

    async def turn_changes(self, worktree: Worktree, old: str, new: str) -> list[FileDelta]:
        """What differs between two snapshots, sorted by path. Raises GitError."""
        if old == new:
            return []
        store = await open_store(self.path(worktree.session_id), worktree)
        return await file_deltas(store.path, old, new)

    async def attach(self, worktree: Worktree) -> None:
        """Find the worktree's repository again after it moved or was made anew. Raises WorkspaceError."""
        async with self._locks.hold(worktree.session_id):
            path = self.path(worktree.session_id)
            if await to_thread.run_sync((path / "HEAD").is_file):
                await attach(path, worktree)

    async def restore(self, worktree: Worktree, commit: str) -> None:
        """Make the worktree's files those of the snapshot; for a worktree that was just made again.

        Raises WorkspaceError when the snapshot is gone.
        """
        async with self._locks.hold(worktree.session_id):
            path = self.path(worktree.session_id)
            if not await exists(path, commit):
                raise WorkspaceError(
                    f"The snapshots of this session are gone from {path}.",
                    remedy="Put that folder back from a backup, or delete the session.",
                )
            store = await attach(path, worktree)
            # The index must say what is there now, so that what the snapshot lacks goes.
            await load_index(store, "HEAD")
            await git(
                *("read-tree", "--reset", "-u", commit),
                cwd=store.worktree,
                env=store.env,
                deadline=LONG_DEADLINE,
            )
            await agree(store)

    async def unpacked(self, session_id: str) -> bool:
        """Whether the session has snapshots that `pack` has not seen."""
        return await to_thread.run_sync(_has_loose_refs, self.path(session_id))

    async def pack(self, worktree: Worktree) -> None:
        """Pack the snapshots so that no clean-up in the user's repository can take objects from them.

        What the base's own tree holds is left out: a ref in the user's repository keeps it. Raises GitError.
        """
        async with self._locks.hold(worktree.session_id):
            path = self.path(worktree.session_id)
            if not await to_thread.run_sync(_has_loose_refs, path):
                return
            store = await open_store(path, worktree)
            # Not of all refs: what a move keeps is in no repository of the user's.
            roots = await git_in_store("rev-list", f"--glob={REFS}*", "--max-parents=0", store=path)
            but = "".join(f"^{root}\n" for root in roots.decode().split())
            name = await git_in_store(
                *("pack-objects", "--revs", "--all", "--quiet", "--non-empty"),
                str(path / "objects" / "pack" / "pack"),
                store=path,
                stdin=but.encode(),
                deadline=LONG_DEADLINE,
            )
            if name:
                await git_in_store("prune-packed", "--quiet", store=path)
                await to_thread.run_sync(_drop_other_packs, path, name.decode().strip())
            # Last: a loose ref is the sign that there is something to pack.
            await git_in_store("pack-refs", "--all", "--prune", store=store.path)

    async def remove(self, session_id: str) -> None:
        """Delete a session's snapshots; none is fine."""
        async with self._locks.hold(session_id):
            await to_thread.run_sync(self._trash.discard, self.path(session_id))

    async def _tree(self, store: SessionStore, commit: str) -> str:
        tree = self._trees.get(commit)
        if tree is None:
            out = await git_in_store(
                "rev-parse", "-q", "--verify", f"{commit}^{{tree}}", store=store.path, check=False
            )
            if not out:
                raise WorkspaceError(
                    f"The snapshot {commit} is gone from {store.path}.",
                    remedy="Put that folder back from a backup, or delete the session.",
                )
            tree = self._remember(commit, out.decode().strip())
        return tree

    def _remember(self, commit: str, tree: str) -> str:
        self._trees[commit] = tree
        while len(self._trees) > _TREES_KEPT:
            del self._trees[next(iter(self._trees))]
        return tree

    async def _commit(
        self,
        store: SessionStore,
        tree: str,
        *,
        parents: list[str],
        who: tuple[str, str],
        message: str,
        at: str | None = None,
    ) -> str:
        name, email = who
        env = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", email), ("DATE", at and f"@{at} +0000"))
            if value
        }
        arguments = [word for parent in parents for word in ("-p", parent)]
        out = await git_in_store(
            *("commit-tree", *arguments, "-F", "-", tree),
            store=store.path,
            env=env,
            stdin=message.encode(),
        )
        commit = out.decode().strip()
        await git_in_store("update-ref", f"{REFS}{commit}", commit, store=store.path)
        self._remember(commit, tree)
        return commit


def base_gone(worktree: Worktree) -> WorkspaceError:
    """The one way to say that a session's ground is missing."""
    return WorkspaceError(
        f"The base commit {worktree.base_commit} of the worktree {worktree.worktree_path} is gone"
        " from its repository.",
        remedy="Fetch that commit into the repository again, or start a new session.",
    )


async def _write_tree(store: SessionStore, last: str, parent: str) -> tuple[str, list[str]]:
    """The tree of the worktree's files now, and what had to be left out."""
    await to_thread.run_sync(drop_stale_lock, store)
    if not await to_thread.run_sync(store.index.is_file):
        await load_index(store, parent)
    try:
        failed = await _add_all(store)
    except GitError as error:
        if "index" not in error.stderr:
            raise
        # An index that a crash broke is made anew.
        await load_index(store, parent)
        failed = await _add_all(store)
    tree = await _tree_of_index(store)
    changes = [] if tree == last else await _changes(store, last, tree)
    nested = await _foreign_gitlinks(store, changes)
    if nested:
        await git(
            *("update-index", "-z", "--force-remove", "--stdin"),
            cwd=store.worktree,
            env=store.env,
            stdin=b"".join(path + b"\0" for path in nested),
        )
        tree = await _tree_of_index(store)
    names = sorted({*failed, *(path.decode(errors="backslashreplace") for path in nested)})
    gone = {change.path for change in changes if change.operation == "delete"}
    return await follow(store, last, tree, gone), names


async def _add_all(store: SessionStore) -> list[str]:
    """Bring the index up to the files. Gives the paths that git could not read."""
    done = await run_git(
        *("add", "--all", "--ignore-errors"),
        cwd=store.worktree,
        env=store.env,
        deadline=LONG_DEADLINE,
    )
    if done.exit_code == 0:
        return []
    if done.exit_code != 1 or "No space left on device" in done.stderr:
        raise GitError(("add",), done.exit_code, done.stderr, store.worktree)
    left = await git(
        *("ls-files", "-z", "--others", "--modified", "--exclude-standard"),
        cwd=store.worktree,
        env=store.env,
    )
    paths = {path.rstrip(b"/") for path in left.split(b"\0") if path}
    return sorted(path.decode(errors="backslashreplace") for path in paths)


async def _tree_of_index(store: SessionStore) -> str:
    return (await git("write-tree", cwd=store.worktree, env=store.env)).decode().strip()


async def _changes(store: SessionStore, last: str, tree: str) -> list[Entry]:
    out = await git_in_store("diff-tree", "-r", "-z", "--no-renames", last, tree, store=store.path)
    tokens = iter(out.split(b"\0"))
    return [raw_entry(token, tokens) for token in tokens if token]


async def _foreign_gitlinks(store: SessionStore, changes: list[Entry]) -> list[bytes]:
    """New links to repositories inside the worktree that are not submodules."""
    added = [
        change.path
        for change in changes
        if change.new_mode == GITLINK and change.old_mode != GITLINK
    ]
    if not added:
        return []
    listed = await git(
        *("config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"),
        cwd=store.worktree,
        env=store.env,
        check=False,
    )
    submodules = {pair.partition(b"\n")[2] for pair in listed.split(b"\0") if pair}
    return [path for path in added if path not in submodules]


def _has_loose_refs(path: Path) -> bool:
    return any(found.is_file() for found in (path / "refs").rglob("*"))


def _drop_other_packs(path: Path, name: str) -> None:
    for file in (path / "objects" / "pack").glob("pack-*"):
        if not file.name.startswith(f"pack-{name}."):
            file.unlink(missing_ok=True)
    for file in (path / "objects").glob("**/tmp_*"):
        file.unlink(missing_ok=True)

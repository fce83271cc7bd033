"""A session on a small repository: its worktree, its snapshots, and hands to edit with."""

import subprocess
from pathlib import Path

import msgspec
import pytest
from anyio import to_thread

from roundhouse.model.change import ChangeSet
from roundhouse.model.session import Worktree
from roundhouse.workspace.delta import FileDelta
from roundhouse.workspace.review import change_set
from roundhouse.workspace.snapshot import Snapshot, Snapshots
from roundhouse.workspace.worktree import How, Worktrees

SESSION = "s1234567abcd"


def run(folder: Path, *command: str) -> str:
    """Run a command there and give back what it printed."""
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape")


class Bench:
    """Makes a session's worktree, edits it, takes snapshots and asks about them."""

    def __init__(self, repo: Path, data: Path) -> None:
        self.repo = repo
        self.data = data
        self.snapshots = Snapshots(data / "snapshots")
        self.worktrees = Worktrees(data / "worktrees")
        self.worktree: Worktree | None = None

    @property
    def row(self) -> Worktree:
        """The worktree as its row would be now."""
        assert self.worktree is not None
        return self.worktree

    @property
    def path(self) -> Path:
        """The worktree's folder."""
        return Path(self.row.worktree_path)

    @property
    def store(self) -> Path:
        """The folder of the session's snapshots."""
        return self.snapshots.path(SESSION)

    async def ensure(
        self, *, base_ref: str | None = None, include_uncommitted: bool = False
    ) -> How:
        """Make or repair the worktree, and take its first snapshot if there is none."""
        worktree, how = await self.worktrees.ensure(
            SESSION,
            self.repo,
            slug="Fix the Bug!",
            base_ref=base_ref,
            include_uncommitted=include_uncommitted,
            existing=self.worktree,
        )
        if worktree.head_snapshot is None:
            base = await self.snapshots.base(worktree)
            worktree = msgspec.structs.replace(
                worktree, base_snapshot=base, reviewed_snapshot=base, head_snapshot=base
            )
        self.worktree = worktree
        return how

    async def git(self, *args: str) -> str:
        """Run git in the worktree, as an agent would."""
        return await to_thread.run_sync(run, self.path, "git", *args)

    async def in_repo(self, *args: str) -> str:
        """Run git in the user's checkout, as the user would."""
        return await to_thread.run_sync(run, self.repo, "git", *args)

    async def in_store(self, *args: str) -> str:
        """Run git on the snapshots' folder."""
        return await to_thread.run_sync(run, self.store, "git", f"--git-dir={self.store}", *args)

    async def take(
        self, author: str | None = "opencode", task: str | None = "1", *more_parents: str
    ) -> Snapshot:
        """Take a snapshot on top of the last."""
        head = self.row.head_snapshot
        assert head is not None
        taken = await self.snapshots.take(
            self.row,
            parents=[head, *more_parents],
            author=author,
            task_id=task,
            message="A turn",
        )
        self.worktree = msgspec.structs.replace(self.row, head_snapshot=taken.commit)
        return taken

    async def changes(self, **wanted: str | int | None) -> ChangeSet:
        """The session's change set."""
        return await change_set(self.snapshots, self.row, **wanted)  # type: ignore[arg-type]

    async def deltas(self, old: str | None = None) -> list[FileDelta]:
        """What differs between a snapshot (the first by default) and the last."""
        old = old or self.row.base_snapshot
        assert old is not None
        assert self.row.head_snapshot is not None
        return await self.snapshots.turn_changes(self.row, old, self.row.head_snapshot)

    async def tree(self, commit: str | None = None) -> list[str]:
        """The paths that a snapshot holds."""
        commit = commit or self.row.head_snapshot
        assert commit is not None
        out = await self.in_store("ls-tree", "-r", "-z", "--name-only", commit)
        return [path for path in out.split("\0") if path]


@pytest.fixture
def unmade(repo: Path, tmp_path: Path) -> Bench:
    """A bench whose worktree is not made yet."""
    return Bench(repo, tmp_path / "data")


@pytest.fixture
async def bench(unmade: Bench) -> Bench:
    """A bench with a fresh worktree and its first snapshot."""
    await unmade.ensure()
    return unmade

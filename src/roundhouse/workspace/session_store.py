"""The folder of one session's snapshots: a bare repository that borrows the user's objects.

Owns its layout, how it finds the user's objects and the worktree's git folder, and its private index. Ordinary
git works on it with `--git-dir`. What snapshots mean is `snapshot`'s.
"""

import shutil
from pathlib import Path

import msgspec
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import WorkspaceError
from roundhouse.model.session import Worktree
from roundhouse.workspace.git import GitError, git, git_in_store

_RECORD = "worktree.json"
_INDEX = "index"


class _Record(Struct, frozen=True):
    worktree: str
    git_dir: str
    objects: str


class SessionStore(Struct, frozen=True):
    """One session's folder, and the worktree it stands for."""

    path: Path
    worktree: Path
    git_dir: Path

    @property
    def index(self) -> Path:
        """The private index."""
        return self.path / _INDEX

    @property
    def env(self) -> dict[str, str]:
        """Makes git work on the worktree with our index and our objects, by the worktree's own rules.

        Its git folder is named, not searched for: an agent may have removed or replaced `.git`.
        """
        return {
            "GIT_DIR": str(self.git_dir),
            "GIT_WORK_TREE": str(self.worktree),
            "GIT_INDEX_FILE": str(self.index),
            "GIT_OBJECT_DIRECTORY": str(self.path / "objects"),
        }


async def open_store(path: Path, worktree: Worktree) -> SessionStore:
    """The session's store, made or attached anew if needed. Raises WorkspaceError."""
    store = await to_thread.run_sync(_known, path, worktree)
    return store or await attach(path, worktree)


async def attach(path: Path, worktree: Worktree) -> SessionStore:
    """Point the store at where the worktree's repository is now, making it if it is missing."""
    place = Path(worktree.worktree_path)
    try:
        out = await git(
            *("rev-parse", "--path-format=absolute", "--absolute-git-dir", "--git-path", "objects"),
            "--show-object-format",
            cwd=place,
            # Not a repository around it, should the worktree's own link be gone.
            env={"GIT_CEILING_DIRECTORIES": str(place.parent)},
        )
    except GitError as error:
        if error.remedy is not None:
            raise
        raise WorkspaceError(
            f"The worktree {place} has lost its repository.",
            remedy="Put the repository back where it was, then send the task again.",
        ) from error
    git_dir, objects, object_format = out.decode(errors="surrogateescape").rstrip("\n").split("\n")
    made = await to_thread.run_sync((path / "HEAD").is_file)
    if not made:
        await to_thread.run_sync(lambda: path.mkdir(parents=True, exist_ok=True))
        await git_in_store(
            *("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}"),
            store=path,
        )
    record = _Record(str(place), git_dir, objects)
    await to_thread.run_sync(_write, path, record)
    return SessionStore(path, place, Path(git_dir))


async def exists(path: Path, commit: str) -> bool:
    """Whether the store holds the commit."""
    if not await to_thread.run_sync((path / "HEAD").is_file):
        return False
    out = await git_in_store(
        "rev-parse", "-q", "--verify", f"{commit}^{{tree}}", store=path, check=False
    )
    return bool(out)


async def load_index(store: SessionStore, tree: str) -> None:
    """Make the private index hold `tree`, with the file data of the worktree's own index where it fits.

    That data is why it starts as a copy: otherwise git would read every file once more.
    """
    await to_thread.run_sync(_copy_index, store)
    await git("read-tree", "--reset", tree, cwd=store.worktree, env=store.env)


def drop_stale_lock(store: SessionStore) -> None:
    """Remove the lock of a git that was killed; ours is the only writer. Blocking."""
    store.index.with_name(f"{_INDEX}.lock").unlink(missing_ok=True)


def _known(path: Path, worktree: Worktree) -> SessionStore | None:
    try:
        record = msgspec.json.decode((path / _RECORD).read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None
    git_dir, place = Path(record.git_dir), Path(record.worktree)
    if record.worktree != worktree.worktree_path or not (path / "HEAD").is_file():
        return None
    # Without its folder nothing can be asked of the worktree, but all that its snapshots hold.
    away = not place.exists() and Path(record.objects).is_dir()
    return SessionStore(path, place, git_dir) if away or (git_dir / "HEAD").is_file() else None


def _write(path: Path, record: _Record) -> None:
    (path / "objects" / "info").mkdir(parents=True, exist_ok=True)
    alternates = path / "objects" / "info" / "alternates"
    alternates.write_bytes(_quoted(record.objects) + b"\n")
    (path / _RECORD).write_bytes(msgspec.json.encode(record))


def _quoted(path: str) -> bytes:
    raw = path.encode(errors="surrogateescape")
    if not raw.startswith((b'"', b"#")):
        return raw
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _copy_index(store: SessionStore) -> None:
    drop_stale_lock(store)
    own = store.git_dir / "index"
    if own.is_file():
        shutil.copyfile(own, store.index)
    else:
        store.index.unlink(missing_ok=True)

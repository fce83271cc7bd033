"""Copies files from a checkout into a worktree: what the project's globs name, and edits not committed yet.

Never reads outside the checkout, never writes outside the worktree; neither the checkout nor its index changes.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from anyio import to_thread

from roundhouse.model.errors import InvalidInput, WorkspaceError
from roundhouse.workspace.git import git
from roundhouse.workspace.trash import delete

_GITLINK = b"160000"


async def copy_files(repository: Path, worktree: Path, globs: Sequence[str]) -> list[str]:
    """Copy what the globs name (folders with all they hold) unless it is there; gives what was copied.

    Raises InvalidInput for a glob that could leave the repository, WorkspaceError.
    """
    for glob in globs:
        parts = PurePosixPath(glob).parts
        if not parts or "\0" in glob or glob.startswith("/") or ".." in parts:
            raise InvalidInput(f"{glob!r} is not a path inside the repository.", field="copy")
    try:
        return await to_thread.run_sync(_copy_globs, repository, worktree, globs)
    except OSError as error:
        raise _failed(worktree, error) from error


async def copy_uncommitted(checkout: Path, worktree: Path) -> None:
    """Bring the checkout's uncommitted edits (tracked and untracked, not ignored) into a worktree of its HEAD.

    Raises WorkspaceError.
    """
    out = await git(
        *("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames"),
        cwd=checkout,
    )
    paths = [Path(name.decode(errors="surrogateescape")) for name in _edited(out)]
    try:
        await to_thread.run_sync(_mirror, checkout, worktree, paths)
    except OSError as error:
        raise _failed(worktree, error) from error


def _failed(worktree: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"Cannot copy into the worktree {worktree}: {error}",
        remedy="Free space or give access there, then send the task again.",
    )


def _edited(status: bytes) -> Iterator[bytes]:
    """The paths of `status --porcelain=v2 -z` output, repositories inside left out."""
    for line in status.split(b"\0"):
        match line[:2]:
            case b"1 ":
                fields = line.split(b" ", 8)
                if _GITLINK not in fields[3:6]:
                    yield fields[8]
            case b"u ":
                yield line.split(b" ", 10)[10]
            case b"? " if not line.endswith(b"/"):
                yield line[2:]
            case _:
                continue


def _mirror(checkout: Path, worktree: Path, paths: list[Path]) -> None:
    present = [path for path in paths if _is_file(checkout / path)]
    for path in set(paths) - set(present):
        if _inside(worktree, path):
            delete(worktree / path)
    for path in present:
        target = worktree / path
        # What was a link or a file there may be a folder here.
        for parent in list(path.parents)[-2::-1]:
            if (worktree / parent).is_symlink() or (worktree / parent).is_file():
                (worktree / parent).unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        delete(target)
        source = checkout / path
        if source.is_symlink():
            target.symlink_to(source.readlink())
        else:
            shutil.copy(source, target)


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _inside(root: Path, path: Path) -> bool:
    """Whether the path's folder lies in the root, links followed."""
    return (root / path).parent.resolve().is_relative_to(root.resolve())


def _copy_globs(repository: Path, worktree: Path, globs: Sequence[str]) -> list[str]:
    copied: dict[str, None] = {}
    for glob in globs:
        for found in sorted(repository.glob(glob)):
            for source in _files(found):
                path = source.relative_to(repository)
                if _copy_one(repository, worktree, path):
                    copied[str(path)] = None
    return list(copied)


def _files(found: Path) -> Iterator[Path]:
    if found.is_symlink() or not found.is_dir():
        yield found
    else:
        yield from sorted(path for path in found.rglob("*") if path.is_symlink() or path.is_file())


def _copy_one(repository: Path, worktree: Path, path: Path) -> bool:
    source, target = repository / path, worktree / path
    if ".git" in path.parts or not source.is_file():
        return False
    real, root = source.resolve(), repository.resolve()
    if not real.is_relative_to(root) or ".git" in real.relative_to(root).parts:
        return False
    if not _inside(worktree, path):
        return False
    if target.is_symlink() or target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    return True

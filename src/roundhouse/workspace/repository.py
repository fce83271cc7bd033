"""The user's repositories: what lies at a path, and how its git folders hang together.

Reads only. `common_dir` and `linked_git_dir` read git's own link files in the process, since they stand on the way
of every turn.
"""

from pathlib import Path

from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import InvalidInput, WorkspaceError
from roundhouse.workspace.git import git, run_git


class RepositoryInfo(Struct, frozen=True, kw_only=True):
    """A repository that can be a project. `branch` is None where HEAD is detached."""

    path: Path
    name: str
    branch: str | None
    head: str


async def inspect(path: Path) -> RepositoryInfo:
    """The repository that the path lies in.

    Raises InvalidInput: `not_found`, `not_a_repository`, `bare_repository`, `no_commits`, `invalid` for a path
    that is relative or cannot be one.
    """
    if not path.is_absolute() or {"\0", "\n"} & set(str(path)):
        # git's own link files, which join a worktree to its repository, cannot hold a line break.
        raise InvalidInput(
            "The path of a repository must be absolute and without line breaks.", field="path"
        )
    try:
        is_folder = await to_thread.run_sync(path.is_dir)
    except OSError as error:
        raise InvalidInput(f"{path!s:.200} cannot be read: {error}", field="path") from error
    if not is_folder:
        raise InvalidInput(f"There is no folder {path!s:.200}.", code="not_found", field="path")
    done = await run_git("rev-parse", "--is-bare-repository", "--is-inside-git-dir", cwd=path)
    if done.exit_code:
        trust = "dubious ownership" in done.stderr
        raise InvalidInput(
            f"git does not trust {path}: it belongs to another user."
            if trust
            else f"{path} is not in a git repository.",
            code="not_a_repository",
            field="path",
            remedy=f"Run: git config --global --add safe.directory '{path}'"
            if trust
            else "Run `git init` there, and commit something.",
        )
    bare, inside = done.stdout.split()
    if b"true" in {bare, inside}:
        raise InvalidInput(
            f"{path} is a bare repository, or a git folder: it has no files to work on.",
            code="bare_repository",
            field="path",
            remedy="Give the folder of a checkout.",
        )
    top = (await git("rev-parse", "--show-toplevel", cwd=path)).removesuffix(b"\n")
    toplevel = Path(top.decode(errors="surrogateescape"))
    head = await git("rev-parse", "-q", "--verify", "HEAD^{commit}", cwd=path, check=False)
    if not head:
        raise InvalidInput(
            f"The repository {toplevel} has no commits.",
            code="no_commits",
            field="path",
            remedy="Commit something there first.",
        )
    branch = await git("symbolic-ref", "-q", "--short", "HEAD", cwd=path, check=False)
    return RepositoryInfo(
        path=toplevel,
        name=toplevel.name,
        branch=branch.decode(errors="replace").strip() or None,
        head=head.decode().strip(),
    )


def common_dir(repository: Path) -> Path:
    """The git folder that all worktrees of the repository share. Blocking.

    Raises WorkspaceError when there is no repository any more.
    """
    found = _git_dir(repository)
    shared = None if found is None else _shared(found)
    if shared is None:
        raise WorkspaceError(
            f"The repository {repository} is gone: it was moved or deleted.",
            remedy="Put it back there, or register it as a project at its new place.",
        )
    return shared


def linked_git_dir(worktree: Path, common: Path) -> Path | None:
    """The git folder of a linked worktree, if it and the repository point at each other. Blocking."""
    found = _git_dir(worktree)
    if found is None or found == worktree / ".git" or _shared(found) != common:
        return None
    back = _read(found / "gitdir")
    if back is None:
        return None
    return found if (found / back).resolve() == (worktree / ".git").resolve() else None


def _git_dir(folder: Path) -> Path | None:
    link = folder / ".git"
    if link.is_dir():
        return link.resolve()
    text = _read(link)
    if text is None or not text.startswith("gitdir: "):
        return None
    return (folder / text.removeprefix("gitdir: ")).resolve()


def _shared(git_dir: Path) -> Path | None:
    if not (git_dir / "HEAD").is_file():
        return None
    text = _read(git_dir / "commondir")
    shared = git_dir if text is None else (git_dir / text).resolve()
    return shared if (shared / "objects").is_dir() else None


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="surrogateescape").rstrip("\n")
    except OSError:
        return None

"""Runs the git program: a clean environment, our own configuration over the user's, deadlines, errors in words.

Owns how git is called and what its failures mean to a person; knows nothing of worktrees or snapshots.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
from msgspec import Struct

from roundhouse.model.errors import SetupError, WorkspaceError

DEADLINE = 60.0
LONG_DEADLINE = 900.0
"""For what writes or reads whole trees: 100,000 files on a slow disk take minutes, never longer."""

_CONFIG = {
    "advice.addEmbeddedRepo": "false",
    "core.fsmonitor": "false",  # would run a program of the repository's choice
    "core.fsyncMethod": "batch",
    "core.hooksPath": "/dev/null",
    "core.quotePath": "true",
    "core.safecrlf": "false",  # a warning at best, a refused snapshot at worst
    "core.splitIndex": "false",  # would write shared indexes into the user's git folder
    # Pointers stay pointers: smudging downloads, cleaning writes into the user's repository.
    "filter.lfs.clean": "",
    "filter.lfs.process": "",
    "filter.lfs.required": "false",
    "filter.lfs.smudge": "",
    "gc.auto": "0",
    "i18n.commitEncoding": "UTF-8",
    "log.showRoot": "false",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
}
_PREFIX = ("git", *(word for key, value in _CONFIG.items() for word in ("-c", f"{key}={value}")))


class GitError(WorkspaceError):
    """git refused."""

    def __init__(
        self, command: tuple[str, ...], exit_code: int | None, stderr: str, cwd: Path
    ) -> None:
        self.command = command
        self.exit_code = exit_code
        self.stderr = stderr
        message, remedy = explain(command, stderr, cwd)
        super().__init__(message, remedy=remedy)


class Completed(Struct, frozen=True):
    """What a finished git left."""

    stdout: bytes
    stderr: str
    exit_code: int


def explain(command: tuple[str, ...], stderr: str, cwd: Path) -> tuple[str, str | None]:
    """A sentence that names the place, and what to do about it where that is known."""
    if "No space left on device" in stderr or "Disk quota exceeded" in stderr:
        return f"The disk is full (seen at {cwd}).", "Free some space, then send the task again."
    if "dubious ownership" in stderr:
        return (
            f"git does not trust {cwd}: it belongs to another user.",
            f"Run: git config --global --add safe.directory '{cwd}'",
        )
    if "Read-only file system" in stderr or "Permission denied" in stderr:
        last = stderr.strip().splitlines()[-1]
        return (
            f"git may not write or read at {cwd}: {last}",
            "Give this user access to it, then send the task again.",
        )
    reason = stderr.strip().splitlines()[-1] if stderr.strip() else "no reason given"
    return f"git {command[0]} failed in {cwd}: {reason}", None


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without what steers git, so that nothing outside decides which repository is meant."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    clean |= {
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    return clean | (dict(extra) if extra else {})


async def run_git(
    *args: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    deadline: float = DEADLINE,
) -> Completed:
    """Run git and give back what it left, whatever its exit code.

    Raises GitError past the deadline or when `cwd` is missing, SetupError when there is no git.
    """
    with _startable(args, cwd):
        try:
            with anyio.fail_after(deadline):
                done = await anyio.run_process(
                    [*_PREFIX, *args],
                    cwd=cwd,
                    env=environment(env),
                    # Never ours, also for an empty input: anyio would hand on what we were started with.
                    stdin=None if stdin else DEVNULL,
                    input=stdin or None,
                    check=False,
                )
        except TimeoutError as error:
            raise GitError(args, None, f"no end after {deadline:.0f} s", cwd) from error
    return Completed(done.stdout, done.stderr.decode(errors="replace"), done.returncode)


async def git(
    *args: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    deadline: float = DEADLINE,
    check: bool = True,
) -> bytes:
    """Run git and give back its output. Raises GitError (see `run_git`), also for a failure if `check`."""
    done = await run_git(*args, cwd=cwd, env=env, stdin=stdin, deadline=deadline)
    if check and done.exit_code:
        raise GitError(args, done.exit_code, done.stderr, cwd)
    return done.stdout


async def git_in_store(
    *args: str,
    store: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    deadline: float = DEADLINE,
    check: bool = True,
) -> bytes:
    """`git` on a bare repository of ours, where no setting of the user's has a say."""
    env = _own(store) | (dict(env) if env else {})
    return await git(*args, cwd=store, env=env, stdin=stdin, deadline=deadline, check=check)


async def git_bounded(
    *args: str, store: Path, limit: int, deadline: float = DEADLINE
) -> tuple[bytes, bool]:
    """The first `limit` bytes of what `git_in_store` would give, and whether there was more. Raises GitError."""
    parts: list[bytes] = []
    size = 0
    exit_code = 0
    try:
        with anyio.fail_after(deadline):
            with _startable(args, store):
                process = await anyio.open_process(
                    [*_PREFIX, *args],
                    cwd=store,
                    env=environment(_own(store)),
                    stdin=DEVNULL,
                    stdout=PIPE,
                    stderr=DEVNULL,
                )
            if process.stdout is None:
                raise GitError(args, None, "it has no output", store)
            async with process:
                async for chunk in process.stdout:
                    parts.append(chunk)
                    size += len(chunk)
                    if size > limit:
                        process.kill()
                        break
                else:
                    exit_code = await process.wait()
    except TimeoutError as error:
        raise GitError(args, None, f"no end after {deadline:.0f} s", store) from error
    if exit_code:
        raise GitError(args, exit_code, f"exit code {exit_code}", store)
    return b"".join(parts)[:limit], size > limit


def _own(store: Path) -> dict[str, str]:
    return {
        "GIT_DIR": str(store),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


@contextmanager
def _startable(args: tuple[str, ...], cwd: Path) -> Iterator[None]:
    """Turns the ways in which a process cannot even start into our errors."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        if str(error.filename) == str(cwd):
            raise GitError(args, None, "there is no such folder", cwd) from error
        raise SetupError(
            "git is not installed, or not on PATH.", remedy="Install git 2.34 or newer."
        ) from error
    except PermissionError as error:
        raise GitError(args, None, f"Permission denied: {error}", cwd) from error

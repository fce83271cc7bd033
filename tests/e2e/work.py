"""A session under review, driven as a person does: prompts to scripted agents, everything else by the command line."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import anyio.to_thread

from tests.e2e.stack import Json, Stack, git, run_cli

AGENTS = ("ada", "grace")
LINES = 60


def agents_toml(data: Path) -> str:
    """A catalog with the two scripted agents."""
    command = json.dumps([sys.executable, "-P", "-m", "roundhouse.agents.demo"])
    home = json.dumps(str(data / "memory"))
    return "\n".join(
        f'[agents.{name}]\nkind = "acp_warm"\nlabel = "{name}"\ncommand = {command}\n'
        f'env = {{ DEMO_NAME = "{name}", DEMO_HOME = {home} }}\n'
        for name in AGENTS
    )


def numbered(changed: Mapping[int, str] | None = None) -> str:
    """The text of `list.txt`: numbered lines, some of them changed."""
    new = changed or {}
    return "".join(f"{new.get(n, f'line {n}')}\n" for n in range(1, LINES + 1))


def line_of(number: int, text: str) -> str:
    """The prompt that makes an agent change one line of `list.txt`."""
    return f"TERMINAL sed -i '{number}s/.*/{text}/' list.txt"


class Work:
    """One session."""

    def __init__(self, stack: Stack, repo: Path, session: Json) -> None:
        self.stack = stack
        self.repo = repo
        self.id = str(session["id"])

    @classmethod
    async def begun(cls, stack: Stack, repo: Path, title: str = "Work") -> "Work":
        """A new session on `repo`, which gets a numbered `list.txt`."""
        if not (repo / "list.txt").exists():
            (repo / "list.txt").write_text(numbered())
            git(repo, "add", "list.txt")
            git(repo, "commit", "--quiet", "--message=A list")
        return cls(stack, repo, await stack.session(repo, title=title))

    async def turn(self, agent: str, *lines: str) -> Json:
        """A completed and settled turn."""
        task = await self.stack.turn(self.id, agent, "\n".join(lines))
        assert task["status"] == "completed", task
        await self.stack.settled(self.id)
        return task

    async def cli(self, *words: str, code: int = 0) -> "CompletedProcess[str]":
        """`roundhouse WORDS`, which must end with `code`."""
        done = await anyio.to_thread.run_sync(lambda: run_cli(self.stack, *words))
        assert done.returncode == code, (words, done)
        assert "Traceback" not in done.stderr
        return done

    async def changes(self, *words: str) -> Json:
        """`roundhouse diff --json`."""
        return dict(json.loads((await self.cli("diff", self.id, "--json", *words)).stdout))

    async def authors(self, path: str) -> list[tuple[str, str, str | None]]:
        """The changed lines of a file: kind, text, author."""
        changed = [f for f in (await self.changes("--path", path))["files"] if f["path"] == path]
        return [
            (line["kind"], line["text"], line["agent"])
            for file in changed
            for hunk in file["hunks"]
            for line in hunk["lines"]
            if line["kind"] != "context"
        ]

    async def worktree(self) -> Path:
        """The session's worktree."""
        session = await self.stack.call("GET", f"/api/sessions/{self.id}")
        return Path(session["worktree_path"])

    def store(self) -> Path:
        """Our own object store of this session."""
        return self.stack.data_dir / "snapshots" / self.id

    async def events(self, kind: str) -> list[Json]:
        """The session's events of one type."""
        return [event for event in await self.stack.events(self.id) if event["type"] == kind]


def files_of(folder: Path) -> dict[str, Any]:
    """Every file of a checkout with its content, but for git's own."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts
    }


def own_state(repo: Path) -> dict[str, str]:
    """What of a person's repository no review may touch: HEAD, index, stash, their branches."""
    branches = git(repo, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
    return {
        "head": git(repo, "rev-parse", "HEAD") + git(repo, "symbolic-ref", "HEAD"),
        "index": git(repo, "ls-files", "--stage"),
        "stash": git(repo, "stash", "list"),
        "branches": "\n".join(b for b in branches.splitlines() if "roundhouse/" not in b),
    }


def checkpoint_in(said: str) -> str:
    """The checkpoint that a command says leads back."""
    found = re.search(r"--checkpoint (\d+)", said)
    assert found, said
    return found[1]

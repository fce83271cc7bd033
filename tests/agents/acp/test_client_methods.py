"""Files and terminals for agents, on a real file system with real commands."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from roundhouse.agents.acp import wire
from roundhouse.agents.acp.client_methods import FILE_LIMIT, TERMINALS, ClientMethods, Terminal
from roundhouse.agents.acp.wire import RpcError
from tests.conformance.backends_acp import alive_with, spawner_with

DEADLINE = 30


class Methods:
    """The methods, with what ended taken down."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.end = anyio.Event()
        self.methods: ClientMethods

    async def on_end(self, terminal: Terminal) -> None:
        """A command has ended."""
        self.ended.append(terminal.output)
        self.end.set()

    async def __call__(self, method: str, **params: Any) -> Any:
        """Ask for it."""
        return await self.methods.handle(method, params)

    async def refused(self, method: str, **params: Any) -> int:
        """Ask for what is refused; the code."""
        with pytest.raises(RpcError) as caught:
            await self.methods.handle(method, params)
        return caught.value.code


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """Where the agent may go; secrets lie beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "worktree"
    folder.mkdir()
    return folder


@asynccontextmanager
async def serving(worktree: Path) -> AsyncIterator[Methods]:
    """The methods for a worktree; no process stays."""
    marker = f"methods-{secrets.token_hex(6)}"
    asked = Methods()
    with anyio.fail_after(DEADLINE):
        async with spawner_with(marker) as (spawner, tasks):
            asked.methods = ClientMethods(str(worktree), spawner, tasks, asked.on_end)
            yield asked
            await asked.methods.close()
    assert alive_with(marker) == set()


async def test_files_are_written_and_read(worktree: Path) -> None:
    """Folders are made, lines are cut."""
    async with serving(worktree) as ask:
        path = str(worktree / "new" / "a.txt")
        await ask("fs/write_text_file", path=path, content="one\ntwo\nthree\n")

        assert await ask("fs/read_text_file", path=path) == {"content": "one\ntwo\nthree\n"}
        assert await ask("fs/read_text_file", path=path, line=2, limit=1) == {"content": "two\n"}
        assert await ask("fs/read_text_file", path=path, line=9) == {"content": ""}
        assert await ask("fs/read_text_file", path="new/a.txt", limit=1) == {"content": "one\n"}


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/passwd", "link.txt", "folder/secret.txt", "a/../../secret.txt"]
)
async def test_nothing_outside_of_the_worktree_is_touched(worktree: Path, path: str) -> None:
    """By whatever way it is named."""
    (worktree / "link.txt").symlink_to(worktree.parent / "secret.txt")
    (worktree / "folder").symlink_to(worktree.parent)
    async with serving(worktree) as ask:
        assert await ask.refused("fs/read_text_file", path=path) == wire.INVALID_PARAMS
        assert (
            await ask.refused("fs/write_text_file", path=path, content="x") == wire.INVALID_PARAMS
        )
        assert await ask.refused("terminal/create", command="ls", cwd=path) == wire.INVALID_PARAMS
    assert (worktree.parent / "secret.txt").read_text() == "secret"


async def test_bad_requests_for_files_are_refused(worktree: Path) -> None:
    """A missing file, a folder, a pipe, a giant, no path, a NUL."""
    os.mkfifo(worktree / "pipe")
    with (worktree / "giant").open("wb") as giant:
        giant.truncate(FILE_LIMIT + 1)
    async with serving(worktree) as ask:
        read = "fs/read_text_file"
        assert await ask.refused(read, path="missing") == wire.NOT_FOUND
        for path in (".", "pipe", "giant", "a\0b", 5, None):
            assert await ask.refused(read, path=path) == wire.INVALID_PARAMS
        for path in (".", "pipe"):
            code = await ask.refused("fs/write_text_file", path=path, content="x")
            assert code == wire.INVALID_PARAMS
        code = await ask.refused("fs/write_text_file", path="pipe/x", content="x")
        assert code == wire.INTERNAL_ERROR
        assert await ask.refused("fs/write_text_file", path="a", content=5) == wire.INVALID_PARAMS
        assert await ask.refused("brand/new") == wire.METHOD_NOT_FOUND


async def test_a_command_runs_and_its_end_is_told(worktree: Path) -> None:
    """In the worktree, with its variables and without ours, both outputs together."""
    async with serving(worktree) as ask:
        script = "pwd; echo $MINE; echo $ROUNDHOUSE_TOKEN; echo oops >&2; exit 3"
        made = await ask(
            "terminal/create",
            command="/bin/sh",
            args=["-c", script],
            env=[{"name": "MINE", "value": "yes"}, "odd"],
        )

        assert await ask("terminal/wait_for_exit", **made) == {"exitCode": 3, "signal": None}
        shown = await ask("terminal/output", **made)
        await ask.end.wait()
        await ask("terminal/release", **made)

        assert shown["output"] == f"{worktree}\nyes\n\noops\n"
        assert shown["exitStatus"] == {"exitCode": 3, "signal": None}
        assert not shown["truncated"]
        assert ask.ended == [shown["output"]]
        assert await ask.refused("terminal/output", **made) == wire.NOT_FOUND


async def test_a_command_line_in_one_word_goes_through_the_shell(worktree: Path) -> None:
    """Some agents send it so."""
    async with serving(worktree) as ask:
        made = await ask("terminal/create", command="echo one two | tr a-z A-Z")
        await ask("terminal/wait_for_exit", **made)

        assert (await ask("terminal/output", **made))["output"] == "ONE TWO\n"


async def test_a_running_command_can_be_killed(worktree: Path) -> None:
    """Its output stays to be read; a release ends it too."""
    async with serving(worktree) as ask:
        script = "echo begun; sleep 600"
        made = [await ask("terminal/create", command="sh", args=["-c", script]) for _ in range(2)]
        while "begun" not in (await ask("terminal/output", **made[0]))["output"]:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        assert "exitStatus" not in await ask("terminal/output", **made[0])

        await ask("terminal/kill", **made[0])
        await ask("terminal/release", **made[1])

        assert (await ask("terminal/wait_for_exit", **made[0]))["signal"] == "15"
        assert (await ask("terminal/output", **made[0]))["output"] == "begun\n"


async def test_only_the_end_of_long_output_is_kept(worktree: Path) -> None:
    """From a character's beginning."""
    async with serving(worktree) as ask:
        script = "for i in 1 2 3 4 5 6 7 8; do printf é; done; printf end"
        made = await ask("terminal/create", command="sh", args=["-c", script], outputByteLimit=6)
        await ask("terminal/wait_for_exit", **made)

        assert await ask("terminal/output", **made) == {
            "output": "éend",
            "truncated": True,
            "exitStatus": {"exitCode": 0, "signal": None},
        }


async def test_a_command_that_does_not_exist_and_too_many_are_refused(worktree: Path) -> None:
    """With a reason."""
    async with serving(worktree) as ask:
        code = await ask.refused("terminal/create", command="no-such-command")
        assert code == wire.INTERNAL_ERROR
        for _ in range(TERMINALS):
            await ask("terminal/create", command="true")
        assert await ask.refused("terminal/create", command="true") == wire.INVALID_PARAMS

"""What an agent does with git inside the worktree is told, and breaks no snapshot."""

import os
from functools import partial
from pathlib import Path

import msgspec
import pytest
from anyio import to_thread

from roundhouse.model.event import RepositoryAction
from roundhouse.workspace import repository_log
from roundhouse.workspace.repository import common_dir, linked_git_dir
from roundhouse.workspace.repository_log import LogMark, mark, since
from tests.workspace.conftest import Bench


def git_dir(bench: Bench) -> Path:
    """The worktree's own git folder."""
    found = linked_git_dir(bench.path, common_dir(bench.repo))
    assert found is not None
    return found


class Log:
    """A worktree's log, and what came to it since it was looked at."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.git_dir = git_dir(bench)
        self.place = mark(self.git_dir)

    async def news(self) -> tuple[list[RepositoryAction], str | None]:
        """What was done since the last call, by a mark that was stored in between."""
        stored = msgspec.json.decode(msgspec.json.encode(self.place), type=LogMark)
        told = await to_thread.run_sync(since, self.git_dir, stored)
        self.place = await to_thread.run_sync(mark, self.git_dir)
        assert await to_thread.run_sync(since, self.git_dir, self.place) == ([], told[1])
        return told

    async def words(self) -> list[tuple[str, str]]:
        """The news without commits and branch."""
        actions, _ = await self.news()
        return [(action.action, action.message) for action in actions]

    async def commit(self, name: str, text: str) -> str:
        """Commit a file; returns the commit."""
        (self.bench.path / name).write_text(text)
        await self.bench.git("add", name)
        await self.bench.git("commit", "--quiet", f"--message=Write {name}")
        return (await self.bench.git("rev-parse", "HEAD")).strip()


@pytest.fixture
async def log(bench: Bench) -> Log:
    """The log of a fresh worktree."""
    return await to_thread.run_sync(Log, bench)


async def test_nothing_done_is_nothing_told(log: Log) -> None:
    """Also from the very beginning: that the worktree was made is no news."""
    branch = (await log.bench.git("branch", "--show-current")).strip()

    assert await log.news() == ([], branch)
    assert await to_thread.run_sync(since, log.git_dir, LogMark()) == ([], branch)


async def test_commits_are_told_with_what_they_moved(log: Log) -> None:
    """An amended one as such."""
    base = (await log.bench.git("rev-parse", "HEAD")).strip()
    first = await log.commit("a", "1\n")
    await log.bench.git("commit", "--quiet", "--amend", "--message=Write a: better")
    second = (await log.bench.git("rev-parse", "HEAD")).strip()

    actions, _ = await log.news()
    assert actions == [
        RepositoryAction("commit", "Write a", before=base, after=first),
        RepositoryAction("amend", "Write a: better", before=first, after=second),
    ]


async def test_a_change_of_branch_is_told(log: Log) -> None:
    """With the one that it is on now, or with none."""
    old = (await log.bench.git("branch", "--show-current")).strip()
    await log.bench.git("switch", "--quiet", "--create", "other")
    actions, branch = await log.news()
    assert ([a.message for a in actions], branch) == ([f"moving from {old} to other"], "other")
    assert actions[0].action == "switch"

    await log.bench.git("branch", "--move", "feature/x")
    assert await log.news() == (
        [
            RepositoryAction(
                "branch renamed",
                "other to feature/x",
                before=actions[0].after,
                after=actions[0].after,
            )
        ],
        "feature/x",
    )
    await log.bench.git("checkout", "--quiet", "--detach")
    assert [action.action for action in (await log.news())[0]] == ["switch"]
    assert (await log.news())[1] is None


async def test_a_rebase_is_one_action(log: Log) -> None:
    """However many commits it carries over."""
    base = (await log.bench.git("rev-parse", "HEAD")).strip()
    await log.bench.git("switch", "--quiet", "--create", "side")
    side = await log.commit("side", "1\n")
    await log.bench.git("switch", "--quiet", "--create", "work", base)
    await log.commit("a", "1\n")
    before = await log.commit("b", "1\n")
    await log.news()

    await log.bench.git("rebase", "--quiet", "side")
    after = (await log.bench.git("rev-parse", "HEAD")).strip()
    await log.commit("c", "1\n")

    actions, branch = await log.news()
    assert branch == "work"
    assert actions[0] == RepositoryAction("rebase", "onto side", before=before, after=after)
    assert [action.action for action in actions] == ["rebase", "commit"]
    assert (await log.bench.git("merge-base", "work", "side")).strip() == side


async def test_an_aborted_rebase_says_so(log: Log) -> None:
    """And the next one is another."""
    base = (await log.bench.git("rev-parse", "HEAD")).strip()
    await log.bench.git("switch", "--quiet", "--create", "side")
    await log.commit("a", "side\n")
    await log.bench.git("switch", "--quiet", "--create", "work", base)
    await log.commit("a", "work\n")
    await log.news()

    for _ in range(2):
        await log.bench.git("-c", "alias.try=!git rebase side || true", "try")
        await log.bench.git("rebase", "--abort")

    assert await log.words() == [("rebase", "onto side (aborted)")] * 2


async def test_a_merge_and_a_pick_are_told(log: Log) -> None:
    """By what was merged or picked."""
    base = (await log.bench.git("rev-parse", "HEAD")).strip()
    await log.bench.git("switch", "--quiet", "--create", "side")
    await log.commit("side", "1\n")
    picked = await log.commit("picked", "1\n")
    await log.bench.git("switch", "--quiet", "--create", "work", base)
    await log.news()

    await log.bench.git("cherry-pick", picked)
    await log.bench.git("merge", "--quiet", "--no-edit", "side")
    await log.bench.git("revert", "--no-edit", "HEAD~1")

    told = await log.words()
    assert told[0] == ("cherry-pick", "Write picked")
    assert told[1][0] == "merge"
    assert told[1][1].startswith("side: ")
    assert told[2] == ("revert", 'Revert "Write picked"')


async def test_a_reset_is_told_and_a_checkout_of_files_is_not(log: Log) -> None:
    """Git keeps no record of the latter; the snapshot has what it did."""
    await log.commit("a", "1\n")
    await log.news()
    (log.bench.path / "a").write_text("2\n")
    await log.bench.git("checkout", "--quiet", ".")
    assert await log.words() == []
    await log.bench.git("reset", "--quiet", "--hard")
    await log.bench.git("reset", "--quiet", "--hard", "HEAD~1")

    assert await log.words() == [("reset", "moving to HEAD"), ("reset", "moving to HEAD~1")]


async def test_a_stash_is_told_instead_of_the_reset_it_does(log: Log) -> None:
    """And its return; one that the person makes in the checkout is none of the worktree's."""
    branch = (await log.bench.git("branch", "--show-current")).strip()
    for folder in (log.bench.path, log.bench.repo):
        (folder / "README.md").write_text("else\n")
    await log.bench.git("stash")
    await log.bench.in_repo("stash", "push", "--message", "The person's")
    assert await log.words() == [("stash", branch)]

    await log.bench.git("stash", "pop", "stash@{1}")
    assert await log.words() == [("stash removed", branch)]
    await log.bench.git("stash", "push", "--message", "Mine: later")
    await log.bench.git("reset", "--quiet", "--hard")
    assert await log.words() == [("stash", branch), ("reset", "moving to HEAD")]


async def test_expired_logs_tell_what_is_left(log: Log) -> None:
    """Nothing old is told as new."""
    await log.commit("a", "1\n")
    await log.commit("b", "1\n")
    await log.news()
    await log.bench.git("reflog", "delete", "HEAD@{1}")
    await log.commit("c", "1\n")
    assert await log.words() == [("commit", "Write c")]

    await log.bench.git("reflog", "expire", "--expire=now", "--all")
    assert await log.words() == []
    await log.commit("d", "1\n")
    assert await log.words() == [("commit", "Write d")]


async def test_a_missing_log_is_no_error(log: Log) -> None:
    """The branch is known all the same, and news begin when it does."""
    old = (await log.bench.git("branch", "--show-current")).strip()
    await log.bench.in_repo("config", "core.logAllRefUpdates", "false")
    (log.git_dir / "logs" / "HEAD").unlink()
    await log.bench.git("switch", "--quiet", "--create", "quiet")
    assert await log.news() == (
        [RepositoryAction("switch", f"moving from {old} to quiet")],
        "quiet",
    )
    await log.bench.in_repo("config", "core.logAllRefUpdates", "true")
    await log.commit("a", "1\n")
    assert await log.words() == [("commit", "Write a")]

    gone = partial(since, log.bench.data / "nowhere")
    assert await to_thread.run_sync(gone, log.place) == ([], None)
    assert await to_thread.run_sync(mark, log.bench.data / "nowhere") == LogMark()


async def test_what_is_no_log_is_not_read(log: Log) -> None:
    """A pipe that nobody writes to would hold the runner for ever."""
    for name in ("logs/HEAD", "commondir"):
        (log.git_dir / name).unlink()
        os.mkfifo(log.git_dir / name)
    (log.git_dir / "HEAD").write_bytes(b"\0\xff\n")
    assert await to_thread.run_sync(since, log.git_dir, log.place) == ([], None)

    for name in ("logs/HEAD", "commondir"):
        (log.git_dir / name).unlink()
        (log.git_dir / name).write_bytes(b"\0\xff\n" * 9)
    assert await to_thread.run_sync(since, log.git_dir, log.place) == ([], None)


async def test_of_a_long_log_the_end_is_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut between two lines, and not more actions than anybody reads."""
    for n in range(6):
        await log.commit("a", f"{n}\n")
    monkeypatch.setattr(repository_log, "ACTIONS_MAX", 2)
    assert await log.words() == [("commit", "Write a")] * 2
    for n in range(6):
        await log.commit("b", f"{n}\n")
    monkeypatch.setattr(repository_log, "READ_MAX", 200)
    assert await log.words() == [("commit", "Write b")]


async def test_what_a_program_names_itself_is_kept_whole(log: Log) -> None:
    """Not taken for a word of git's."""
    head = (await log.bench.git("rev-parse", "HEAD")).strip()
    await log.bench.git("update-ref", "-m", "my tool: did it", "--no-deref", "HEAD", head)

    assert await log.words() == [("moved", "my tool: did it")]


TREE_WIDE = {
    "checkout": (["checkout", "--quiet", "."], []),
    "reset": (["reset", "--quiet", "--hard"], ["reset"]),
    "stash": (["stash", "--quiet", "--include-untracked"], ["stash"]),
    "clean": (["clean", "-q", "-fdx"], []),
    "commit": (["commit", "--quiet", "--all", "--message=All"], ["commit"]),
    "amend": (["commit", "--quiet", "--all", "--amend", "--message=All"], ["amend"]),
    "switch": (["switch", "--quiet", "--create", "other"], ["switch"]),
    "rebase": (["rebase", "--quiet", "--autostash", "--onto", "main", "HEAD"], None),
    "orphan": (["checkout", "--quiet", "--orphan", "fresh"], None),
    "index": (["rm", "-r", "--quiet", "--cached", "."], []),
}


@pytest.mark.parametrize("name", TREE_WIDE)
async def test_snapshots_survive_what_is_done_to_the_tree(log: Log, name: str) -> None:
    """The next one holds exactly the files that are there, and the lines keep their authors."""
    command, words = TREE_WIDE[name]
    bench = log.bench
    (bench.path / "README.md").write_text("# A small project\nby one\n")
    (bench.path / "new.txt").write_text("new\n")
    await bench.take("one", "1")
    await bench.git(*command)
    (bench.path / "src" / "app.py").write_text("by two\n")
    taken = await bench.take("two", "2")

    files = {
        str(path.relative_to(bench.path)): path.read_bytes()
        for path in bench.path.rglob("*")
        if path.is_file() and path.name != ".git"
    }
    assert await bench.tree() == sorted(files)
    for path, content in files.items():
        held = await bench.in_store("cat-file", "blob", f"{taken.commit}:{path}")
        assert held.encode() == content
    authors = {
        line.text: line.agent
        for file in (await bench.changes()).files
        for hunk in file.hunks
        for line in hunk.lines
        if line.kind == "add"
    }
    kept = {"by one": "one"} if b"by one" in files["README.md"] else {}
    kept |= {"new": "one"} if "new.txt" in files else {}
    assert authors == kept | {"by two": "two"}
    if words is not None:
        assert [action.action for action in (await log.news())[0]] == words

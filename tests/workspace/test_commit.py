"""Commits on a session's branch: what the snapshot holds, whose it is, and nothing else of the user's."""

from pathlib import Path

import pytest

from roundhouse.model.errors import Conflict, InvalidInput, SetupError, WorkspaceError
from roundhouse.model.outcome import CommitOutcome
from roundhouse.workspace import commit as module
from roundhouse.workspace.commit import commit
from tests.workspace.conftest import Bench


async def make(bench: Bench, message: str = "Do it", *, squash: bool = True) -> CommitOutcome:
    """A commit of all that the session holds."""
    head = bench.row.head_snapshot
    assert head is not None
    return await commit(bench.snapshots, bench.row, target=head, message=message, squash=squash)


async def said(bench: Bench, revision: str, what: str = "%B") -> str:
    """What a commit says of itself."""
    return (await bench.in_repo("log", "-1", f"--format={what}", revision)).strip()


async def sound(bench: Bench) -> None:
    """The user's repository is whole, and git sees the worktree as it is."""
    assert await bench.in_repo("fsck", "--strict", "--no-dangling") == ""


async def work(bench: Bench, name: str, text: str, author: str | None, task: str = "1") -> None:
    """One turn that writes a file."""
    (bench.path / name).write_text(text)
    await bench.take(author, task)


async def test_one_commit_holds_the_snapshot_and_names_the_agents(bench: Bench) -> None:
    """The person is its author, on top of the branch; checkout and worktree are clean and as they were."""
    await work(bench, "a", "1\n", "open code")
    await work(bench, "b", "1\r\n", "claude")
    await work(bench, "c", "1", None)
    (bench.path / "later").write_text("not yet")
    made = await make(bench, "Do it\n\nAs asked.\n\nReviewed-by: Me <me@example.com>\n")

    assert made.branch == bench.row.branch
    assert (made.commits, made.files) == ([made.commit], 3)
    assert await bench.in_repo("rev-parse", bench.row.branch) == f"{made.commit}\n"
    assert await said(bench, made.commit, "%P") == bench.row.base_commit
    assert await said(bench, made.commit, "%an <%ae> %cn") == (
        "A Person <person@example.com> A Person"
    )
    assert await said(bench, made.commit) == (
        "Do it\n\nAs asked.\n\nReviewed-by: Me <me@example.com>\n"
        "Co-authored-by: open code <open-code@agents.roundhouse.invalid>\n"
        "Co-authored-by: claude <claude@agents.roundhouse.invalid>"
    )
    tree = await bench.in_store("rev-parse", f"{bench.row.head_snapshot}^{{tree}}")
    assert await bench.in_repo("rev-parse", f"{made.commit}^{{tree}}") == tree
    assert await bench.git("status", "--porcelain") == "?? later\n"
    assert await bench.git("diff", "HEAD", "--stat") == ""
    assert await bench.in_repo("status", "--porcelain") == ""
    await sound(bench)


async def test_nothing_new_makes_nothing(bench: Bench) -> None:
    """Not at first, not twice."""
    with pytest.raises(Conflict) as first:
        await make(bench)
    await work(bench, "a", "1", "claude")
    await make(bench)
    with pytest.raises(Conflict) as second:
        await make(bench)

    assert first.value.code == second.value.code == "nothing_to_commit"
    await work(bench, "b", "1", "opencode")
    made = await make(bench)
    assert "opencode" in await said(bench, made.commit)
    assert "claude" not in await said(bench, made.commit)
    await work(bench, "a", "2", "opencode")
    assert "claude" not in await said(bench, (await make(bench)).commit)


async def test_one_commit_for_each_turn(bench: Bench) -> None:
    """Titled as the snapshot is; the message stands in each body. What is committed already stays out."""
    await work(bench, "a", "1", "claude")
    await make(bench)
    await work(bench, "a", "2", "opencode", "2")
    await work(bench, "b", "2", None)
    made = await make(bench, "Why", squash=False)

    assert len(made.commits) == 2
    first, second = made.commits
    assert await said(bench, first) == (
        "A turn\n\nWhy\n\nCo-authored-by: opencode <opencode@agents.roundhouse.invalid>"
    )
    assert await said(bench, second) == "A turn\n\nWhy"
    assert await said(bench, second, "%P") == first
    assert await bench.git("status", "--porcelain") == ""
    await work(bench, "b", "3", "claude")
    made = await make(bench, "", squash=False)
    assert (await said(bench, made.commit)).startswith("A turn\n\nCo-authored-by: claude")
    await sound(bench)


async def test_an_agents_own_commits_stay_below(bench: Bench) -> None:
    """The session's commit is the rest; one for each turn is one then, since their states are gone by."""
    await work(bench, "a", "1", "claude")
    (bench.path / "b").write_text("1")
    await bench.git("add", "-A")
    await bench.git("commit", "-qm", "by the agent")
    own = (await bench.git("rev-parse", "HEAD")).strip()
    await work(bench, "c", "1", "claude", "2")
    made = await make(bench, "Rest", squash=False)

    assert await said(bench, made.commit, "%P") == own
    assert await bench.in_repo("diff", "--name-only", own, made.commit) == "c\n"
    assert made.files == 1
    assert await bench.git("status", "--porcelain") == ""


async def test_what_was_accepted_can_be_committed_alone(bench: Bench) -> None:
    """The rest shows as edits in the worktree. Turn by turn it cannot be told apart."""
    await work(bench, "a", "1", "claude")
    accepted = bench.row.head_snapshot
    assert accepted is not None
    await work(bench, "b", "1", "opencode")
    made = await commit(bench.snapshots, bench.row, target=accepted, message="Part")

    assert "opencode" not in await said(bench, made.commit)
    assert await bench.git("status", "--porcelain") == "?? b\n"
    with pytest.raises(InvalidInput) as caught:
        await commit(bench.snapshots, bench.row, target=accepted, message="x", squash=False)
    assert caught.value.field == "squash"


async def test_a_worktree_on_another_branch_keeps_its_head_and_index(bench: Bench) -> None:
    """The agent switched; the session's branch moves all the same."""
    await bench.git("checkout", "-q", "-b", "other")
    (bench.path / "staged").write_text("x")
    await bench.git("add", "staged")
    await work(bench, "a", "1", "claude")
    status = await bench.git("status", "--porcelain")
    made = await make(bench)

    assert await bench.git("symbolic-ref", "HEAD") == "refs/heads/other\n"
    assert await bench.git("status", "--porcelain") == status
    assert await bench.in_repo("rev-parse", bench.row.branch) == f"{made.commit}\n"


async def test_a_branch_that_is_gone_is_made_again(bench: Bench) -> None:
    """From the session's base, whether the worktree was on it or not."""
    await work(bench, "a", "1", "claude")
    await bench.in_repo("update-ref", "-d", f"refs/heads/{bench.row.branch}")
    made = await make(bench)

    assert await said(bench, made.commit, "%P") == bench.row.base_commit
    assert await bench.git("status", "--porcelain") == ""


async def test_a_branch_in_the_users_checkout_is_left_alone(bench: Bench) -> None:
    """It would move under that checkout's feet."""
    await work(bench, "a", "1", "claude")
    await bench.in_repo("checkout", "-q", "--ignore-other-worktrees", bench.row.branch)
    with pytest.raises(Conflict) as caught:
        await make(bench)

    assert caught.value.code == "branch_in_use"
    assert str(bench.repo) in caught.value.message
    assert (await bench.in_repo("rev-parse", "HEAD")).strip() == bench.row.base_commit


async def test_without_a_name_nothing_is_committed(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy says how to give one."""
    await work(bench, "a", "1", "claude")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("EMAIL", raising=False)
    await bench.in_repo("config", "--unset", "user.name")
    with pytest.raises(SetupError) as caught:
        await make(bench)

    assert "git config user.name" in (caught.value.remedy or "")
    assert await bench.in_repo("rev-parse", bench.row.branch) == f"{bench.row.base_commit}\n"


async def test_a_commit_needs_words_and_a_free_index(bench: Bench) -> None:
    """Both are said before anything is written."""
    await work(bench, "a", "1", "claude")
    with pytest.raises(InvalidInput):
        await make(bench, " \n\0")
    lock = Path((await bench.git("rev-parse", "--git-path", "index.lock")).strip())
    lock.write_text("")
    with pytest.raises(Conflict) as caught:
        await make(bench)
    assert caught.value.code == "index_locked"
    assert await bench.in_repo("rev-parse", bench.row.branch) == f"{bench.row.base_commit}\n"


async def test_no_hook_runs_and_nothing_is_signed(bench: Bench) -> None:
    """Whatever the repository is set to."""
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction"):
        hook = bench.repo / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch '%s'\nexit 1\n" % (bench.data / "ran"))
        hook.chmod(0o755)
    await bench.in_repo("config", "commit.gpgSign", "true")
    await work(bench, "a", "1", "claude")
    await make(bench)

    assert not (bench.data / "ran").exists()


async def test_many_files_come_as_a_pack(bench: Bench) -> None:
    """Which the repository then has of its own."""
    for number in range(150):
        (bench.path / f"file {number}").write_text(str(number))
    await bench.take("claude", "1")
    made = await make(bench)

    alternates = bench.store / "objects" / "info" / "alternates"
    assert str(bench.store) not in alternates.read_text()
    assert made.files == 150
    await sound(bench)
    assert list((bench.repo / ".git" / "objects" / "pack").glob("*.pack"))


async def test_a_crash_before_the_branch_moves_leaves_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next try succeeds."""
    await work(bench, "a", "1", "claude")

    async def crash(*_args: object) -> None:
        raise WorkspaceError

    with monkeypatch.context() as patch:
        patch.setattr(module, "_move_branch", crash)
        with pytest.raises(WorkspaceError):
            await make(bench)
    assert await bench.in_repo("rev-parse", bench.row.branch) == f"{bench.row.base_commit}\n"
    await sound(bench)
    made = await make(bench)
    assert await bench.in_repo("rev-parse", bench.row.branch) == f"{made.commit}\n"


async def test_a_branch_that_moves_meanwhile_is_not_overwritten(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moved it, their commit stays."""
    await work(bench, "a", "1", "claude")
    transfer = module._transfer

    async def meanwhile(*args: object) -> None:
        await transfer(*args)  # type: ignore[arg-type]
        await bench.git("commit", "-q", "--allow-empty", "-m", "meanwhile")

    monkeypatch.setattr(module, "_transfer", meanwhile)
    with pytest.raises(Conflict) as caught:
        await make(bench)
    assert caught.value.code == "branch_moved"
    assert await said(bench, bench.row.branch) == "meanwhile"


async def test_after_a_rewind_only_what_is_left_counts(bench: Bench) -> None:
    """An agent whose work was taken back is no co-author."""
    await work(bench, "a", "1", "claude")
    kept = bench.row.head_snapshot
    await work(bench, "b", "1", "opencode")
    (bench.path / "b").unlink()
    await bench.take(None, None, kept or "")
    made = await make(bench)

    assert "claude" in await said(bench, made.commit)
    assert "opencode" not in await said(bench, made.commit)

"""Worktrees: made, kept, repaired, removed."""

import shutil
from pathlib import Path

import anyio
import msgspec
import pytest

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.worktree import Worktrees
from tests.workspace.conftest import SESSION, Bench, run

BRANCH = f"roundhouse/fix-the-bug-{SESSION}"


def state(repo: Path) -> dict[str, str]:
    """All that the user would miss: files, index, HEAD, refs but ours, stash, configuration."""
    refs = run(repo, "git", "for-each-ref").splitlines()
    return {
        "status": run(repo, "git", "status", "--porcelain"),
        "head": (repo / ".git" / "HEAD").read_text(),
        "refs": "\n".join(ref for ref in refs if "roundhouse/" not in ref),
        "config": (repo / ".git" / "config").read_text(),
        "index": str((repo / ".git" / "index").read_bytes()),
    }


async def test_a_worktree_is_made_on_a_branch_of_its_own(unmade: Bench) -> None:
    """With its base pinned, without tracking anything, and nothing else of the user's changed."""
    hook = unmade.repo / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)
    before = state(unmade.repo)

    assert await unmade.ensure() == "made"

    assert unmade.path == unmade.data / "worktrees" / SESSION
    assert unmade.row.branch == BRANCH
    assert (await unmade.git("symbolic-ref", "HEAD")).strip() == f"refs/heads/{BRANCH}"
    pinned = await unmade.in_repo("rev-parse", f"refs/roundhouse/{SESSION}/base")
    assert pinned.strip() == unmade.row.base_commit
    assert not (unmade.path / "hooked").exists()
    assert state(unmade.repo) == before
    assert await unmade.ensure() == "kept"


async def test_a_base_can_be_any_commit(unmade: Bench) -> None:
    """A branch, a tag, a short id."""
    first = (await unmade.in_repo("rev-parse", "HEAD")).strip()
    await unmade.in_repo("commit", "--quiet", "--allow-empty", "-m", "second")
    await unmade.in_repo("tag", "old", first)

    await unmade.ensure(base_ref="old")

    assert unmade.row.base_commit == first


@pytest.mark.parametrize("ref", ["no-such-branch", "--upload-pack=x", "HEAD:README.md"])
async def test_a_base_that_is_no_commit_is_refused(unmade: Bench, ref: str) -> None:
    """With nothing left behind."""
    with pytest.raises(WorkspaceError, match="names no commit"):
        await unmade.ensure(base_ref=ref)

    assert (await unmade.in_repo("for-each-ref", "refs/roundhouse", "refs/heads/roundhouse")) == ""


async def test_uncommitted_edits_come_along_when_asked(unmade: Bench) -> None:
    """The checkout keeps them as they are; they are the person's in the first snapshot after the base."""
    (unmade.repo / "README.md").write_text("edited\n")
    (unmade.repo / "new").write_text("new\n")
    before = state(unmade.repo)

    await unmade.ensure(include_uncommitted=True)
    taken = await unmade.take(None, None)

    assert state(unmade.repo) == before
    assert taken.changed
    assert [file.path for file in (await unmade.changes()).files] == ["README.md", "new"]


async def test_uncommitted_edits_of_another_base_are_refused(unmade: Bench) -> None:
    """They would silently take back what lies between."""
    await unmade.in_repo("commit", "--quiet", "--allow-empty", "-m", "second")
    with pytest.raises(WorkspaceError, match="belong to its HEAD"):
        await unmade.ensure(base_ref="HEAD^", include_uncommitted=True)

    assert not unmade.worktrees.path(SESSION).exists()
    assert len((await unmade.in_repo("worktree", "list")).splitlines()) == 1


async def test_a_branch_named_roundhouse_leaves_room(unmade: Bench) -> None:
    """git cannot have both `roundhouse` and `roundhouse/x`."""
    await unmade.in_repo("branch", "roundhouse")

    await unmade.ensure()

    assert unmade.row.branch == f"roundhouse-fix-the-bug-{SESSION}"


async def test_many_sessions_of_one_project_are_made_at_once(unmade: Bench) -> None:
    """One waits for the other; none fails."""
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for number in range(8):

                async def make(name: str) -> None:
                    await unmade.worktrees.ensure(
                        name,
                        unmade.repo,
                        slug="x",
                        base_ref=None,
                        include_uncommitted=False,
                        existing=None,
                    )

                tasks.start_soon(make, f"s{number}")

    assert len((await unmade.in_repo("worktree", "list")).splitlines()) == 9


async def test_a_folder_that_vanished_is_made_again_with_what_agents_did(bench: Bench) -> None:
    """Same path, same branch, the last snapshot's files; commits of the agent are on the branch."""
    (bench.path / "committed").write_text("1\n")
    await bench.git("add", "committed")
    await bench.git("commit", "--quiet", "-m", "by the agent")
    (bench.path / "README.md").unlink()
    (bench.path / "ä b").write_text("new\n")
    (bench.path / "run").write_text("x")
    (bench.path / "run").chmod(0o755)
    (bench.path / "link").symlink_to("README.md")
    await bench.take()
    before = await bench.tree()
    shutil.rmtree(bench.path)

    assert await bench.ensure() == "repaired"

    assert (await bench.git("log", "-1", "--format=%s")).strip() == "by the agent"
    assert sorted(p.name for p in bench.path.iterdir()) == [
        ".git",
        "committed",
        "link",
        "run",
        "src",
        "ä b",
    ]
    assert (bench.path / "run").stat().st_mode & 0o111
    assert not (await bench.take()).changed
    assert await bench.tree() == before
    assert await bench.ensure() == "kept"


async def test_the_users_other_missing_worktrees_stay_registered(bench: Bench) -> None:
    """They may lie on a disk that is not plugged in now."""
    other = bench.data.parent / "usb"
    await bench.in_repo("worktree", "add", "--quiet", "--detach", str(other))
    shutil.move(other, bench.data.parent / "away")
    shutil.rmtree(bench.path)

    await bench.ensure()
    await bench.worktrees.remove(SESSION)

    assert str(other) in await bench.in_repo("worktree", "list")


@pytest.mark.parametrize("harm", ["no-link", "own-init", "no-record", "gc"])
async def test_files_that_lost_their_repository_are_joined_again(bench: Bench, harm: str) -> None:
    """Edits that no snapshot has yet are kept as they are."""
    (bench.path / "unseen").write_text("precious\n")
    link = bench.path / ".git"
    if harm == "own-init":
        link.unlink()
        await bench.git("init", "--quiet")
    elif harm == "no-record":
        shutil.rmtree(bench.repo / ".git" / "worktrees" / SESSION)
    elif harm == "no-link":
        link.unlink()
    else:
        await bench.in_repo("gc", "--quiet", "--prune=now")

    expected = "kept" if harm == "gc" else "repaired"
    assert await bench.ensure() == expected

    assert (bench.path / "unseen").read_text() == "precious\n"
    assert (await bench.git("symbolic-ref", "HEAD")).strip() == f"refs/heads/{BRANCH}"
    assert (await bench.git("status", "--porcelain")).strip() == "?? unseen"
    assert (await bench.take()).changed
    assert await bench.ensure() == "kept"


async def test_a_crash_while_files_were_aside_loses_none(bench: Bench) -> None:
    """They are put back first."""
    (bench.path / "unseen").write_text("precious\n")
    aside = bench.path.with_name(f".{SESSION}-adopted")
    bench.path.rename(aside)

    assert await bench.ensure() == "repaired"

    assert (bench.path / "unseen").read_text() == "precious\n"
    assert not aside.exists()


async def test_a_moved_repository_is_a_clear_error_and_then_followed(bench: Bench) -> None:
    """The message names where it was; given its new place, the session goes on."""
    (bench.path / "edit").write_text("x\n")
    await bench.take()
    new = bench.repo.rename(bench.repo.with_name("moved"))
    with pytest.raises(WorkspaceError, match="is gone") as caught:
        await bench.ensure()
    assert str(bench.repo) in caught.value.message
    assert caught.value.remedy

    bench.repo = new
    assert await bench.ensure() == "repaired"
    (bench.path / "more").write_text("y\n")
    assert (await bench.take()).changed
    assert [file.file_path for file in await bench.deltas()] == ["edit", "more"]


async def test_a_base_that_is_gone_is_a_clear_error(bench: Bench) -> None:
    """Somebody threw our refs away, and collected garbage."""
    await bench.in_repo("worktree", "remove", "--force", str(bench.path))
    await bench.in_repo("update-ref", "-d", f"refs/roundhouse/{SESSION}/base")
    bench.worktree = msgspec.structs.replace(bench.row, base_commit="1" * 40)

    with pytest.raises(WorkspaceError, match=r"base commit 1{40}") as caught:
        await bench.ensure()

    assert caught.value.remedy


async def test_an_occupied_path_is_a_clear_error(unmade: Bench) -> None:
    """What is there is not ours to remove."""
    path = unmade.worktrees.path(SESSION)
    path.mkdir(parents=True)
    (path / "file").write_text("x")

    with pytest.raises(WorkspaceError, match="occupied") as caught:
        await unmade.ensure()

    assert str(path) in caught.value.message
    assert (path / "file").read_text() == "x"


async def test_a_worktree_that_no_turn_ever_used_is_made_anew(bench: Bench) -> None:
    """The runner was killed between making it and storing its row."""
    bench.worktree = None

    assert await bench.ensure() == "made"
    assert len((await bench.in_repo("worktree", "list")).splitlines()) == 2


async def test_a_branch_that_the_user_deleted_or_holds_is_no_obstacle(bench: Bench) -> None:
    """Repair takes the base, or goes without a branch."""
    shutil.rmtree(bench.path)
    await bench.in_repo("worktree", "prune")
    await bench.in_repo("branch", "-D", BRANCH)
    assert await bench.ensure() == "repaired"
    assert (await bench.git("symbolic-ref", "HEAD")).strip() == f"refs/heads/{BRANCH}"

    shutil.rmtree(bench.path)
    await bench.in_repo("worktree", "prune")
    await bench.in_repo("checkout", "--quiet", BRANCH)
    assert await bench.ensure() == "repaired"
    assert (await bench.git("rev-parse", "HEAD")).strip() == bench.row.base_commit


async def test_lost_snapshots_are_a_clear_error_on_repair(bench: Bench) -> None:
    """Better than a worktree that silently lacks what agents did."""
    shutil.rmtree(bench.path)
    shutil.rmtree(bench.store)

    with pytest.raises(WorkspaceError, match="snapshots of this session are gone"):
        await bench.ensure()


async def test_cancelling_the_making_leaves_nothing(unmade: Bench) -> None:
    """A turn may be cancelled while a large repository is checked out."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await unmade.ensure()

    assert scope.cancelled_caught
    assert len((await unmade.in_repo("worktree", "list")).splitlines()) == 1
    assert "roundhouse" not in await unmade.in_repo("for-each-ref")


async def test_removal_leaves_no_trace(bench: Bench) -> None:
    """No worktree, no ref, no branch, no folder."""
    (bench.path / "edit").write_text("x")
    await bench.take()
    assert await bench.worktrees.orphans(set()) == [SESSION]
    assert await bench.worktrees.orphans({SESSION}) == []

    await bench.worktrees.remove(SESSION)
    await bench.snapshots.remove(SESSION)

    assert len((await bench.in_repo("worktree", "list")).splitlines()) == 1
    assert "roundhouse" not in await bench.in_repo("for-each-ref")
    assert not (bench.repo / ".git" / "worktrees").exists()
    assert not bench.path.exists()
    assert not bench.store.exists()
    assert await bench.worktrees.orphans(set()) == []
    await anyio.to_thread.run_sync(bench.worktrees._trash.wait)
    assert not list((bench.data / "worktrees" / ".trash").iterdir())


async def test_a_branch_with_commits_of_its_own_survives_removal(bench: Bench) -> None:
    """Work that exists nowhere else is not thrown away."""
    await bench.git("commit", "--quiet", "--allow-empty", "-m", "by the agent")

    await bench.worktrees.remove(SESSION)

    assert BRANCH in await bench.in_repo("branch", "--list", "roundhouse/*")


async def test_removal_is_content_with_what_is_gone_already(bench: Bench) -> None:
    """The folder, the repository, or everything."""
    shutil.rmtree(bench.path)
    shutil.rmtree(bench.repo)

    await bench.worktrees.remove(SESSION)
    await bench.worktrees.remove(SESSION)
    await bench.worktrees.remove("never-was")

    assert await bench.worktrees.orphans(set()) == []


async def test_a_killed_removal_is_found_by_the_next_start(bench: Bench) -> None:
    """A session whose folder is gone but whose refs are not is an orphan too."""
    shutil.rmtree(bench.path)
    again = Worktrees(bench.data / "worktrees")

    assert await again.orphans(set()) == [SESSION]
    await again.remove(SESSION)
    assert "roundhouse" not in await bench.in_repo("for-each-ref")

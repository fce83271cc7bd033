"""How git is called and what its failures say."""

import subprocess
import sys
from pathlib import Path

import pytest

from roundhouse.model.errors import SetupError, WorkspaceError
from roundhouse.workspace.git import GitError, explain, git, git_bounded, git_in_store


async def test_it_gives_back_what_git_printed(repo: Path) -> None:
    """Output as bytes."""
    assert await git("rev-parse", "--show-toplevel", cwd=repo) == f"{repo}\n".encode()


def test_it_never_reads_what_we_were_started_with(repo: Path) -> None:
    """Neither without an input nor with an empty one: the supervisor holds the runner's stdin open."""
    program = (
        "import anyio, pathlib; from roundhouse.workspace.git import git;"
        "print([anyio.run(lambda: git('cat-file', '--batch-check', cwd=pathlib.Path.cwd(), stdin=given))"
        " for given in (None, b'')])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=repo, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.read() == b"[b'', b'']\n"


async def test_a_failure_names_command_folder_and_reason(repo: Path) -> None:
    """All that a person needs is in the message."""
    with pytest.raises(GitError) as caught:
        await git("rev-parse", "--verify", "nowhere", cwd=repo)

    assert caught.value.exit_code == 128
    assert str(repo) in caught.value.message
    assert "Needed a single revision" in caught.value.message


async def test_a_missing_folder_is_our_error(tmp_path: Path) -> None:
    """Not an OSError."""
    with pytest.raises(WorkspaceError, match="no such folder"):
        await git("status", cwd=tmp_path / "gone")


async def test_a_missing_git_says_what_to_install(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A matter of the machine's set-up."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="git is not installed"):
        await git("status", cwd=repo)


async def test_the_environment_cannot_choose_another_repository(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server started from a git hook has GIT_DIR set."""
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert await git("rev-parse", "--git-dir", cwd=repo) == b".git\n"


async def test_a_deadline_ends_a_git_that_hangs(repo: Path) -> None:
    """An alias that waits stands in for a hanging file system."""
    with pytest.raises(GitError, match="no end after"):
        await git(
            "-c",
            "alias.hang=!read line <&2 || exec tail -f /dev/null",
            "hang",
            cwd=repo,
            deadline=0.2,
        )


async def test_bounded_output_ends_where_it_was_told(repo: Path) -> None:
    """A patch of gigabytes never gets into memory."""
    store = repo / ".git"
    expected = await git("rev-parse", "HEAD:src", cwd=repo)
    out, cut = await git_bounded("log", "-p", store=store, limit=10)
    assert (len(out), cut) == (10, True)

    out, cut = await git_bounded("rev-parse", "--verify", "HEAD:src", store=store, limit=10_000)
    assert (out, cut) == (expected, False)

    with pytest.raises(GitError):
        await git_bounded("rev-parse", "--verify", "nowhere", store=store, limit=100)


async def test_in_our_own_folders_the_users_settings_have_no_say(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each of them would change, or break, what we read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text(
        "[diff]\n\tnoprefix = true\n[safe]\n\tbareRepository=explicit\n"
    )

    found = await git_in_store("config", "diff.noprefix", store=repo / ".git", check=False)

    assert found == b""
    assert await git("config", "diff.noprefix", cwd=repo) == b"true\n"


@pytest.mark.parametrize(
    ("stderr", "message", "remedy"),
    [
        ("error: unable to write: No space left on device", "disk is full", "Free some space"),
        ("fatal: detected dubious ownership in repository", "another user", "safe.directory '/p'"),
        ("fatal: cannot mkdir x: Permission denied", "may not write", "Give this user access"),
    ],
)
def test_known_failures_name_the_place_and_a_remedy(stderr: str, message: str, remedy: str) -> None:
    """What a person can do something about."""
    said, advice = explain(("add",), stderr, Path("/p"))

    assert message in said
    assert "/p" in said
    assert advice is not None
    assert remedy in advice

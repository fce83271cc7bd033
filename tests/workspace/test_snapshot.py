"""Snapshots: complete, exact, and without a mark on anything of the user's."""

import os
import shutil
from pathlib import Path

import anyio
import pytest

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.snapshot import Author, parse_author
from tests.workspace.conftest import SESSION, Bench


def objects(repo: Path) -> dict[str, int]:
    """Every file of the user's object store with its size."""
    folder = repo / ".git" / "objects"
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


async def test_the_first_is_a_root_commit_of_the_base(bench: Bench) -> None:
    """The same whenever it is asked for."""
    base = bench.row.base_snapshot
    assert base is not None

    assert (await bench.in_store("log", "-1", "--format=%P", base)).strip() == ""
    assert await bench.in_store("rev-parse", f"{base}^{{tree}}") == await bench.in_repo(
        "rev-parse", "HEAD^{tree}"
    )
    assert await bench.snapshots.base(bench.row) == base


async def test_nothing_changed_makes_no_snapshot(bench: Bench) -> None:
    """The last one stands."""
    before = bench.row.head_snapshot
    taken = await bench.take()

    assert (taken.changed, taken.commit) == (False, before)
    assert len((await bench.in_store("for-each-ref")).splitlines()) == 1


async def test_a_snapshot_says_who_made_it_and_in_which_task(bench: Bench) -> None:
    """As author, committer and trailer."""
    (bench.path / "new").write_text("x\n")
    agent = await bench.take("claude", "42")
    (bench.path / "new").write_text("y\n")
    person = await bench.take(None, None)

    who = "%an <%ae> %cn%n%(trailers:key=Roundhouse-Task,valueonly)"
    assert await bench.in_store("log", "-1", f"--format={who}", agent.commit) == (
        "claude <agent@roundhouse> claude\n42\n\n"
    )
    assert (await bench.in_store("log", "-1", f"--format={who}", person.commit)).startswith(
        "Person <person@roundhouse> Person\n"
    )
    assert (await bench.in_store("log", "-1", "--format=%P", person.commit)).strip() == agent.commit


@pytest.mark.parametrize(
    ("message", "author"),
    [
        ("x\n\nRoundhouse-Author: agent a b\nRoundhouse-Task: 7\n", Author("a b", "7")),
        ("x\n\nRoundhouse-Author: person\n", Author(None, None)),
        (
            "x\n\nRoundhouse-Author: agent evil\n\nRoundhouse-Author: person\n",
            Author(None, None),
        ),
        ("x", Author(None, None)),
    ],
)
def test_only_our_own_trailers_name_the_author(message: str, author: Author) -> None:
    """A prompt that holds such a line decides nothing."""
    assert parse_author(message) == author


async def test_a_message_may_hold_anything(bench: Bench) -> None:
    """It comes from a prompt."""
    (bench.path / "new").write_text("x\n")
    head = bench.row.head_snapshot
    assert head is not None
    taken = await bench.snapshots.take(
        bench.row, parents=[head], author="a", task_id="1", message="-m \0\x01\x02\ud800 ä\n\n"
    )

    assert taken.changed


async def test_every_kind_of_file_is_kept_exactly(bench: Bench) -> None:
    """Modes, links, bytes, line ends and names come back as they were."""
    path = bench.path
    odd = [
        "with space",
        'quo"te',
        "ümläut",
        "line\nbreak",
        "tab\there",
        "-dash",
        "*star",
        ":(top)x",
    ]
    for name in odd:
        (path / name).write_text(name)
    (path / os.fsdecode(b"latin-\xe4")).write_text("x")
    (path / "binary").write_bytes(bytes(range(256)) * 10)
    (path / "crlf").write_bytes(b"a\r\nb\r\nno end")
    (path / "run").write_text("#!/bin/sh\n")
    (path / "run").chmod(0o755)
    (path / "link").symlink_to("../outside")
    (path / "empty").touch()
    (path / "README.md").unlink()
    await bench.take()
    expected = {
        entry.name: (entry.is_symlink(), None if entry.is_symlink() else entry.read_bytes())
        for entry in path.iterdir()
        if entry.is_file() or entry.is_symlink()
    }
    shutil.rmtree(path)
    await bench.ensure()

    found = {
        entry.name: (entry.is_symlink(), None if entry.is_symlink() else entry.read_bytes())
        for entry in path.iterdir()
        if entry.is_file() or entry.is_symlink()
    }
    assert found == expected
    assert (path / "run").stat().st_mode & 0o111
    assert (path / "link").readlink() == Path("../outside")
    paths = [delta.file_path for delta in await bench.deltas()]
    assert set(odd) | {"latin-\\xe4", "binary", "README.md"} <= set(paths)


async def test_ignored_files_are_left_out(bench: Bench) -> None:
    """By the worktree's own rules, the repository's private ones included."""
    (bench.path / ".gitignore").write_text("*.log\n")
    exclude = bench.repo / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("private\n")
    (bench.path / "x.log").write_text("x")
    (bench.path / "private").write_text("x")
    await bench.take()

    assert await bench.tree() == [".gitignore", "README.md", "src/app.py"]


async def test_the_users_object_store_and_the_agents_index_do_not_change(bench: Bench) -> None:
    """Whatever is taken, compared, asked and packed."""
    index = (bench.repo / ".git" / "worktrees" / SESSION / "index").read_bytes()
    before = objects(bench.repo)
    (bench.path / "new").write_text("x\n" * 1000)
    (bench.path / "README.md").write_text("edited\n")
    await bench.take()
    await bench.deltas()
    await bench.changes()
    await bench.snapshots.pack(bench.row)

    assert objects(bench.repo) == before
    assert (bench.repo / ".git" / "worktrees" / SESSION / "index").read_bytes() == index
    assert (await bench.git("status", "--porcelain")).split("\n") == [" M README.md", "?? new", ""]
    await bench.in_store("fsck", "--strict")


async def test_packed_snapshots_survive_any_cleanup_in_the_users_repository(
    bench: Bench,
) -> None:
    """Also where their objects were only in commits that the agent threw away."""
    (bench.path / "lost").write_text("only in a commit that goes\n")
    await bench.git("add", "--all")
    await bench.git("commit", "--quiet", "-m", "agent")
    await bench.take()
    await bench.git("reset", "--quiet", "--hard", "HEAD^")
    await bench.git("reflog", "expire", "--expire=now", "--all")
    (bench.path / "other").write_text("second\n")
    await bench.take("claude", "2")

    await bench.snapshots.pack(bench.row)
    await bench.in_repo("gc", "--quiet", "--prune=now")

    await bench.in_store("fsck", "--strict")
    assert len(list((bench.store / "objects" / "pack").glob("*.pack"))) == 1
    assert [delta.file_path for delta in await bench.deltas()] == ["other"]
    (bench.path / "third").write_text("3\n")
    assert (await bench.take()).changed
    await bench.snapshots.pack(bench.row)
    assert len(list((bench.store / "objects" / "pack").glob("*.pack"))) == 1
    await bench.in_store("fsck", "--strict")
    await bench.in_repo("fsck", "--strict")


async def test_packing_nothing_new_is_nothing(bench: Bench) -> None:
    """Nor does a session without changes need a pack."""
    await bench.snapshots.pack(bench.row)
    assert not list((bench.store / "objects" / "pack").glob("*.pack"))
    await bench.snapshots.pack(bench.row)
    assert (await bench.in_store("for-each-ref")).count("refs/snapshots/") == 1


async def test_nested_repositories_are_left_out_and_reported(bench: Bench) -> None:
    """With commits, without any, and again the next time."""
    for name in ("full", "hollow"):
        await bench.git("init", "--quiet", name)
        (bench.path / name / "file").write_text("x")
    await bench.git("-C", "full", "add", "file")
    identity = ("-c", "user.name=n", "-c", "user.email=e")
    await bench.git("-C", "full", *identity, "commit", "--quiet", "-m", "x")

    first = await bench.take()
    assert (first.changed, first.skipped) == (False, ["full", "hollow"])
    (bench.path / "beside").write_text("x\n")
    second = await bench.take()
    assert (second.changed, second.skipped) == (True, ["full", "hollow"])
    assert await bench.tree() == ["README.md", "beside", "src/app.py"]


async def test_submodules_are_links(unmade: Bench, tmp_path: Path) -> None:
    """Those of the base, which are not checked out, and one that an agent adds."""
    await unmade.in_repo("init", "--quiet", str(tmp_path / "lib"))
    library = ("-C", str(tmp_path / "lib"))
    identity = ("-c", "user.name=n", "-c", "user.email=e")
    await unmade.in_repo(*library, *identity, "commit", "--quiet", "--allow-empty", "-m", "x")
    allowed = ("-c", "protocol.file.allow=always")
    await unmade.in_repo(*allowed, "submodule", "--quiet", "add", str(tmp_path / "lib"), "lib")
    await unmade.in_repo("commit", "--quiet", "-m", "with a submodule")
    await unmade.ensure()
    assert not (await unmade.take()).changed

    await unmade.git(*allowed, "submodule", "--quiet", "add", str(tmp_path / "lib"), "more")
    taken = await unmade.take()

    assert (taken.changed, taken.skipped) == (True, [])
    assert await unmade.tree() == [".gitmodules", "README.md", "lib", "more", "src/app.py"]
    assert [file.path for file in (await unmade.changes()).files] == [".gitmodules", "more"]


@pytest.mark.parametrize(
    "action",
    [
        ["add", "--all"],
        ["commit", "--quiet", "--all", "-m", "x"],
        ["checkout", "--quiet", "-b", "elsewhere"],
        ["checkout", "--quiet", "--detach"],
        ["stash", "--quiet", "--include-untracked"],
        ["reset", "--quiet", "--hard"],
        ["rm", "--quiet", "--cached", "README.md"],
        ["clean", "--quiet", "-fd"],
        ["update-index", "--assume-unchanged", "README.md"],
    ],
)
async def test_what_an_agent_does_with_git_never_breaks_snapshots(
    bench: Bench, action: list[str]
) -> None:
    """The tree is what the files are, whatever index, HEAD and stash say."""
    (bench.path / "README.md").write_text("first\n")
    (bench.path / "new").write_text("x\n")
    await bench.take()
    await bench.git(*action)
    (bench.path / "src" / "app.py").write_text("after\n")
    await bench.take()

    for name in await bench.tree():
        blob = await bench.in_store("show", f"{bench.row.head_snapshot}:{name}")
        assert blob == (bench.path / name).read_text()
    present = {str(p.relative_to(bench.path)) for p in bench.path.rglob("*") if p.is_file()}
    assert set(await bench.tree()) == present - {".git"}


@pytest.mark.parametrize("harm", ["lock", "garbage", "gone"])
async def test_a_broken_private_index_is_made_anew(bench: Bench, harm: str) -> None:
    """A killed git may leave its lock or half an index."""
    index = bench.store / "index"
    if harm == "lock":
        index.with_name("index.lock").touch()
    elif harm == "garbage":
        index.write_bytes(b"DIRC" + bytes(100))
    else:
        index.unlink()
    (bench.path / "new").write_text("x\n")

    assert (await bench.take()).changed
    assert await bench.tree() == ["README.md", "new", "src/app.py"]


async def test_parents_are_the_callers_to_choose(bench: Bench) -> None:
    """A rewind has two, so that blame finds who wrote what came back."""
    base = bench.row.base_snapshot
    assert base is not None
    (bench.path / "README.md").write_text("edited\n")
    first = await bench.take()
    (bench.path / "README.md").write_text("# A small project\n")

    rewound = await bench.take(None, None, base)

    parents = await bench.in_store("log", "-1", "--format=%P", rewound.commit)
    assert parents.split() == [first.commit, base]
    assert await bench.deltas() == []


async def test_a_snapshot_of_another_store_is_a_clear_error(bench: Bench) -> None:
    """The row says one thing, the disk another."""
    with pytest.raises(WorkspaceError, match="is gone from") as caught:
        await bench.snapshots.take(
            bench.row, parents=["1" * 40], author="a", task_id="1", message="x"
        )

    assert caught.value.remedy


async def test_a_full_disk_is_a_clear_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for git says what git says then."""
    fake = bench.data / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\ncase "$*" in *" add "*) echo "error: No space left on device" >&2; exit 1;; esac\n'
        f'exec "{shutil.which("git")}" "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")

    with pytest.raises(WorkspaceError, match="disk is full") as caught:
        await bench.take()

    assert str(bench.path) in caught.value.message
    assert caught.value.remedy


async def test_snapshots_of_one_session_wait_for_each_other(bench: Bench) -> None:
    """Two at once are one and nothing, not an error."""
    (bench.path / "new").write_text("x\n")
    commits: list[str] = []

    async def take() -> None:
        commits.append((await bench.take()).commit)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take)
            tasks.start_soon(take)

    assert len(commits) == 2
    await bench.in_store("fsck", "--strict")

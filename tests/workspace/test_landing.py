"""What a commit holds: the branch's tip plus what the session has, never less than the tip."""

import msgspec
import pytest

from roundhouse.model.errors import Conflict
from roundhouse.model.outcome import CommitOutcome
from roundhouse.model.review import Choice
from roundhouse.workspace.commit import commit
from roundhouse.workspace.verdict import accept
from tests.workspace.conftest import Bench

LINES = [f"line {number}" for number in range(20)]


def text(**lines: str) -> str:
    """Twenty lines, some of them others."""
    return "".join(f"{lines.get(f'at{number}', line)}\n" for number, line in enumerate(LINES))


async def work(bench: Bench, author: str | None = "claude", **files: str | None) -> None:
    """One turn that writes files, named without their ending; None deletes one."""
    for name, content in files.items():
        place = bench.path / f"{name}.txt"
        if content is None:
            place.unlink()
        else:
            place.write_text(content)
    await bench.take(author)


async def accepts(bench: Bench, *names: str, hunks: frozenset[str] = frozenset()) -> None:
    """The person accepts these files, or these hunks."""
    files = frozenset(f"{name}.txt" for name in names)
    made = await accept(bench.snapshots, bench.row, Choice(files=files, hunks=hunks))
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=made.snapshot)


async def hunk(bench: Bench, name: str, number: int) -> frozenset[str]:
    """The id of one pending hunk of a file."""
    [file] = [file for file in (await bench.changes()).files if file.path == f"{name}.txt"]
    return frozenset({file.hunks[number].id})


async def make(bench: Bench, *, accepted_only: bool = True) -> CommitOutcome:
    """A commit of what was accepted, or of all."""
    target = bench.row.reviewed_snapshot if accepted_only else bench.row.head_snapshot
    assert target is not None
    return await commit(bench.snapshots, bench.row, target=target, message="Do it")


async def by_the_agent(bench: Bench, *names: str) -> None:
    """The agent commits these files itself."""
    await bench.git("add", *(f"{name}.txt" for name in names))
    await bench.git("commit", "-qm", "by the agent")


async def changed(bench: Bench, made: CommitOutcome) -> list[str]:
    """What the commit does to its parent."""
    out = await bench.in_repo("diff", "--name-status", f"{made.commit}^", made.commit)
    return [line.replace("\t", " ") for line in out.splitlines()]


async def holds(bench: Bench, made: CommitOutcome, name: str) -> str:
    """A file as the commit has it."""
    return await bench.in_repo("show", f"{made.commit}:{name}.txt")


async def test_what_is_accepted_comes_on_top_of_what_is_committed(bench: Bench) -> None:
    """Files that the branch has and nobody accepted stay; who wrote only there is no co-author."""
    await work(bench, a="A", b="B")
    await make(bench, accepted_only=False)
    await work(bench, "opencode", c="C")
    await accepts(bench, "c")
    made = await make(bench)

    assert await changed(bench, made) == ["A c.txt"]
    assert made.files == 1
    message = await bench.in_repo("log", "-1", "--format=%B", made.commit)
    assert "opencode" in message
    assert "claude" not in message
    with pytest.raises(Conflict) as caught:
        await make(bench)
    assert caught.value.code == "nothing_to_commit"


async def test_an_agents_own_commit_is_not_taken_back(bench: Bench) -> None:
    """Its files were never accepted, nor any snapshot's alone."""
    (bench.path / "a.txt").write_text("A")
    await by_the_agent(bench, "a")
    await work(bench, b="B")
    await accepts(bench, "b")
    assert await changed(bench, await make(bench)) == ["A b.txt"]


async def test_what_was_committed_and_then_changed_and_accepted_is_committed(bench: Bench) -> None:
    """A later version, a deletion, a file that the agent committed halfway: none of them conflicts."""
    await work(bench, a="1", b="1", f=text())
    (bench.path / "d.txt").write_text("half")
    await by_the_agent(bench, "d")
    await make(bench, accepted_only=False)
    await work(bench, a="2", b=None, d="whole")
    await accepts(bench, "a", "d")
    await work(bench, a="3", f=text(at1="one"))
    made = await make(bench)

    assert await changed(bench, made) == ["M a.txt", "M d.txt"]
    assert await holds(bench, made, "a") == "2"
    assert await holds(bench, made, "d") == "whole"


async def test_the_branch_stays_ahead_of_what_was_accepted_before(bench: Bench) -> None:
    """An older version that was accepted does not come back over a newer one."""
    await work(bench, a="1")
    await accepts(bench, "a")
    await work(bench, a="2")
    await make(bench, accepted_only=False)
    await work(bench, a="3", b="1")
    await accepts(bench, "b")
    made = await make(bench)

    assert await changed(bench, made) == ["A b.txt"]
    assert await holds(bench, made, "a") == "2"


async def test_an_accepted_hunk_is_merged_into_what_the_branch_has(bench: Bench) -> None:
    """The branch has another hunk, which nobody accepted."""
    await work(bench, f=text())
    await accepts(bench, "f")
    await work(bench, f=text(at1="one"))
    await make(bench, accepted_only=False)
    await work(bench, f=text(at1="one", at10="ten", at18="eighteen"))
    await accepts(bench, hunks=await hunk(bench, "f", 1))
    made = await make(bench)

    assert await holds(bench, made, "f") == text(at1="one", at10="ten")


async def test_what_cannot_be_merged_is_said_and_nothing_is_written(bench: Bench) -> None:
    """With the files' names and a remedy, which helps."""
    await work(bench, f=text())
    await make(bench, accepted_only=False)
    await accepts(bench, "f")
    (bench.path / "f.txt").write_text(text(at1="committed"))
    await by_the_agent(bench, "f")
    await work(bench, f=text(at1="later", at18="eighteen"), a="A")
    await accepts(bench, "a", hunks=await hunk(bench, "f", 0))
    tip = await bench.git("rev-parse", "HEAD")
    with pytest.raises(Conflict) as caught:
        await make(bench)

    assert caught.value.code == "commit_conflict"
    assert caught.value.details == {"paths": ["f.txt"]}
    assert "f.txt" in caught.value.message
    assert caught.value.remedy is not None
    assert await bench.git("rev-parse", "HEAD") == tip
    await accepts(bench, "f")
    made = await make(bench)
    assert await changed(bench, made) == ["A a.txt", "M f.txt"]


async def test_a_file_and_a_folder_at_one_place_conflict(bench: Bench) -> None:
    """Git would drop the one without a word."""
    (bench.path / "d.txt").write_text("a file")
    await by_the_agent(bench, "d")
    (bench.path / "d.txt").unlink()
    (bench.path / "d.txt").mkdir()
    await work(bench, **{"d.txt/e": "in a folder", "f": "F"})
    await accepts(bench, "d.txt/e")
    with pytest.raises(Conflict) as caught:
        await make(bench)

    assert caught.value.code == "commit_conflict"
    assert caught.value.details == {"paths": ["d.txt"]}


async def test_of_another_branch_the_session_s_own_keeps_what_it_has(bench: Bench) -> None:
    """The agent went back to the base on a branch of its own: what it left behind is no deletion."""
    (bench.path / "a.txt").write_text("A")
    await by_the_agent(bench, "a")
    await bench.git("checkout", "-q", "-b", "other", bench.row.base_commit)
    await work(bench, b="B")
    made = await make(bench, accepted_only=False)

    assert await changed(bench, made) == ["A b.txt"]


async def test_all_of_the_session_is_what_its_worktree_holds(bench: Bench) -> None:
    """Deletions too, of what a snapshot had or of what only a commit had; what is only hidden stays."""
    (bench.path / ".gitignore").write_text("*.env\n")
    (bench.path / "b.txt").write_text("B")
    (bench.path / "q.env").write_text("q")
    await bench.git("add", "-f", "q.env")
    await by_the_agent(bench, "b")
    await bench.git("rm", "-q", "--cached", "q.env")
    (bench.path / "b.txt").unlink()
    (bench.path / "README.md").unlink()
    await work(bench, a="A")
    made = await make(bench, accepted_only=False)

    assert await changed(bench, made) == ["A .gitignore", "D README.md", "A a.txt", "D b.txt"]
    assert await bench.in_repo("show", f"{made.commit}:q.env") == "q"

"""Review from end to end, with scripted agents and the command line: nothing is lost, and nothing else is touched."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tests.cli.terminal import in_terminal
from tests.e2e.stack import Stack, git
from tests.e2e.work import (
    Work,
    agents_toml,
    checkpoint_in,
    files_of,
    line_of,
    numbered,
    own_state,
)

pytestmark = pytest.mark.timeout(300)
MANY = 400
"""Files of an apply that is killed in the middle."""


@asynccontextmanager
async def reviewed(data: Path) -> AsyncIterator[Stack]:
    """A Roundhouse with the agents ada and grace, who may do all they ask."""
    data.mkdir(mode=0o700)
    (data / "agents.toml").write_text(agents_toml(data))
    async with Stack.running(data) as running:
        await running.call(
            "POST", "/api/permission-rules", scope="global", matcher="*", decision="allow"
        )
        yield running


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A Roundhouse with the agents ada and grace, for all tests that break nothing."""
    async with reviewed(tmp_path_factory.mktemp("house") / "data") as running:
        yield running


@pytest.fixture
async def work(house: Stack, repo: Path) -> Work:
    """A session in which ada changed line 3 and grace line 40 of `list.txt`."""
    begun = await Work.begun(house, repo)
    await begun.turn("ada", line_of(3, "by ada"))
    await begun.turn("grace", line_of(40, "by grace"))
    return begun


async def test_hunks_are_accepted_and_rejected_by_their_ids(work: Work) -> None:
    """The diff names them with their authors; a reject is in the worktree; both can be undone."""
    shown = (await work.cli("diff", work.id)).stdout
    assert "ada    + by ada" in shown
    assert "grace  + by grace" in shown
    first, second = (await work.changes())["files"][0]["hunks"]
    assert first["id"][:8] in shown

    await work.cli("accept", work.id, "--hunk", first["id"][:8])
    assert await work.authors("list.txt") == [
        ("delete", "line 40", "grace"),
        ("add", "by grace", "grace"),
    ]
    await work.cli("reject", work.id, "--hunk", second["id"][:8])
    place = (await work.worktree()) / "list.txt"
    assert place.read_text() == numbered({3: "by ada"})
    assert (await work.changes())["files"] == []

    await work.cli("reject", work.id, "--undo")
    assert place.read_text() == numbered({3: "by ada", 40: "by grace"})
    await work.cli("accept", work.id, "--undo")
    assert len(await work.authors("list.txt")) == 4
    stale = await work.cli("accept", work.id, "--hunk", "ffffffff", code=1)
    assert "no hunk" in stale.stderr
    verdicts = [event["verdict"] for event in await work.events("reviewed")]
    assert verdicts == ["accepted", "rejected", "undone", "undone"]


async def test_an_agent_sees_a_rejection_in_its_next_turn(work: Work) -> None:
    """In the files and in what it is told."""
    await work.cli("reject", work.id, "--agent", "ada")
    await work.turn("ada", "TERMINAL sed -n 3p list.txt")

    told = [e["text"] for e in await work.events("handover") if e["agent"] == "ada"]
    assert "list.txt" in told[-1]
    assert "line 3" in "".join(e["text"] for e in await work.events("text"))
    assert await work.authors("list.txt") == [
        ("delete", "line 40", "grace"),
        ("add", "by grace", "grace"),
    ]


async def test_hunks_are_picked_in_a_terminal(work: Work) -> None:
    """As `git add -p` asks: yes to one, no to the other."""
    code, shown = await anyio.to_thread.run_sync(
        lambda: in_terminal(
            ["accept", work.id], work.stack.environment, work.repo, (",?]? ", "n"), (",?]? ", "y")
        )
    )

    assert code == 0, shown
    assert "Accepted 1 hunk in 1 file." in shown
    assert [text for _, text, _ in await work.authors("list.txt")] == ["line 3", "by ada"]


async def test_a_walk_of_rejects_is_taken_back_by_the_command_that_it_says(work: Work) -> None:
    """All of its files by one rewind."""
    await work.turn("ada", "WRITE made.txt by ada", "TERMINAL printf 'a\\0b' > some.bin")
    code, shown = await anyio.to_thread.run_sync(
        lambda: in_terminal(
            ["reject", work.id], work.stack.environment, work.repo, *[(",?]? ", "a")] * 3
        )
    )
    tree = await work.worktree()

    assert code == 0, shown
    assert "in 3 files." in shown
    assert (tree / "list.txt").read_text() == numbered()
    assert not (tree / "some.bin").exists()
    await work.cli("rewind", work.id, "--checkpoint", checkpoint_in(shown))
    assert (tree / "list.txt").read_text() == numbered({3: "by ada", 40: "by grace"})
    assert (tree / "made.txt").read_text() == "by ada\n"
    assert (tree / "some.bin").read_bytes() == b"a\0b"


async def test_what_nobody_looked_at_is_not_rejected_with_the_rest(work: Work) -> None:
    """The person's own file stays and is named, and is in the next diff."""
    await work.changes()
    tree = await work.worktree()
    (tree / "precious.txt").write_text("mine\n")
    (tree / "list.txt").write_text(numbered({3: "by ada", 20: "by me", 40: "by grace"}))
    refused = await work.cli("reject", work.id, "list.txt", code=1)
    assert refused.stderr.startswith("roundhouse: list.txt changed since")

    await work.cli("diff", work.id)
    (tree / "precious.txt").write_text("mine, and more\n")
    refused = await work.cli("reject", work.id, "--all", code=1)
    assert refused.stderr.startswith("roundhouse: precious.txt changed since")
    assert (tree / "precious.txt").read_text() == "mine, and more\n"
    assert "by me" in (tree / "list.txt").read_text()
    assert "you" in (await work.cli("diff", work.id, "--path", "precious.txt")).stdout


async def test_a_filter_fits_something_or_says_what_would(work: Work) -> None:
    """And what it leaves has counts and shares of its own."""
    nobody = await work.cli("diff", work.id, "--agent", "nobody", code=2)
    assert "ada, grace" in nobody.stderr
    nowhere = await work.cli("diff", work.id, "--path", "nosuch", code=2)
    assert "list.txt" in nowhere.stderr
    await work.cli("diff", work.id, "--agent", "person")

    totals = (await work.changes("--agent", "ada"))["totals"]
    assert (totals["additions"], totals["deletions"]) == (1, 1)
    assert [share["name"] for share in totals["agents"]] == ["ada"]


async def test_a_name_that_is_no_utf8_can_be_typed(work: Work) -> None:
    """As a shell completes it, or as the diff shows it."""
    await work.turn("ada", r"TERMINAL echo 1 > $(printf 'lat\351n.txt')")
    typed = "lat\udce9n.txt"
    assert "lat\\xe9n.txt" in (await work.cli("diff", work.id, "--path", typed)).stdout
    await work.cli("comment", "add", work.id, f"{typed}:1", "Why?")
    await work.cli("accept", work.id, typed)
    assert [file["path"] for file in (await work.changes())["files"]] == ["list.txt"]


async def test_a_rewind_to_what_is_there_makes_nothing(work: Work) -> None:
    """No checkpoint, and no way back from it."""
    task = (await work.turn("ada", "SAY nothing to do"))["id"]
    before = (await work.cli("checkpoints", work.id, "--json")).stdout
    done = await work.cli("rewind", work.id, "--to", task)

    assert done.stdout == "Nothing to take back: the files are like that.\n"
    assert done.stderr == ""
    assert (await work.cli("checkpoints", work.id, "--json")).stdout == before


async def test_apply_keeps_the_persons_edits_and_is_undone_by_one_command(work: Work) -> None:
    """Working files only: index, stash and branches are as before."""
    repo = work.repo
    (repo / "README.md").write_text("# Stashed\n")
    git(repo, "stash")
    (repo / "src" / "app.py").write_text("staged = True\n")
    git(repo, "add", "src/app.py")
    mine = numbered({20: "by me"})
    (repo / "list.txt").write_text(mine)
    before, files = own_state(repo), files_of(repo)

    check = await work.cli("apply", work.id, "--check")
    assert "nothing was written" in check.stdout
    assert files_of(repo) == files
    done = await work.cli("apply", work.id)
    assert "list.txt  edit  +2 -2  merged with your own edits" in done.stdout
    assert (repo / "list.txt").read_text() == numbered({3: "by ada", 20: "by me", 40: "by grace"})
    assert own_state(repo) == before
    again = await work.cli("apply", work.id)
    assert "Nothing to apply" in again.stderr

    await work.cli("apply", work.id, "--undo")
    assert files_of(repo) == files
    assert own_state(repo) == before
    nothing = await work.cli("apply", work.id, "--undo", code=1)
    assert nothing.stderr.startswith("roundhouse: ")
    assert len(await work.authors("list.txt")) == 4


async def test_only_what_was_accepted_is_applied(work: Work) -> None:
    """`git diff` in the checkout is what was accepted, the rest stays pending."""
    await work.cli("accept", work.id, "--agent", "grace")
    await work.cli("apply", work.id, "--accepted-only")

    assert (work.repo / "list.txt").read_text() == numbered({40: "by grace"})
    assert git(work.repo, "diff", "--stat").split()[:3] == ["list.txt", "|", "2"]
    assert [text for _, text, _ in await work.authors("list.txt")] == ["line 3", "by ada"]


async def test_a_conflict_writes_nothing_at_all(work: Work) -> None:
    """Not even the file that has none; both sides are shown."""
    await work.turn("ada", "WRITE fresh.txt new")
    (work.repo / "list.txt").write_text(numbered({3: "by me"}))
    before = files_of(work.repo)
    for words in (["--check"], []):
        refused = await work.cli("apply", work.id, *words, code=1)
        assert "list.txt  both changed the same lines" in refused.stdout
        assert "+by me" in refused.stdout
        assert "+by ada" in refused.stdout
        assert refused.stderr.startswith("roundhouse: ")
        assert files_of(work.repo) == before
    assert await work.events("applied") == []


async def test_commits_are_on_the_sessions_branch_with_their_authors(work: Work) -> None:
    """One for all, with co-authors; the checkout, its index and HEAD stay."""
    before, files = own_state(work.repo), files_of(work.repo)
    made = json.loads((await work.cli("commit", work.id, "-m", "Change the list", "--json")).stdout)
    told = git(work.repo, "show", "--format=%B", "--name-only", made["branch"])

    assert told.startswith("Change the list\n")
    assert "Co-authored-by: ada" in told
    assert "Co-authored-by: grace" in told
    assert told.splitlines()[-1] == "list.txt"
    assert git(work.repo, "show", f"{made['branch']}:list.txt") == numbered(
        {3: "by ada", 40: "by grace"}
    )
    assert (own_state(work.repo), files_of(work.repo)) == (before, files)
    git(work.repo, "fsck", "--full", "--strict")
    git(work.repo, "merge", "--quiet", "--ff-only", made["branch"])


async def test_a_commit_for_each_turn(work: Work) -> None:
    """In their order, each with the state after its turn."""
    made = json.loads(
        (await work.cli("commit", work.id, "-m", "Work", "--per-turn", "--json")).stdout
    )

    assert len(made["commits"]) == 2
    texts = [git(work.repo, "show", f"{commit}:list.txt") for commit in made["commits"]]
    assert texts == [numbered({3: "by ada"}), numbered({3: "by ada", 40: "by grace"})]


async def test_a_rewind_goes_back_and_forth_and_deletes_nothing_it_did_not_know(work: Work) -> None:
    """Ignored files and the person's new ones stay; authors are right afterwards; the agent is told."""
    second = await work.turn("ada", "WRITE made.txt by ada", line_of(50, "later"))
    tree = await work.worktree()
    (tree / "mine.txt").write_text("mine\n")
    (tree / ".gitignore").write_text("*.log\n")
    (tree / "kept.log").write_text("ignored\n")
    done = await work.cli("rewind", work.id, "--before", second["id"])

    assert (tree / "list.txt").read_text() == numbered({3: "by ada", 40: "by grace"})
    assert not (tree / "made.txt").exists()
    assert (tree / "mine.txt").read_text() == "mine\n"
    assert (tree / "kept.log").read_text() == "ignored\n"
    assert "mine.txt" in done.stdout
    assert [agent for _, _, agent in await work.authors("list.txt")] == [
        "ada",
        "ada",
        "grace",
        "grace",
    ]

    back = await work.cli("rewind", work.id, "--checkpoint", checkpoint_in(done.stderr))
    assert (tree / "list.txt").read_text() == numbered({3: "by ada", 40: "by grace", 50: "later"})
    assert (tree / "made.txt").read_text() == "by ada\n"
    assert (tree / "mine.txt").read_text() == "mine\n"
    await work.cli("rewind", work.id, "--checkpoint", checkpoint_in(back.stderr))
    await work.turn("ada", "SAY what now")
    told = [e["text"] for e in await work.events("handover") if e["agent"] == "ada"]
    assert "made.txt" in told[-1]
    listed = json.loads((await work.cli("checkpoints", work.id, "--json")).stdout)
    assert [point["task_id"] for point in listed if point["kind"] == "turn"]
    assert "rewind" in {point["kind"] for point in listed}


async def test_overlapping_sessions_are_told_before_either_applies(work: Work) -> None:
    """In the list and in one line of the apply."""
    other = await Work.begun(work.stack, work.repo, "The other one")
    await other.turn("grace", line_of(10, "elsewhere"))
    listed = (await work.cli("overlaps", str(work.repo))).stdout
    warned = (await work.cli("apply", work.id, "--check")).stderr

    assert "list.txt" in listed
    assert "“The other one”" in listed
    assert "“The other one”" in warned
    assert "“Work”" not in warned.splitlines()[0]


async def test_a_comment_goes_to_the_author_of_its_line_and_is_resolved(work: Work) -> None:
    """With the hunk around it; an open one can be taken back."""
    await work.cli("comment", "add", work.id, "list.txt:40", "SAY I see")
    removed = (await work.cli("comment", "add", work.id, "list.txt:3", "no", "--json")).stdout
    await work.cli("comment", "rm", work.id, json.loads(removed)["id"])
    sent = json.loads((await work.cli("comment", "send", work.id, "--json")).stdout)
    task = await work.stack.ended(work.id, sent["tasks"][0]["id"])
    listed = json.loads((await work.cli("comment", "ls", work.id, "--json")).stdout)

    assert (task["agent"], task["status"]) == ("grace", "completed")
    assert "+by grace" in task["input"]
    assert [(c["line"], c["status"]) for c in listed] == [(40, "resolved")]


async def test_what_was_seen_is_not_shown_again_until_it_changes(work: Work) -> None:
    """`--since seen`."""
    await work.cli("diff", work.id, "--mark-seen")
    assert (await work.changes("--since", "seen"))["files"] == []
    await work.turn("ada", line_of(3, "by ada again"))
    found = await work.changes("--since", "seen")

    lines = [line["text"] for hunk in found["files"][0]["hunks"] for line in hunk["lines"]]
    assert "by ada again" in lines
    assert "by grace" not in lines


@pytest.mark.parametrize(
    "command",
    [
        "git add -A && git commit -qm mine",
        "git checkout -q -b elsewhere",
        "git stash -q && git stash pop -q",
        "git commit -qam mine && git rebase -qf HEAD~1",
    ],
)
async def test_git_in_an_agents_hands_breaks_no_review(work: Work, command: str) -> None:
    """Commits, branches, stashes: attribution, accept and reject go on; what it did is an event."""
    await work.turn("ada", f"TERMINAL {command}")
    await work.turn("grace", line_of(50, "after git"))

    assert [agent for _, _, agent in await work.authors("list.txt")] == [
        *("ada", "ada", "grace", "grace", "grace", "grace")
    ]
    assert await work.events("repository")
    await work.cli("accept", work.id, "--agent", "grace")
    await work.cli("reject", work.id, "--all")
    assert ((await work.worktree()) / "list.txt").read_text() == numbered(
        {40: "by grace", 50: "after git"}
    )


async def test_modes_links_and_binary_files_are_said_in_words(work: Work) -> None:
    """In the diff and its `--stat`, and they reach the checkout."""
    await work.turn(
        "ada",
        "TERMINAL chmod +x src/app.py",
        "TERMINAL ln -s app.py src/link.py",
        "TERMINAL git mv README.md READ.me",
        "TERMINAL printf 'a\\0b' > some.bin",
    )
    stat = (await work.cli("diff", work.id, "--stat")).stdout

    assert "src/app.py  edit  +0 -0  mode 100644 → 100755" in stat
    assert "src/link.py  create  +1 -0  symbolic link" in stat
    assert "README.md → READ.me  rename" in stat
    assert "some.bin  create  +0 -0  binary" in stat
    applied = (await work.cli("apply", work.id)).stdout
    assert "src/app.py  edit  +0 -0  mode 100644 → 100755" in applied
    assert "src/link.py  create  +1 -0  symbolic link" in applied
    assert "some.bin  create  +0 -0  binary" in applied
    assert "README.md → READ.me +0 -0" in (await work.cli("logs", work.id)).stderr
    assert (work.repo / "src" / "app.py").stat().st_mode & 0o111
    assert (work.repo / "src" / "link.py").readlink() == Path("app.py")
    assert (work.repo / "some.bin").read_bytes() == b"a\0b"
    assert not (work.repo / "README.md").exists()


async def test_a_large_file_says_so_and_comes_when_asked_for(work: Work) -> None:
    """By `--path`, over as many pages as it takes."""
    await work.turn("ada", "TERMINAL seq 30000 > big.txt")
    whole = (await work.cli("diff", work.id)).stdout
    asked = (await work.cli("diff", work.id, "--path", "big.txt")).stdout

    assert "big.txt  create  +30000 -0  too large to show" in whole
    assert "ada    + 30000" not in whole
    assert "ada  + 1\n" in asked
    assert "ada  + 30000\n" in asked
    await work.cli("accept", work.id, "big.txt")
    assert {file["path"] for file in (await work.changes())["files"]} == {"list.txt"}


async def test_the_users_repository_is_left_clean(work: Work) -> None:
    """Its objects do not grow by snapshots, snapshots survive its `gc`, and a removed session leaves no worktree."""
    objects = work.repo / ".git" / "objects"
    count = len([path for path in objects.rglob("*") if path.is_file()])
    await work.turn("ada", "WRITE big.txt some text", line_of(5, "more"))
    await work.cli("accept", work.id, "--agent", "grace")
    await work.cli("reject", work.id, "big.txt")
    first = json.loads((await work.cli("checkpoints", work.id, "--json")).stdout)[-1]
    await work.cli("rewind", work.id, "--checkpoint", first["id"])
    assert len([path for path in objects.rglob("*") if path.is_file()]) == count

    git(work.repo, "gc", "--quiet", "--prune=now")
    git(work.repo, "fsck", "--full", "--strict")
    turns = json.loads((await work.cli("checkpoints", work.id, "--json")).stdout)
    last = next(point for point in turns if point["kind"] == "turn")
    await work.cli("rewind", work.id, "--checkpoint", last["id"])
    assert "more" in ((await work.worktree()) / "list.txt").read_text()
    await work.changes()
    git(work.store(), "fsck", "--full")

    place = await work.worktree()
    await work.cli("rm", work.id, "--yes")
    with anyio.fail_after(30):
        while str(place) in git(work.repo, "worktree", "list") or work.store().exists():  # noqa: ASYNC110 - of another process
            await anyio.sleep(0.1)
    assert git(work.repo, "worktree", "list").count("\n") == 1
    assert not place.exists()
    git(work.repo, "fsck", "--full", "--strict")


async def test_a_runner_killed_in_the_middle_of_an_apply(tmp_path: Path, repo: Path) -> None:
    """The checkout has all of it or nothing, and the next apply ends it."""
    async with reviewed(tmp_path / "data") as house:
        work = await Work.begun(house, repo)
        await work.turn(
            "ada", f'TERMINAL for n in $(seq {MANY}); do head -c 20000 /dev/zero > "many$n"; done'
        )
        before = own_state(repo)
        words = [sys.executable, "-m", "roundhouse", "apply", work.id]
        runner = house.child("roundhouse runner")
        async with await anyio.open_process(words, env=house.environment) as process:
            with anyio.fail_after(60):
                while not any(repo.glob("*many*")):  # noqa: ASYNC110 - of another process
                    await anyio.sleep(0.001)
                runner.kill()
            await process.wait()
        await work.changes()
        await work.cli("apply", work.id)

        assert len(list(repo.glob("many*"))) == MANY
        assert {path.stat().st_size for path in repo.glob("many*")} == {20000}
        assert own_state(repo) == before
        left = git(repo, "status", "--porcelain").splitlines()
        assert len(left) == MANY, [line for line in left if "many" not in line]
        await work.cli("apply", work.id, "--undo")
        assert git(repo, "status", "--porcelain") == ""

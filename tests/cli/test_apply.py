"""Apply, commit, rewind, comments, overlaps and rules: what is sent, and how the answers are told."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.answering import SESSION, Answering, Json, answering
from tests.cli.conftest import call

PATH = f"/api/sessions/{SESSION}"
OVERLAPS = "/api/projects/p1/overlaps"
APPLIED = {
    "applied": True,
    "check_only": False,
    "files": [
        {"path": "a.txt", "operation": "edit", "additions": 1, "deletions": 0, "merged": True},
        {"path": "c.txt", "old_path": "b.txt", "operation": "rename"},
        {"path": "run.sh", "operation": "edit", "old_mode": "100644", "new_mode": "100755"},
        {"path": "pic.png", "operation": "edit", "binary": True},
    ],
    "unchanged": ["same.txt"],
    "skipped": ["module"],
}
Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def server() -> Iterator[Answering]:
    """A server that knows one session."""
    with answering() as said:
        said.say(f"GET {OVERLAPS}", {"items": [], "next_cursor": None})
        yield said


@pytest.fixture
def run(server: Answering, tmp_path: Path) -> Run:
    """Calls a command."""
    return lambda *words: call(*words, environment=server.environment, cwd=tmp_path)


def test_apply_tells_what_it_wrote_and_how_to_undo(server: Answering, run: Run) -> None:
    """Merged files are marked; what no line shows, was there already or was left out is said in words."""
    server.say(f"POST {PATH}/apply", APPLIED)
    done = run("apply", "k3f", "--accepted-only")

    assert done.returncode == 0, done
    assert server.bodies(f"{PATH}/apply") == [
        {"target": "checkout", "accepted_only": True, "check_only": False}
    ]
    assert done.stdout.splitlines() == [
        "  a.txt  edit  +1 -0  merged with your own edits",
        "  b.txt → c.txt  rename  +0 -0",
        "  run.sh  edit  +0 -0  mode 100644 → 100755",
        "  pic.png  edit  +0 -0  binary",
        "  already there: same.txt",
        "  left out, a submodule: module",
        "Applied 4 files to your checkout; nothing is staged.",
    ]
    assert "roundhouse apply k3fabc --undo" in done.stderr


def test_a_check_and_an_undo_say_so(server: Answering, run: Run) -> None:
    """And send what they must."""
    server.say(f"POST {PATH}/apply", APPLIED | {"applied": False, "check_only": True})
    server.say(f"POST {PATH}/apply/undo", APPLIED)
    checked, undone = run("apply", "k3f", "--check"), run("apply", "k3f", "--undo")

    assert "4 files can be applied; nothing was written." in checked.stdout
    assert server.bodies(f"{PATH}/apply")[0]["check_only"]
    assert "Took the last apply back: 4 files" in undone.stdout
    assert run("apply", "k3f", "--undo", "--check").returncode == 2


def test_an_overlap_is_said_in_one_line_before(server: Answering, run: Run) -> None:
    """Only what concerns this session; a server that cannot tell is no obstacle."""
    sessions = [{"id": SESSION, "title": "Mine"}, {"id": "zzz987654321", "title": "Theirs"}]
    foreign = {"path": "other.txt", "sessions": [sessions[1], {"id": "yyy", "title": "?"}]}
    with answering() as said:
        said.say(f"POST {PATH}/apply", APPLIED)
        said.say(f"GET {OVERLAPS}", {"items": [{"path": "a.txt", "sessions": sessions}, foreign]})
        done = call("apply", "k3f", environment=said.environment, cwd=Path.cwd())
    assert done.stderr.splitlines()[0] == "Overlap: a.txt is changed in zzz987 “Theirs”, too."

    with answering() as said:
        said.say(f"POST {PATH}/apply", APPLIED)
        done = call("apply", "k3f", environment=said.environment, cwd=Path.cwd())
    assert (done.returncode, "Overlap" in done.stderr) == (0, False)


def test_conflicts_are_listed_with_both_sides_and_bounded(server: Answering, run: Run) -> None:
    """Exit code 1; JSON has them all."""
    base = {"text": "one\ntwo\n", "mode": "100644"}
    ours = {"text": "one\n2\n", "mode": "100755"}
    theirs = {"text": "one\n" + "".join(f"{n}\n" for n in range(100)), "mode": "100644"}
    conflicts = [
        {"path": "a.txt", "kind": "content", "base": base, "ours": ours, "theirs": theirs},
        {"path": "b.bin", "kind": "binary", "base": None, "ours": {"binary": True}, "theirs": None},
        {"path": "d/f", "kind": "type", "in_the_way": "d", "ours": None, "theirs": theirs},
    ]
    server.refuse(f"POST {PATH}/apply", "apply_conflict", conflicts=conflicts, files=[])
    done, told = run("apply", "k3f"), run("apply", "k3f", "--json")

    assert done.returncode == told.returncode == 1
    lines = [text.strip() for text in done.stdout.splitlines()]
    assert lines[0] == "a.txt  both changed the same lines"
    assert lines[lines.index("your checkout:") :][1:6] == [
        "(mode 100644 → 100755)",
        "@@ -1,2 +1,2 @@",
        "one",
        "-two",
        "+2",
    ]
    assert "… 63 more lines" in lines
    assert "(binary)" in lines
    assert "(not there)" in lines
    assert "d/f  d is a file in your checkout, the session has a folder there" in lines
    said = done.stderr.splitlines()[-1]
    assert said.startswith("roundhouse: Refused: apply_conflict. Change these files in your")
    assert said.endswith("roundhouse reject k3fabc PATH.")
    assert json.loads(told.stdout)["conflicts"] == conflicts


def test_a_commit_names_branch_and_id(server: Answering, run: Run) -> None:
    """One or one a turn; several messages are paragraphs."""
    made = {"commit": "a" * 40, "branch": "roundhouse/x", "commits": ["b" * 40, "a" * 40]}
    server.say(f"POST {PATH}/commit", made | {"files": 3})
    done = run("commit", "k3f", "-m", "One", "-m", "Two", "--per-turn")

    assert done.stdout.splitlines() == ["[roundhouse/x aaaaaaaaaa] One", "3 files in 2 commits"]
    assert server.bodies(f"{PATH}/commit") == [
        {"message": "One\n\nTwo", "squash": False, "accepted_only": False}
    ]
    assert run("commit", "k3f").returncode == 2


@pytest.mark.parametrize(
    ("words", "body", "where"),
    [
        (["--to", "7"], {"task_id": "7", "before": False}, "the state after task 7"),
        (["--before", "7"], {"task_id": "7", "before": True}, "the state before task 7"),
        (["--checkpoint", "3", "--conversation"], {"checkpoint_id": "3"}, "checkpoint 3"),
    ],
)
def test_a_rewind_says_where_to_and_how_back(
    server: Answering, run: Run, words: list[str], body: dict[str, object], where: str
) -> None:
    """And what it kept."""
    answer = {
        "checkpoint": {"id": "9", "title": "Write a test"},
        "undo_checkpoint_id": "8",
        "files": [{"path": "a.txt", "operation": "delete"}],
        "kept": ["mine.txt"],
    }
    server.say(f"POST {PATH}/rewind", answer)
    done = run("rewind", "k3f", *words)

    assert done.returncode == 0, done
    sent = {"conversation": "--conversation" in words, **body}
    assert server.bodies(f"{PATH}/rewind") == [sent]
    assert f"Went back to {where}: 1 file changed." in done.stdout
    assert ("conversation went back" in done.stderr) == ("--conversation" in words)
    assert "mine.txt" in done.stdout
    assert "roundhouse rewind k3fabc --checkpoint 8" in done.stderr


def test_a_rewind_says_whose_conversation_went_back(server: Answering, run: Run) -> None:
    """Also where the files are like that already, which makes no way back."""
    nothing: Json = {"checkpoint": {"id": "9"}, "undo_checkpoint_id": None, "files": [], "kept": []}
    server.say(f"POST {PATH}/rewind", nothing | {"conversations": ["ada", "grace"]})
    done = run("rewind", "k3f", "--checkpoint", "3", "--conversation")

    assert done.stdout.splitlines() == [
        "Nothing to take back: the files are like that.",
        "Conversations that went back, too: ada, grace.",
    ]
    assert done.stderr == ""


def test_a_rewind_needs_one_place_to_go_to(run: Run) -> None:
    """Neither none nor two."""
    assert run("rewind", "k3f").returncode == 2
    assert run("rewind", "k3f", "--to", "1", "--before", "1").returncode == 2


@pytest.mark.parametrize(
    ("title", "where"),
    [("after “Fix it”", "after “Fix it” (checkpoint 4)"), ("checkpoint 4", "checkpoint 4")],
)
def test_a_rewind_names_the_checkpoint_that_it_went_to(
    server: Answering, run: Run, title: str, where: str
) -> None:
    """Not the one that it made."""
    goal = {"goal_id": "4", "goal_title": title, "checkpoint": {"id": "9"}}
    server.say(f"POST {PATH}/rewind", goal | {"undo_checkpoint_id": "8", "files": [], "kept": []})

    assert run("rewind", "k3f", "--to", "1").stdout == f"Went back to {where}: 0 files changed.\n"


def test_comments_are_made_listed_sent_and_removed(server: Answering, run: Run) -> None:
    """A place is a path and a line; the path may have colons of its own."""
    remark = {
        "id": "4",
        "path": "a:b.txt",
        "line": 3,
        "side": "old",
        "text": "Why?",
        "agent": None,
        "status": "open",
    }
    server.say(f"POST {PATH}/comments", remark, 201)
    server.say(f"GET {PATH}/comments", {"items": [remark]})
    server.say(f"POST {PATH}/comments/send", {"tasks": [{"id": "7", "agent": "ada"}]})
    server.say(f"DELETE {PATH}/comments/4", None, 204)

    assert run("comment", "add", "k3f", "a:b.txt:3", "Why?", "--old").stdout == (
        "4  a:b.txt:3 (old)  by you\n"
    )
    assert server.bodies(f"{PATH}/comments") == [
        {"path": "a:b.txt", "line": 3, "side": "old", "text": "Why?"}
    ]
    assert "Why?" in run("comment", "ls", "k3f").stdout
    assert run("comment", "send", "k3f", "4", "-a", "ada").stdout == "7  to ada\n"
    assert server.bodies(f"{PATH}/comments/send") == [{"agent": "ada", "ids": ["4"]}]
    assert run("comment", "rm", "k3f", "5").returncode == 1
    assert run("comment", "rm", "k3f", "4").returncode == 0
    for place in ("a.txt", "a.txt:", ":3", "a.txt:x"):
        assert run("comment", "add", "k3f", place, "Why?").returncode == 2


def test_rules_are_listed_and_forgotten(server: Answering, run: Run) -> None:
    """What is not there is a sentence."""
    rule = {"id": "5", "scope": "session", "session_id": SESSION, "matcher": "edit", "agent": None}
    server.say("GET /api/permission-rules", {"items": [rule | {"decision": "allow"}]})
    server.say("DELETE /api/permission-rules/5", None, 204)
    listed = run("permit", "rules")

    assert listed.stdout.splitlines()[1].split()[:5] == ["5", "allow", "edit", "any", "session"]
    assert run("permit", "forget", "5").returncode == 0
    assert "permit rules" in run("permit", "forget", "6").stderr

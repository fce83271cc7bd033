"""The diff command's ways out: a pager, a pipe, no colour; and what is sent for its options."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.answering import SESSION, Answering, answering, changes, file, hunk, line
from tests.cli.conftest import call
from tests.cli.terminal import in_terminal

CHANGES = f"/api/sessions/{SESSION}/changes"
ONE = file("one.txt", hunk("a0", line("add", "first", "ada")))
TWO = file("two.bin", binary=True)


@pytest.fixture
def server() -> Iterator[Answering]:
    """A server with two pages of changes."""
    with answering() as said:
        said.say(f"GET {CHANGES}", changes(ONE, next_cursor="c"))
        said.say(f"GET {CHANGES}", changes(TWO))
        said.say(f"POST {CHANGES}/seen", {"marked": 2})
        yield said


def test_the_options_are_sent_with_every_page(server: Answering, tmp_path: Path) -> None:
    """Those not given are not."""
    words = ["--agent", "ada", "-t", "7", "--path", "src", "--since", "seen", "--json"]
    done = call("diff", "k3f", *words, environment=server.environment, cwd=tmp_path)

    assert [f["path"] for f in json.loads(done.stdout)["files"]] == ["one.txt", "two.bin"]
    queries = [parse_qs(urlsplit(url).query) for _, url, _ in server.asked if CHANGES in url]
    filters = {"agent": ["ada"], "task_id": ["7"], "path": ["src"], "since": ["seen"]}
    assert queries == [filters, filters | {"cursor": ["c"]}]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--agent", "nobody"], "There are changes by ada, person, grace."),
        (["--path", "nosuch"], "from the repository's root: one.txt, two.bin and 3 more."),
        (["--path", "nosuch", "--json"], "Nothing has changed in 'nosuch'."),
    ],
)
def test_a_filter_that_fits_nothing_is_refused_with_those_that_do(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    """A typing error does not look like an empty list."""
    totals = {
        "files": 5,
        "additions": 1,
        "deletions": 0,
        "agents": [{"name": "ada"}, {"name": None}],
    }
    two = TWO | {"agents": [{"name": "grace"}]}
    with answering() as said:
        said.say(f"GET {CHANGES}", changes())
        said.say(f"GET {CHANGES}", changes(ONE, two, totals=totals))
        said.say(f"GET {CHANGES}", changes())
        done = call("diff", "k3f", *words, environment=said.environment, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, ""), done
    assert sentence in done.stderr


def test_a_filter_that_leaves_nothing_now_is_no_error(tmp_path: Path) -> None:
    """An agent of the session without changes, a path that was seen, and no changes at all."""
    by_grace = changes(ONE | {"agents": [{"name": "grace"}]})
    with answering() as said:
        said.say(f"GET {CHANGES}", changes())
        said.say(f"GET {CHANGES}", by_grace)
        done = call("diff", "k3f", "-a", "ada", environment=said.environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "No changes by ada; there are some by grace.\n")

    with answering() as said:
        said.say(f"GET {CHANGES}", changes())
        said.say(f"GET {CHANGES}", by_grace)
        words = ["diff", "k3f", "--path", "one.txt", "--since", "seen"]
        done = call(*words, environment=said.environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "No changes.\n")
    assert "since" not in said.asked[-1][1]

    with answering() as said:
        said.say(f"GET {CHANGES}", changes())
        done = call("diff", "k3f", "-a", "nobody", environment=said.environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "No changes.\n")


@pytest.mark.parametrize("words", [["diff", "k3f"], ["diff", "k3f", "--json"]])
def test_a_slow_answer_is_waited_for_in_one_line(
    server: Answering, tmp_path: Path, words: list[str]
) -> None:
    """In a terminal, and it is wiped away; a pipe gets nothing of it."""
    environment = {**os.environ, **server.environment, "PAGER": "", "NO_COLOR": "1"}
    server.hold(f"GET {CHANGES}")
    code, shown = in_terminal(
        words, environment, tmp_path, ("Reading the changes… 1 s", server.go_on)
    )

    assert code == 0, shown
    before, _, after = shown.rpartition("Reading the changes…")
    assert after[after.index("\r") :].startswith("\r\x1b[K")
    assert "first" in after
    assert "first" not in before


def test_a_large_file_that_comes_in_parts_is_one_file(server: Answering, tmp_path: Path) -> None:
    """Under one name, with all of its hunks; without its path it says how to get them."""
    more = file("one.txt", hunk("a1", line("add", "second", "ada")))
    with answering() as said:
        said.say(f"GET {CHANGES}", changes(ONE, next_cursor="c"))
        said.say(f"GET {CHANGES}", changes(more, next_cursor="d"))
        said.say(f"GET {CHANGES}", changes(file("big.txt", too_large=True)))
        said.say(f"GET {CHANGES}", changes(ONE, next_cursor="c"))
        said.say(f"GET {CHANGES}", changes(more))
        shown = call("diff", "k3f", environment=said.environment, cwd=tmp_path).stdout
        told = call("diff", "k3f", "--json", environment=said.environment, cwd=tmp_path).stdout

    assert shown.splitlines()[:7] == [
        "one.txt  edit  +1 -0",
        "     a0  @@ -1 +1 @@",
        "ada  + first",
        "     a1  @@ -1 +1 @@",
        "ada  + second",
        "",
        "big.txt  edit  +1 -0  too large to show",
    ]
    assert "--path 'big.txt'" in shown
    assert [len(one["hunks"]) for one in json.loads(told)["files"]] == [2]


def test_what_was_shown_can_be_marked_as_seen(server: Answering, tmp_path: Path) -> None:
    """By hunk, and by file where there is none."""
    done = call("diff", "k3f", "--mark-seen", environment=server.environment, cwd=tmp_path)

    assert done.returncode == 0, done
    assert server.bodies(f"{CHANGES}/seen") == [{"files": ["two.bin"], "hunks": ["a0"]}]


def test_a_terminal_gets_colours_and_the_pager(server: Answering, tmp_path: Path) -> None:
    """The one that $PAGER names, where there is one."""
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "$LESS pages"\ncat\n')
    pager.chmod(0o755)
    environment = {**os.environ, **server.environment, "PAGER": str(pager)}
    environment.pop("LESS", None)
    code, shown = in_terminal(["diff", "k3f"], environment, tmp_path)

    assert code == 0, shown
    assert "FRX pages" in shown
    assert "\x1b[32m+ first\x1b[0m" in shown


@pytest.mark.parametrize("pager", ["", "cat", "no-such-pager-here", "'unclosed"])
def test_without_a_pager_it_prints(server: Answering, tmp_path: Path, pager: str) -> None:
    """And never fails for it."""
    environment = {**os.environ, **server.environment, "PAGER": pager}
    code, shown = in_terminal(["diff", "k3f", "--no-color"], environment, tmp_path)

    assert code == 0, shown
    assert "+ first" in shown
    assert "\x1b[" not in shown


def test_leaving_the_pager_early_is_no_error(server: Answering, tmp_path: Path) -> None:
    """Whatever was still to come."""
    long = file("long.txt", hunk("a1", *(line("add", "x" * 500, "ada") for _ in range(2000))))
    with answering() as said:
        said.say(f"GET {CHANGES}", changes(long))
        environment = {**os.environ, **said.environment, "PAGER": "head -1"}
        code, shown = in_terminal(["diff", "k3f", "--no-color"], environment, tmp_path)

    assert code == 0, shown
    assert shown.splitlines() == ["long.txt  edit  +1 -0"]

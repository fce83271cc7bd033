"""Accept and reject: what is sent for what is typed, and the walk from hunk to hunk in a terminal."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.answering import SESSION, Answering, Json, answering, changes, file, hunk, line
from tests.cli.conftest import call
from tests.cli.terminal import in_terminal

CHANGES = f"/api/sessions/{SESSION}/changes"
A, B, C = "a0a0a0a0a0a0a0a0", "a0b0b0b0b0b0b0b0", "c0c0c0c0c0c0c0c0"
CHECKPOINTS = f"/api/sessions/{SESSION}/checkpoints"
NONE: Json = {"items": [], "next_cursor": None}
DONE = {"files": ["one.txt"], "hunks": 1, "mixed": []}
ONE = file("one.txt", hunk(A, line("add", "first", "ada")), hunk(B, line("add", "second")))
TWO = file("two.bin", binary=True)
NEW = file("one.txt", hunk(C, line("add", "third", "grace")))


@pytest.fixture
def server() -> Iterator[Answering]:
    """A server with two changed files, one of two hunks, one of none."""
    with answering() as said:
        said.say(f"POST {CHANGES}/accept", DONE)
        said.say(f"POST {CHANGES}/reject", DONE)
        yield said


def walk(server: Answering, place: Path, *keys: str, verb: str = "accept") -> tuple[int, str]:
    """The interactive command in a terminal, one key for each question."""
    environment = {**os.environ, **server.environment}
    return in_terminal([verb, "k3f"], environment, place, *((",?]? ", key) for key in keys))


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["--all"], {"all": True, "head": "h1"}),
        (["--agent", "ada"], {"agent": "ada"}),
        (["./one.txt"], {"files": ["one.txt", "two.bin"], "head": "h1"}),
        (["--hunk", "c0"], {"hunks": [C]}),
        (["--hunk", "a0A0", "--hunk", A], {"hunks": [A]}),
        (["src/", "--hunk", "a0b"], {"files": ["one.txt", "two.bin"], "hunks": [B], "head": "h1"}),
    ],
)
@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_what_is_typed_becomes_one_request(
    server: Answering, tmp_path: Path, verb: str, words: list[str], body: object
) -> None:
    """Paths by what has changed there, as of the last look before this one; hunks by the beginning of their ids."""
    server.say(f"GET {CHECKPOINTS}", {"items": [{"snapshot": "h1"}], "next_cursor": None})
    server.say(f"GET {CHANGES}", changes(ONE, TWO, NEW, head="h2"))
    done = call(verb, "k3f", *words, environment=server.environment, cwd=tmp_path)

    assert done.returncode == 0, done
    sent = server.bodies(f"{CHANGES}/{verb}")
    if "files" in dict(sent[0]):  # the canned list has one.txt twice
        sent[0]["files"] = list(dict.fromkeys(sent[0]["files"]))
    assert sent == [body]
    assert done.stdout == f"{verb.title()}ed 1 hunk in one.txt.\n"
    assert "--undo" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "no terminal to ask in"),
        (["-i"], 2, "no terminal to ask in"),
        (["--all", "one.txt"], 2, "--all leaves nothing to choose"),
        (["--all", "--agent", "ada"], 2, "--all leaves nothing to choose"),
        (["--agent", "ada", "one.txt"], 2, "--agent means all"),
        (["--undo", "--all"], 2, "--undo stands alone"),
        (["-i", "--hunk", "a0"], 2, "already which"),
        (["--hunk", "a0"], 2, "several hunks"),
        (["--hunk", "dd"], 1, "no hunk 'dd'"),
        (["--hunk", ""], 1, "no hunk ''"),
    ],
)
def test_an_unclear_choice_is_refused_before_anything_is_sent(
    server: Answering, tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    """With a sentence and the right exit code."""
    server.say(f"GET {CHANGES}", changes(ONE, TWO))
    done = call("accept", "k3f", *words, environment=server.environment, cwd=tmp_path)

    assert (done.returncode, sentence in done.stderr) == (code, True), done
    assert [what for what in server.asked if what[0] == "POST"] == []


def test_a_hunk_of_a_large_file_is_found(server: Answering, tmp_path: Path) -> None:
    """Its file comes only when asked for."""
    server.say(f"GET {CHANGES}", changes(ONE, file("big.txt", too_large=True)))
    server.say(f"GET {CHANGES}", changes(file("big.txt", hunk(C))))
    done = call("accept", "k3f", "--hunk", "c0", environment=server.environment, cwd=tmp_path)

    assert done.returncode == 0, done
    assert server.bodies(f"{CHANGES}/accept") == [{"hunks": [C]}]


def test_a_path_without_changes_is_refused(server: Answering, tmp_path: Path) -> None:
    """By name."""
    server.say(f"GET {CHECKPOINTS}", NONE)
    server.say(f"GET {CHANGES}", changes())
    done = call("accept", "k3f", "none.txt", environment=server.environment, cwd=tmp_path)

    assert done.returncode == 1
    assert "Nothing has changed in 'none.txt'" in done.stderr


def test_mixed_hunks_are_told(server: Answering, tmp_path: Path) -> None:
    """They stayed; and a choice that finds nothing says so."""
    with answering() as said:
        said.say(f"POST {CHANGES}/accept", {"files": [], "hunks": 0, "mixed": [A, B]})
        done = call("accept", "k3f", "-a", "ada", environment=said.environment, cwd=tmp_path)

    assert done.returncode == 0
    assert "Nothing to accept." in done.stderr
    assert "others wrote in them too: a0a0a0a0, a0b0b0b0." in done.stderr


def test_undo_takes_the_last_decision_back(server: Answering, tmp_path: Path) -> None:
    """And says which; JSON as it came."""
    answer = DONE | {"undone": "reject"}
    server.say(f"POST {CHANGES}/undo", answer)
    done = call("accept", "k3f", "--undo", environment=server.environment, cwd=tmp_path)
    told = call("reject", "k3f", "--undo", "--json", environment=server.environment, cwd=tmp_path)

    assert done.stdout == "Took the last reject back: 1 hunk in one.txt.\n"
    assert json.loads(told.stdout) == answer


def test_names_that_are_no_utf8_are_sent_as_the_server_shows_them(
    server: Answering, tmp_path: Path
) -> None:
    """In the query and in the body."""
    server.say(f"GET {CHECKPOINTS}", NONE)
    server.say(f"GET {CHANGES}", changes(file("lat\\xe9n.txt")))
    done = call("accept", "k3f", "lat\udce9n.txt", environment=server.environment, cwd=tmp_path)

    assert done.returncode == 0, done
    assert any(url.endswith("?path=lat%5Cxe9n.txt") for _, url, _ in server.asked)
    assert server.bodies(f"{CHANGES}/accept") == [{"files": ["lat\\xe9n.txt"]}]


def test_what_changed_since_it_was_read_is_refused(server: Answering, tmp_path: Path) -> None:
    """With the way to see it."""
    with answering() as said:
        said.say(f"GET {CHECKPOINTS}", NONE)
        said.refuse(f"POST {CHANGES}/reject", "stale_changes", paths=["a.txt", "b\n"])
        done = call("reject", "k3f", "--all", environment=said.environment, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr == (
        "roundhouse: a.txt, b\\n changed since the changes were last looked at; nothing was rejected. "
        "Look with `roundhouse diff k3fabc`, then reject again.\n"
    )


def test_a_stale_choice_is_a_sentence(server: Answering, tmp_path: Path) -> None:
    """Of the server's."""
    with answering() as said:
        said.say(f"GET {CHECKPOINTS}", NONE)
        said.refuse(f"POST {CHANGES}/accept", "stale_file", remedy="Look again.")
        done = call("accept", "k3f", "--all", environment=said.environment, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr == "roundhouse: Refused: stale_file. Look again.\n"


def test_hunks_are_asked_one_by_one_and_sent_by_file(server: Answering, tmp_path: Path) -> None:
    """With their authors; a file without hunks is asked for as a whole."""
    server.say(f"GET {CHANGES}", changes(ONE, TWO, head="h1"))
    code, shown = walk(server, tmp_path, "n", "y", "y")

    assert code == 0, shown
    assert "(1/2) Accept this hunk" in shown
    assert "Accept this file" in shown
    assert "ada" in shown
    assert server.bodies(f"{CHANGES}/accept") == [
        {"hunks": [B]},
        {"files": ["two.bin"], "head": "h1"},
    ]
    assert "Accepted 1 hunk in 2 files." in shown
    assert "To take it back: roundhouse accept k3fabc --undo, 2 times" in shown


def test_a_walk_of_rejects_is_taken_back_by_one_rewind(server: Answering, tmp_path: Path) -> None:
    """A file that is the same is rejected in the state that the reject before it made."""
    with answering() as said:
        said.say(f"GET {CHANGES}", changes(ONE, TWO, head="h1"))
        said.say(f"GET {CHANGES}", changes(TWO, head="h2"))
        said.say(f"POST {CHANGES}/reject", DONE | {"undo_checkpoint_id": "5"})
        said.refuse(f"POST {CHANGES}/reject", "stale_changes")
        said.say(f"POST {CHANGES}/reject", DONE | {"undo_checkpoint_id": "7"})
        code, shown = walk(said, tmp_path, "a", "y", verb="reject")

    assert code == 0, shown
    assert said.bodies(f"{CHANGES}/reject") == [
        {"hunks": [A, B]},
        {"files": ["two.bin"], "head": "h1"},
        {"files": ["two.bin"], "head": "h2"},
    ]
    assert "meanwhile" not in shown
    assert "To take it back: roundhouse rewind k3fabc --checkpoint 5" in shown


def test_the_keys_do_what_the_help_says(server: Answering, tmp_path: Path) -> None:
    """`?` helps, `j` and `k` move, `a` and `d` take the rest of the file, nonsense is asked again."""
    server.say(f"GET {CHANGES}", changes(ONE, NEW))
    code, shown = walk(server, tmp_path, "?", "what", "k", "j", "j", "k", "a", "d", verb="reject")

    assert code == 0, shown
    assert shown.count("quit; what was decided") == 2
    assert "no previous hunk" in shown
    assert "no next hunk" in shown
    assert server.bodies(f"{CHANGES}/reject") == [{"hunks": [A, B]}]


def test_leaving_keeps_what_was_decided_in_the_file(server: Answering, tmp_path: Path) -> None:
    """With `q`, as git does it."""
    server.say(f"GET {CHANGES}", changes(ONE, TWO))
    code, shown = walk(server, tmp_path, "y", "q")

    assert code == 0, shown
    assert server.bodies(f"{CHANGES}/accept") == [{"hunks": [A]}]
    assert "Accepted 1 hunk in 1 file." in shown
    assert shown.rstrip().endswith("roundhouse accept k3fabc --undo\x1b[0m")


def test_a_hunk_that_changed_meanwhile_is_asked_for_anew(server: Answering, tmp_path: Path) -> None:
    """What was decided and is still there counts; nobody accepts what nobody saw."""
    with answering() as said:
        again = file("one.txt", ONE["hunks"][0], NEW["hunks"][0])
        said.say(f"GET {CHANGES}", changes(ONE))
        said.say(f"GET {CHANGES}", changes(again))
        said.refuse(f"POST {CHANGES}/accept", "stale_hunk")
        said.say(f"POST {CHANGES}/accept", DONE)
        code, shown = walk(said, tmp_path, "y", "y", "n")

    assert code == 0, shown
    assert "It has changed meanwhile" in shown
    assert "third" in shown
    assert said.bodies(f"{CHANGES}/accept") == [{"hunks": [A, B]}, {"hunks": [A]}]


def test_a_file_that_went_meanwhile_is_said(server: Answering, tmp_path: Path) -> None:
    """And the walk goes on."""
    with answering() as said:
        said.say(f"GET {CHANGES}", changes(ONE))
        said.say(f"GET {CHANGES}", changes())
        said.refuse(f"POST {CHANGES}/accept", "stale_hunk")
        code, shown = walk(said, tmp_path, "a")

    assert code == 0, shown
    assert "one.txt is not in the changes any more" in shown
    assert "Accepted nothing." in shown


def test_what_stays_refused_ends_the_walk(server: Answering, tmp_path: Path) -> None:
    """No loop without a person in it."""
    with answering() as said:
        said.say(f"GET {CHANGES}", changes(ONE))
        said.refuse(f"POST {CHANGES}/accept", "stale_hunk")
        code, shown = walk(said, tmp_path, "a")

    assert code == 1
    assert "Refused: stale_hunk." in shown

"""How changes look: words for what no line says, a gutter as wide for every file."""

import sys
from typing import Any

import pytest

from roundhouse.cli.draw import Gutter, about, drawn, file_line, hunk_lines, total_line
from roundhouse.cli.output import Paint
from tests.cli.answering import changes, file, hunk, line

PLAIN = Paint(sys.stdout, colour=False)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, []),
        ({"old_mode": "100644", "new_mode": "100644"}, []),
        ({"old_mode": None, "new_mode": "100644"}, []),
        ({"old_mode": None, "new_mode": "100755"}, ["mode 100755"]),
        ({"old_mode": "100644", "new_mode": "100755"}, ["mode 100644 → 100755"]),
        ({"old_mode": "100644", "new_mode": "120000"}, ["is now a symbolic link"]),
        ({"old_mode": "120000", "new_mode": "100755"}, ["is no longer a symbolic link"]),
        ({"old_mode": "120000", "new_mode": "120000"}, ["symbolic link"]),
        ({"old_mode": "120000", "new_mode": None}, ["symbolic link"]),
        ({"old_mode": "160000", "new_mode": "160000"}, ["submodule"]),
        ({"binary": True}, ["binary"]),
        ({"too_large": True}, ["too large to show"]),
    ],
)
def test_what_lines_do_not_show_is_said_in_words(more: dict[str, Any], words: list[str]) -> None:
    """Modes, links, submodules, binary and large files."""
    assert about(file("a", **more)) == words


def test_the_one_line_of_a_file_has_all_of_it() -> None:
    """So that `--stat` loses nothing but the lines."""
    changed = file(
        "b.sh",
        old_path="a.sh",
        operation="rename",
        old_mode="100644",
        new_mode="100755",
        agents=[{"name": "ada", "lines": 1, "share": 0.5}, {"name": None, "share": 0.5}],
    )
    shown = file_line(changed, PLAIN)

    assert shown == "a.sh → b.sh  rename  +1 -0  mode 100644 → 100755  (ada 50 %, you 50 %)"


def test_the_gutter_is_as_wide_for_every_line() -> None:
    """A long name is cut, the person is you, context has no author."""
    agents = [{"name": "a-very-long-name-of-an-agent"}, {"name": "ada"}, {"name": None}]
    gutter = Gutter.of(changes(totals={"agents": agents}), PLAIN)
    lines = [
        line("context", "same", old=1, new=1),
        line("add", "one", "ada"),
        line("delete", "two", "a-very-long-name-of-an-agent"),
        line("add", "three"),
    ]
    shown = list(hunk_lines(hunk("0123456789abcdef", *lines), gutter, PLAIN))

    assert shown == [
        "                  01234567  @@ -1 +1 @@",
        "                    same",
        "ada               + one",
        "a-very-long-nam…  - two",
        "you               + three",
    ]


def test_text_of_an_agent_steers_no_terminal() -> None:
    """Neither a line nor a name; a changed line end is seen."""
    gutter = Gutter([{"name": "ada"}], PLAIN)
    shown = list(
        hunk_lines(
            hunk("aa", line("add", "\x1b[2Jred\tx\r", "ada"), line("add", "")), gutter, PLAIN
        )
    )
    name = next(drawn(file("a\x1b[1mb\n"), gutter, PLAIN))

    assert shown[1:] == ["ada  + [2Jred  x␍", "you  +"]
    assert name.startswith("a\\x1b[1mb\\n  ")


def test_the_totals_are_one_sentence() -> None:
    """Singular where it is one."""
    totals = {"files": 1, "additions": 2, "deletions": 3, "agents": [{"name": "ada", "share": 1}]}
    assert total_line(totals) == "1 file, +2 -3  (ada 100 %)"

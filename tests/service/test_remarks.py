"""The prompt of comments: where each belongs, what stands around it, and that its text comes through whole."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from roundhouse.model.review import Comment
from roundhouse.service.remarks import AROUND, excerpt, place, prompt_of

HUNK = "@@ -1,3 +1,3 @@ def f\n a\n-b\n+c\n d"


def comment(**given: Any) -> Comment:
    """A comment."""
    usual: dict[str, Any] = {
        "id": "1",
        "session_id": "s",
        "path": "src/a.py",
        "line": 2,
        "side": "new",
        "text": "Why?",
        "hunk": HUNK,
        "status": "open",
        "created_at": datetime.now(UTC),
    }
    return Comment(**usual | given)


def test_one_comment_is_a_place_a_hunk_and_the_text() -> None:
    """Without a number."""
    assert prompt_of([comment()]) == (
        "A comment on the changes in this worktree. Please deal with it.\n\n"
        f"`src/a.py:2`\n\n```diff\n{HUNK}\n```\n\nWhy?\n"
    )


def test_several_are_numbered_by_file_and_line() -> None:
    """Whatever order they were made in; one without a hunk has none."""
    text = prompt_of(
        [
            comment(path="z", line=1, text="third", hunk=None),
            comment(line=10, text="second"),
            comment(line=9, text="first", side="old"),
        ]
    )
    assert text.startswith("3 comments on the changes")
    places = ["1. `src/a.py:9` (numbered as before", "2. `src/a.py:10`", "3. `z:1`\n\nthird"]
    assert [text.index(one) for one in places] == sorted(text.index(one) for one in places)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("with space.py", "`with space.py:2`"),
        ("a\nb", "`'a\\nb':2`"),
        ("a`b", "'a`b':2"),
        ("ü", "`ü:2`"),
    ],
)
def test_an_unusual_name_stays_one_line(path: str, shown: str) -> None:
    """So that no name can look like a part of the prompt."""
    assert place(comment(path=path)) == shown


def test_a_fence_is_longer_than_what_it_holds() -> None:
    """Markdown in a hunk does not end it."""
    text = prompt_of([comment(hunk="@@ -1 +1 @@\n-```\n+`````")])
    assert "``````diff\n" in text


@given(
    some.lists(some.sampled_from(" +-"), min_size=1, max_size=200),
    some.integers(1, 10_000),
    some.integers(1, 10_000),
    some.data(),
)
def test_the_line_is_in_the_excerpt_and_the_excerpt_is_short(
    kinds: list[str], old: int, new: int, data: some.DataObject
) -> None:
    """For every line of either side."""
    side = data.draw(some.sampled_from(["old", "new"]))
    own, start = (" -", old) if side == "old" else (" +", new)
    body = [f"{kind}line {index}" for index, kind in enumerate(kinds)]
    mine = [text for text in body if text[0] in own]
    if not mine:
        return
    index = data.draw(some.integers(0, len(mine) - 1))
    hunk = f"@@ -{old},9 +{new},9 @@ x\n" + "\n".join(body) + "\n"
    lines = excerpt(hunk, start + index, side).split("\n")
    assert lines[0] == f"@@ -{old},9 +{new},9 @@ x"
    assert mine[index] in lines
    assert len(lines) <= 2 * AROUND + 4


def test_a_hunk_of_an_unknown_form_is_cut_too() -> None:
    """Long lines as well."""
    lines = excerpt("\n".join("x" * 2000 for _ in range(1000)), 5, "new").split("\n")
    assert len(lines) <= 2 * AROUND + 2
    assert max(map(len, lines)) < 600

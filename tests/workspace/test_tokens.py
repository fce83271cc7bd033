"""Lines as tokens."""

import pytest

from roundhouse.workspace.diff import PatchHunk, parse_patch
from roundhouse.workspace.snapshot import Author
from roundhouse.workspace.tokens import Gone, Makers, Origin, State, carried, edited, mixed, taken

A, B, PERSON = Author("a", "1"), Author("b", "2"), Author(None, None)


def hunk(old: int, old_count: int, new: int, new_count: int) -> PatchHunk:
    """A hunk without context, by its numbers."""
    header = f"@@ -{old},{old_count} +{new},{new_count} @@\n"
    body = "".join(f"-o{old + n}\n" for n in range(old_count)) + "+x\n" * new_count
    [file] = parse_patch(b"diff --git a/f b/f\n--- a/f\n+++ b/f\n" + (header + body).encode())
    return file.hunks[0]


@pytest.mark.parametrize(
    ("hunks", "new", "result", "removed"),
    [
        ([], [], [1, 2, 3, 4, 5], []),
        ([hunk(2, 1, 1, 0)], [], [1, 3, 4, 5], [2]),
        ([hunk(0, 0, 1, 2)], [8, 9], [8, 9, 1, 2, 3, 4, 5], []),
        ([hunk(5, 0, 6, 1)], [8], [1, 2, 3, 4, 5, 8], []),
        ([hunk(1, 1, 1, 2), hunk(4, 2, 5, 1)], [7, 8, 9], [7, 8, 2, 3, 9], [1, 4, 5]),
        ([hunk(1, 5, 0, 0)], [], [], [1, 2, 3, 4, 5]),
    ],
)
def test_hunks_carry_lines_over(
    hunks: list[PatchHunk], new: list[int], result: list[int], removed: list[int]
) -> None:
    """Through shifts, replacements and both ends."""
    assert carried([1, 2, 3, 4, 5], hunks, new) == (result, removed)


def test_an_edit_makes_and_removes() -> None:
    """The author is known of each; where nothing was kept all is new."""
    makers = Makers()
    start = State(makers.make(A, 3))
    after = edited(Origin(start, [hunk(2, 1, 2, 2)]), B, makers, 0)

    assert [makers.author(token) for token in after.lines] == [A, B, B, A]
    assert after.gone.all() == {start.lines[1]: B}
    again = edited(Origin(after, None), A, makers, 2)
    assert [makers.author(token) for token in again.lines] == [A, A]
    assert again.gone.all() == {start.lines[1]: B, **dict.fromkeys(after.lines, A)}


def test_what_comes_from_the_second_parent_is_its_writers() -> None:
    """And what is gone again was removed by who removed it there; the rest the person removed."""
    makers = Makers()
    target = edited(Origin(State(makers.make(A, 3)), [hunk(1, 1, 0, 0)]), B, makers, 0)
    removed = next(iter(target.gone.all()))
    extra = makers.make(B, 1)
    now = taken(State([removed, *target.lines, *extra]), target, PERSON)

    assert now.lines == target.lines
    assert now.gone.all() == {removed: B, extra[0]: PERSON}


def test_some_lines_of_either_parent() -> None:
    """Only what is neither's is the person's."""
    makers = Makers()
    first, second = State(makers.make(A, 2)), State(makers.make(B, 2))
    now = mixed(
        Origin(first, [hunk(2, 1, 2, 2)]),
        Origin(second, [hunk(1, 1, 1, 1), hunk(2, 0, 3, 1)]),
        PERSON,
        makers,
        0,
    )

    assert [makers.author(token) for token in now.lines] == [A, B, PERSON]
    assert now.gone.all() == {first.lines[1]: PERSON, second.lines[0]: PERSON}


def test_a_repeated_line_that_neither_alignment_keeps_is_still_the_old_one() -> None:
    """Found by its text among what went."""
    makers = Makers()
    first = State(makers.make(A, 2))
    [file] = parse_patch(b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n")
    other = State(makers.make(B, 2))
    [back] = parse_patch(b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-y\n+y\r\n")
    now = mixed(Origin(first, file.hunks), Origin(other, back.hunks), PERSON, makers, 0)

    assert [makers.author(token) for token in now.lines] == [B, A]


def test_who_removed_a_line_last_counts() -> None:
    """What is on top hides what is under it, in the order of the parents."""
    low, other = Gone({1: A, 2: A, 3: A}), Gone({2: B, 3: B, 4: B})

    assert Gone({1: PERSON}, (low, other)).all() == {1: PERSON, 2: A, 3: A, 4: B}

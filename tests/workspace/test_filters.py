"""What is asked for."""

from collections import Counter

import pytest

from roundhouse.workspace.comparison import ChangedFile, HunkMark
from roundhouse.workspace.delta import Entry
from roundhouse.workspace.filters import Filter
from roundhouse.workspace.snapshot import Author

A, PERSON = Author("a", "1"), Author(None, None)


def changed(*marks: HunkMark, new_mode: str = "100644") -> ChangedFile:
    """A file that `a` renamed."""
    entry = Entry(
        path=b"src/new",
        old_path=b"lib/old",
        status="R90",
        old_mode="100644",
        new_mode=new_mode,
        old_blob="0",
        new_blob="1",
        additions=3,
        deletions=1,
    )
    return ChangedFile(entry=entry, authors={A}, only=A, marks=list(marks))


@pytest.mark.parametrize(
    ("agent", "task", "fits"),
    [
        (None, None, (True, True)),
        ("a", None, (True, False)),
        ("a", "1", (True, False)),
        ("a", "2", (False, False)),
        ("person", None, (False, True)),
    ],
)
def test_authors(agent: str | None, task: str | None, fits: tuple[bool, bool]) -> None:
    """An agent, a task, both, or the person."""
    wanted = Filter(agent=agent, task_id=task)

    assert (wanted.fits(A), wanted.fits(PERSON)) == fits


@pytest.mark.parametrize(
    ("path", "covered", "named"),
    [
        (None, True, False),
        ("src", True, False),
        ("src/", True, False),
        ("lib/old", True, False),
        ("src/new", True, True),
        ("src/ne", False, False),
    ],
)
def test_paths(path: str | None, covered: bool, named: bool) -> None:
    """A folder or a file, by its old name too."""
    wanted = Filter(path=path)

    assert (wanted.covers(changed().entry), wanted.names(changed().entry)) == (covered, named)


def test_a_file_was_seen_when_all_of_it_was() -> None:
    """Its hunks and its mode; itself where it has no hunks."""
    hunks = [HunkMark(name, Counter({("add", A): 1})) for name in ("h1", "h2")]
    plain, moded, bare = changed(*hunks), changed(*hunks, new_mode="100755"), changed()
    seen = Filter(seen={"h1", "h2", bare.id})

    assert not Filter(seen={"h1"}).saw(plain)
    assert seen.saw(plain)
    assert not seen.saw(moded)
    assert Filter(seen={"h1", "h2", moded.mode_id or ""}).saw(moded)
    assert seen.saw(bare)
    assert not Filter().saw(bare)


def test_sums_are_of_what_is_left_to_see() -> None:
    """By author and by hunk."""
    file = changed(
        HunkMark("h1", Counter({("add", A): 2, ("delete", A): 1})),
        HunkMark("h2", Counter({("add", A): 1})),
    )

    assert Filter().sums(file) == (3, 1)
    assert Filter(agent="b").sums(file) == (0, 0)
    assert Filter(seen={"h1"}, unseen_only=True).sums(file) == (1, 0)
    assert Filter(seen={"h1"}).sums(file) == (3, 1)
    assert Filter(seen={"h1", "h2"}, unseen_only=True).sums(file) == (0, 0)

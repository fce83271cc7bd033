"""The form that the doors give out."""

from collections import Counter

import pytest

from roundhouse.model.change import AgentShare
from roundhouse.workspace.comparison import ChangedFile
from roundhouse.workspace.delta import Entry
from roundhouse.workspace.diff import parse_patch
from roundhouse.workspace.filters import Filter
from roundhouse.workspace.shown import file_change, one_hunk, totals
from roundhouse.workspace.snapshot import Author

A, B = Author("a", "1"), Author("b", "2")


def changed(old_mode: str = "100644", new_mode: str = "100644", **facts: int | None) -> ChangedFile:
    """A file of `a`."""
    entry = Entry(
        path=b"name\xff",
        old_path=None,
        status="M",
        old_mode=old_mode,
        new_mode=new_mode,
        old_blob="0",
        new_blob="1",
        **{"additions": 1, "deletions": 1} | facts,
    )
    return ChangedFile(entry=entry, authors={A}, only=A)


@pytest.mark.parametrize(
    ("modes", "shown"),
    [
        (("100644", "100644"), (None, None)),
        (("100644", "100755"), ("100644", "100755")),
        (("000000", "100644"), (None, "100644")),
        (("120000", "000000"), ("120000", None)),
    ],
)
def test_modes_are_told_where_they_differ(
    modes: tuple[str, str], shown: tuple[str | None, str | None]
) -> None:
    """A side without a file has none."""
    change = file_change(changed(*modes), [], Filter(), too_large=False)

    assert (change.old_mode, change.new_mode) == shown


def test_a_file_and_its_shares() -> None:
    """Odd bytes in names become text; a file without lines is shared by who changed it."""
    change = file_change(changed(), [], Filter(), too_large=True)
    assert (change.path, change.too_large, change.binary) == ("name\\xff", True, False)
    assert change.agents == [AgentShare("a", 2, 1.0)]
    binary = file_change(changed(additions=None, deletions=None), [], Filter(), too_large=False)
    assert (binary.binary, binary.agents) == (True, [AgentShare("a", 0, 1.0)])


def test_under_a_filter_shares_and_totals_are_of_what_is_asked_for() -> None:
    """By author; and a mode is told only where it is known to be theirs."""
    both = changed(new_mode="100755")
    both.only, both.authors = None, {A, B}
    both.counted = Counter({("add", A): 1, ("delete", B): 1})
    found = file_change(both, [], Filter(agent="b"), too_large=False)
    assert (found.agents, found.old_mode) == ([AgentShare("b", 1, 1.0)], None)
    assert totals([both, changed()], Filter(agent="b")).agents == [AgentShare("b", 1, 1.0)]

    whole = file_change(both, [], Filter(), too_large=False)
    assert ([share.name for share in whole.agents], whole.new_mode) == (["a", "b"], "100755")
    alone = file_change(changed(new_mode="100755"), [], Filter(agent="a"), too_large=False)
    assert alone.new_mode == "100755"
    binary = changed(additions=None, deletions=None)
    binary.only, binary.authors = None, {A, B}
    assert file_change(binary, [], Filter(agent="b"), too_large=False).agents == [
        AgentShare("b", 0, 1.0)
    ]


def test_a_hunk_names_its_authors_and_whether_it_was_seen() -> None:
    """Context has no author."""
    [patch] = parse_patch(b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n c\n-o\n+n\n")
    hunk = one_hunk(changed(), patch.hunks[0], "h", Filter(seen={"h"}))

    assert [(line.kind, line.text, line.agent) for line in hunk.lines] == [
        ("context", "c", None),
        ("delete", "o", "a"),
        ("add", "n", "a"),
    ]
    assert (hunk.agents, hunk.task_ids, hunk.seen) == (["a"], ["1"], True)


def test_totals_are_of_all_files() -> None:
    """With each author's share."""
    found = totals([changed(), changed()], Filter())

    assert (found.files, found.additions, found.deletions) == (2, 2, 2)
    assert found.agents == [AgentShare("a", 4, 1.0)]

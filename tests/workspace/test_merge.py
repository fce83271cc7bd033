"""Bringing two changes of one file together, and the kinds of conflicts."""

from itertools import product
from pathlib import Path

import pytest

from roundhouse.workspace.delta import Entry
from roundhouse.workspace.image import Raw
from roundhouse.workspace.merge import (
    SHOWN_BYTES,
    TEXT_BYTES,
    Case,
    Decision,
    blob_sizes,
    conflicts_of,
    decide,
    is_binary,
    read_blobs,
    settle,
    write_blobs,
)
from tests.workspace.conftest import Bench

A, B, C = (Raw("100644", letter * 40) for letter in "abc")
RUN = Raw("100755", "a" * 40)
LINK = Raw("120000", "d" * 40)


def case(
    base: Raw | None,
    ours: Raw | None,
    theirs: Raw | None,
    *,
    ours_old: Raw | None = None,
    known: bool = True,
) -> Case:
    """A case; with `ours_old` a rename."""
    entry = Entry(
        path=b"new",
        old_path=None if ours_old is None else b"old",
        status="M",
        old_mode="",
        new_mode="",
        old_blob="",
        new_blob="",
    )
    return Case(entry=entry, base=base, ours=ours, theirs=theirs, ours_old=ours_old, known=known)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "kind"),
    [
        (A, A, B, "take"),
        (A, A, None, "take"),
        (None, None, A, "take"),
        (A, B, B, "unchanged"),
        (A, None, None, "unchanged"),
        (None, A, A, "unchanged"),
        (A, B, C, "merge"),
        (A, B, None, "deleted_in_session"),
        (A, None, B, "deleted_in_checkout"),
        (None, A, B, "both_added"),
        (A, LINK, B, "type"),
        (A, B, LINK, "type"),
        (LINK, Raw("120000", "e" * 40), Raw("120000", "f" * 40), "content"),
    ],
)
def test_the_side_that_changed_wins(
    base: Raw | None, ours: Raw | None, theirs: Raw | None, kind: str
) -> None:
    """Where both did, it is a merge or a conflict."""
    assert decide(case(base, ours, theirs)).kind == kind


def test_mode_and_content_are_two_changes() -> None:
    """Each comes from the side that made it."""
    made = decide(case(A, RUN, B))
    assert (made.version, made.merged) == (Raw("100755", B.blob), True)
    made = decide(case(A, B, RUN))
    assert (made.version, made.merged) == (Raw("100755", B.blob), True)


def test_a_foreign_file_is_no_file_of_the_users_repository() -> None:
    """It is told apart from one that git tracks."""
    assert decide(case(None, A, B, known=False)).kind == "occupied"


@pytest.mark.parametrize(
    ("moved", "ours", "kind"),
    [
        (A, None, "take"),
        (B, None, "take"),
        (C, None, "merge"),
        (A, B, "delete_old"),
        (C, B, "deleted_in_session"),
        (A, C, "both_added"),
    ],
)
def test_a_rename_meets_both_names(moved: Raw, ours: Raw | None, kind: str) -> None:
    """From A to B: by what lies at the old and at the new name."""
    assert decide(case(A, ours, B, ours_old=moved)).kind == kind


def test_no_decision_loses_an_edit() -> None:
    """Over all cases: what is overwritten or deleted without a merge is what the base was."""
    for base, ours, theirs in product((None, A, B, C, LINK), repeat=3):
        made = decide(case(base, ours, theirs))
        if made.kind == "take" and not made.merged:
            assert ours == base
            assert made.version == theirs


async def test_texts_are_merged_and_conflicts_shown(bench: Bench, tmp_path: Path) -> None:
    """Line by line; no end of line at the end of the file, and CRLF, stay."""
    lines = [b"%d\r\n" % number for number in range(9)]
    base = b"".join(lines)
    ours = base.replace(b"1\r\n", b"one\r\n")
    theirs = base.replace(b"8\r\n", b"eight")
    clash = base.replace(b"1\r\n", b"uno\r\n")
    blobs = await write_blobs(bench.store, tmp_path, [base, ours, theirs, clash, b"\0", b"\0\0"])
    sides = [Raw("100644", blob) for blob in blobs]
    cases = [
        case(sides[0], sides[1], sides[2]),
        case(sides[0], sides[1], sides[3]),
        case(sides[0], sides[4], sides[5]),
        case(sides[0], sides[0], sides[5]),
    ]
    merged, conflict, binary, taken = await settle(bench.store, tmp_path, cases)

    assert merged.version is not None
    text = (await read_blobs(bench.store, [merged.version.blob]))[merged.version.blob]
    assert text == ours.replace(b"8\r\n", b"eight")
    assert (merged.merged, taken.kind, binary.kind) == (True, "take", "binary")
    assert "<<<<<<< checkout\r\none\r\n=======\r\nuno\r\n" in (conflict.text or "")
    shown = await conflicts_of(
        bench.store, zip(cases, (merged, conflict, binary, taken), strict=True)
    )
    assert [found.kind for found in shown] == ["content", "binary"]
    assert shown[1].ours is not None
    assert (shown[1].ours.text, shown[1].ours.binary) == (None, True)


async def test_blobs_go_and_come_in_one_call(bench: Bench, tmp_path: Path) -> None:
    """One that is missing is left out."""
    contents = [b"", b"\n", b"no end", b"\0" * 70_000]
    blobs = await write_blobs(bench.store, tmp_path, contents)
    missing = "0" * 40

    assert await read_blobs(bench.store, [*blobs, missing]) == dict(
        zip(blobs, contents, strict=True)
    )
    assert await blob_sizes(bench.store, [*blobs, missing]) == {
        blob: len(content) for blob, content in zip(blobs, contents, strict=True)
    }
    assert await read_blobs(bench.store, []) == {}
    assert is_binary(b"a\0")
    assert not is_binary(b"a" * 8000 + b"\0")


async def test_what_is_shown_has_an_end(bench: Bench, tmp_path: Path) -> None:
    """Many conflicts are all told; the texts of the last are left out."""
    texts = [str(number).encode() * (TEXT_BYTES // 4) for number in range(6)]
    blobs = await write_blobs(bench.store, tmp_path, texts)
    first, last = ([Raw("100644", blob) for blob in half] for half in (blobs[:3], blobs[3:]))
    cases = [case(*first)] * (2 * SHOWN_BYTES // TEXT_BYTES) + [case(*last)]
    made = [Decision(kind="content", ours=found.ours, text="merged") for found in cases]
    shown = await conflicts_of(bench.store, zip(cases, made, strict=True))

    assert len(shown) == len(cases)
    told = [(found.ours and found.ours.text, found.merged) for found in (shown[0], shown[-1])]
    assert told == [(texts[1].decode(), "merged"), (None, None)]
    assert shown[-1].theirs is not None
    assert shown[-1].theirs.too_large


async def test_many_merges_side_by_side_stay_apart(bench: Bench, tmp_path: Path) -> None:
    """Each gets the text of its own three sides."""
    texts = [
        b"".join(b"%s %d\n" % (one if at == line else b"line", at) for at in range(9))
        for line, one in ((-1, b""), *((0, b"ours %d" % n) for n in range(30)))
    ]
    theirs = [
        b"".join(b"%s %d\n" % (b"%d" % n if at == 8 else b"line", at) for at in range(9))
        for n in range(30)
    ]
    blobs = await write_blobs(bench.store, tmp_path, [*texts, *theirs])
    base, ours, other = blobs[0], blobs[1:31], blobs[31:]
    cases = [
        case(Raw("100644", base), Raw("100644", one), Raw("100644", two))
        for one, two in zip(ours, other, strict=True)
    ]
    made = await settle(bench.store, tmp_path, cases)
    merged = [one.version.blob for one in made if one.version is not None]
    found = await read_blobs(bench.store, merged)

    for number, blob in enumerate(merged):
        lines = found[blob].splitlines()
        assert (lines[0], lines[8]) == (b"ours %d 0" % number, b"%d 8" % number)
    assert len(merged) == len(cases)

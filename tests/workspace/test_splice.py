"""Taking some hunks of a file's difference and leaving the others, over git's own diffs."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roundhouse.workspace.diff import PatchHunk, parse_patch
from roundhouse.workspace.splice import splice

_LINE = st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"- d\n", b"\\ e\rf\n"])
_TEXT = st.builds(
    lambda lines, end: b"".join(lines) + end,
    st.lists(_LINE, max_size=40),
    st.sampled_from([b"", b"a", b"z", b"z\r"]),
)


def hunks_of(folder: Path, old: bytes, new: bytes, context: int) -> list[PatchHunk]:
    """The hunks that git sees between the two."""
    (folder / "old").write_bytes(old)
    (folder / "new").write_bytes(new)
    done = subprocess.run(
        ["git", "diff", "--no-index", "--no-color", "--text", f"-U{context}", "old", "new"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    return [hunk for patch in parse_patch(done.stdout) for hunk in patch.hunks]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=_TEXT, new=_TEXT, context=st.sampled_from([0, 3]), data=st.data())
def test_taken_and_left_together_are_the_whole_difference(
    tmp_path: Path, old: bytes, new: bytes, context: int, data: st.DataObject
) -> None:
    """Nothing is lost or invented: what is left over is still to take, and what was taken can go back."""
    hunks = hunks_of(tmp_path, old, new, context)
    every = range(len(hunks))
    taken = {number for number in every if data.draw(st.booleans())}
    some = splice(old, new, hunks, taken)

    assert splice(old, new, hunks, ()) == old
    assert splice(old, new, hunks, every) == new
    rest = hunks_of(tmp_path, some, new, context)
    assert splice(some, new, rest, range(len(rest))) == new
    changed = sum(line.kind == "add" for number in taken for line in hunks[number].lines) - sum(
        line.kind == "delete" for number in taken for line in hunks[number].lines
    )
    assert len(some.split(b"\n")) - len(old.split(b"\n")) in {changed - 1, changed, changed + 1}


def test_hunks_of_another_difference_are_refused(tmp_path: Path) -> None:
    """Instead of a content that neither side had."""
    hunks = hunks_of(tmp_path, b"a\nb\n", b"a\nc\n", 0)

    with pytest.raises(ValueError, match="@@"):
        splice(b"x\nb\n", b"a\nc\n", hunks, {0})
    with pytest.raises(ValueError, match="PatchHunk"):
        splice(b"a\nb\nd\n", b"a\nc\n", hunks, {0})

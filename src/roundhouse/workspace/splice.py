"""A file's content with some hunks of a difference taken and the others left. Pure.

Works on the two whole contents, not on patch text: each line comes with the end that it has (CRLF, or none at the end
of the file). Lines end as git's do, at a line feed only. Which hunks, and of which files, is the caller's.
"""

from collections.abc import Collection, Sequence

from roundhouse.workspace.diff import PatchHunk


def splice(old: bytes, new: bytes, hunks: Sequence[PatchHunk], taken: Collection[int]) -> bytes:
    """`old` with the hunks at these positions as they are in `new`.

    `hunks` is the whole difference between the two, in the file's order. None taken is `old`, all taken is `new`. Raises
    ValueError where the hunks are not that difference.
    """
    before, after = _lines(old), _lines(new)
    result: list[bytes] = []
    old_at = new_at = 0
    for position, hunk in enumerate(hunks):
        # Of an empty side git names the line before it.
        old_start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
        new_start = hunk.new_start - 1 if hunk.new_count else hunk.new_start
        if before[old_at:old_start] != after[new_at:new_start]:
            raise ValueError(hunk.header)
        result += before[old_at:old_start]
        old_at, new_at = old_start + hunk.old_count, new_start + hunk.new_count
        result += after[new_start:new_at] if position in taken else before[old_start:old_at]
    if before[old_at:] != after[new_at:]:
        raise ValueError(hunks)
    return b"".join(result + before[old_at:])


def _lines(text: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in text.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]

"""The prompt that carries a person's remarks on lines: each with its place and what stands around it. Pure."""

import re
from collections.abc import Sequence

from roundhouse.model.review import Comment

AROUND = 20
"""Lines of a hunk shown on each side of the line commented on."""

LINE_MAX = 500
"""Characters of one such line."""

_HEADER = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_TICKS = re.compile(r"`+")
_ODD = re.compile(r"[\x00-\x1f\x7f`]")

_ONE = "A comment on the changes in this worktree. Please deal with it."
_MANY = "{number} comments on the changes in this worktree. Please deal with each of them."


def prompt_of(comments: Sequence[Comment]) -> str:
    """One prompt with all of these, by file and line."""
    ordered = sorted(comments, key=lambda one: (one.path, one.line, one.side, one.created_at))
    parts = [_ONE if len(ordered) == 1 else _MANY.format(number=len(ordered))]
    for number, comment in enumerate(ordered, 1):
        lead = "" if len(ordered) == 1 else f"{number}. "
        parts.append(f"{lead}{place(comment)}")
        if comment.hunk:
            around = excerpt(comment.hunk, comment.line, comment.side)
            fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(around)), default=0))
            parts.append(f"{fence}diff\n{around}\n{fence}")
        parts.append(comment.text.strip("\n"))
    return "\n\n".join(parts) + "\n"


def place(comment: Comment) -> str:
    """Where a remark belongs, as `path:line`."""
    path = repr(comment.path) if _ODD.search(comment.path) else comment.path
    was = " (numbered as before the change)" if comment.side == "old" else ""
    return f"`{path}:{comment.line}`{was}" if "`" not in path else f"{path}:{comment.line}{was}"


def excerpt(hunk: str, line: int, side: str) -> str:
    """The part of a hunk around a line, with its header; the whole of one that is short."""
    header, _, body = hunk.rstrip("\n").partition("\n")
    found = _HEADER.match(header)
    lines = body.split("\n") if found else hunk.rstrip("\n").split("\n")
    middle = _position(lines, int(found[1 if side == "old" else 2]), line, side) if found else 0
    first, last = max(0, middle - AROUND), middle + AROUND + 1
    shown = [text if len(text) <= LINE_MAX else text[:LINE_MAX] + "…" for text in lines[first:last]]
    if first:
        shown.insert(0, "…")
    if last < len(lines):
        shown.append("…")
    return "\n".join([header[:LINE_MAX], *shown] if found else shown)


def _position(lines: Sequence[str], start: int, wanted: int, side: str) -> int:
    """The index of the line with a number on a side."""
    other = "+" if side == "old" else "-"
    number = start
    for index, text in enumerate(lines):
        if text.startswith((other, "\\")):
            continue
        if number == wanted:
            return index
        number += 1
    return 0

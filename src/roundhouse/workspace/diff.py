"""Reads git's patch text: files, hunks, lines and their numbers; gives hunks their ids. Pure."""

import hashlib
import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_ESCAPES = {
    ord(short): code for short, code in zip('abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True)
}
_KINDS: dict[int, Literal["context", "add", "delete"]] = {
    ord(" "): "context",
    ord("+"): "add",
    ord("-"): "delete",
}
ID_LENGTH = 16


class PatchLine(Struct, frozen=True):
    """One line of a hunk without its end; `old` and `new` count from 1."""

    kind: Literal["context", "add", "delete"]
    text: bytes
    old: int | None
    new: int | None


class PatchHunk(Struct, frozen=True, kw_only=True):
    """One hunk. `body` is its raw text after the header line."""

    header: bytes
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: list[PatchLine]
    body: bytes


class FilePatch(Struct, frozen=True, kw_only=True):
    """One file's part of a patch. Of a file that was created or deleted both paths are the same."""

    old_path: bytes
    path: bytes
    binary: bool
    hunks: list[PatchHunk]
    raw: bytes


def shown(path: bytes) -> str:
    """A path as text that every door can carry; bytes that are not UTF-8 become `\\xNN`."""
    return path.decode(errors="backslashreplace")


def unquote(name: bytes) -> bytes:
    """A path from git's C-style quoting, or as it stands when it is not quoted."""
    if not name.startswith(b'"'):
        return name
    result = bytearray()
    inner = iter(name[1:-1])
    for byte in inner:
        if byte != ord("\\"):
            result.append(byte)
            continue
        code = next(inner)
        if code in _ESCAPES:
            result.append(_ESCAPES[code])
        else:
            result.append(int(bytes((code, next(inner), next(inner))), 8))
    return bytes(result)


def hunk_id(path: bytes, hunk: PatchHunk, twin: int = 0) -> str:
    """Derived from path and content, not from line numbers; `twin` tells equal hunks of a file apart."""
    digest = hashlib.sha256(path + b"\0" + hunk.body + b"\0" + str(twin).encode())
    return digest.hexdigest()[:ID_LENGTH]


def hunk_ids(path: bytes, hunks: list[PatchHunk]) -> list[str]:
    """The ids of a file's hunks, all different."""
    seen: dict[bytes, int] = {}
    ids = []
    for hunk in hunks:
        twin = seen.get(hunk.body, 0)
        seen[hunk.body] = twin + 1
        ids.append(hunk_id(path, hunk, twin))
    return ids


def parse_patch(patch: bytes) -> list[FilePatch]:
    """The files of a patch in its order."""
    return [file for _commit, file in parse_log(patch)]


def whole_files(patch: bytes) -> bytes:
    """The files of a patch that was cut off somewhere, without the last, which may not be whole."""
    return patch[: patch.rfind(b"\ndiff --git ") + 1]


def parse_log(patch: bytes) -> Iterator[tuple[str | None, FilePatch]]:
    """Like `parse_patch`, for output in which lines with a commit's id stand before that commit's files."""
    lines = patch.split(b"\n")
    commit: str | None = None
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith(b"diff --git "):
            start = at
            file, at = _file(lines, start)
            yield commit, file
        else:
            if _COMMIT.match(line):
                commit = line.decode()
            at += 1


def _file(lines: list[bytes], start: int) -> tuple[FilePatch, int]:
    old_path, path = _names(lines[start][len(b"diff --git ") :])
    binary = False
    hunks: list[PatchHunk] = []
    at = start + 1
    while at < len(lines):
        line = lines[at]
        if line.startswith(b"diff --git ") or _COMMIT.match(line):
            break
        if line.startswith(b"@@ "):
            hunk, at = _hunk(lines, at)
            hunks.append(hunk)
            continue
        if line.startswith(b"rename from "):
            old_path = unquote(line[len(b"rename from ") :])
        elif line.startswith(b"rename to "):
            path = unquote(line[len(b"rename to ") :])
        elif line.startswith((b"Binary files ", b"GIT binary patch")):
            binary = True
        at += 1
    raw = b"\n".join(lines[start:at]).rstrip(b"\n") + b"\n"
    return FilePatch(old_path=old_path, path=path, binary=binary, hunks=hunks, raw=raw), at


def _names(both: bytes) -> tuple[bytes, bytes]:
    """The two names of a `diff --git` line. They differ only in renames, whose own lines correct this."""
    if both.startswith(b'"'):
        first = re.match(rb'"(?:[^"\\]|\\.)*"', both)
        end = first.end() if first else len(both)
        old, new = both[:end], both[end + 1 :]
    elif both.endswith(b'"'):
        old, _, new = both.partition(b' "')
        new = b'"' + new
    else:
        middle = len(both) // 2
        old, new = both[:middle], both[middle + 1 :]
    return unquote(old)[2:], unquote(new)[2:]


def _hunk(lines: list[bytes], start: int) -> tuple[PatchHunk, int]:
    header = lines[start]
    match = _HUNK.match(header)
    if match is None:
        raise ValueError(header)
    old, old_count, new, new_count = (
        1 if group is None else int(group) for group in match.groups()
    )
    old_at, new_at = old, new
    found: list[PatchLine] = []
    at = start + 1
    while at < len(lines) and (old_at < old + old_count or new_at < new + new_count):
        line = lines[at]
        kind = _KINDS.get(line[0]) if line else None
        if kind is None:
            if not line.startswith(b"\\"):
                break
            at += 1
            continue
        on_old, on_new = kind != "add", kind != "delete"
        found.append(
            PatchLine(kind, line[1:], old_at if on_old else None, new_at if on_new else None)
        )
        old_at += on_old
        new_at += on_new
        at += 1
    if at < len(lines) and lines[at].startswith(b"\\"):
        at += 1
    hunk = PatchHunk(
        header=header,
        old_start=old,
        old_count=old_count,
        new_start=new,
        new_count=new_count,
        lines=found,
        body=b"\n".join(lines[start + 1 : at]),
    )
    return hunk, at

"""Reading a worktree's files for a person: what a folder holds, a search over names, and a file's content in pages.

Never leaves the worktree and never follows a link: each part of a path is opened below the one before it, so that an
agent that swaps a folder for a link meanwhile changes nothing. Git's own folder is not there. Writes nothing.
"""

import base64
import binascii
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from anyio import to_thread

from roundhouse.model.errors import InvalidInput, NotFound, WorkspaceError
from roundhouse.workspace.diff import shown
from roundhouse.workspace.git import git
from roundhouse.workspace.image import entry_status, folder

PAGE_BYTES = 1 << 20
"""What one page of a file can hold."""
_LONGEST_CHARACTER = 4
_LONGEST_NUMBER = 12
_LAST_BYTE = (1 << 63) - 1
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


async def list_files(
    worktree: Path, *, path: str = "", q: str | None = None, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """What the folder holds, folders first; with `q` the files below it that fit, the best first.

    `{items: [{name, path, kind: file|folder|link|submodule, size}], next_cursor}`; a folder's size is None. A search
    knows what git knows: tracked files, and others that are not ignored. Raises InvalidInput (`outside`, and for a
    cursor that is none), NotFound, WorkspaceError.
    """
    parts = _parts(path)
    after = _after(cursor)
    if q is None or not q.strip():
        return await to_thread.run_sync(_folder_page, worktree, parts, max(1, limit), after)
    start = _number(after)
    out = await git(
        *("ls-files", "-z", "-c", "-o", "--exclude-standard"),
        cwd=worktree,
        env={"GIT_CEILING_DIRECTORIES": str(worktree.parent)},
    )

    def search() -> dict[str, Any]:
        folder = b"".join(part + b"/" for part in parts)
        names = {name for name in out.split(b"\0") if name.startswith(folder) and name}
        end = start + max(1, limit)
        found = list(islice(_existing(worktree, _ranked(names, q)), end + 1))
        more = len(found) > end
        return {
            "items": found[start:end],
            "next_cursor": _cursor(str(end).encode()) if more else None,
        }

    return await to_thread.run_sync(search)


async def read_file(
    worktree: Path, path: str, *, offset: int = 0, limit: int = PAGE_BYTES
) -> dict[str, Any]:
    """A part of a file: `{path, size, kind, encoding: utf-8|base64, content, offset, next_offset}`.

    Of a link it is the text of its target. A part that is no text is in base64; one that is never ends within a
    character. Raises InvalidInput (`outside`, `not_a_file`), NotFound, WorkspaceError.
    """
    parts = _parts(path)
    limit = min(max(limit, _LONGEST_CHARACTER), PAGE_BYTES)
    if not 0 <= offset < _LAST_BYTE - limit:
        raise InvalidInput("No file has such an offset.", field="offset")
    if not parts:
        raise InvalidInput("A file needs a path.", code="not_a_file", field="path")
    return await to_thread.run_sync(_read, worktree, parts, offset, limit)


def _parts(path: str) -> list[bytes]:
    """The parts of a path. Raises InvalidInput (`outside`) for one that could leave the worktree, or enter git's folder."""
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise NotFound("There is no such file.", field="path") from error
    parts = [part for part in raw.split(b"/") if part not in {b"", b"."}]
    if raw.startswith(b"/") or b"\0" in raw or any(_forbidden(part) for part in parts):
        raise _outside(path)
    return parts


def _forbidden(name: bytes) -> bool:
    return name == b".." or name.lower() == b".git"


def _outside(path: str) -> InvalidInput:
    return InvalidInput(
        f"{path!s:.200} is not inside the session's worktree.",
        code="outside",
        field="path",
        remedy="Give a path relative to the worktree, without links and `..`.",
    )


@contextmanager
def _opened(worktree: Path, parts: list[bytes]) -> Iterator[int]:
    """The folder, opened part by part. Raises NotFound, InvalidInput (`outside`) at a link, WorkspaceError."""
    path = shown(b"/".join(parts))
    try:
        folder = os.open(worktree, _FOLDER)
    except OSError as error:
        raise WorkspaceError(
            f"The worktree {worktree} cannot be read: {error.strerror}.",
            remedy="Send a task: the worktree is made again for it.",
        ) from error
    try:
        for part in parts:
            name = _real_name(folder, part)
            if stat.S_ISLNK(_look(folder, name, path).st_mode):
                raise _outside(path)
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except OSError as error:
                raise _no(path, error) from error
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _real_name(folder: int, name: bytes) -> bytes:
    """The name on disk: one that is not UTF-8 is shown, and so asked for, in another spelling."""
    if b"\\x" not in name:
        return name
    names = _names(folder)
    return name if name in names else next((n for n in names if shown(n).encode() == name), name)


def _names(folder: int) -> list[bytes]:
    return [os.fsencode(name) for name in os.listdir(folder)]


def _look(folder: int, name: bytes, path: str) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        raise _no(path, error) from error


def _no(path: str, error: OSError) -> NotFound | InvalidInput | WorkspaceError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound(f"There is no {path!s:.200} in the worktree.", field="path")
    return WorkspaceError(
        f"{path!s:.200} cannot be read: {error.strerror}.",
        remedy="Give this user access to it.",
    )


def _folder_page(
    worktree: Path, parts: list[bytes], limit: int, after: bytes | None
) -> dict[str, Any]:
    found: list[tuple[bytes, dict[str, Any]]] = []
    prefix = b"".join(part + b"/" for part in parts)
    with _opened(worktree, parts) as folder:
        for name in _names(folder):
            try:
                seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
                nested = stat.S_ISDIR(seen.st_mode) and _has_git(folder, name)
            except OSError:
                continue  # gone since, or closed to us
            item = None if _forbidden(name) else _item(prefix + name, seen, nested=nested)
            if item is not None:
                found.append(((b"0" if stat.S_ISDIR(seen.st_mode) else b"1") + name, item))
    found.sort(key=lambda pair: pair[0])
    rest = [pair for pair in found if after is None or pair[0] > after]
    page = rest[:limit]
    return {
        "items": [item for _key, item in page],
        "next_cursor": _cursor(page[-1][0]) if len(rest) > limit else None,
    }


def _has_git(folder: int, name: bytes) -> bool:
    try:
        os.stat(name + b"/.git", dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _item(path: bytes, seen: os.stat_result, *, nested: bool = False) -> dict[str, Any] | None:
    """What is told of a file; None for a device, a socket or a pipe."""
    if stat.S_ISDIR(seen.st_mode):
        kind = "submodule" if nested else "folder"
    elif stat.S_ISLNK(seen.st_mode):
        kind = "link"
    elif stat.S_ISREG(seen.st_mode):
        kind = "file"
    else:
        return None
    size = None if stat.S_ISDIR(seen.st_mode) else seen.st_size
    return {
        "name": shown(path.rpartition(b"/")[2]),
        "path": shown(path),
        "kind": kind,
        "size": size,
    }


def _existing(worktree: Path, names: list[bytes]) -> Iterator[dict[str, Any]]:
    """The files among the names: what was deleted is still tracked."""
    for name in names:
        *parents, last = name.split(b"/")
        try:
            with folder(worktree, parents) as (inside, depth):
                seen = entry_status(inside, last) if depth == len(parents) else None
        except OSError:
            continue
        item = None if seen is None else _item(name, seen)
        if item is not None and item["kind"] != "folder":
            yield item


def _read(worktree: Path, parts: list[bytes], offset: int, limit: int) -> dict[str, Any]:
    path = shown(b"/".join(parts))
    with _opened(worktree, parts[:-1]) as folder:
        name = _real_name(folder, parts[-1])
        seen = _look(folder, name, path)
        if stat.S_ISLNK(seen.st_mode):
            target = os.readlink(name, dir_fd=folder)
            return _page(path, "link", len(target), offset, target[offset : offset + limit])
        if not stat.S_ISREG(seen.st_mode):
            raise _not_a_file(path)
        try:
            file = os.open(name, _FILE, dir_fd=folder)
        except OSError as error:
            raise _no(path, error) from error
    try:
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            raise _not_a_file(path)
        return _page(path, "file", seen.st_size, offset, os.pread(file, limit, offset))
    finally:
        os.close(file)


def _not_a_file(path: str) -> InvalidInput:
    return InvalidInput(f"{path!s:.200} is not a file.", code="not_a_file", field="path")


def _page(path: str, kind: str, size: int, offset: int, content: bytes) -> dict[str, Any]:
    end = offset + len(content)
    whole = content if end >= size else content[: _last_start(content)]
    try:
        if b"\0" in whole:  # no text, and no database can keep it as one
            raise UnicodeError  # noqa: TRY301 - the same way out as for bytes that are no UTF-8
        text, encoding, end = whole.decode(), "utf-8", offset + len(whole)
    except UnicodeError:
        text, encoding = base64.b64encode(content).decode(), "base64"
    return {
        "path": path,
        "size": size,
        "kind": kind,
        "encoding": encoding,
        "content": text,
        "offset": offset,
        "next_offset": end if content and end < size else None,
    }


def _last_start(content: bytes) -> int:
    """Where to cut so that no character that continues behind the end is cut in two."""
    for back in range(1, min(_LONGEST_CHARACTER, len(content)) + 1):
        byte = content[-back]
        if byte & 0xC0 != 0x80:  # noqa: PLR2004 - the first byte of a character
            length = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4  # noqa: PLR2004
            return len(content) - back if length > back else len(content)
    return len(content)


def _ranked(names: set[bytes], q: str) -> list[bytes]:
    """The names that fit every word of the query, the best first: its own name before its folder's, short before long."""
    words = q.lower().split()
    found: list[tuple[int, int, bytes]] = []
    for name in names:
        text = shown(name).lower()
        scores = [_score(text, word) for word in words]
        if None not in scores:
            found.append((sum(score or 0 for score in scores), len(text), name))
    return [name for _score_, _length, name in sorted(found)]


def _score(text: str, word: str) -> int | None:
    """How far the word is from the path, 0 for its name itself; None where its letters are not there in order."""
    last = text.rpartition("/")[2]
    if last == word:
        return 0
    for worse, (place, hit) in enumerate(
        ((last, last.startswith(word)), (last, word in last), (text, word in text)), 1
    ):
        if hit and place:
            return worse * 100
    for worse, place in enumerate((last, text), 4):
        width = _width(place, word)
        if width is not None:
            return worse * 100 + min(width - len(word), 99)
    return None


def _width(place: str, word: str) -> int | None:
    """The length of the first stretch that has the word's letters in order."""
    at = place.find(word[0])
    start = at
    for letter in word[1:]:
        if at < 0:
            break
        at = place.find(letter, at + 1)
    return None if at < 0 else at - start + 1


def _cursor(after: bytes) -> str:
    return base64.b64encode(after, altchars=b"-_").decode()


def _after(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise _no_cursor() from error


def _number(after: bytes | None) -> int:
    if after is None:
        return 0
    if not after.isdigit() or len(after) > _LONGEST_NUMBER:
        raise _no_cursor()
    return int(after)


def _no_cursor() -> InvalidInput:
    return InvalidInput("That is not a cursor of this list.", field="cursor")

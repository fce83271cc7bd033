"""The read-only list of what a session's worktree holds against what was reviewed, with the author of every line.

Owns its pages, and which marks and hunks a choice means. What differs and who made it is `comparison`'s.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from anyio import to_thread
from msgspec import Struct

from roundhouse.model.change import ChangeSet, FileChange, Hunk
from roundhouse.model.errors import Conflict, InvalidInput
from roundhouse.model.review import Choice
from roundhouse.model.session import Worktree
from roundhouse.workspace.comparison import ChangedFile, Comparison, compare
from roundhouse.workspace.diff import FilePatch, PatchHunk, hunk_ids, shown
from roundhouse.workspace.filters import PERSON, Filter
from roundhouse.workspace.git import git_in_store
from roundhouse.workspace.session_store import open_store
from roundhouse.workspace.shown import file_change, one_hunk, totals
from roundhouse.workspace.snapshot import REFS, Snapshots

__all__ = ["PERSON", "change_set", "chosen_by", "marks"]

PAGE_BYTES = 1 << 20
"""A page ends before its lines exceed this, whatever its limit says."""
_LINE_BYTES = 100
"""What a short line takes in an answer."""
_SNAPSHOT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class _Cursor(Struct, frozen=True):
    """Where a page goes on: after that file, or within it at that hunk."""

    path: bytes
    hunk: int | None = None

    def after(self, file: ChangedFile) -> bool:
        return file.entry.path > self.path or (
            self.hunk is not None and file.entry.path == self.path
        )

    def first_hunk(self, file: ChangedFile) -> int:
        return self.hunk or 0 if file.entry.path == self.path else 0


async def change_set(
    snapshots: Snapshots,
    worktree: Worktree,
    *,
    agent: str | None = None,
    task_id: str | None = None,
    path: str | None = None,
    since: str | None = None,
    seen: Collection[str] = (),
    unseen_only: bool = False,
    cursor: str | None = None,
    limit: int = 200,
) -> ChangeSet:
    """The files that differ between the reviewed (or the `since`) and the last snapshot, with per-line authors.

    `path` is a file or a folder; `agent` may be `person`. With `agent` or `task_id` only their hunks are there;
    `additions`, `deletions` and shares count their lines only, and a change of mode that may be another's is not told.
    `seen` are the marks that `marks` gave; with `unseen_only` what has
    them is left out. A page may hold fewer files than `limit`. A file over 1 MB or with over 20,000 differing lines is
    `too_large` and has no hunks, unless `path` is that very file: then its hunks come, up to 16 MB and 200,000 lines,
    a range of them on each page of about 1 MB, each page with the file's own facts. `next_cursor` leads on within it;
    a hunk is never cut, so one alone may be a larger page. Raises InvalidInput for a cursor that is none and for an
    unknown `since`, GitError.
    """
    base, reviewed, head = (
        worktree.base_snapshot,
        worktree.reviewed_snapshot,
        worktree.head_snapshot,
    )
    after = _after(cursor)
    wanted = Filter(
        agent=agent, task_id=task_id, path=path, seen=frozenset(seen), unseen_only=unseen_only
    )
    if since is not None:
        await _known(snapshots.path(worktree.session_id), since)
    comparison = await _pending(snapshots, worktree, since or reviewed)
    found = [] if comparison is None else await _listed(comparison, wanted)
    rest = [file for file in found if after.after(file)]
    files: list[FileChange] = []
    following: _Cursor | None = None
    if comparison is not None and rest:
        files, following = await _page(comparison, rest, wanted, after, max(1, limit))
    return ChangeSet(
        base=base,
        reviewed=reviewed,
        head=head,
        files=files,
        totals=await to_thread.run_sync(totals, found, wanted),
        next_cursor=None if following is None else _written(following),
    )


async def marks(snapshots: Snapshots, worktree: Worktree, choice: Choice) -> list[str]:
    """The marks by which `change_set` knows again that this choice was seen, as long as it stays what it is.

    Raises Conflict: `stale_hunk`, `stale_file` for what is not in the difference now; GitError.
    """
    comparison = await _pending(snapshots, worktree, worktree.reviewed_snapshot)
    files = [] if comparison is None else comparison.files
    _refuse(choice.files - {shown(file.entry.path) for file in files}, "file")
    if comparison is not None:
        await comparison.mark(files)
    _refuse(choice.hunks - {mark.id for file in files for mark in file.marks or ()}, "hunk")
    paths, hunks = set(choice.files), set(choice.hunks)
    if choice.agent is not None:
        theirs, written, _mixed = _only_by(files, choice.agent)
        paths |= theirs
        hunks |= written
    found: list[str] = []
    for file in files:
        names = [mark.id for mark in file.marks or ()]
        if choice.everything or shown(file.entry.path) in paths:
            found.append(file.id)
        else:
            names = [name for name in names if name in hunks]
            if not names:
                continue
        found += names
        if file.mode_id is not None:
            found.append(file.mode_id)
    return found


async def chosen_by(
    snapshots: Snapshots, worktree: Worktree, agent: str
) -> tuple[frozenset[str], frozenset[str], list[str]]:
    """What the agent (or `person`) alone wrote: paths of files without hunks, ids of hunks.

    And the ids of what others had a part in too: of hunks, or of files without hunks. Raises GitError.
    """
    comparison = await _pending(snapshots, worktree, worktree.reviewed_snapshot)
    if comparison is None:
        return frozenset(), frozenset(), []
    await comparison.mark(comparison.files)
    return _only_by(comparison.files, agent)


def _only_by(
    files: Iterable[ChangedFile], agent: str
) -> tuple[frozenset[str], frozenset[str], list[str]]:
    wanted = Filter(agent=agent)
    whole: set[str] = set()
    hunks: set[str] = set()
    mixed: list[str] = []
    for file in files:
        made = file.made()
        by = {author for _kind, author in made} if made.total() else file.authors
        parts = [(mark.id, {by for _kind, by in mark.made}) for mark in file.marks or ()]
        chosen, name = (hunks, None) if parts else (whole, shown(file.entry.path))
        for part, authors in parts or [(file.id, by)]:
            theirs = [wanted.fits(author) for author in authors]
            if all(theirs):
                chosen.add(name or part)
            elif any(theirs):
                mixed.append(part)
    return frozenset(whole), frozenset(hunks), mixed


async def _pending(snapshots: Snapshots, worktree: Worktree, old: str | None) -> Comparison | None:
    head = worktree.head_snapshot
    if old is None or head is None or old == head:
        return None
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    return await compare(store.path, old, head)


async def _listed(comparison: Comparison, wanted: Filter) -> list[ChangedFile]:
    """The files of the list."""
    found = await to_thread.run_sync(
        lambda: [file for file in comparison.files if wanted.holds(file)]
    )
    if not (wanted.unseen_only and wanted.seen):
        return found
    await comparison.mark(found)
    rest = [file for file in found if not wanted.saw(file)]
    if not wanted.by_author:
        return rest
    return [
        file
        for file in rest
        if not file.marks or any(wanted.shows(m.id, m.made) for m in file.marks)
    ]


async def _page(
    comparison: Comparison, files: list[ChangedFile], wanted: Filter, after: _Cursor, limit: int
) -> tuple[list[FileChange], _Cursor | None]:
    """The files of a page, as many as its size allows, and where the next begins."""
    page = files[:limit]
    patches = await comparison.patches(file for file in page if not file.entry.long)
    if wanted.seen:
        await comparison.mark(page)
    result: list[FileChange] = []
    size = 0
    for file in page:
        patch = patches.get(file.entry.path)
        large = file.entry.additions is not None and (file.entry.long or not file.readable(patch))
        if large and wanted.names(file.entry):
            patch = await comparison.whole(file)
            part, following = await to_thread.run_sync(
                _part, file, patch, wanted, after.first_hunk(file)
            )
            return [*result, part], following or _following(file, files)
        weight = 0 if large else _weight(patch)
        if result and size + weight > PAGE_BYTES:
            break
        size += weight
        hunks = (
            [] if large or patch is None else await to_thread.run_sync(_hunks, file, patch, wanted)
        )
        result.append(file_change(file, hunks, wanted, too_large=large))
    return result, _following(page[len(result) - 1], files)


def _following(last: ChangedFile, files: list[ChangedFile]) -> _Cursor | None:
    return None if last is files[-1] else _Cursor(last.entry.path)


def _hunks(file: ChangedFile, patch: FilePatch, wanted: Filter) -> list[Hunk]:
    """The file's hunks that are asked for."""
    return [
        one_hunk(file, hunk, name, wanted)
        for hunk, name in zip(patch.hunks, hunk_ids(file.entry.path, patch.hunks), strict=True)
        if wanted.shows(name, file.made_in(hunk))
    ]


def _part(
    file: ChangedFile, patch: FilePatch | None, wanted: Filter, first: int
) -> tuple[FileChange, _Cursor | None]:
    """As many of a large file's hunks, from that one on, as its page can hold, and where the next begins."""
    if patch is None:
        return file_change(file, [], wanted, too_large=True), None
    hunks: list[Hunk] = []
    size = 0
    ids = hunk_ids(file.entry.path, patch.hunks)
    for number in range(first, len(ids)):
        hunk = patch.hunks[number]
        if not wanted.shows(ids[number], file.made_in(hunk)):
            continue
        if hunks and size + _hunk_weight(hunk) > PAGE_BYTES:
            part = file_change(file, hunks, wanted, too_large=False)
            return part, _Cursor(file.entry.path, number)
        size += _hunk_weight(hunk)
        hunks.append(one_hunk(file, hunk, ids[number], wanted))
    return file_change(file, hunks, wanted, too_large=False), None


def _weight(patch: FilePatch | None) -> int:
    if patch is None:
        return 0
    return sum(_hunk_weight(hunk) for hunk in patch.hunks)


def _hunk_weight(hunk: PatchHunk) -> int:
    return max(len(hunk.body), _LINE_BYTES * len(hunk.lines))


async def _known(store: Path, since: str) -> None:
    made = await to_thread.run_sync((store / "HEAD").is_file)
    found = b""
    if made and _SNAPSHOT.fullmatch(since) is not None:
        wanted = ("rev-parse", "-q", "--verify", f"{REFS}{since}^{{tree}}")
        found = await git_in_store(*wanted, store=store, check=False)
    if not found:
        raise InvalidInput("That is not a snapshot of this session.", field="since")


def _refuse(unknown: Collection[str], kind: str) -> None:
    if unknown:
        raise Conflict(
            f"The {kind} {min(unknown)} is not in the difference any more.",
            code=f"stale_{kind}",
            remedy="Look at the changes again.",
        )


def _written(cursor: _Cursor) -> str:
    hunk = b"" if cursor.hunk is None else str(cursor.hunk).encode()
    return base64.urlsafe_b64encode(cursor.path + b"\0" + hunk).decode()


def _after(cursor: str | None) -> _Cursor:
    if cursor is None:
        return _Cursor(b"")
    try:
        path, _, hunk = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).partition(
            b"\0"
        )
        return _Cursor(path, int(hunk) if hunk else None)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("That is not a cursor of this list.", field="cursor") from error

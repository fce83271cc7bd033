"""The read-only list of what a session's worktree holds against what was reviewed, with the author of every line.

Owns filters, paging, shares and totals. Who made a line is `attribution`'s, what differs is `delta`'s.
"""

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Iterable

from anyio import to_thread
from msgspec import Struct
from msgspec.structs import replace

from roundhouse.model.change import (
    AgentShare,
    ChangeSet,
    ChangeTotals,
    DiffLine,
    FileChange,
    Hunk,
)
from roundhouse.model.errors import InvalidInput
from roundhouse.model.session import Worktree
from roundhouse.workspace.attribution import History, Lines, only_author
from roundhouse.workspace.delta import LARGE_BYTES, Entry, entries, some_patches
from roundhouse.workspace.diff import ID_LENGTH, FilePatch, PatchHunk, hunk_ids, shown
from roundhouse.workspace.session_store import open_store
from roundhouse.workspace.snapshot import Author, Snapshots

PERSON = "person"
"""The filter value for what no agent wrote."""
PAGE_BYTES = 1 << 20
"""A page ends before its lines exceed this, whatever its limit says."""


class _File(Struct, kw_only=True):
    entry: Entry
    authors: set[Author]
    """All who changed it."""
    only: Author | None = None
    lines: Lines | None = None
    patch: FilePatch | None = None

    @property
    def countable(self) -> bool:
        """Whether it has lines that can be told apart."""
        entry = self.entry
        return not (entry.additions is None or entry.long or entry.gitlink)

    def author(self, kind: str, number: int | None) -> Author:
        """Who made the line with that number on its side."""
        if self.only is None and self.lines is not None and number is not None:
            side = self.lines.added if kind == "add" else self.lines.deleted
            return side.get(number, Author(None, None))
        return self.only or Author(None, None)

    def counts(self) -> Counter[tuple[str, Author]]:
        """How many lines each added and deleted; empty where lines do not say it."""
        if self.only is not None:
            return Counter(
                {
                    ("add", self.only): self.entry.additions or 0,
                    ("delete", self.only): self.entry.deletions or 0,
                }
            )
        if self.lines is None:
            return Counter()
        return Counter(("add", author) for author in self.lines.added.values()) + Counter(
            ("delete", author) for author in self.lines.deleted.values()
        )


class _Filter(Struct, frozen=True):
    agent: str | None
    task_id: str | None
    path: str | None

    @property
    def by_author(self) -> bool:
        return self.agent is not None or self.task_id is not None

    def fits(self, author: Author) -> bool:
        """Whether the author is the one asked for."""
        named = PERSON if author.agent is None else author.agent
        return self.agent in {None, named} and self.task_id in {None, author.task_id}

    def covers(self, entry: Entry) -> bool:
        """Whether the file is the one asked for, or lies in the folder asked for."""
        if self.path is None:
            return True
        wanted = self.path.rstrip("/")
        names = {shown(entry.path), shown(entry.old_name)}
        return any(name == wanted or name.startswith(f"{wanted}/") for name in names)


async def change_set(
    snapshots: Snapshots,
    worktree: Worktree,
    *,
    agent: str | None = None,
    task_id: str | None = None,
    path: str | None = None,
    cursor: str | None = None,
    limit: int = 200,
) -> ChangeSet:
    """The files that differ between the reviewed and the last snapshot, with per-line authors.

    `path` is a file or a folder; `agent` may be `person`. With `agent` or `task_id` only their hunks are there and
    `additions`, `deletions` count their lines only. A page may hold fewer files than `limit`. Raises InvalidInput
    for a cursor that is none, GitError.
    """
    base, reviewed, head = (
        worktree.base_snapshot,
        worktree.reviewed_snapshot,
        worktree.head_snapshot,
    )
    after = _after(cursor)
    found: list[_File] = []
    wanted = _Filter(agent, task_id, path)
    if reviewed is not None and head is not None and reviewed != head:
        found = await _files(snapshots, worktree, reviewed, head, wanted)
    rest = [file for file in found if after is None or file.entry.path > after]
    page = rest[: max(1, limit)]
    if page and reviewed is not None and head is not None:
        await _load_patches(snapshots, worktree, (reviewed, head), page)
    files, taken = await to_thread.run_sync(_shown_page, page, wanted)
    more = taken < len(rest)
    return ChangeSet(
        base=base,
        reviewed=reviewed,
        head=head,
        files=files,
        totals=_totals(found, wanted),
        next_cursor=_cursor(page[taken - 1].entry.path) if more else None,
    )


async def _files(
    snapshots: Snapshots, worktree: Worktree, reviewed: str, head: str, wanted: _Filter
) -> list[_File]:
    """All files that fit, with their authors known down to the line where several worked on one."""
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    changed = [entry for entry in await entries(store.path, reviewed, head) if wanted.covers(entry)]
    history = await History.read(store.path, reviewed, head)

    def touched() -> list[_File]:
        files = []
        for entry in changed:
            touches = history.touches(entry)
            authors = {touch.step.author for touch in touches}
            if not wanted.by_author or any(wanted.fits(author) for author in authors):
                only = only_author(touches)
                # A link to another repository has one line; its last mover made it.
                if only is None and entry.gitlink and touches:
                    only = touches[-1].step.author
                files.append(_File(entry=entry, authors=authors, only=only))
        return files

    files = await to_thread.run_sync(touched)
    shared = [file for file in files if file.only is None and file.countable]
    patches = await some_patches(store.path, reviewed, head, [file.entry for file in shared])
    for file in shared:
        file.patch = patches.get(file.entry.path)
    whole = [(file.entry, file.patch) for file in shared if file.patch and not file.patch.binary]
    lines = await history.lines(whole)
    for file in shared:
        file.lines = lines.get(file.entry.path)
    return [file for file in files if _fits(file, wanted)]


async def _load_patches(
    snapshots: Snapshots, worktree: Worktree, between: tuple[str, str], page: list[_File]
) -> None:
    missing = [file for file in page if file.patch is None and not file.entry.long]
    patches = await some_patches(
        snapshots.path(worktree.session_id), *between, [file.entry for file in missing]
    )
    for file in missing:
        file.patch = patches.get(file.entry.path)


def _fits(file: _File, wanted: _Filter) -> bool:
    if not wanted.by_author:
        return True
    counts = file.counts()
    by = {author for _kind, author in counts} if counts.total() else file.authors
    return any(wanted.fits(author) for author in by)


def _shown_page(page: list[_File], wanted: _Filter) -> tuple[list[FileChange], int]:
    """The files of a page, as many as its size allows, and their number."""
    result: list[FileChange] = []
    size = 0
    for file in page:
        raw = 0 if file.patch is None else len(file.patch.raw)
        if result and size + min(raw, LARGE_BYTES) > PAGE_BYTES:
            break
        size += min(raw, LARGE_BYTES)
        result.append(_shown(file, wanted))
    return result, len(result)


def _shown(file: _File, wanted: _Filter) -> FileChange:
    entry = file.entry
    binary = entry.additions is None
    renamed_only = entry.old_path is not None and entry.old_blob == entry.new_blob
    too_large = not binary and (
        entry.long
        or (file.patch is None and not renamed_only)
        or (file.patch is not None and (file.patch.binary or len(file.patch.raw) > LARGE_BYTES))
    )
    hunks: list[Hunk] = []
    if not binary and not too_large and file.patch is not None:
        ids = hunk_ids(entry.path, file.patch.hunks)
        hunks = [_hunk(file, hunk, name) for hunk, name in zip(file.patch.hunks, ids, strict=True)]
        if wanted.by_author:
            hunks = [hunk for hunk in hunks if _has(hunk, wanted)]
    additions, deletions = _sums(file, wanted)
    return FileChange(
        id=_file_id(entry),
        path=shown(entry.path),
        old_path=None if entry.old_path is None else shown(entry.old_path),
        operation=entry.operation,
        additions=additions,
        deletions=deletions,
        agents=_shares(file),
        hunks=hunks,
        binary=binary,
        too_large=too_large,
    )


def _hunk(file: _File, hunk: PatchHunk, name: str) -> Hunk:
    lines = []
    makers: dict[Author, None] = {}
    for line in hunk.lines:
        text = line.text.decode(errors="replace")
        shown_line = DiffLine(kind=line.kind, text=text, old=line.old, new=line.new)
        if line.kind != "context":
            author = file.author(line.kind, line.new if line.kind == "add" else line.old)
            makers[author] = None
            shown_line = replace(shown_line, agent=author.agent, task_id=author.task_id)
        lines.append(shown_line)
    return Hunk(
        id=name,
        header=hunk.header.decode(errors="replace"),
        lines=lines,
        agents=list(dict.fromkeys(author.agent for author in makers if author.agent)),
        task_ids=list(dict.fromkeys(author.task_id for author in makers if author.task_id)),
    )


def _has(hunk: Hunk, wanted: _Filter) -> bool:
    return any(
        line.kind != "context" and wanted.fits(Author(line.agent, line.task_id))
        for line in hunk.lines
    )


def _sums(file: _File, wanted: _Filter) -> tuple[int, int]:
    entry = file.entry
    counts = file.counts()
    if not wanted.by_author or not counts:
        return entry.additions or 0, entry.deletions or 0
    fitting = {key: number for key, number in counts.items() if wanted.fits(key[1])}
    return (
        sum(number for (kind, _author), number in fitting.items() if kind == "add"),
        sum(number for (kind, _author), number in fitting.items() if kind == "delete"),
    )


def _by_agent(file: _File) -> Counter[str | None]:
    lines: Counter[str | None] = Counter()
    for (_kind, author), number in file.counts().items():
        lines[author.agent] += number
    return lines


def _shares(file: _File) -> list[AgentShare]:
    lines = _by_agent(file)
    if lines.total():
        return _as_shares(lines)
    agents = sorted({author.agent for author in file.authors}, key=lambda name: name or "")
    return [AgentShare(agent, 0, round(1 / len(agents), 4)) for agent in agents]


def _as_shares(lines: Counter[str | None]) -> list[AgentShare]:
    total = lines.total()
    return [
        AgentShare(agent, number, round(number / total, 4))
        for agent, number in lines.most_common()
        if number
    ]


def _totals(files: Iterable[_File], wanted: _Filter) -> ChangeTotals:
    number = additions = deletions = 0
    lines: Counter[str | None] = Counter()
    for file in files:
        number += 1
        added, deleted = _sums(file, wanted)
        additions += added
        deletions += deleted
        lines += _by_agent(file)
    return ChangeTotals(
        files=number, additions=additions, deletions=deletions, agents=_as_shares(lines)
    )


def _file_id(entry: Entry) -> str:
    parts = (entry.old_name, entry.path, entry.old_mode.encode(), entry.new_mode.encode())
    digest = hashlib.sha256(b"\0".join(parts))
    digest.update(f"{entry.old_blob}{entry.new_blob}".encode())
    return digest.hexdigest()[:ID_LENGTH]


def _cursor(path: bytes) -> str:
    return base64.urlsafe_b64encode(path).decode()


def _after(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("That is not a cursor of this list.", field="cursor") from error

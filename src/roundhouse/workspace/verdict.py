"""Accepting and rejecting what differs between the reviewed snapshot and the last, by file, by hunk or by agent.

Owns which content the new snapshot has: of accepting the reviewed one with the chosen changes, of rejecting the last one
without them. Nothing but our own object store is written: a kill at any moment leaves the old state and at most a
snapshot that no row names. The files of a rejection, and the rows, are the caller's.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from roundhouse.model.errors import Conflict
from roundhouse.model.review import Choice
from roundhouse.model.session import Worktree
from roundhouse.workspace.delta import Entry, entries, some_patches
from roundhouse.workspace.diff import FilePatch, hunk_ids, shown
from roundhouse.workspace.image import folder_aside
from roundhouse.workspace.merge import blob_sizes, read_blobs, write_blobs
from roundhouse.workspace.pairs import MOST_BYTES
from roundhouse.workspace.review import chosen_by
from roundhouse.workspace.session_store import open_store
from roundhouse.workspace.snapshot import Snapshots
from roundhouse.workspace.splice import splice

_NOTHING = "000000"
_AT_ONCE = 32 << 20
"""Bytes of contents that are in memory together; a larger file is so alone."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What a verdict made: a snapshot, which is the old one where nothing was chosen.

    `hunks` counts those chosen beside whole files; `mixed` are hunks left alone since others wrote in them too.
    """

    snapshot: str
    files: list[str]
    hunks: int
    mixed: list[str] = []


class _Side(Struct, frozen=True):
    """A file as one of the two snapshots has it."""

    path: bytes
    mode: str
    blob: str

    def line(self, mode: str | None = None, blob: str | None = None) -> bytes:
        """Its entry for `update-index -z --index-info`, or that of another mode or blob at its path."""
        return f"{mode or self.mode} {blob or self.blob}\t".encode() + self.path + b"\0"


class _Part(Struct, frozen=True):
    """A file that differs, and the hunks of it that are chosen, by position. No patch: it is chosen whole."""

    entry: Entry
    patch: FilePatch | None = None
    taken: frozenset[int] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether all of its difference is chosen, its name and mode included."""
        return (
            self.patch is None
            or len(self.taken) == len(self.patch.hunks)
            # A file that became a link, or the reverse, has two hunks that mean nothing alone.
            or self.entry.status[0] not in {"M", "R"}
        )


class _Chosen(Struct, frozen=True):
    parts: list[_Part]
    others: list[Entry]
    hunks: int = 0
    mixed: list[str] = []


async def accept(snapshots: Snapshots, worktree: Worktree, choice: Choice) -> Verdict:
    """The reviewed snapshot with what is chosen as it is in the last, parents (reviewed, head).

    A file's name and mode move with its last hunk; what has no hunks is chosen as a file. Raises Conflict: `stale_hunk`,
    `stale_file` for what is not in the difference now, `entangled` where a file cannot be without another that is not
    chosen, since one lies where the other has its folder (`details["paths"]`). Raises GitError.
    """
    return await _verdict(snapshots, worktree, choice, "Accepted", edited=0)


async def reject(snapshots: Snapshots, worktree: Worktree, choice: Choice) -> Verdict:
    """The last snapshot with what is chosen as it is in the reviewed one, parents (head, reviewed).

    The worktree's files are not written yet; a submodule's own never are. Chosen and raising as for `accept`.
    """
    return await _verdict(snapshots, worktree, choice, "Rejected", edited=1)


async def _verdict(
    snapshots: Snapshots, worktree: Worktree, choice: Choice, message: str, *, edited: int
) -> Verdict:
    """Bring what is chosen from one side of the difference to the other; `edited` is the side that it comes to.

    The sides are the reviewed snapshot and the last, 0 and 1.
    """
    reviewed, head = worktree.reviewed_snapshot, worktree.head_snapshot
    if reviewed is None or head is None:
        chosen, parents = _Chosen([], []), [""]
        _refuse_stale(choice.files, "file")
        _refuse_stale(choice.hunks, "hunk")
    else:
        chosen = await _choose(snapshots, worktree, choice, reviewed, head)
        parents = [head, reviewed] if edited else [reviewed, head]
    snapshot = parents[0]
    if chosen.parts:
        _refuse_entangled(chosen, edited)
        store = snapshots.path(worktree.session_id)
        made = await _spliced(store, chosen.parts, edited)
        lines = [line for part in chosen.parts for line in _lines(part, edited, made)]
        # What goes makes room for what comes.
        lines.sort(key=lambda line: not line.startswith(_NOTHING.encode()))
        snapshot = await snapshots.edited(
            worktree, b"".join(lines), parents=parents, message=message
        )
    files = [shown(part.entry.path) for part in chosen.parts]
    return Verdict(snapshot=snapshot, files=files, hunks=chosen.hunks, mixed=chosen.mixed)


async def _choose(
    snapshots: Snapshots, worktree: Worktree, choice: Choice, reviewed: str, head: str
) -> _Chosen:
    store = (await open_store(snapshots.path(worktree.session_id), worktree)).path
    files, hunks, mixed = choice.files, choice.hunks, list[str]()
    if choice.agent is not None:
        theirs, parts_of_theirs, mixed = await chosen_by(snapshots, worktree, choice.agent)
        files, hunks = files | theirs, hunks | parts_of_theirs
    found = await entries(store, reviewed, head)
    _refuse_stale(files - {shown(entry.path) for entry in found}, "file")
    left = set(hunks)
    patches = await _patches(store, found, left, reviewed, head)
    parts: list[_Part] = []
    others: list[Entry] = []
    count = 0
    for entry in found:
        patch = patches.get(entry.path)
        ids = [] if patch is None else hunk_ids(entry.path, patch.hunks)
        taken = frozenset(position for position, name in enumerate(ids) if name in left)
        left -= set(ids)
        if choice.everything or shown(entry.path) in files:
            parts.append(_Part(entry))
        elif taken:
            parts.append(_Part(entry, patch, taken))
            count += len(taken)
        else:
            others.append(entry)
    _refuse_stale(left, "hunk")
    return _Chosen(parts, others, count, mixed)


async def _patches(
    store: Path, found: list[Entry], wanted: set[str], reviewed: str, head: str
) -> dict[bytes, FilePatch]:
    """The patches that hold the wanted hunks; large files are read only when the others do not hold them all."""
    if not wanted:
        return {}
    patches = await some_patches(store, reviewed, head, [e for e in found if not e.long])
    known = {name for path, patch in patches.items() for name in hunk_ids(path, patch.hunks)}
    if wanted <= known:
        return patches
    large = [e for e in found if e.path not in patches or patches[e.path].binary]
    return patches | await some_patches(store, reviewed, head, large, largest=MOST_BYTES)


def _sides(entry: Entry) -> tuple[_Side | None, _Side | None]:
    old = _Side(entry.old_name, entry.old_mode, entry.old_blob)
    new = _Side(entry.path, entry.new_mode, entry.new_blob)
    return (
        None if entry.old_mode == _NOTHING else old,
        None if entry.new_mode == _NOTHING else new,
    )


def _lines(part: _Part, edited: int, made: Mapping[bytes, str]) -> list[bytes]:
    """What a chosen file changes in the edited side's tree."""
    sides = _sides(part.entry)
    here, there = sides[edited], sides[1 - edited]
    if here is not None and part.entry.path in made:
        return [here.line(blob=made[part.entry.path])]
    gone = [] if here is None else [here.line(mode=_NOTHING)]
    return gone if there is None else [*gone, there.line()]


async def _spliced(store: Path, parts: Sequence[_Part], edited: int) -> dict[bytes, str]:
    """The new contents of files of which only some hunks are chosen, by path."""
    some = [(part, part.patch) for part in parts if part.patch is not None and not part.whole]
    sizes = await blob_sizes(store, {blob for part, _ in some for blob in _blobs(part)})
    groups: list[list[tuple[_Part, FilePatch]]] = []
    room = 0
    for pair in some:
        size = sum(sizes[blob] for blob in _blobs(pair[0]))
        if not groups or size > room:
            groups.append([])
            room = _AT_ONCE
        groups[-1].append(pair)
        room -= size
    made: dict[bytes, str] = {}
    for group in groups:
        texts = await read_blobs(store, {blob for part, _ in group for blob in _blobs(part)})
        contents = []
        for part, patch in group:
            old, new = (texts[blob] for blob in _blobs(part))
            taken = set(range(len(patch.hunks))) - part.taken if edited else part.taken
            contents.append(splice(old, new, patch.hunks, taken))
        async with folder_aside(store) as aside:
            blobs = await write_blobs(store, aside, contents)
        made |= zip((part.entry.path for part, _ in group), blobs, strict=True)
    return made


def _blobs(part: _Part) -> tuple[str, str]:
    return part.entry.old_blob, part.entry.new_blob


def _refuse_stale(unknown: Collection[str], kind: str) -> None:
    if unknown:
        raise Conflict(
            f"The {kind} {min(unknown)} is not in the difference any more.",
            code=f"stale_{kind}",
            remedy="Look at the changes again.",
        )


def _refuse_entangled(chosen: _Chosen, edited: int) -> None:
    """Git would silently drop what stays for what comes where one is the other's folder."""
    unchosen = [*chosen.others, *(part.entry for part in chosen.parts if not part.whole)]
    stays = {side.path for entry in unchosen if (side := _sides(entry)[edited])}
    parts = [part.entry for part in chosen.parts if part.whole]
    comes = {side.path for entry in parts if (side := _sides(entry)[1 - edited])}
    both = _below(comes, stays) | _below(stays, comes)
    if both:
        raise Conflict(
            f"{shown(min(both))} lies where the folder of another changed file is.",
            code="entangled",
            remedy="Choose both files.",
            details={"paths": [shown(path) for path in sorted(both)]},
        )


def _below(paths: set[bytes], folders: set[bytes]) -> set[bytes]:
    """Those of the folders that one of the paths lies in, and these paths."""
    found: set[bytes] = set()
    for path in paths:
        for at, byte in enumerate(path):
            if byte == ord("/") and path[:at] in folders:
                found |= {path, path[:at]}
    return found

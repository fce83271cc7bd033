"""Accepting what differs between the reviewed snapshot and the last, by file or by hunk.

Owns which content the reviewed snapshot has afterwards. Nothing but our own object store is written: a kill at any
moment leaves the old state and at most a snapshot that no row names. The caller persists in one transaction, after the
return: `reviewed_snapshot`, then what follows from it.
"""

from collections.abc import Collection
from pathlib import Path

from roundhouse.model.errors import Conflict
from roundhouse.model.session import Worktree
from roundhouse.workspace.delta import Entry, entries, some_patches
from roundhouse.workspace.diff import FilePatch, hunk_ids, shown
from roundhouse.workspace.git import git_in_store
from roundhouse.workspace.session_store import open_store
from roundhouse.workspace.snapshot import Snapshots
from roundhouse.workspace.splice import splice

_NOTHING = "000000"


async def accept(
    snapshots: Snapshots,
    worktree: Worktree,
    *,
    files: Collection[str] = (),
    hunks: Collection[str] = (),
    everything: bool = False,
) -> str:
    """The reviewed snapshot with these files and hunks as they are in the last, parents (reviewed, head).

    `files` and `hunks` are paths and ids of the change set. A file's name and mode move with its last hunk; of a file
    that became a link, or the reverse, either hunk takes both. Raises Conflict (`stale_hunk`, `stale_file`) for what is
    not in the difference now, GitError where a file cannot be without another (it lies where that one was).
    """
    reviewed, head = worktree.reviewed_snapshot, worktree.head_snapshot
    if reviewed is None or head is None:
        found, store = [], snapshots.path(worktree.session_id)
    else:
        store = (await open_store(snapshots.path(worktree.session_id), worktree)).path
        found = await entries(store, reviewed, head)
    _refuse(set(files) - {shown(entry.path) for entry in found}, "file")
    whole = [entry for entry in found if everything or shown(entry.path) in files]
    info = [_as_new(entry) for entry in whole]
    left = set(hunks)
    if left and reviewed is not None and head is not None:
        patches = await some_patches(store, reviewed, head, [e for e in found if not e.long])
        for entry in found:
            patch = patches.get(entry.path)
            ids = [] if patch is None else hunk_ids(entry.path, patch.hunks)
            taken = {position for position, name in enumerate(ids) if name in left}
            left -= set(ids)
            if patch is not None and taken and entry not in whole:
                info.append(await _partly(store, entry, patch, taken))
    _refuse(left, "hunk")
    if reviewed is None or head is None or not info:
        return reviewed or ""
    # What goes makes room for what comes.
    lines = sorted((line for part in info for line in part), key=lambda line: line[:6] != b"000000")
    return await snapshots.edited(
        worktree, b"".join(lines), parents=[reviewed, head], message="Accepted"
    )


def _refuse(unknown: Collection[str], kind: str) -> None:
    if unknown:
        raise Conflict(
            f"The {kind} {min(unknown)} is not in the difference any more.",
            code=f"stale_{kind}",
            remedy="Look at the changes again.",
        )


def _as_new(entry: Entry) -> list[bytes]:
    lines = [_line(entry.new_mode, entry.new_blob, entry.path)]
    if entry.old_path is not None:
        lines.append(_line(_NOTHING, entry.old_blob, entry.old_path))
    return lines


async def _partly(store: Path, entry: Entry, patch: FilePatch, taken: set[int]) -> list[bytes]:
    if len(taken) == len(patch.hunks) or entry.status[0] not in {"M", "R"}:
        return _as_new(entry)
    old = await git_in_store("cat-file", "blob", entry.old_blob, store=store)
    new = await git_in_store("cat-file", "blob", entry.new_blob, store=store)
    text = splice(old, new, patch.hunks, taken)
    blob = await git_in_store("hash-object", "-w", "--stdin", store=store, stdin=text)
    return [_line(entry.old_mode, blob.decode().strip(), entry.old_name)]


def _line(mode: str, blob: str, path: bytes) -> bytes:
    return f"{mode} {blob}\t".encode() + path + b"\0"

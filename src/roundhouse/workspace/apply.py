"""Plans how a session's changes come into the user's checkout, and how the last ones go out of it again.

Owns what is looked at there and what the plan says of each file. Planning writes into the session's own store only: no
object, index or ref of the user's, and none of the files. Which change wins is `merge`'s; carrying the plan out is
`move`'s, which looks once more whether all is as it was planned for.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anyio import to_thread
from msgspec import Struct
from msgspec.structs import replace

from roundhouse.model.errors import WorkspaceError
from roundhouse.model.outcome import AppliedFile, ApplyConflict, ConflictKind
from roundhouse.model.review import Applied
from roundhouse.model.session import Worktree
from roundhouse.workspace.checkout import (
    Checkout,
    Seen,
    clean,
    git_dir_of,
    is_rules,
    look,
    readable,
)
from roundhouse.workspace.delta import Entry, entries
from roundhouse.workspace.diff import shown
from roundhouse.workspace.image import (
    Raw,
    folder_aside,
    image_tree,
    read_tree,
    smudged_tree,
    write_tree,
)
from roundhouse.workspace.merge import (
    Case,
    Decision,
    blob_sizes,
    conflicts_of,
    read_blobs,
    settle,
)
from roundhouse.workspace.move import Move
from roundhouse.workspace.session_store import open_store
from roundhouse.workspace.shown import modes_told
from roundhouse.workspace.snapshot import Snapshots

_GONE = "000000"
_POINTER = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_POINTER_BYTES = 1024
_ATTRIBUTES = b".gitattributes"


class ApplyPlan(Struct, frozen=True, kw_only=True):
    """What would happen. `move` is None where there is nothing to write, or a conflict.

    `unchanged` are files that the checkout has like that already; `skipped` are submodules.
    """

    files: list[AppliedFile]
    conflicts: list[ApplyConflict]
    unchanged: list[str]
    skipped: list[str]
    move: Move | None


class _Outcome(Struct, frozen=True):
    root: Path
    plan: ApplyPlan
    written: dict[bytes, Raw]
    deleted: frozenset[bytes]


async def plan_apply(
    snapshots: Snapshots,
    worktree: Worktree,
    checkout: Path,
    target: str,
    *,
    then: dict[str, Any],
) -> ApplyPlan:
    """How the checkout's files get what differs between the session's base and `target`, its own edits kept.

    All or nothing: with a conflict there is no move. Raises WorkspaceError.
    """
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    found = await entries(store.path, worktree.base_snapshot or target, target)
    if not found:
        return ApplyPlan(files=[], conflicts=[], unchanged=[], skipped=[], move=None)
    git_dir = await git_dir_of(checkout)
    paths = _paths(found)
    async with folder_aside(store.path) as aside:
        with _readably(checkout):
            ground = await to_thread.run_sync(look, checkout, paths)
            before = await image_tree(store.path, checkout, readable(ground, paths))
            side = await clean(store.path, git_dir, checkout, ground, aside)
            side = await _behind_pointers(store.path, side, found)
        outcome = await _outcome(store.path, aside, found, side)
        if outcome.plan.conflicts or not (outcome.written or outcome.deleted):
            return outcome.plan
        # Attributes decide how a file is written; those that come with this change hold already.
        kept = {
            path: raw
            for path, raw in side.files.items()
            if is_rules(path) and path not in outcome.deleted
        }
        tree = await write_tree(store.path, kept | outcome.written)
        after = await smudged_tree(store.path, tree, outcome.written, git_dir=git_dir)
    return await _with_move(store.path, outcome, (before, after), "apply", then)


async def plan_undo(
    snapshots: Snapshots,
    worktree: Worktree,
    checkout: Path,
    last: Applied,
    *,
    then: dict[str, Any],
) -> ApplyPlan:
    """How the checkout's files get back what they held before an apply, byte for byte; later edits are kept.

    In a conflict `base` is what the apply wrote, `theirs` what was there before. Raises WorkspaceError.
    """
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    found = await entries(store.path, last.after_tree, last.before_tree)
    await git_dir_of(checkout)
    paths = _paths(found)
    async with folder_aside(store.path) as aside:
        with _readably(checkout):
            ground = await to_thread.run_sync(look, checkout, paths)
            before = await image_tree(store.path, checkout, readable(ground, paths))
        side = Checkout(checkout, ground, await read_tree(store.path, before))
        outcome = await _outcome(store.path, aside, found, side)
    if outcome.plan.conflicts or not (outcome.written or outcome.deleted):
        return outcome.plan
    after = await write_tree(store.path, outcome.written)
    return await _with_move(store.path, outcome, (before, after), "undo_apply", then)


async def _with_move(
    store: Path, outcome: _Outcome, images: tuple[str, str], kind: str, then: dict[str, Any]
) -> ApplyPlan:
    """The plan with its move, from raw images of everything that was looked at, and of what is written."""
    now, new = await read_tree(store, images[0]), await read_tree(store, images[1])
    # Attributes can make two contents the same file: that needs no writing.
    touched = {
        path for path in outcome.written.keys() | outcome.deleted if now.get(path) != new.get(path)
    }
    if not touched:
        return outcome.plan
    move = Move(
        kind=kind,
        root=str(outcome.root),
        before=await write_tree(store, {path: now[path] for path in touched & now.keys()}),
        after=await write_tree(store, {path: new[path] for path in touched & new.keys()}),
        then=then,
    )
    return replace(outcome.plan, move=move)


@contextmanager
def _readably(checkout: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"The files of {checkout} cannot be read: {error}",
            remedy="Give this user access to them, then try again.",
        ) from error


async def _behind_pointers(store: Path, side: Checkout, found: list[Entry]) -> Checkout:
    """The checkout's side where a file is the very content that the base only points to (git-lfs): nobody changed it."""
    bases = {
        entry.old_name: entry.old_blob
        for entry in found
        if entry.old_mode != _GONE and entry.old_blob != entry.new_blob
    }
    differ = {
        path: blob
        for path, blob in bases.items()
        if (ours := side.files.get(path)) is not None and ours.blob != blob
    }
    sizes = await blob_sizes(store, differ.values())
    texts = await read_blobs(store, {blob for blob, size in sizes.items() if size < _POINTER_BYTES})

    def same() -> dict[bytes, Raw]:
        files = dict(side.files)
        for path, blob in differ.items():
            match = _POINTER.search(texts.get(blob, b""))
            place = side.root / os.fsdecode(path)
            if match is not None and place.is_file() and not place.is_symlink():
                with place.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256")
                if digest.hexdigest().encode() == match[1]:
                    files[path] = Raw(side.files[path].mode, blob)
        return files

    return replace(side, files=await to_thread.run_sync(same)) if texts else side


def _paths(found: Iterable[Entry]) -> set[bytes]:
    return {name for entry in found if not entry.gitlink for name in (entry.path, entry.old_name)}


async def _outcome(store: Path, aside: Path, found: list[Entry], side: Checkout) -> _Outcome:
    """What becomes of every file. Raises GitError."""
    cases = [_case(entry, side) for entry in found if not entry.gitlink]
    pairs = list(zip(cases, await settle(store, aside, cases), strict=True))
    deleted = frozenset(path for case, made in pairs for path in _deleted(case, made))

    def barred() -> list[tuple[Case, Decision]]:
        return [
            (case, _barred(side.root, case, made, side.seen[case.entry.path], deleted))
            for case, made in pairs
        ]

    pairs = await to_thread.run_sync(barred)
    files = [_applied(case, made) for case, made in pairs if made.kind in {"take", "delete_old"}]
    plan = ApplyPlan(
        files=files,
        conflicts=_with_places(await conflicts_of(store, pairs), side),
        unchanged=[shown(case.entry.path) for case, made in pairs if made.kind == "unchanged"],
        skipped=[shown(entry.path) for entry in found if entry.gitlink],
        move=None,
    )
    written = {
        case.entry.path: made.version
        for case, made in pairs
        if made.kind == "take" and made.version is not None
    }
    return _Outcome(side.root, plan, written, deleted)


def _with_places(conflicts: Iterable[ApplyConflict], side: Checkout) -> list[ApplyConflict]:
    """The conflicts with what stands where a file's folder must be."""
    parents = {shown(path): seen.parent for path, seen in side.seen.items() if seen.parent}
    return [
        replace(one, in_the_way=shown(parent))
        if (parent := parents.get(one.path)) and one.kind in {"type", "outside", "submodule"}
        else one
        for one in conflicts
    ]


def _case(entry: Entry, side: Checkout) -> Case:
    seen = side.seen[entry.path]
    odd = seen.kind == "odd" and entry.new_mode != _GONE
    return Case(
        entry=entry,
        base=None if entry.old_mode == _GONE else Raw(entry.old_mode, entry.old_blob),
        theirs=None if entry.new_mode == _GONE else Raw(entry.new_mode, entry.new_blob),
        ours=side.files.get(entry.path),
        ours_old=None if entry.old_path is None else side.files.get(entry.old_path),
        known=entry.path in side.known,
        barred="type" if odd else seen.barred if seen.parent is None else None,
    )


def _deleted(case: Case, made: Decision) -> set[bytes]:
    """The paths that go when the decision is carried out."""
    if made.kind == "take" and made.version is None:
        return {case.entry.path}
    old = case.entry.old_path
    moves = made.kind in {"take", "delete_old"} and case.ours_old is not None
    return {old} if old is not None and moves else set()


def _barred(
    root: Path, case: Case, made: Decision, seen: Seen, deleted: frozenset[bytes]
) -> Decision:
    """The decision, or the conflict that there is no room for it. Blocking."""
    comes = made.kind == "take" and made.version is not None
    if not comes and made.kind != "deleted_in_checkout":
        return made
    if seen.parent is not None:
        blocked = seen.parent not in deleted
        kind: ConflictKind = seen.barred or "type"
    else:
        blocked = seen.kind == "folder" and not _goes(root, case.entry.path, deleted)
        kind = "type"
    return replace(made, kind=kind, version=None) if blocked else made


def _goes(root: Path, folder: bytes, deleted: frozenset[bytes]) -> bool:
    """Whether all files in the folder are deleted before something else takes its place."""
    top = os.fsencode(root)
    for at, folders, files in os.walk(os.path.join(top, folder)):  # noqa: PTH118 - bytes
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]  # noqa: PTH114, PTH118
        for name in (*files, *links):
            if os.path.relpath(os.path.join(at, name), top) not in deleted:  # noqa: PTH118
                return False
    return True


def _applied(case: Case, made: Decision) -> AppliedFile:
    entry = case.entry
    moves = entry.old_path is not None and case.ours_old is not None
    operation = entry.operation
    if made.kind == "delete_old":
        operation = "delete"
    elif operation == "rename" and not moves:
        operation = "edit"  # the checkout had moved it too
    old_mode, new_mode = (None, None) if made.kind == "delete_old" else modes_told(entry)
    return AppliedFile(
        path=shown(entry.old_name if made.kind == "delete_old" else entry.path),
        old_path=shown(entry.old_name) if operation == "rename" else None,
        operation=operation,
        additions=entry.additions or 0,
        deletions=entry.deletions or 0,
        merged=made.merged,
        binary=entry.additions is None,
        old_mode=old_mode,
        new_mode=new_mode,
    )

"""Brings one side's change of a file into the other side's file, three ways, or says why that cannot be.

Owns the rules: what counts as changed, what goes together, and the kinds of conflicts. Contents are blobs of the
session's store; whether they are as git keeps them or as they lie on disk is the caller's. Writes nowhere else.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import anyio
import msgspec
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import RoundhouseError
from roundhouse.model.outcome import ApplyConflict, ConflictKind, ConflictSide
from roundhouse.workspace.delta import Entry
from roundhouse.workspace.diff import shown
from roundhouse.workspace.git import LONG_DEADLINE, GitError, git_in_store, run_git
from roundhouse.workspace.image import LINK, Raw

TEXT_BYTES = 256 << 10
"""What one side of a conflict shows at most."""
SHOWN_BYTES = 4 << 20
"""What all sides of all conflicts show; of what comes after that only the kind is told."""
_MERGED_BYTES = 8 << 20
"""A file over this is not merged."""
_PORTION = 64 << 20
_LANES = min(4, os.cpu_count() or 1)
"""Files merged at the same time."""
_PROBED = 8000
"""Where git looks for a NUL to tell what is no text."""
_ERROR = 128


class Case(Struct, frozen=True, kw_only=True):
    """One changed file and what the other side has there. None is no file.

    `ours_old` is what lies at the old path of a rename. `known` says whether git tracks the path on our side;
    `barred` is a conflict that the place itself causes.
    """

    entry: Entry
    base: Raw | None
    theirs: Raw | None
    ours: Raw | None
    ours_old: Raw | None = None
    known: bool = True
    barred: ConflictKind | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """What becomes of a case.

    `unchanged`: it is there already. `take`: the path becomes `version`, None deletes it. `delete_old`: only the old
    path of a rename goes. `merge`: `ours` and `theirs` are to be merged, the result has `mode`. Else a conflict.
    """

    kind: Literal["unchanged", "take", "delete_old", "merge"] | ConflictKind
    version: Raw | None = None
    ours: Raw | None = None
    mode: str = ""
    merged: bool = False
    text: str | None = None
    """Of a conflict: the text with markers."""

    @property
    def conflict(self) -> ConflictKind | None:
        """The conflict that it is, if it is one."""
        match self.kind:
            case "unchanged" | "take" | "delete_old" | "merge":
                return None
            case kind:
                return kind


_UNCHANGED = Decision(kind="unchanged")


def decide(case: Case) -> Decision:
    """What becomes of the file, as far as modes and whole contents say it. Pure."""
    if case.barred is not None:
        return Decision(kind=case.barred, ours=case.ours)
    base, theirs, ours, moved = case.base, case.theirs, case.ours, case.ours_old
    if case.entry.old_path is None or moved is None:
        return _three_way(base, ours, theirs, known=case.known)
    if ours is None:
        decision = _three_way(base, moved, theirs, known=case.known)
        # The same content at the old path still has to move.
        return Decision(kind="take", version=theirs) if decision == _UNCHANGED else decision
    if ours != theirs:
        return Decision(kind="both_added" if case.known else "occupied", ours=ours)
    kind: Literal["delete_old", "deleted_in_session"] = (
        "delete_old" if moved == base else "deleted_in_session"
    )
    return Decision(kind=kind, ours=moved)


def _three_way(base: Raw | None, ours: Raw | None, theirs: Raw | None, *, known: bool) -> Decision:
    if ours == theirs:
        return _UNCHANGED
    if ours == base:
        return Decision(kind="take", version=theirs)
    if base is not None and ours is not None and theirs is not None:
        return _both_changed(base, ours, theirs)
    kind: ConflictKind = "both_added" if known else "occupied"
    if theirs is None:
        kind = "deleted_in_session"
    elif ours is None:
        kind = "deleted_in_checkout"
    return Decision(kind=kind, ours=ours)


def _both_changed(base: Raw, ours: Raw, theirs: Raw) -> Decision:
    links = {version.mode == LINK for version in (base, ours, theirs)}
    if links != {False}:
        return Decision(kind="content" if links == {True} else "type", ours=ours)
    mode = theirs.mode if ours.mode == base.mode else ours.mode
    if ours.blob == base.blob:
        return Decision(kind="take", version=Raw(mode, theirs.blob), merged=True)
    if theirs.blob in {base.blob, ours.blob}:
        return Decision(kind="take", version=Raw(mode, ours.blob), merged=True)
    return Decision(kind="merge", ours=ours, mode=mode)


async def settle(store: Path, folder: Path, cases: Sequence[Case]) -> list[Decision]:
    """The decision of each case, with every merge made: `take` of a new blob, or a conflict. Raises GitError.

    `folder` is for files of our own meanwhile.
    """
    decisions = [decide(case) for case in cases]
    open_ = [position for position, made in enumerate(decisions) if made.kind == "merge"]
    blobs = {blob for position in open_ for blob in _blobs(cases[position], decisions[position])}
    sizes = await blob_sizes(store, blobs)
    portion: list[int] = []
    size = 0
    portions = [portion]
    for position in open_:
        own = [sizes.get(blob, 0) for blob in _blobs(cases[position], decisions[position])]
        if max(own) > _MERGED_BYTES:
            decisions[position] = msgspec.structs.replace(decisions[position], kind="content")
            continue
        if size + sum(own) > _PORTION:
            portion, size = [], 0
            portions.append(portion)
        portion.append(position)
        size += sum(own)
    for positions in portions:
        await _merge_some(store, folder, cases, decisions, positions)
    return decisions


def _blobs(case: Case, decision: Decision) -> list[str]:
    versions = (case.base, decision.ours, case.theirs)
    return [version.blob for version in versions if version is not None]


async def _merge_some(
    store: Path,
    folder: Path,
    cases: Sequence[Case],
    decisions: list[Decision],
    positions: list[int],
) -> None:
    triples = {position: _blobs(cases[position], decisions[position]) for position in positions}
    texts = await read_blobs(store, {blob for blobs in triples.values() for blob in blobs})
    sides = {position: [texts[blob] for blob in blobs] for position, blobs in triples.items()}
    for position in [one for one, three in sides.items() if any(map(is_binary, three))]:
        decisions[position] = msgspec.structs.replace(decisions[position], kind="binary")
        del sides[position]
    clean: dict[int, bytes] = {}
    for position, (text, conflicts) in (await _merge_all(store, folder, sides)).items():
        if conflicts:
            decisions[position] = msgspec.structs.replace(
                decisions[position],
                kind="content",
                text=_shown(text) if len(text) <= 2 * TEXT_BYTES else None,
            )
        else:
            clean[position] = text
    made = await write_blobs(store, folder, clean.values())
    for (position, _text), blob in zip(clean.items(), made, strict=True):
        mode = decisions[position].mode
        decisions[position] = Decision(kind="take", version=Raw(mode, blob), merged=True)


async def _merge_all(
    store: Path, folder: Path, wanted: dict[int, list[bytes]]
) -> dict[int, tuple[bytes, bool]]:
    """The merged texts, and whether there are conflicts in them, in the same order. Raises GitError."""
    found: dict[int, tuple[bytes, bool]] = {}
    failed: list[RoundhouseError] = []
    left = iter(wanted.items())

    async def work(number: int) -> None:
        lane = folder / f"lane-{number}"
        await to_thread.run_sync(lambda: lane.mkdir(exist_ok=True))
        try:
            for position, sides in left:
                found[position] = await _merge_file(store, lane, sides)
        except RoundhouseError as error:
            failed.append(error)

    async with anyio.create_task_group() as lanes:
        for number in range(min(_LANES, len(wanted))):
            lanes.start_soon(work, number)
    if failed:
        raise failed[0]
    return {position: found[position] for position in wanted}


async def _merge_file(store: Path, folder: Path, sides: list[bytes]) -> tuple[bytes, bool]:
    base, ours, theirs = sides
    names = [folder / name for name in ("base", "checkout", "session")]

    def write() -> None:
        for name, text in zip(names, (base, ours, theirs), strict=True):
            name.write_bytes(text)

    await to_thread.run_sync(write)
    args = ("merge-file", "-p", "-L", "checkout", "-L", "base", "-L", "session")
    done = await run_git(
        *("-c", "merge.conflictStyle=merge", *args, str(names[1]), str(names[0]), str(names[2])),
        cwd=store,
        env={"GIT_DIR": str(store)},
        deadline=LONG_DEADLINE,
    )
    if done.exit_code >= _ERROR or done.exit_code < 0:
        raise GitError(args, done.exit_code, done.stderr, store)
    return done.stdout, done.exit_code > 0


async def conflicts_of(store: Path, found: Iterable[tuple[Case, Decision]]) -> list[ApplyConflict]:
    """The conflicts as they are shown, with the sides' texts as far as there is room. Raises GitError."""
    pairs = [(case, made, kind) for case, made in found if (kind := made.conflict) is not None]
    sizes = await blob_sizes(
        store, {blob for case, made, _ in pairs for blob in _blobs(case, made)}
    )
    wanted: dict[str, None] = {}
    merged: list[str | None] = []
    room = SHOWN_BYTES
    for case, made, _kind in pairs:
        own = [blob for blob in _blobs(case, made) if sizes.get(blob, 0) <= TEXT_BYTES]
        room -= sum(sizes.get(blob, 0) for blob in own) + len(made.text or "")
        wanted |= dict.fromkeys(own if room >= 0 else ())
        merged.append(made.text if room >= 0 else None)
    texts = await read_blobs(store, wanted)

    def side(version: Raw | None) -> ConflictSide | None:
        if version is None:
            return None
        text = texts.get(version.blob)
        if text is None:
            return ConflictSide(text=None, mode=version.mode, too_large=version.blob in sizes)
        if is_binary(text):
            return ConflictSide(text=None, mode=version.mode, binary=True)
        return ConflictSide(text=_shown(text), mode=version.mode)

    return [
        ApplyConflict(
            path=shown(case.entry.path),
            kind=kind,
            base=side(case.base),
            ours=side(made.ours),
            theirs=side(case.theirs),
            merged=text,
        )
        for (case, made, kind), text in zip(pairs, merged, strict=True)
    ]


def _shown(text: bytes) -> str:
    # A NUL behind where git looks for one; no database keeps it in a text.
    return text.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_binary(text: bytes) -> bool:
    """Whether git would see no text in it. Pure."""
    return b"\0" in text[:_PROBED]


async def blob_sizes(store: Path, blobs: Iterable[str]) -> dict[str, int]:
    """The sizes of blobs; one that is missing is left out. Raises GitError."""
    wanted = sorted({blob for blob in blobs if blob})
    if not wanted:
        return {}
    stdin = "".join(f"{blob}\n" for blob in wanted).encode()
    out = await git_in_store(
        "cat-file", "--batch-check=%(objectname) %(objectsize)", store=store, stdin=stdin
    )
    pairs = (line.split() for line in out.decode().splitlines())
    return {name: int(size) for name, size in pairs if size != "missing"}


async def read_blobs(store: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """The contents of blobs; one that is missing is left out. Raises GitError."""
    wanted = sorted({blob for blob in blobs if blob})
    if not wanted:
        return {}
    stdin = "".join(f"{blob}\n" for blob in wanted).encode()
    out = await git_in_store(
        "cat-file", "--batch", store=store, stdin=stdin, deadline=LONG_DEADLINE
    )
    found: dict[str, bytes] = {}
    at = 0
    while at < len(out):
        end = out.index(b"\n", at)
        words = out[at:end].decode().split()
        at = end + 1
        if words[-1] != "missing":
            size = int(words[2])
            found[words[0]] = out[at : at + size]
            at += size + 1
    return found


async def write_blobs(store: Path, folder: Path, contents: Iterable[bytes]) -> list[str]:
    """Keep these contents; gives their blobs in the same order. Raises GitError."""
    listed = list(contents)
    if not listed:
        return []
    names = [folder / f"blob-{number}" for number in range(len(listed))]

    def write() -> None:
        for name, text in zip(names, listed, strict=True):
            name.write_bytes(text)

    await to_thread.run_sync(write)
    out = await git_in_store(
        *("hash-object", "-w", "--no-filters", "--stdin-paths"),
        store=store,
        stdin=b"".join(bytes(name) + b"\n" for name in names),
    )
    return out.decode().split()

"""What a commit on a session's branch holds: the branch's tip with a snapshot's changes on it.

Owns which side's version of a file comes later. A snapshot need not hold what the tip holds: of what was accepted alone,
or where the worktree is not on the branch, the tip keeps what is newer there. Writes into the session's store only.
"""

from collections.abc import Iterable
from pathlib import Path

from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import Conflict
from roundhouse.model.outcome import ConflictKind
from roundhouse.workspace.delta import GITLINK, Entry, chunked, raw_entry
from roundhouse.workspace.diff import shown
from roundhouse.workspace.git import LONG_DEADLINE, git_in_store
from roundhouse.workspace.image import Raw, entry_status, folder, folder_aside
from roundhouse.workspace.merge import Case, settle

_NOTHING = "000000"
_NAMED = 3
_RAW = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")
Change = dict[bytes, Raw | None]
"""Paths and what they become; None is no file."""


class Ways(Struct, frozen=True, kw_only=True):
    """Commits of the store or the user's repository: what is merged, and where its files can have come from.

    `base` is where the branch and the session began. `follows`: the worktree's files come after the tip.
    """

    base: str
    tip: str
    target: str
    head: str
    follows: bool


async def landed(store: Path, worktree: Path, ways: Ways) -> str:
    """The tree of the commit. Raises Conflict (`commit_conflict`, with the paths), GitError."""
    comes = await _changes(store, ways.tip, ways.target)
    if ways.follows and ways.target == ways.head:
        gone = {path for path, raw in comes.items() if raw is None}
        kept = await _never_seen(store, worktree, ways, gone)
        return await _tree_with(store, ways.target, await _versions(store, ways.tip, kept))
    theirs = await _changes(store, ways.base, ways.target)
    ours = await _changes(store, ways.base, ways.tip)
    wanted: Change = {path: comes[path] for path in comes.keys() & theirs.keys() - ours.keys()}
    both = comes.keys() & theirs.keys() & ours.keys()
    if both:
        differs = await _changes(store, ways.target, ways.head) if ways.follows else comes
        # What the worktree holds is later than the tip.
        wanted |= {path: theirs[path] for path in both - differs.keys()}
        both &= differs.keys()
        wanted |= await _merged(store, ways, {path: (ours[path], theirs[path]) for path in both})
    tree = await _tree_with(store, ways.tip, wanted)
    lost = (await _changes(store, ways.tip, tree)).keys() - wanted.keys()
    if lost:
        # A file of the one lies where the other has a folder: git drops the first.
        raise _conflict(lost)
    return tree


async def _never_seen(store: Path, worktree: Path, ways: Ways, gone: set[bytes]) -> set[bytes]:
    """Those of the tip's files that no snapshot ever had and that are still there: nobody deleted them."""
    if gone:
        gone = await to_thread.run_sync(_on_disk, worktree, gone)
    if gone:
        gone -= (await _passed(store, ways.head, gone)).keys()
    return gone


def _on_disk(root: Path, paths: set[bytes]) -> set[bytes]:
    found = set()
    for path in paths:
        *parents, name = path.split(b"/")
        with folder(root, parents) as (inside, depth):
            if depth == len(parents) and entry_status(inside, name) is not None:
                found.add(path)
    return found


async def _merged(
    store: Path, ways: Ways, both: dict[bytes, tuple[Raw | None, Raw | None]]
) -> Change:
    """What becomes of files that the tip and the target have each changed, but that the tip's has to become."""
    bases = await _versions(store, ways.base, both)
    in_session = await _passed(store, ways.head, both)
    in_review = await _passed(store, ways.target, both)
    on_branch = await _passed(store, f"{ways.base}..{ways.tip}", both)
    cases = []
    for path, (ours, theirs) in both.items():
        seen = in_session.get(path, [])
        behind_ours = [*on_branch.get(path, []), *_up_to(seen, ours)]
        behind_theirs = [*in_review.get(path, []), *_up_to(seen, theirs)]
        if theirs in on_branch.get(path, []):
            continue  # the branch went on from it
        base = bases.get(path)
        if ours in behind_theirs:
            base = ours
        elif common := [raw for raw in behind_theirs if raw in behind_ours]:
            base = common[-1]
        if base != theirs:
            cases.append(_case(path, base, ours, theirs))
    async with folder_aside(store) as aside:
        made = await settle(store, aside, cases)
    pairs = list(zip(cases, made, strict=True))
    conflicts = {case.entry.path for case, decision in pairs if decision.conflict}
    if conflicts:
        raise _conflict(conflicts)
    return {
        case.entry.path: decision.version for case, decision in pairs if decision.kind == "take"
    }


def _up_to(versions: list[Raw | None], last: Raw | None) -> list[Raw | None]:
    """The versions up to the first that is the last; none where none is."""
    return versions[: versions.index(last) + 1] if last in versions else []


def _case(path: bytes, base: Raw | None, ours: Raw | None, theirs: Raw | None) -> Case:
    links = any(raw is not None and raw.mode == GITLINK for raw in (base, ours, theirs))
    entry = Entry(
        path=path, old_path=None, status="M", old_mode="", new_mode="", old_blob="", new_blob=""
    )
    barred: ConflictKind | None = "submodule" if links and base != ours else None
    return Case(entry=entry, base=base, ours=ours, theirs=theirs, barred=barred)


def _conflict(paths: Iterable[bytes]) -> Conflict:
    names = [shown(path) for path in sorted(paths)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return Conflict(
        f"Nothing was committed: {', '.join(names[:_NAMED])}{more} cannot be merged with what the branch has.",
        code="commit_conflict",
        remedy="Accept the rest of these files too, or commit everything.",
        details={"paths": names},
    )


async def _changes(store: Path, old: str, new: str) -> Change:
    """The paths that differ, and what they are in `new`."""
    out = await git_in_store(
        *("diff-tree", *_RAW, "--end-of-options", old, new), store=store, deadline=LONG_DEADLINE
    )
    tokens = iter(out.split(b"\0"))
    found = [raw_entry(token, tokens) for token in tokens if token]
    return {entry.path: _new(entry) for entry in found}


def _new(entry: Entry) -> Raw | None:
    return None if entry.new_mode == _NOTHING else Raw(entry.new_mode, entry.new_blob)


async def _versions(store: Path, commit: str, paths: Iterable[bytes]) -> Change:
    """These files as the commit has them; what it lacks is left out."""
    found: Change = {}
    for names in chunked(sorted(paths)):
        out = await git_in_store(
            "ls-tree", "-r", "-z", "--full-tree", commit, "--", *names, store=store
        )
        for line in filter(None, out.split(b"\0")):
            words, _, path = line.partition(b"\t")
            mode, _kind, blob = words.decode().split(" ")
            found[path] = Raw(mode, blob)
    return found


async def _passed(
    store: Path, commits: str, paths: Iterable[bytes]
) -> dict[bytes, list[Raw | None]]:
    """What each file became in a row of commits, the oldest first; a file that none of them changed is left out."""
    found: dict[bytes, list[Raw | None]] = {}
    for names in chunked(sorted(paths)):
        out = await git_in_store(
            *("log", "--first-parent", "--diff-merges=first-parent", "--root", "--reverse"),
            *(*_RAW, "--format=", commits, "--", *names),
            store=store,
            deadline=LONG_DEADLINE,
        )
        tokens = iter(out.split(b"\0"))
        for token in tokens:
            if token.strip(b"\n"):
                entry = raw_entry(token.lstrip(b"\n"), tokens)
                found.setdefault(entry.path, []).append(_new(entry))
    return found


async def _tree_with(store: Path, commit: str, change: Change) -> str:
    """The commit's tree with these files changed."""
    if not change:
        out = await git_in_store("rev-parse", "--verify", f"{commit}^{{tree}}", store=store)
        return out.decode().strip()
    # What goes makes room for what comes.
    gone = [path for path, raw in change.items() if raw is None]
    comes = [(path, raw) for path, raw in change.items() if raw is not None]
    null = "0" * len(commit)
    lines = [f"{_NOTHING} {null}\t".encode() + path for path in gone]
    lines += [f"{raw.mode} {raw.blob}\t".encode() + path for path, raw in comes]
    async with folder_aside(store) as aside:
        env = {"GIT_INDEX_FILE": str(aside / "index")}
        await git_in_store("read-tree", commit, store=store, env=env)
        stdin = b"".join(line + b"\0" for line in lines)
        await git_in_store("update-index", "-z", "--index-info", store=store, env=env, stdin=stdin)
        return (await git_in_store("write-tree", store=store, env=env)).decode().strip()

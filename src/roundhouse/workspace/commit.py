"""Commits on a session's branch, in the user's repository, of what a snapshot holds.

Owns what is written there: the missing objects, the branch, and the index of the session's worktree while that is on
the branch. A kill before the branch moves leaves the old tip and objects that nobody names. No hook runs, nothing is
signed, no file is touched. Which snapshot, and what the session's rows say afterwards, is the caller's.
"""

import re
from pathlib import Path

import structlog
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import Conflict, InvalidInput, SetupError
from roundhouse.model.outcome import CommitOutcome
from roundhouse.model.session import Worktree
from roundhouse.workspace.delta import entries
from roundhouse.workspace.git import LONG_DEADLINE, git, git_in_store, run_git
from roundhouse.workspace.landing import Ways, landed
from roundhouse.workspace.session_store import SessionStore, open_store
from roundhouse.workspace.snapshot import Author, Snapshots, base_gone, parse_author
from roundhouse.workspace.tracked import agree

logger = structlog.get_logger(__name__)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_NO_NAME = re.compile(r"[^\w.+-]+", re.ASCII)
_ASK_NO_HOST = ("-c", "user.useConfigOnly=true")
_UNPACKED = 100
"""As many objects stay loose in the user's repository; of more git makes a pack, as when it receives them."""


class _Step(Struct, frozen=True):
    """A snapshot on the way to the target. `paths` are those that it changed."""

    commit: str
    tree: str
    parents: list[str]
    subject: str
    author: Author
    paths: frozenset[bytes]


class _Planned(Struct, frozen=True):
    tree: str
    message: str


async def commit(
    snapshots: Snapshots, worktree: Worktree, *, target: str, message: str, squash: bool = True
) -> CommitOutcome:
    """Commit what the snapshot holds on top of the branch, the agents that wrote in these files as co-authors.

    The branch loses nothing that the snapshot merely lacks (see `landing`). Without `squash` each snapshot since the state that the branch holds is a commit, titled as it is. A branch that is
    gone is made again from the session's base. Raises InvalidInput, SetupError where git has no name for the person,
    Conflict (`nothing_to_commit`, `commit_conflict`, `branch_in_use`, `branch_moved`, `index_locked`), WorkspaceError.
    """
    text = _CONTROL.sub(" ", message.replace("\r\n", "\n")).strip()
    if squash and not text:
        raise InvalidInput("A commit needs a message.", field="message")
    if not squash and target != worktree.head_snapshot:
        raise InvalidInput(
            "One commit for each turn is possible only for all that the session holds.",
            field="squash",
            remedy="Commit everything, or make one commit of what was accepted.",
        )
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    await _need_identity(store)
    tip = await _tip(store, worktree)
    on_branch = await _on_branch(store, worktree)
    parent = tip or worktree.base_commit
    ways = Ways(
        base=worktree.base_commit,
        tip=parent,
        target=target,
        head=worktree.head_snapshot or target,
        follows=on_branch or await _comes_after(store, parent),
    )
    tree = await landed(store.path, store.worktree, ways)
    changed = await entries(store.path, await _tree(store, parent), tree)
    if not changed:
        raise Conflict(
            f"The branch {worktree.branch} already holds that.",
            code="nothing_to_commit",
            remedy="Commit again when the session has changed something.",
        )
    paths = {name for entry in changed for name in (entry.path, entry.old_name)}
    what = (store, ways, tree, text, paths)
    planned = [await _squashed(*what)] if squash else await _each(*what)
    await _transfer(store, [plan.tree for plan in planned], parent)
    commits: list[str] = []
    for plan in planned:
        made = await git(
            *(*_ASK_NO_HOST, "commit-tree", "-p", commits[-1] if commits else parent),
            *("-F", "-", plan.tree),
            cwd=store.path,
            env={"GIT_DIR": str(store.git_dir)},
            stdin=plan.message.encode(),
        )
        commits.append(made.decode().strip())
    await _move_branch(store, worktree.branch, commits[-1], tip)
    if on_branch:
        await _load_index(store, commits[-1])
    return CommitOutcome(
        commit=commits[-1], branch=worktree.branch, commits=commits, files=len(changed)
    )


async def _need_identity(store: SessionStore) -> None:
    for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        done = await run_git(
            *(*_ASK_NO_HOST, "var", name), cwd=store.path, env={"GIT_DIR": str(store.git_dir)}
        )
        if done.exit_code:
            raise SetupError(
                "git does not know whose commit it is: the repository has no user.name, or no user.email.",
                code="no_identity",
                remedy='Run there: git config user.name "Your Name"; git config user.email "you@example.org"',
            )


async def _tip(store: SessionStore, worktree: Worktree) -> str | None:
    """The branch's tip, None where it is gone. Raises Conflict where another worktree has it checked out."""
    env = {"GIT_DIR": str(store.git_dir)}
    branch = f"refs/heads/{worktree.branch}"
    listed = await git("worktree", "list", "--porcelain", cwd=store.path, env=env)
    for record in listed.decode(errors="surrogateescape").split("\n\n"):
        lines = record.split("\n")
        place = lines[0].removeprefix("worktree ")
        if f"branch {branch}" not in lines or place == worktree.worktree_path:
            continue
        if await to_thread.run_sync(_same_or_gone, place, worktree.worktree_path):
            continue
        raise Conflict(
            f"The branch {worktree.branch} is checked out in {place}: a commit would move it under that checkout.",
            code="branch_in_use",
            remedy="Check out another branch there, then commit again.",
        )
    done = await run_git(
        "rev-parse", "-q", "--verify", f"{branch}^{{commit}}", cwd=store.path, env=env
    )
    if done.exit_code == 0:
        return done.stdout.decode().strip()
    base = await run_git(
        "cat-file", "-e", f"{worktree.base_commit}^{{commit}}", cwd=store.path, env=env
    )
    if base.exit_code:
        raise base_gone(worktree)
    return None


def _same_or_gone(place: str, own: str) -> bool:
    return not Path(place).is_dir() or Path(place).resolve() == Path(own).resolve()


async def _on_branch(store: SessionStore, worktree: Worktree) -> bool:
    """Whether the worktree's HEAD is the branch. Raises Conflict while a git works on its index."""
    out = await git(
        *("symbolic-ref", "-q", "HEAD"),
        cwd=store.path,
        env={"GIT_DIR": str(store.git_dir)},
        check=False,
    )
    on_branch = out.decode().strip() == f"refs/heads/{worktree.branch}"
    if on_branch and await to_thread.run_sync((store.git_dir / "index.lock").exists):
        raise Conflict(
            "A git is at work in the session's worktree: its index is locked.",
            code="index_locked",
            remedy=f"Wait for it; if none runs, delete {store.git_dir / 'index.lock'}.",
        )
    return on_branch


async def _comes_after(store: SessionStore, tip: str) -> bool:
    """Whether what is checked out in the worktree has the tip behind it."""
    done = await run_git(
        *("merge-base", "--is-ancestor", tip, "HEAD"),
        cwd=store.path,
        env={"GIT_DIR": str(store.git_dir)},
    )
    return done.exit_code == 0


async def _tree(store: SessionStore, commit: str) -> str:
    out = await git_in_store("rev-parse", "--verify", f"{commit}^{{tree}}", store=store.path)
    return out.decode().strip()


async def _squashed(
    store: SessionStore, ways: Ways, tree: str, text: str, paths: set[bytes]
) -> _Planned:
    chain = await _since(store, ways.tip, ways.target)
    if chain is None or any(len(step.parents) > 1 for step in chain):
        # What was accepted or taken back comes from anywhere in the history.
        chain = await _steps(store, ways.target)
    names = {step.author.agent: None for step in chain if step.paths & paths}
    return _Planned(tree, await _message(store, text, names))


async def _since(store: SessionStore, parent: str, target: str) -> list[_Step] | None:
    """The snapshots in a row after the last one that equals the commit; None where none does."""
    held = await _tree(store, parent)
    row = await _steps(store, target, "--first-parent")
    same = [position for position, step in enumerate(row) if step.tree == held]
    return row[same[-1] + 1 :] if same else None


async def _each(
    store: SessionStore, ways: Ways, tree: str, text: str, paths: set[bytes]
) -> list[_Planned]:
    """A commit for each snapshot since the state that the tip holds; one, where no snapshot is that state."""
    row = await _since(store, ways.tip, ways.target)
    if row is None or tree != await _tree(store, ways.target):
        # An agent's own commits lie between: the snapshots' trees would take them back for a while.
        title = (await _steps(store, ways.target, "--max-count=1"))[0].subject
        return [await _squashed(store, ways, tree, _with_body(title, text), paths)]
    planned = []
    held = await _tree(store, ways.tip)
    for step in row:
        if step.tree != held:
            # Of a rewind or a rejection nobody is a co-author.
            names = {step.author.agent: None} if len(step.parents) == 1 else {}
            message = await _message(store, _with_body(step.subject, text), names)
            planned.append(_Planned(step.tree, message))
            held = step.tree
    return planned


def _with_body(title: str, text: str) -> str:
    return f"{title}\n\n{text}" if text else title


async def _steps(store: SessionStore, target: str, *options: str) -> list[_Step]:
    """The snapshots that the target comes from, the oldest first."""
    out = await git_in_store(
        *("log", "-z", "--topo-order", "--reverse", "--diff-merges=first-parent", "--name-only"),
        *(
            "--no-renames",
            *options,
            "--format=%x01%H %T %P%n%s%n%B%x02",
            "--end-of-options",
            target,
        ),
        store=store.path,
        deadline=LONG_DEADLINE,
    )
    return await to_thread.run_sync(_parse_steps, out)


def _parse_steps(out: bytes) -> list[_Step]:
    steps = []
    for part in out.split(b"\x01")[1:]:
        head, _, names = part.partition(b"\x02")
        ids, subject, message = head.decode(errors="replace").split("\n", 2)
        own, tree, *parents = ids.split()
        paths = frozenset(name for name in names.lstrip(b"\0\n").split(b"\0") if name)
        steps.append(_Step(own, tree, parents, subject, parse_author(message), paths))
    return steps


async def _message(store: SessionStore, text: str, agents: dict[str | None, None]) -> str:
    trailers = []
    for agent in agents:
        if agent is not None:
            name = _CONTROL.sub(" ", agent).translate({ord("<"): " ", ord(">"): " "}).strip()
            address = _NO_NAME.sub("-", name)
            trailers += [
                "--trailer",
                f"Co-authored-by: {name} <{address}@agents.roundhouse.invalid>",
            ]
    if not trailers:
        return f"{text}\n"
    out = await git_in_store(
        *("interpret-trailers", "--no-divider", "--if-exists", "addIfDifferent", *trailers),
        store=store.path,
        stdin=f"{text}\n".encode(),
    )
    return out.decode()


async def _transfer(store: SessionStore, trees: list[str], parent: str) -> None:
    """Give the user's repository what it lacks of these trees."""
    wanted = "".join(f"{tree}\n" for tree in trees) + f"^{parent}\n"
    pack = await git_in_store(
        # Local: what is the user's own already is not sent.
        *("pack-objects", "--revs", "--local", "--stdout", "--quiet"),
        store=store.path,
        stdin=wanted.encode(),
        deadline=LONG_DEADLINE,
    )
    count = int.from_bytes(pack[8:12], "big")
    if count:
        how = ("unpack-objects", "-q") if count <= _UNPACKED else ("index-pack", "--stdin")
        await git(
            *how,
            cwd=store.path,
            env={"GIT_DIR": str(store.git_dir)},
            stdin=pack,
            deadline=LONG_DEADLINE,
        )


async def _move_branch(store: SessionStore, branch: str, commit: str, tip: str | None) -> None:
    done = await run_git(
        *("update-ref", "-m", "commit (roundhouse)", f"refs/heads/{branch}", commit),
        tip or "0" * len(commit),
        cwd=store.path,
        env={"GIT_DIR": str(store.git_dir)},
    )
    if done.exit_code:
        raise Conflict(
            f"The branch {branch} could not be moved: {done.stderr.strip()}",
            code="branch_moved",
            remedy="Look at the branch, then commit again.",
        )


async def _load_index(store: SessionStore, commit: str) -> None:
    """Bring the worktree's own index to the commit; the files stay."""
    done = await run_git(
        *("read-tree", "--reset", commit),
        cwd=store.worktree,
        env={"GIT_DIR": str(store.git_dir), "GIT_WORK_TREE": str(store.worktree)},
        deadline=LONG_DEADLINE,
    )
    if done.exit_code:
        # The commit is made; an index that is behind costs a `git reset` there.
        logger.warning("index left behind", worktree=str(store.worktree), error=done.stderr)
    else:
        await agree(store)

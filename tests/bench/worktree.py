"""What a session's worktree costs: made by git, or taken as a spare; and how soon a removal returns.

A repository of 20,000 small files in 200 folders, in one run.
"""

import subprocess
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from roundhouse.workspace.worktree import Worktrees

FILES = 20_000
FOLDERS = 200


def make_repository(folder: Path, files: int) -> None:
    """A repository with so many small files, committed."""
    for number in range(files):
        path = folder / f"folder{number % FOLDERS}" / f"file{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"def number():\n    return {number}\n")
    person = ("-c", "user.name=You", "-c", "user.email=you@example.com")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*person, "commit", "--quiet", "--message=Files"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)


async def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as place:
        repository = Path(place) / "repository"
        repository.mkdir()
        make_repository(repository, FILES)
        worktrees = Worktrees(Path(place) / "worktrees", spare_after=0.0)

        async def make(session: str) -> None:
            await worktrees.ensure(
                session,
                repository,
                slug="bench",
                base_ref=None,
                include_uncommitted=False,
                existing=None,
            )

        print(f"{FILES} files")
        await timed("made by git worktree add", make("made000000"))
        await timed("a spare made, in the background", worktrees.prepare_spares())
        await timed("taken from the spare", make("taken00000"))
        await timed("removed (files go later)", worktrees.remove("made000000"))


async def timed(what: str, step: Awaitable[object]) -> None:
    """Run the step and print how long it took."""
    began = time.perf_counter()
    await step
    print(f"  {what:<34} {time.perf_counter() - began:6.2f} s")

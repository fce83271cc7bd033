"""What looking at a session's changes costs: change sets of many files and of long ones, and snapshots of large worktrees.

Each repository is made anew. Budgets: a snapshot after one changed file, with a warm index, within 0.3 s in a worktree of
20,000 files and 1 s in one of 100,000.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from tests.workspace.conftest import Bench, run

RUNS = 5
CHANGED = 2_000
LINES = 60
LONG = 20_000
SIZES = ((20_000, 0.3), (100_000, 1.0))
_Result = TypeVar("_Result")


async def timed(name: str, call: Callable[[], Awaitable[_Result]]) -> tuple[_Result, float]:
    """What the call gave and the seconds it took; prints them."""
    began = time.perf_counter()
    result = await call()
    seconds = time.perf_counter() - began
    print(f"{name:64} {seconds * 1000:9.1f} ms")
    return result, seconds


def make(folder: Path, files: int, lines: int) -> Path:
    """A repository of that many files, a hundred in each folder."""
    repo = folder / "repo"
    repo.mkdir()
    for number in range(files):
        place = repo / f"d{number // 100}"
        place.mkdir(exist_ok=True)
        text = "".join(f"line {line} of {number}\n" for line in range(lines))
        (place / f"f{number}.txt").write_text(text)
    run(repo, "git", "init", "-q")
    run(repo, "git", "add", "-A")
    run(repo, "git", "-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "first")
    return repo


def change(path: Path, at: int, text: str) -> None:
    """Another line at that place."""
    lines = path.read_text().splitlines(keepends=True)
    lines[at] = f"{text}\n"
    path.write_text("".join(lines))


async def many_files() -> None:
    """Two agents in each of 2,000 files."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(make(Path(folder), CHANGED, LINES), Path(folder, "data"))
        await bench.ensure()
        for agent, at in (("a", 10), ("b", 40)):
            for number in range(CHANGED):
                change(bench.path / f"d{number // 100}" / f"f{number}.txt", at, agent)
            await bench.take(agent, agent)
        page, _ = await timed("2,000 files of two agents: first page (200)", bench.changes)
        cursor = page.next_cursor
        await timed("  the next page", lambda: bench.changes(cursor=cursor))
        await timed("  the first again", bench.changes)
        await timed("  by agent", lambda: bench.changes(agent="a"))
        change(bench.path / "d0" / "f0.txt", 20, "c")
        await bench.take("c", "c")
        await timed("  first page after one more turn in one file", bench.changes)


async def long_file() -> None:
    """20,000 differing lines in a file, on which two agents worked."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(make(Path(folder), 1, LONG), Path(folder, "data"))
        await bench.ensure()
        path = bench.path / "d0" / "f0.txt"
        for agent, every in (("a", 2), ("b", 4)):
            lines = path.read_text().splitlines(keepends=True)
            lines[::every] = [f"{agent} {line}" for line in lines[::every]]
            path.write_text("".join(lines))
            await bench.take(agent, agent)
        await timed("20,000 differing lines of two agents", bench.changes)
        path.write_text(path.read_text().replace("line", "row"))
        await bench.take("c", "c")
        [file] = (await bench.changes()).files
        assert file.too_large
        await timed("40,000 differing lines, asked for", lambda: bench.changes(path="d0/f0.txt"))


async def large_worktree(files: int, budget: float) -> None:
    """Snapshots of one changed file, and its change set."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(make(Path(folder), files, 3), Path(folder, "data"))
        await timed(f"{files:,} files: worktree and first snapshot", bench.ensure)
        await timed("  the first turn's snapshot", bench.take)
        times = []
        for number in range(RUNS):
            change(bench.path / f"d{number}" / f"f{number * 100}.txt", 1, "changed")
            times.append((await timed("  a snapshot after one changed file", bench.take))[1])
        await timed("  its change set", bench.changes)
        print(f"  median {sorted(times)[RUNS // 2] * 1000:.1f} ms, budget {budget * 1000:.0f} ms")


async def main() -> None:
    """Measure all and print the table."""
    await many_files()
    await long_file()
    for files, budget in SIZES:
        await large_worktree(files, budget)

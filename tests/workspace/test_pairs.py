"""Differences of contents without their names."""

from pathlib import Path

from roundhouse.workspace.pairs import line_counts, pair_hunks, pair_patches
from tests.workspace.conftest import Bench


async def blob(bench: Bench, text: bytes) -> str:
    """The content in the store."""
    (bench.data / "content").write_bytes(text)
    return (await bench.in_store("hash-object", "-w", str(bench.data / "content"))).strip()


def objects(store: Path) -> int:
    """How many files the store's objects are."""
    return sum(path.is_file() for path in (store / "objects").rglob("*"))


async def test_many_contents_are_compared_at_once(bench: Bench) -> None:
    """Without leaving a trace in the store; what has no lines has no hunks."""
    one, two, three = [await blob(bench, text) for text in (b"1\n2\n3\n", b"1\n3\n4", b"")]
    binary = await blob(bench, b"\0")
    before = objects(bench.store)

    found = await pair_hunks(bench.store, [(one, two), (two, three), (one, two), (one, binary)])
    ranges = {
        pair: None if hunks is None else [(h.old_start, h.old_count, h.new_count) for h in hunks]
        for pair, hunks in found.items()
    }
    assert ranges == {
        (one, two): [(2, 1, 0), (3, 0, 1)],
        (two, three): [(1, 3, 0)],
        (one, binary): None,
    }
    assert await line_counts(bench.store, [one, two, three, binary]) == {
        one: 3,
        two: 3,
        three: 0,
        binary: 0,
    }
    assert objects(bench.store) == before


async def test_a_content_over_the_bound_looks_binary(bench: Bench) -> None:
    """Nobody wants its lines."""
    one, two = await blob(bench, b"1\n" * 600), await blob(bench, b"2\n" * 600)

    small = await pair_patches(bench.store, [(one, two)], context=3, largest=1_000)
    large = await pair_patches(bench.store, [(one, two)], context=3, largest=2_000)
    assert (small[one, two].binary, large[one, two].binary) == (True, False)


async def test_nothing_to_compare_asks_nobody(bench: Bench) -> None:
    """An empty answer."""
    assert await pair_hunks(bench.data, []) == {}
    assert await line_counts(bench.data, []) == {}

"""Two snapshots compared."""

from collections import Counter

from roundhouse.workspace.comparison import Comparison, compare
from roundhouse.workspace.snapshot import Author
from tests.workspace.conftest import Bench


async def compared(bench: Bench) -> Comparison:
    """The first snapshot and the last."""
    return await compare(bench.store, bench.row.base_snapshot or "", bench.row.head_snapshot or "")


async def test_what_was_worked_out_once_is_kept(bench: Bench) -> None:
    """For the same two snapshots of the same session; a new snapshot is compared anew."""
    (bench.path / "new").write_text("by a\n")
    await bench.take("a", "1")
    first = await compared(bench)
    assert await compared(bench) is first
    (bench.path / "new").write_text("by a\nby b\n")
    await bench.take("b", "2")

    [file] = (await compared(bench)).files
    assert file.made() == Counter({("add", Author("a", "1")): 1, ("add", Author("b", "2")): 1})


async def test_hunks_are_named_with_whose_they_are(bench: Bench) -> None:
    """A file without lines has none."""
    (bench.path / "new").write_text("by a\n")
    (bench.path / "pic").write_bytes(b"\0")
    await bench.take("a", "1")
    comparison = await compared(bench)
    await comparison.mark(comparison.files)

    new, pic = comparison.files
    assert pic.marks == []
    assert new.marks is not None
    assert [mark.made for mark in new.marks] == [Counter({("add", Author("a", "1")): 1})]


async def test_names_come_from_content_and_modes(bench: Bench) -> None:
    """A file's changes with all of it; that of the modes with them alone, and only where they tell something."""
    path = bench.path / "README.md"
    ids, modes = [], []
    for text, mode in (("1\n", 0o644), ("2\n", 0o644), ("2\n", 0o755), ("3\n", 0o755)):
        path.write_text(text)
        path.chmod(mode)
        await bench.take("a", "1")
        [file] = (await compared(bench)).files
        ids.append(file.id)
        modes.append(file.mode_id)

    assert len(set(ids)) == 4
    assert modes[:2] == [None, None]
    assert modes[2] == modes[3] is not None

"""Records of worktrees."""

from pathlib import Path

from roundhouse.workspace.records import Record, Records

RECORD = Record("/repo/.git", "/repo/.git/worktrees/a", "roundhouse/a", "0" * 40)


def test_a_record_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    """And the first one stays where only a new one is wanted."""
    records = Records(tmp_path / "records")
    assert records.sessions() == set()

    records.save("a", RECORD)
    records.save_if_new("a", Record("/other", "", "b", "1"))

    assert records.load("a") == RECORD
    assert records.uses("/repo/.git")
    assert not records.uses("/other")
    records.forget("a")
    records.forget("a")
    assert records.load("a") is None
    assert records.sessions() == set()


def test_an_unreadable_record_is_none(tmp_path: Path) -> None:
    """A disk that was full left half of it."""
    records = Records(tmp_path)
    (tmp_path / "a").write_text('{"common"')

    assert records.load("a") is None

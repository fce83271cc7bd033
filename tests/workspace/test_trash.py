"""Deleting in the background."""

from pathlib import Path

from roundhouse.workspace.trash import Trash, delete


def test_what_is_discarded_is_gone_at_once_and_deleted_soon(tmp_path: Path) -> None:
    """Renamed aside, then removed by the thread."""
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_text("x")
    trash = Trash(tmp_path / ".trash")

    assert trash.discard(folder)
    assert not folder.exists()
    trash.wait()
    assert not list((tmp_path / ".trash").iterdir())
    assert not trash.discard(folder)


def test_left_overs_of_a_killed_process_are_deleted_too(tmp_path: Path) -> None:
    """What lies aside is found again."""
    left = tmp_path / ".trash" / "old"
    left.mkdir(parents=True)
    trash = Trash(tmp_path / ".trash")

    trash.empty()
    trash.wait()

    assert not left.exists()


def test_read_only_folders_are_deleted(tmp_path: Path) -> None:
    """Package managers leave such."""
    inner = tmp_path / "folder" / "cache"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    inner.chmod(0o500)
    inner.parent.chmod(0o500)

    delete(inner.parent)

    assert not inner.parent.exists()


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    """What it points at stays."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")

    delete(tmp_path / "link")

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]

"""Single steps of placing. How they come together is tested with `move`."""

from pathlib import Path

import pytest

from roundhouse.workspace.image import PLAIN, Raw, raw_now
from roundhouse.workspace.placing import Place, Placing, covered


def silent(_step: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(
    ("path", "going", "is_covered"),
    [
        (b"free", set(), False),
        (b"no/folder/yet", set(), False),
        (b"folder/free", set(), False),
        (b"folder/file", set(), True),
        (b"folder", set(), True),
        (b"folder", {b"folder/file", b"folder/link"}, False),
        (b"folder", {b"folder/file"}, True),
        (b"file", {b"file"}, True),
        (b"file/in", set(), True),
        (b"file/in", {b"file"}, False),
        (b"folder/link/in", set(), True),
        (b"folder/link/in", {b"folder/link"}, False),
        (b"empty", set(), False),
    ],
)
def test_what_is_in_the_way_of_a_new_file(
    tmp_path: Path, path: bytes, going: set[bytes], is_covered: bool
) -> None:
    """Everything but what goes, and folders that hold nothing."""
    (tmp_path / "folder" / "deeper").mkdir(parents=True)
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "folder" / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "empty" / "too").mkdir(parents=True)

    assert covered(tmp_path, path, going) == is_covered


def test_what_is_staged_and_not_put_is_cleared(tmp_path: Path) -> None:
    """Also by another run that only knows the mark."""
    raw = Raw(PLAIN, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    (tmp_path / "there").mkdir()
    places = [Place(0, b"there/a", None, raw), Place(1, b"not there/b", None, raw)]
    first = Placing(tmp_path, "mark", algorithm="sha1", step=silent)
    for place in places:
        first.now(place)
        first.stage(place, b"")
    assert len(list(tmp_path.rglob(".roundhouse-mark-*"))) == 2
    Placing(tmp_path, "mark", algorithm="sha1", step=silent).clear(places)

    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]


def test_a_folder_that_vanishes_with_a_staged_file_is_left(tmp_path: Path) -> None:
    """Somebody wanted it away; the other files come."""
    raw = Raw(PLAIN, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    (tmp_path / "there").mkdir()
    places = [Place(0, b"there/a", None, raw), Place(1, b"b", None, raw)]
    placing = Placing(tmp_path, "mark", algorithm="sha1", step=silent)
    for place in places:
        placing.now(place)
        placing.stage(place, b"")
    (tmp_path / "there").rename(tmp_path / "away")

    assert placing.put(places) == [b"there/a"]
    assert raw_now(tmp_path, b"b", algorithm="sha1") == raw

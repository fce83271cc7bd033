"""One supervisor per data folder."""

from pathlib import Path

import pytest

from roundhouse.client.discover import holder
from roundhouse.model.errors import SetupError
from roundhouse.supervisor.lock import DataLock


def test_the_second_one_is_told_who_holds_it_and_where(tmp_path: Path) -> None:
    """Process id and address are in the sentence."""
    import os

    lock = DataLock(tmp_path)
    lock.tell("http://127.0.0.1:1")
    with pytest.raises(SetupError) as refused:
        DataLock(tmp_path)

    assert str(os.getpid()) in refused.value.message
    assert "http://127.0.0.1:1" in refused.value.message
    assert refused.value.code == "already_running"
    found = holder(tmp_path)
    assert found is not None
    assert found.pid == os.getpid()
    lock.release()


def test_the_file_of_one_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    """The lock goes with its holder; what is in the file does not count."""
    DataLock(tmp_path).release()
    assert holder(tmp_path) is None
    (tmp_path / "up.lock").write_text("garbage")
    DataLock(tmp_path).release()


def test_an_unreadable_note_does_not_hide_the_lock(tmp_path: Path) -> None:
    """It is then said without who and where."""
    lock = DataLock(tmp_path)
    (tmp_path / "up.lock").write_text("{")
    with pytest.raises(SetupError, match="already running"):
        DataLock(tmp_path)
    lock.release()

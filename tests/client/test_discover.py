"""How the running server is found."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from roundhouse.client.discover import Address, discover, read_address
from roundhouse.model.errors import SetupError

OTHER = "another token"


def leave(data_dir: Path, pid: int) -> Address:
    """What a server leaves."""
    address = Address("http://127.0.0.1:7", "secret", pid)
    (data_dir / "server.json").write_bytes(msgspec.json.encode(address))
    return address


def test_the_server_of_the_data_folder_is_found(tmp_path: Path) -> None:
    """A token given by hand goes before its own."""
    address = leave(tmp_path, os.getpid())

    assert discover(tmp_path) == address
    own = discover(tmp_path, token=OTHER)
    assert (own.url, own.token) == (address.url, OTHER)
    assert discover(tmp_path, url="http://127.0.0.1:7/") == Address(address.url, address.token)


def test_what_a_dead_server_left_is_nothing(tmp_path: Path) -> None:
    """Neither is garbage."""
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    leave(tmp_path, ended.pid)
    assert read_address(tmp_path) is None
    (tmp_path / "server.json").write_text("[")
    assert read_address(tmp_path) is None
    with pytest.raises(SetupError, match="No Roundhouse is running") as refused:
        discover(tmp_path)
    assert "roundhouse up" in (refused.value.remedy or "")


def test_an_address_given_by_hand_needs_its_token(tmp_path: Path) -> None:
    """The token of the server here is not told to another one."""
    leave(tmp_path, os.getpid())
    with pytest.raises(SetupError, match="token"):
        discover(tmp_path, url="http://elsewhere.example:7")

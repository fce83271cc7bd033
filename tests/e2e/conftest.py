"""Fixtures of whole-product tests: an empty machine's environment, a repository, a running stack."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from tests.e2e.stack import Stack, git


@pytest.fixture(autouse=True)
def blocking_calls_are_allowed(blockbuster: BlockBuster | None) -> None:
    """These tests stand outside the product; its own loops run in other processes."""
    if blockbuster is not None:
        blockbuster.deactivate()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with one commit."""
    path = tmp_path / "repo"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "user.name", "Person")
    git(path, "config", "user.email", "person@example.org")
    (path / "hello.txt").write_text("one\ntwo\nthree\n")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "first")
    return path


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A running Roundhouse on an empty data folder."""
    async with Stack.running(tmp_path / "data") as running:
        yield running

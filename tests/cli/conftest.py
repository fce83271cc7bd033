"""One running Roundhouse for all tests of the command line, and commands as a person calls them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from tests.e2e.stack import Stack

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def call(
    *words: str, environment: dict[str, str], cwd: Path, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """One command, without a terminal."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDHOUSE_", "GIT_"))}
    return subprocess.run(
        [sys.executable, "-P", "-m", "roundhouse", *words],
        env=kept | environment,
        cwd=cwd,
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running `up`."""
    data = tmp_path_factory.mktemp("house") / "data"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Stack.running(data)) as running,
    ):
        yield running


@pytest.fixture
def cli(house: Stack, repo: Path) -> Cli:
    """Calls a command inside the repository, with the running house's data folder."""

    def run(*words: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        environment = {"ROUNDHOUSE_DATA_DIR": str(house.data_dir)}
        return call(*words, environment=environment, cwd=repo, stdin=stdin)

    return run

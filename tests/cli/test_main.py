"""The entrance: help, errors, exit codes, global options, and what is not imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from roundhouse.cli.main import COMMANDS
from tests.cli.conftest import Cli, call

HEAVY = ("anyio", "httpx2", "rich", "websockets", "psycopg", "structlog", "fastapi", "platformdirs")


def test_help_lists_every_command_without_importing_what_they_need(tmp_path: Path) -> None:
    """So that it starts fast."""
    program = (
        "import sys; from roundhouse.cli.main import main; main(['--help']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    *shown, modules = done.stdout.splitlines()

    for name, (_, line) in COMMANDS.items():
        listed = any(text.split()[:1] == [name] for text in shown)
        assert listed == bool(line), name
    assert not set(HEAVY) & set(modules.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the global options, which stand behind it as well."""
    from roundhouse.cli.main import main

    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--data-dir" in shown
    assert shown.startswith(f"Usage: roundhouse {name}")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nonsense"], 2, "No such command"),
        (["up", "--port", "many"], 2, "not a valid integer"),
        (["up", "--port", "99999"], 2, "--port"),
        (["run"], 2, "Missing argument"),
        (["ls"], 1, "No Roundhouse is running"),
        (["run", "hello"], 2, "Which agent?"),
        (["server"], 1, "No database is running"),
        (["restart", "server"], 1, "No `roundhouse up` is running"),
        (["ls", "--url", "http://127.0.0.1:1", "--token", "t"], 1, "cannot be reached"),
        (["ls", "--url", "what", "--token", "t"], 2, "not a server's address"),
    ],
)
def test_what_goes_wrong_is_a_sentence_on_stderr(
    tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    """Never a traceback; 2 for what was called wrongly."""
    done = call(*words, environment={"ROUNDHOUSE_DATA_DIR": str(tmp_path)}, cwd=tmp_path)

    assert sentence in done.stderr, done
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_global_options_stand_before_or_after_the_command(cli: Cli, tmp_path: Path) -> None:
    """And go before the environment."""
    elsewhere = str(tmp_path / "nothing here")
    for words in (["--data-dir", elsewhere, "ls"], ["ls", "--data-dir", elsewhere]):
        done = cli(*words)
        assert done.returncode == 1
        assert elsewhere in done.stderr
    assert cli("project", "ls", "--json").returncode == 0
    assert cli("--token", "wrong", "project", "ls").returncode == 1


def test_a_broken_configuration_is_said_and_stops_nothing(tmp_path: Path) -> None:
    """`doctor` counts it as wrong."""
    (tmp_path / "config.toml").write_text("prot = 1\n")
    (tmp_path / "agents.toml").write_text("[agents\n")
    done = call("doctor", environment={"ROUNDHOUSE_DATA_DIR": str(tmp_path)}, cwd=tmp_path)

    assert done.returncode == 1
    assert "prot" in done.stdout
    assert "agents.toml" in done.stdout
    assert "Traceback" not in done.stderr

"""Where settings come from and what happens to those that cannot be used."""

import stat
from pathlib import Path

import pytest

from roundhouse.config import (
    database_url,
    ensure_token,
    load_settings,
    make_data_dir,
    write_private,
)
from roundhouse.model.errors import InvalidInput, SetupError


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    """Each layer only replaces what it names."""
    (tmp_path / "config.toml").write_text('port = 1\nhost = "a"\nslots = 3\n')
    environment = {"ROUNDHOUSE_DATA_DIR": str(tmp_path), "ROUNDHOUSE_PORT": "2"}
    settings = load_settings({"host": "c", "port": None}, {**environment, "ROUNDHOUSE_HOST": "b"})

    assert (settings.host, settings.port, settings.slots) == ("c", 2, 3)
    assert settings.max_warm == 16
    assert settings.problems == ()


def test_a_broken_file_is_a_problem_and_nothing_else(tmp_path: Path) -> None:
    """The defaults hold then."""
    (tmp_path / "config.toml").write_text("port = = 5\n")
    settings = load_settings({"data_dir": tmp_path}, {})

    assert settings.port == 7433
    assert len(settings.problems) == 1
    assert "config.toml" in settings.problems[0]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('port = "7"', "port"),
        ("port = 70000", "port"),
        ("slots = 0", "slots"),
        ("prot = 5", "prot"),
        ('log_level = "loud"', "log_level"),
        ('allowed_hosts = "a"', "allowed_hosts"),
        ('data_dir = "/elsewhere"', "data_dir"),
    ],
)
def test_a_wrong_setting_is_named_and_the_rest_works(tmp_path: Path, line: str, word: str) -> None:
    """A wrong type, a value out of range and an unknown name are one problem each."""
    (tmp_path / "config.toml").write_text(f'node_name = "n"\n{line}\n')
    settings = load_settings({"data_dir": tmp_path}, {})

    assert settings.node_name == "n"
    assert settings.port == 7433
    assert len(settings.problems) == 1
    assert word in settings.problems[0]


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    """Ill-typed and unknown ones; those of the client are no settings."""
    environment = {
        "ROUNDHOUSE_PORT": "many",
        "ROUNDHOUSE_COLOUR": "red",
        "ROUNDHOUSE_TOKEN": "t",
        "ROUNDHOUSE_HOST": "",
        "ROUNDHOUSE_ALLOWED_HOSTS": "a.example, b.example",
    }
    settings = load_settings({"data_dir": tmp_path}, environment)

    assert settings.allowed_hosts == ["a.example", "b.example"]
    assert [p.split()[0] for p in settings.problems] == ["ROUNDHOUSE_PORT", "ROUNDHOUSE_COLOUR"]


def test_a_wrong_flag_is_an_error(tmp_path: Path) -> None:
    """The person is there to correct it."""
    with pytest.raises(InvalidInput, match="--port"):
        load_settings({"data_dir": tmp_path, "port": 70000}, {})


def test_the_token_is_made_once_and_private(tmp_path: Path) -> None:
    """The second call reads what the first one made."""
    folder = tmp_path / "data"
    make_data_dir(folder)
    token = ensure_token(folder)

    assert len(token) >= 32
    assert ensure_token(folder) == token
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["token"]


def test_an_empty_token_opens_no_door(tmp_path: Path) -> None:
    """It would let in whoever sends none."""
    (tmp_path / "token").write_text("\n")
    with pytest.raises(SetupError, match="empty"):
        ensure_token(tmp_path)


def test_the_running_embedded_database_is_found(tmp_path: Path) -> None:
    """By the address that the supervisor left; a setting comes first; neither is said clearly."""
    alone = load_settings({"data_dir": tmp_path}, {})
    with pytest.raises(SetupError, match="No database"):
        database_url(alone)
    write_private(tmp_path / "postgres.json", {"url": "postgresql://here"})

    assert stat.S_IMODE((tmp_path / "postgres.json").stat().st_mode) == 0o600
    assert database_url(alone) == "postgresql://here"
    named = load_settings({"data_dir": tmp_path, "database_url": "postgresql://there"}, {})
    assert database_url(named) == "postgresql://there"

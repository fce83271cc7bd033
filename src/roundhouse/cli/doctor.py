"""Command doctor: checks everything and says what to do."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.output import Paint, emit_json
from roundhouse.config import Settings
from roundhouse.model.errors import RoundhouseError

TOO_OLD = (2, 31)
SPACE = 1_000_000_000


class Check(Struct, frozen=True):
    """One thing looked at. `ok` is None for what is only good to know."""

    what: str
    ok: bool | None
    found: str


@command()
@as_json
@click.pass_obj
def doctor(app: App, json_: bool) -> int:
    """Check everything and say what to do. Exit code 1 if something is wrong."""
    from roundhouse.config import load_settings

    flags = {name: value for name, value in app.flags.items() if name not in {"url", "token"}}
    settings = load_settings(flags)
    checks = [*_machine(), *_data(settings), *_files(settings)]
    checks += _running(app, settings, told={check.found for check in checks})
    if json_:
        emit_json(checks)
    else:
        paint = Paint(sys.stdout)
        marks = {True: paint("✓", "green"), False: paint("✗", "red"), None: paint("·", "dim")}
        for check in checks:
            print(f"{marks[check.ok]} {check.what}: {check.found}")
    return int(any(check.ok is False for check in checks))


def _machine() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("Python", (3, 11) <= sys.version_info < (3, 14), version)
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        yield Check("git", False, "not found. Install git.")
        return
    number = said.stdout.split()[2]
    old = tuple(int(part) for part in number.split(".")[:2] if part.isdecimal()) < TOO_OLD
    wanted = ".".join(map(str, TOO_OLD))
    yield Check("git", not old, f"{number}; {wanted} or newer is needed." if old else number)


def _data(settings: Settings) -> Iterator[Check]:
    from roundhouse.store.embedded import find_binaries

    folder = settings.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if folder.exists():
        private = not folder.stat().st_mode & 0o077
        wrong = "" if private else f" can be read by others. Run: chmod 700 {folder}"
        yield Check("data folder", private, f"{folder}{wrong}")
    else:
        yield Check("data folder", None, f"{folder} (made at the first start)")
    free = shutil.disk_usage(existing).free
    yield Check("free space", free > SPACE, f"{free / 1e9:.1f} GB for {existing}")
    if settings.database_url is not None:
        yield Check("database", None, "your own, by database_url")
        return
    try:
        yield Check("PostgreSQL", True, str(find_binaries(settings.postgres_binaries)))
    except RoundhouseError as error:
        yield Check("PostgreSQL", False, _sentence(error))


def _files(settings: Settings) -> Iterator[Check]:
    from roundhouse.agents.catalog import load_catalog

    for problem in settings.problems:
        yield Check("setting", False, problem)
    for problem in load_catalog(settings.data_dir).problems:
        yield Check("agents.toml", False, problem)


def _running(app: App, settings: Settings, *, told: set[str]) -> Iterator[Check]:
    try:
        address = app.address()
    except RoundhouseError as error:
        yield Check("server", None, _sentence(error))
        return
    try:
        health, agents = app.ask(_look)
    except RoundhouseError as error:
        logs = Path(settings.data_dir, "logs")
        yield Check("server", False, f"{_sentence(error)} Its log is in {logs}.")
        return
    yield Check("server", health["status"] != "down", f"{address.url}, version {health['version']}")
    for problem in health["problems"]:
        if problem not in told:
            yield Check("health", False, problem)
    for node in health["nodes"]:
        state = f"alive, {node['running']} turns, {node['warm']} warm agents"
        yield Check(f"node {node['name']}", node["alive"], state if node["alive"] else "not alive")
    usable = [agent["name"] for agent in agents if agent["installed"] and agent["enabled"]]
    yield Check("agents", None, ", ".join(usable) or "none usable; see `roundhouse agents`")


async def _look(client: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    health = await client.get("/api/health")
    agents = await client.get("/api/agents")
    return health, agents["items"] if isinstance(agents, dict) else agents


def _sentence(error: RoundhouseError) -> str:
    return f"{error.message} {error.remedy or ''}".strip()

"""Settings and the small private files of a data folder: where they come from and what they may be.

Owns `config.toml`, the `ROUNDHOUSE_*` variables, the token, the addresses that processes leave for each other and
the one address to listen on.
A setting that cannot be used is a problem to be shown, never a reason not to start; a wrong flag is an error.
"""

import errno
import os
import secrets
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from roundhouse.client.discover import TOKEN_FILE
from roundhouse.model.errors import InvalidInput, SetupError

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=1000)]
Amount = Annotated[float, Meta(ge=0)]
Period = Annotated[float, Meta(gt=0)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
LogLevel = Literal["debug", "info", "warning", "error"]

BACKLOG = 512
"""Connections that wait while the server is being replaced."""

PREFIX = "ROUNDHOUSE_"
NOT_SETTINGS = frozenset({"url", "token", "python", "node"})
"""Variables of ours that are not settings: the client's, the wrapper's, and the agents' marker."""


class Settings(Struct, frozen=True, kw_only=True):
    """All there is to set, by the names used in `config.toml`."""

    data_dir: Path
    host: Name = "127.0.0.1"
    port: Port = 7433
    database_url: str | None = None
    """A PostgreSQL server to use instead of the embedded one."""
    postgres_binaries: Path | None = None
    """The folder with `postgres` and `initdb` for the embedded one."""
    allowed_hosts: list[Name] = []
    """Host names by which the server may be addressed besides this machine's own."""
    node_name: Name = ""
    slots: Count = 16
    """Turns that run at once."""
    soft_stop_seconds: Amount = 10.0
    """How long running turns may go on when the runner is asked to stop."""
    permission_minutes: Period = 30.0
    """How long an agent waits for a person."""
    idle_minutes: Period = 30.0
    """How long an agent that has nothing to do stays warm."""
    max_warm: Count = 16
    """Agents kept warm at once."""
    memory_budget_mb: Annotated[int, Meta(ge=1)] | None = None
    """Memory that idle agents may hold together."""
    log_level: LogLevel = "info"
    problems: tuple[str, ...] = ()
    """What could not be used, one sentence each."""


KEYS = tuple(name for name in Settings.__struct_fields__ if name not in {"data_dir", "problems"})
_TYPES = {field.name: field.type for field in msgspec.structs.fields(Settings)}


def load_settings(
    flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Defaults, then the file, then the environment, then the flags. A flag that is None was not given.

    Raises InvalidInput for a flag that cannot be used; all else becomes a problem.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    variables = os.environ if environment is None else environment
    data_dir = find_data_dir(given.pop("data_dir", None), variables)
    problems: list[str] = []
    values = _from_file(data_dir / "config.toml", problems)
    values |= _from_environment(variables, problems)
    for name, value in given.items():
        try:
            values[name] = msgspec.convert(value, _TYPES[name], strict=False)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"--{name.replace('_', '-')}: {error}", field=name) from None
    values["node_name"] = values.get("node_name") or socket.gethostname() or "node"
    return Settings(data_dir=data_dir, problems=tuple(problems), **values)


def find_data_dir(flag: Path | str | None, environment: Mapping[str, str]) -> Path:
    """The data folder: the flag, else ROUNDHOUSE_DATA_DIR, else the user's own."""
    chosen = flag or environment.get(PREFIX + "DATA_DIR")
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_data_dir("roundhouse", appauthor=False)
    return Path(chosen).expanduser().absolute()


def _from_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        problems.append(f"{path} cannot be read and is ignored: {error}")
        return {}
    values = {}
    for name, value in content.items():
        if name not in KEYS:
            problems.append(f"{path}: there is no setting {name!r}.")
            continue
        try:
            values[name] = _convert(name, value, strict=True)
        except msgspec.ValidationError as error:
            problems.append(f"{path}: {name} is ignored: {error}.")
    return values


def _from_environment(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    values = {}
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or name in NOT_SETTINGS | {"data_dir"} or not text:
            continue
        if name not in KEYS:
            problems.append(f"{variable} is set, but there is no such setting.")
            continue
        value: Any = text
        if name == "allowed_hosts":
            value = [word.strip() for word in text.split(",") if word.strip()]
        try:
            values[name] = _convert(name, value, strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{variable} is ignored: {error}.")
    return values


def _convert(name: str, value: Any, *, strict: bool) -> Any:
    if name == "postgres_binaries" and isinstance(value, str):
        return Path(value).expanduser()
    return msgspec.convert(value, _TYPES[name], strict=strict)


def make_data_dir(data_dir: Path) -> None:
    """The data folder, readable by its owner alone. Raises SetupError if there can be none."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if data_dir.stat().st_mode & 0o077 and data_dir.stat().st_uid == os.geteuid():
            data_dir.chmod(0o700)
    except OSError as error:
        raise SetupError(
            f"The data folder {data_dir} cannot be made: {error.strerror}.",
            remedy="Choose another one with --data-dir.",
        ) from error


def ensure_token(data_dir: Path) -> str:
    """The token that every door asks for; made on first use. Raises SetupError if it cannot be read or made."""
    path = data_dir / TOKEN_FILE
    try:
        if not path.exists():
            made = _private_copy(path, secrets.token_urlsafe(32) + "\n")
            try:
                # Whoever links first has made it: two first starts agree.
                os.link(made, path)
            except FileExistsError:
                pass
            finally:
                made.unlink()
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The token file {path} cannot be used: {error}.") from error
    if not token:
        raise SetupError(f"The token file {path} is empty.", remedy="Remove it; a new one is made.")
    return token


def write_private(path: Path, value: Any) -> None:
    """Put `value` there as JSON, whole or not at all, readable by the owner alone."""
    _private_copy(path, msgspec.json.encode(value).decode() + "\n").replace(path)


def _private_copy(path: Path, text: str) -> Path:
    copy = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
    return copy


def database_url(settings: Settings) -> str:
    """The database to use by a server or runner alone: the setting, else the running embedded one.

    Raises SetupError when there is neither.
    """
    if settings.database_url is not None:
        return settings.database_url
    path = settings.data_dir / "postgres.json"
    try:
        return str(msgspec.json.decode(path.read_bytes())["url"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        raise SetupError(
            f"No database is running for {settings.data_dir}.",
            remedy="Start `roundhouse up`, or name a PostgreSQL server with --database-url.",
        ) from None


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket, so that a busy port is known before anything else starts. Raises SetupError."""
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise SetupError(
            f"There is no address {host!r} to listen on.", remedy="Choose another one with --host."
        ) from error
    # With the protocol named: asyncio turns Nagle's delay off only then.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                f"Port {port} on {host} is in use.",
                code="port_in_use",
                remedy="Stop what uses it, or choose another one with --port.",
            ) from error
        raise SetupError(
            f"Cannot listen on port {port} of {host}: {error.strerror}.",
            remedy="Choose others with --host and --port.",
        ) from error
    return listener


def listener_url(listener: socket.socket) -> str:
    """The address by which a process of this machine reaches it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - replaced, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

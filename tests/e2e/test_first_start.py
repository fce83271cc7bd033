"""The README's commands on a fresh copy with an empty home and cache, as root and as a normal user, without Node."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.stack import free_port, git

ROOT = Path(__file__).parent.parent.parent
FIRST_START_DEADLINE = 240.0
"""The first call installs all packages, on two shared cores and from a cold cache."""
NOBODY = 65534
STATIC = Path("src", "roundhouse", "web", "static")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user may be let into; pytest closes its own again and again."""
    with tempfile.TemporaryDirectory(prefix="first-start-") as made:
        yield Path(made)


@pytest.fixture
def checkout(folder: Path) -> Path:
    """What a clone would hold, uncommitted files included."""
    copy = folder / "clone"
    for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return copy


@pytest.fixture
def bare_path(folder: Path) -> str:
    """A PATH with the system's programs but no Node and no uv."""
    programs = folder / "bin"
    programs.mkdir()
    for place in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for program in Path(place).iterdir() if Path(place).is_dir() else []:
            link = programs / program.name
            if program.name not in {"node", "nodejs", "npm", "npx", "uv"} and not link.exists():
                link.symlink_to(program)
    return str(programs)


def give(folder: Path, user: int) -> None:
    """Make a folder another user's."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user, user, follow_symlinks=False)


Call = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(params=["root", "normal user"])
def call(
    request: pytest.FixtureRequest, folder: Path, checkout: Path, bare_path: str
) -> Iterator[Call]:
    """Start a README command with nothing in the environment but a home and a PATH."""
    user: int | None = None
    if request.param == "normal user" and os.getuid() == 0:
        user = NOBODY
    elif request.param == "root" and os.getuid() != 0:
        pytest.skip("not root")
    home = folder / "home"
    home.mkdir()
    if user is not None:
        give(folder, user)
    elif (ROOT / STATIC / ".built").is_file():
        # One of the two builds the page from nothing: it takes a minute.
        shutil.copytree(ROOT / STATIC, checkout / STATIC)
        (checkout / STATIC / ".built").touch()
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        kept = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "UV_", "SSL_"))}
        process = subprocess.Popen(
            [str(checkout / words[0]), *words[1:]],
            env={**kept, "HOME": str(home), "PATH": bare_path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.timeout(2 * FIRST_START_DEADLINE)
def test_the_demo_and_up_work_on_a_fresh_copy(call: Call, folder: Path) -> None:
    """The demo shows two agents, a permission and a diff with authors; `up` gets ready; a second one says so."""
    demo = call("roundhouse", "demo")
    shown, _ = demo.communicate(timeout=FIRST_START_DEADLINE)
    assert demo.returncode == 0, shown
    assert re.search(r"ada.*grace", shown, re.DOTALL), shown
    assert re.search(r"permission", shown, re.IGNORECASE), shown
    assert re.search(r"^\S*\s*(ada|grace)\s+.*\+", shown, re.MULTILINE), shown

    port = str(free_port())
    first = call("roundhouse", "up", "--port", port)
    assert first.stdout is not None
    said = ""
    for line in first.stdout:
        said += line
        if "Roundhouse is ready at" in line:
            break
    assert f"Roundhouse is ready at http://127.0.0.1:{port}/?token=" in said, said

    second = call("roundhouse", "up", "--port", port)
    refusal, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "already" in refusal, refusal
    assert str(first.pid) in refusal, refusal

    family = psutil.Process(first.pid).children(recursive=True)
    assert len(family) >= 3
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=30) == 0
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []
    outside = [p.name for p in (folder / "home").iterdir()]
    assert set(outside) <= {".cache", ".local", ".npm"}, outside

"""Command demo: the main job end to end, on a sample repository with scripted agents, in a folder that is removed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import anyio
import click
import msgspec

from roundhouse.agents.catalog import load_catalog
from roundhouse.cli.app import App, command
from roundhouse.cli.changes import read_changes
from roundhouse.cli.diff import print_changes
from roundhouse.cli.output import Paint
from roundhouse.cli.render import TextView
from roundhouse.cli.watch import Watch
from roundhouse.client.http import Client
from roundhouse.config import load_settings
from roundhouse.model.errors import SetupError
from roundhouse.supervisor.stack import Stack

DEMO_AGENT = "roundhouse.agents.demo"
AGENTS = """\
[agents.{name}]
kind = "acp_warm"
label = "{name} (scripted)"
command = {command}
env = {{ DEMO_NAME = "{name}", DEMO_HOME = {home} }}

"""

SAMPLE = {
    "README.md": "# Greeter\n\nA sample for `roundhouse demo`.\n",
    "greeter.py": 'def greet(name):\n    return "Hello, " + name\n',
}

TURNS = (
    (
        "ada",
        "Write a test for the greeter, and remember that its name is important",
        """\
THINK The greeter has no test. I will write one; for that I need a permission.
SAY I am writing a test for the greeter.
PERMIT test_greeter.py assert __import__("greeter").greet("Ada") == "Hello, Ada"
THINK And I was asked to remember something.
REMEMBER that the name is important""",
    ),
    (
        "grace",
        "Add a case, and say in the README how to run the test",
        """\
SAY I was told what ada did, and see her file in the same worktree.
APPEND test_greeter.py assert __import__("greeter").greet("") == "Hello, "
APPEND README.md Test it: python test_greeter.py""",
    ),
    (
        "ada",
        "What did you want to remember?",
        """\
SAY I was told what grace did, and my own memory is still here:
THINK It was in my first turn.
RECALL""",
    ),
)


@command()
@click.pass_obj
def demo(app: App) -> int:
    """See the main job done: two scripted agents in one worktree, a permission, a diff with its authors, an apply.

    Uses a private data folder and a sample repository in the temporary folder, and removes both.
    """
    with tempfile.TemporaryDirectory(
        prefix="roundhouse-demo-", ignore_cleanup_errors=True
    ) as place:
        folder = Path(place).resolve()
        data = folder / "data"
        data.mkdir(mode=0o700)
        _make_sample(folder / "greeter")
        _make_agents(data, folder / "memory")
        return anyio.run(_play, data, folder / "greeter")


def _make_sample(folder: Path) -> None:
    folder.mkdir()
    for name, text in SAMPLE.items():
        (folder / name).write_text(text)
    person = ["-c", "user.name=You", "-c", "user.email=you@example.com"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        [*person, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message=A greeter"],
    ):
        try:
            subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
        except FileNotFoundError:
            raise SetupError("git was not found.", remedy="Install it.") from None
        except subprocess.CalledProcessError as error:
            raise SetupError(f"git could not make the sample: {error.stderr.strip()}") from error


def _make_agents(data: Path, memory: Path) -> None:
    def quoted(value: object) -> str:
        return msgspec.json.encode(value).decode()

    command = quoted([sys.executable, "-P", "-m", DEMO_AGENT])
    home = quoted(str(memory))
    # The others stay out of it: looking at them takes time and may write into the person's home.
    entries = [f"[agents.{name}]\nenabled = false\n\n" for name in load_catalog(data).agents]
    entries += [AGENTS.format(name=n, command=command, home=home) for n in ("ada", "grace")]
    (data / "agents.toml").write_text("".join(entries))


async def _play(data: Path, repository: Path) -> int:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("ROUNDHOUSE_")}
    settings = load_settings({"data_dir": data, "port": 0}, environment)
    _title("Starting a database, a runner and a server, just for this demo")
    async with Stack(settings, say=_say).run() as address, Client.open(address) as client:
        project = await client.post("/api/projects", {"path": str(repository)})
        wish = {"project_id": project["id"], "title": "Test the greeter"}
        session = await client.post("/api/sessions", wish)
        for agent, asked, script in TURNS:
            _title(f"You to {agent}: {asked}")
            body = {"agent": agent, "input": f"{asked}\n{script}"}
            task = await client.post(f"/api/sessions/{session['id']}/tasks", body)
            watch = Watch(
                client, TextView(one_stream=True), session["id"], task_id=task["id"], allow="once"
            )
            code = await watch.run(0)
            if code:
                return code
        _title("What changed in the one worktree of this session, and who wrote which line")
        print_changes(await read_changes(client, session["id"]))
        await _take(client, session["id"], repository)
    return 0


async def _take(client: Client, session_id: str, repository: Path) -> None:
    """Accept what one agent wrote in one file, and bring only that into the checkout."""
    _title(
        "Your own checkout was not touched so far. You accept grace's hunk of the README, and apply it"
    )
    changes = await read_changes(client, session_id, path="README.md")
    hunks = [hunk["id"] for file in changes["files"] for hunk in file["hunks"]]
    await client.post(f"/api/sessions/{session_id}/changes/accept", {"hunks": hunks[:1]})
    body = {"target": "checkout", "accepted_only": True}
    await client.post(f"/api/sessions/{session_id}/apply", body)
    _say("$ git diff --stat")
    words = ["git", "--no-pager", "diff", "--stat"]
    shown = await anyio.run_process(words, cwd=repository)
    print(shown.stdout.decode(), end="")
    _title(
        "Only that line is in your checkout, as an edit of its own: nothing staged, nothing committed. "
        "The rest waits for you in the session."
    )
    _title("All of this is removed again.")


def _title(text: str) -> None:
    print(f"\n{Paint(sys.stdout)(text, 'bold')}", flush=True)


def _say(text: str) -> None:
    print(Paint(sys.stdout)(text, "dim"), flush=True)

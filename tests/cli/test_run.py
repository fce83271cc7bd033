"""Prompting from the command line: streams, exit codes, permissions, queues; with the scripted agent."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, call
from tests.cli.terminal import in_terminal
from tests.e2e.stack import Stack

pytestmark = pytest.mark.timeout(180)


def new_session(cli: Cli, prompt: str = "SAY first") -> str:
    """The id of a session that has had one turn."""
    done = cli("run", prompt, "--agent", "demo", "--json")
    assert done.returncode == 0, done
    return str(json.loads(done.stdout.splitlines()[0])["session_id"])


def test_the_answer_goes_to_stdout_and_all_else_beside_it(cli: Cli) -> None:
    """Without a terminal the output is the agent's text, so that scripts may use it."""
    done = cli("run", "THINK hm\nSAY the answer\nWRITE a.txt one", "--agent", "demo")

    assert done.returncode == 0, done
    assert done.stdout.strip().splitlines() == ["the answer", "Wrote a.txt."]
    assert "hm" in done.stderr
    assert "Write a.txt  +1 -0" in done.stderr
    assert re.search(r"demo · fresh.* s$", done.stderr, re.MULTILINE)
    assert "\x1b" not in done.stdout + done.stderr


def test_json_is_one_event_a_line(cli: Cli) -> None:
    """Numbered, from the task's creation to its end."""
    done = cli("run", "-", "--agent", "demo", "--json", stdin="SAY from standard input")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert [e["type"] for e in events][:1] == ["task_created"]
    assert events[-1]["type"] == "task_ended"
    assert "".join(e["text"] for e in events if e["type"] == "text") == "from standard input"
    numbers = [e["seq"] for e in events]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("prompt", "allow", "code"),
    [
        ("SAY yes", "ask", 0),
        ("CRASH", "ask", 1),
        ("PERMIT p.txt x", "ask", 5),
        ("PERMIT p.txt x", "none", 5),
        ("PERMIT p.txt x", "once", 0),
        ("PERMIT p.txt x\nPERMIT q.txt y", "session", 0),
    ],
)
def test_the_exit_code_says_how_the_turn_ended(
    cli: Cli, prompt: str, allow: str, code: int
) -> None:
    """Completed, failed, and asked with nobody to answer, which cancels the turn."""
    done = cli("run", prompt, "--agent", "demo", "--allow", allow)

    assert done.returncode == code, done
    assert "Traceback" not in done.stderr


def test_an_unknown_agent_or_folder_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    """With what to do about it."""
    unknown = cli("run", "hi", "--agent", "nobody")
    assert (unknown.returncode, "nobody" in unknown.stderr) == (2, True)
    nowhere = cli("run", "hi", "--agent", "demo", "--project", str(tmp_path / "nowhere"))
    assert nowhere.returncode == 2
    assert "nowhere" in nowhere.stderr


def test_a_session_goes_on_with_its_last_agent(cli: Cli) -> None:
    """By the beginning of its id; the memory is said."""
    session = new_session(cli, "REMEMBER blue")
    done = cli("run", "RECALL", "--session", session[:7])

    assert done.stdout.strip() == "blue"
    assert "continued" in done.stderr


def test_send_wait_and_cancel(cli: Cli) -> None:
    """A queue of two: the running one is cancelled by its id, the rest by the session's."""
    session = new_session(cli)
    running = cli("send", session, "HANG").stdout.strip()
    queued = cli("send", session, "SAY later").stdout.strip()
    assert cli("wait", queued, "--timeout", "0.3").returncode == 124
    assert cli("cancel", running).returncode == 0
    assert cli("wait", running).returncode == 3
    assert cli("wait", queued).returncode == 0
    assert cli("wait", session).returncode == 0
    again = cli("cancel", queued)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr

    cli("send", session, "HANG")
    assert cli("cancel", session).returncode == 0
    assert cli("wait", session).returncode == 3


def test_detach_names_what_it_left_running(cli: Cli) -> None:
    """Session and task, for scripts."""
    done = cli("run", "SAY behind you", "--agent", "demo", "--detach")
    session, task = done.stdout.split()

    assert cli("wait", task).returncode == 0
    assert "behind you" in cli("logs", session).stdout


def test_ctrl_c_cancels_the_turn_and_reports_it(house: Stack, repo: Path) -> None:
    """The first one; exit code 3."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "roundhouse", "run", "SLOW 2000", "--agent", "demo"],
        env={**house.environment},
        cwd=repo,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.read(2) == "0 "
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 3, said
    assert "cancelled" in said


def test_a_person_is_asked_in_a_terminal(house: Stack, repo: Path) -> None:
    """Numbered options; nonsense is asked again; a question is answered by its number."""
    code, shown = in_terminal(
        ["run", "PERMIT a.txt x\nPERMIT b.txt y\nASK Which?", "--agent", "demo"],
        house.environment,
        repo,
        ("choice: ", "what"),
        ("choice: ", "1"),
        ("choice: ", "3"),
        ("answer: ", "2"),
    )

    assert code == 0, shown
    assert "1  Allow" in shown
    assert "Wrote a.txt." in shown
    assert "I was not allowed." in shown
    assert "You answered blue." in shown
    assert "\x1b[" in shown


def test_without_a_server_run_starts_and_stops_everything(tmp_path: Path, repo: Path) -> None:
    """On the data folder's own database; a second call finds the first one's session."""
    data = tmp_path / "alone"
    environment = {"ROUNDHOUSE_DATA_DIR": str(data), "DEMO_HOME": str(tmp_path / "memory")}
    refused = call("run", "hi", "--agent", "demo", "--detach", environment=environment, cwd=repo)
    assert refused.returncode == 1
    first = call(
        "run", "REMEMBER red", "--agent", "demo", "--json", environment=environment, cwd=repo
    )
    assert first.returncode == 0, first.stderr
    session = json.loads(first.stdout.splitlines()[0])["session_id"]
    assert not (data / "server.json").exists()
    again = call("run", "RECALL", "-s", session, environment=environment, cwd=repo)

    assert again.stdout.strip() == "red", again
    assert "resumed" in again.stderr
    left: list[Any] = list(data.glob("*.json"))
    assert left == []

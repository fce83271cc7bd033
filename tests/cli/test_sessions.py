"""Looking at what there is, and taking it away: ls, show, logs, attach, diff, close, rm, and the rest."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, call
from tests.cli.test_run import new_session

pytestmark = pytest.mark.timeout(180)


def test_ls_and_show_tell_a_session(cli: Cli) -> None:
    """As a table for people and as JSON for scripts."""
    session = new_session(cli, "WRITE a.txt hello")
    listed = {line["id"]: line for line in json.loads(cli("ls", "--json").stdout)}
    shown = json.loads(cli("show", session[:8], "--json").stdout)

    assert listed[session]["title"] == "WRITE a.txt hello"
    assert [task["status"] for task in shown["tasks"]] == ["completed"]
    assert [agent["agent"] for agent in shown["agent_sessions"]] == ["demo"]
    table = cli("ls").stdout
    assert session[:6] in table
    assert "WRITE a.txt hello" in table
    assert "completed" in cli("show", session).stdout
    task = shown["tasks"][0]["id"]
    assert "WRITE a.txt hello" in cli("show", task).stdout
    assert json.loads(cli("show", task, "--json").stdout) == shown["tasks"][0]


def test_logs_print_the_whole_conversation(cli: Cli) -> None:
    """Prompts, answers, tools; from any event on."""
    session = new_session(cli, "SAY to be read later")
    done = cli("logs", session)
    events = [json.loads(line) for line in cli("logs", session, "--json").stdout.splitlines()]

    assert "to be read later" in done.stdout
    assert "> demo SAY to be read later" in done.stderr
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    rest = cli("logs", session, "--json", "--after", str(len(events) - 1)).stdout.splitlines()
    assert [json.loads(line) for line in rest] == events[-1:]


def test_diff_names_the_author_of_each_line(cli: Cli) -> None:
    """And whose share it is."""
    session = new_session(cli, "WRITE a.txt hello\nDELETE README.md")
    done = cli("diff", session)
    stat = cli("diff", session, "--stat").stdout

    assert done.returncode == 0, done
    assert "demo  + hello" in done.stdout
    assert "demo  - # A small project" in done.stdout
    assert "a.txt  create  +1 -0  (demo 100 %)" in stat
    assert "+ hello" not in stat
    files = json.loads(cli("diff", session, "--json").stdout)["files"]
    assert sorted(file["path"] for file in files) == ["README.md", "a.txt"]


def test_permissions_are_answered_from_another_terminal(cli: Cli) -> None:
    """Allowed, denied with a reason, and a question answered."""
    session = new_session(cli)

    def asked(prompt: str) -> str:
        cli("send", session, prompt)
        while not (found := json.loads(cli("permit", "ls", "--json").stdout)):
            continue
        return str(found[0]["id"])

    permission = asked("PERMIT yes.txt x")
    assert "Write yes.txt" in cli("permit", "ls").stdout
    assert cli("permit", "allow", permission).returncode == 0
    assert cli("wait", session).returncode == 0
    again = cli("permit", "allow", permission)
    assert again.returncode == 1, again
    assert cli("permit", "deny", asked("PERMIT no.txt x"), "--why", "not now").returncode == 0
    assert cli("wait", session).returncode == 0
    question = asked("ASK Which?")
    assert cli("permit", "allow", question).returncode == 2
    assert cli("permit", "allow", question, "--answer", "blue").returncode == 0
    assert cli("wait", session).returncode == 0
    said = cli("logs", session).stdout
    assert "Wrote yes.txt." in said
    assert "I was not allowed." in said
    assert "You answered blue." in said
    assert cli("permit", "allow", "999999").returncode == 1


def test_agents_tell_what_is_usable_and_why_not(cli: Cli) -> None:
    """The scripted one is; its models and modes are known after a refresh."""
    listed = cli("agents", "--refresh", "--json")
    agents = {agent["name"]: agent for agent in json.loads(listed.stdout)}

    assert agents["demo"]["installed"]
    assert all(agent["installed"] or agent["diagnostic"] for agent in agents.values())
    shown = cli("agents", "show", "demo").stdout
    assert "demo-small" in shown
    assert cli("agents", "show", "nobody").returncode == 1
    assert "demo" in cli("agents").stdout


def test_projects_are_added_listed_and_removed(cli: Cli, repo: Path, tmp_path: Path) -> None:
    """Twice is once; a folder that is none is refused by name."""
    first = json.loads(cli("project", "add", "--json", "--name", "mine").stdout)
    again = json.loads(cli("project", "add", str(repo), "--json").stdout)
    assert first["id"] == again["id"]
    assert first["path"] == str(repo)
    assert first["id"] in {p["id"] for p in json.loads(cli("project", "ls", "--json").stdout)}
    refused = cli("project", "add", str(tmp_path))
    assert refused.returncode == 2
    assert cli("project", "rm", str(repo)).returncode == 0
    assert first["id"] not in cli("project", "ls", "--json").stdout


def test_close_archives_and_rm_deletes(cli: Cli) -> None:
    """A closed session is no longer warm and no longer listed; a deleted one is gone with its worktree."""
    session = new_session(cli)
    assert cli("close", session).returncode == 0
    assert session not in cli("ls", "--json").stdout
    assert session in cli("ls", "--status", "archived", "--json").stdout
    shown = json.loads(cli("show", session, "--json").stdout)
    assert [agent["warm"] for agent in shown["agent_sessions"]] == [False]

    session = new_session(cli, "WRITE a.txt x")
    assert cli("rm", session, "--yes").returncode == 0
    gone = cli("show", session)
    assert gone.returncode == 1
    assert "Traceback" not in gone.stderr


def test_an_ambiguous_or_unknown_beginning_is_refused(cli: Cli) -> None:
    """Nothing is guessed."""
    new_session(cli)
    new_session(cli)
    assert cli("show", "").returncode != 0
    assert cli("show", "zzzz").returncode == 1


def test_doctor_finds_a_healthy_house_healthy(cli: Cli) -> None:
    """Exit code 0, and JSON for scripts."""
    done = cli("doctor", "--json")
    assert done.returncode == 0, done.stdout
    assert {"git", "server"} <= {check["what"] for check in json.loads(done.stdout)}


def test_the_demo_shows_the_main_job_and_leaves_nothing(tmp_path: Path) -> None:
    """Two agents in one worktree, a permission, a diff with its authors, and an apply of one line."""
    home = tmp_path / "home"
    home.mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {"HOME": str(home), "TMPDIR": str(temporary), "XDG_RUNTIME_DIR": ""}
    done = call("demo", environment=environment, cwd=home)

    assert done.returncode == 0, done
    shown = done.stdout
    assert "ada asks for permission" in shown
    assert "continued: the same warm process" in shown
    assert "\nada    + assert" in shown
    assert "\ngrace  + assert" in shown
    assert "\n README.md | 1 +\n" in shown
    assert " 1 file changed, 1 insertion(+)\n" in shown
    assert list(home.iterdir()) == []
    assert [path.name for path in temporary.iterdir()] == []

"""Turns end to end: a real database, real worktrees, the real demo agent as a warm ACP child."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from anyio.abc import TaskGroup

from roundhouse.agents.acp.backend import WarmAcpBackend
from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.process import Spawner
from roundhouse.model.agent import AgentSpec
from roundhouse.model.event import (
    Activity,
    AgentCrashed,
    AgentReady,
    Changes,
    Handover,
    PermissionAnswered,
    PermissionRequested,
    RepositoryMoved,
    TaskEnded,
    Text,
)
from roundhouse.model.permission import PermissionAnswer, PermissionStatus
from roundhouse.model.session import BackendKind, Continuity, Session
from roundhouse.model.task import FailureCode, Task, TaskStatus
from roundhouse.runner.node import Runner
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.changes import PendingChanges
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.database import Database
from roundhouse.store.projects import Projects
from roundhouse.workspace.git import git
from tests.runner.harness import Bench, bench_of, catalog_of, running


def demo(name: str, home: Path, **env: str) -> AgentSpec:
    """The scripted agent under a name and with a memory of its own."""
    return AgentSpec(
        name=name,
        kind=BackendKind.ACP_WARM,
        label=name,
        command=[sys.executable, "-m", "roundhouse.agents.demo"],
        env={"DEMO_HOME": str(home / name), **env},
    )


def warm_acp(spec: AgentSpec, spawner: Spawner, tasks: TaskGroup) -> AgentBackend:
    """The backend under test's agents."""
    return WarmAcpBackend(spec, spawner, tasks)


@pytest.fixture
async def bench(db: Database, database_url: str, session: Session) -> AsyncIterator[Bench]:
    """The session, watched."""
    async with bench_of(db, database_url, session) as bench:
        yield bench


@pytest.fixture
def agents(tmp_path: Path) -> list[AgentSpec]:
    """Two agents that know nothing of each other, one that forgets, one that does not exist."""
    return [
        demo("alpha", tmp_path),
        demo("beta", tmp_path),
        demo("forgetful", tmp_path, DEMO_LOAD="0", DEMO_RESUME="0"),
        AgentSpec(
            name="missing",
            kind=BackendKind.ACP_WARM,
            label="missing",
            command=["no-such-program-anywhere"],
        ),
    ]


@pytest.fixture
async def runner(
    database_url: str, tmp_path: Path, session: Session, agents: list[AgentSpec]
) -> AsyncIterator[Runner]:
    """A running node with these agents."""
    load = catalog_of(*agents)
    async with running(
        database_url, tmp_path / "data", warm_acp, load, permission_deadline=60.0
    ) as runner:
        yield runner


async def ready(bench: Bench, task: Task) -> AgentReady:
    """How the agent of a turn was got."""
    [event] = await bench.bodies(AgentReady, task)
    return event


async def test_the_second_turn_runs_on_the_same_warm_process(bench: Bench, runner: Runner) -> None:
    """One worktree, one process: fresh, then continued, and it remembers."""
    first = await bench.turn("REMEMBER teal", "alpha")
    second = await bench.turn("RECALL", "alpha")
    assert (first.status, second.status) == (TaskStatus.COMPLETED, TaskStatus.COMPLETED)
    assert "teal" in await bench.said(second)
    one, two = await ready(bench, first), await ready(bench, second)
    assert (one.continuity, one.warm) == (Continuity.FRESH, False)
    assert (two.continuity, two.warm) == (Continuity.CONTINUED, True)
    assert one.pid == two.pid
    assert second.output_summary == (await bench.said(second)).strip()
    assert await bench.bodies(Handover) == []


async def test_a_turn_settles_into_snapshots_rows_and_an_event(
    bench: Bench, runner: Runner, repo: Path
) -> None:
    """The worktree has the change with its author; the user's checkout does not."""
    task = await bench.turn("WRITE notes.txt hello", "alpha")
    assert task.snapshot_before != task.snapshot_after
    [changes] = await bench.bodies(Changes, task)
    assert [(f.path, f.operation, f.additions) for f in changes.files] == [
        ("notes.txt", "create", 1)
    ]
    assert changes.snapshot == task.snapshot_after
    [row], _ = await PendingChanges(bench.db).list(bench.session.id)
    assert (row.file_path, row.agent, row.agents, row.task_id) == (
        "notes.txt",
        "alpha",
        ["alpha"],
        task.id,
    )
    session = await bench.settled()
    assert (session.additions, session.deletions) == (1, 0)
    assert session.worktree_path is not None
    assert (Path(session.worktree_path) / "notes.txt").read_text() == "hello\n"
    assert not (repo / "notes.txt").exists()
    types = [event.body() for event in await bench.events() if event.task_id == task.id]
    assert [type(body) for body in types[-2:]] == [TaskEnded, Changes]


async def test_a_turn_without_edits_has_one_snapshot(bench: Bench, runner: Runner) -> None:
    """Before and after are the same, and no event says otherwise."""
    task = await bench.turn("SAY hi", "alpha")
    assert task.snapshot_before is not None
    assert task.snapshot_before == task.snapshot_after
    assert await bench.bodies(Changes) == []


async def test_switching_agents_and_back_keeps_memories_and_tells_what_happened(
    bench: Bench, runner: Runner
) -> None:
    """A → B → A: B hears of A's turn, A of B's; each keeps its own memory."""
    await bench.turn("REMEMBER teal\nWRITE a.txt one", "alpha")
    there = await bench.turn("REMEMBER ochre\nAPPEND a.txt two", "beta")
    back = await bench.turn("RECALL", "alpha")
    [to_beta] = await bench.bodies(Handover, there)
    assert "alpha was asked:\n> REMEMBER teal" in to_beta.text
    assert "create a.txt +1 -0" in to_beta.text
    [to_alpha] = await bench.bodies(Handover, back)
    assert "beta was asked:\n> REMEMBER ochre" in to_alpha.text
    assert "edit a.txt +1 -0" in to_alpha.text
    assert "teal" not in to_alpha.text
    said = await bench.said(back)
    assert "teal" in said
    assert "ochre" not in said
    assert (await ready(bench, back)).continuity is Continuity.CONTINUED
    again = await bench.turn("SAY hi", "alpha")
    assert await bench.bodies(Handover, again) == []


async def test_a_handover_can_be_switched_off_and_comes_later(bench: Bench, runner: Runner) -> None:
    """Off for one task: it stays behind, and the next one is told."""
    await bench.turn("SAY one", "alpha")
    quiet = await bench.turn("SAY two", "beta", handover=False)
    told = await bench.turn("SAY three", "beta")
    assert await bench.bodies(Handover, quiet) == []
    [note] = await bench.bodies(Handover, told)
    assert "alpha was asked:\n> SAY one" in note.text


async def test_edits_by_the_person_between_turns_are_the_persons(
    bench: Bench, runner: Runner
) -> None:
    """They are found before the turn, have no author, and the agent hears of the files."""
    await bench.turn("WRITE a.txt one", "alpha")
    session = await bench.settled()
    assert session.worktree_path is not None
    (Path(session.worktree_path) / "mine.txt").write_text("by hand\n")
    task = await bench.turn("WRITE b.txt two", "alpha")
    rows, _ = await PendingChanges(bench.db).list(bench.session.id)
    assert [(row.file_path, row.agent) for row in rows] == [
        ("a.txt", "alpha"),
        ("mine.txt", None),
        ("b.txt", "alpha"),
    ]
    [note] = await bench.bodies(Handover, task)
    assert "create mine.txt" in note.text


async def test_a_crash_fails_the_turn_and_the_next_one_resumes(
    bench: Bench, runner: Runner
) -> None:
    """One terminal state, what it had written is kept as its own, and the memory comes back."""
    await bench.turn("REMEMBER teal", "alpha")
    crashed = await bench.turn("WRITE half.txt done\nCRASH", "alpha")
    assert (crashed.status, crashed.failure_code) == (
        TaskStatus.FAILED,
        FailureCode.AGENT_CRASHED,
    )
    assert len(await bench.bodies(TaskEnded, crashed)) == 1
    assert len(await bench.bodies(AgentCrashed, crashed)) == 1
    [changes] = await bench.bodies(Changes, crashed)
    assert [file.path for file in changes.files] == ["half.txt"]
    row = await AgentSessions(bench.db).get(bench.session.id, "alpha")
    assert row is not None
    assert (row.status, row.pid) == ("crashed", None)
    after = await bench.turn("RECALL", "alpha")
    assert "teal" in await bench.said(after)
    assert (await ready(bench, after)).continuity is Continuity.RESUMED


async def test_a_memory_that_cannot_be_loaded_is_rebuilt_and_says_so(
    bench: Bench, runner: Runner
) -> None:
    """The agent can load nothing: its next process is told the history, and the reason is kept."""
    await bench.turn("SAY the colour is teal", "forgetful")
    await bench.turn("CRASH", "forgetful")
    after = await bench.turn("SAY hello", "forgetful")
    got = await ready(bench, after)
    assert got.continuity is Continuity.REBUILT
    assert got.reason
    [note] = await bench.bodies(Handover, after)
    assert "> the colour is teal" in note.text
    assert (await bench.said(after)).strip() == "hello"


async def test_a_cancel_ends_a_hanging_turn_and_the_session_goes_on(
    bench: Bench, runner: Runner
) -> None:
    """By doorbell."""
    task = await bench.send("HANG", "alpha")
    await bench.seen(Text, task)
    await bench.tasks.cancel(task.id)
    assert (await bench.ended(task)).status is TaskStatus.CANCELLED
    assert (await bench.turn("SAY hi", "alpha")).status is TaskStatus.COMPLETED
    assert len(await bench.bodies(TaskEnded, task)) == 1


async def test_everything_works_with_the_doorbell_cut(bench: Bench, runner: Runner) -> None:
    """Polling finds the task, the cancel and the answer."""
    assert runner.notifier is not None
    runner.notifier.muted = True
    task = await bench.send("HANG", "alpha")
    await bench.seen(Text, task)
    await bench.tasks.cancel(task.id)
    assert (await bench.ended(task)).status is TaskStatus.CANCELLED
    asking = await bench.send("PERMIT secret.txt yes", "alpha")
    request = await bench.seen(PermissionRequested, asking)
    await allow(bench, request)
    assert (await bench.ended(asking)).status is TaskStatus.COMPLETED


async def allow(bench: Bench, request: PermissionRequested) -> None:
    """Take the agent's own way to say yes."""
    [yes] = [option.id for option in request.options if option.kind == "allow_once"]
    await bench.permissions.answer(
        request.permission_id, PermissionAnswer(option_id=yes), by="test"
    )


async def test_an_allowed_write_happens_and_a_cancelled_one_does_not(
    bench: Bench, runner: Runner
) -> None:
    """A cancel withdraws the request."""
    task = await bench.send("PERMIT yes.txt text", "alpha")
    await allow(bench, await bench.seen(PermissionRequested, task))
    assert (await bench.ended(task)).status is TaskStatus.COMPLETED
    other = await bench.send("PERMIT no.txt text", "alpha")
    await bench.seen(PermissionRequested, other)
    await bench.tasks.cancel(other.id)
    assert (await bench.ended(other)).status is TaskStatus.CANCELLED
    session = await bench.settled()
    assert session.worktree_path is not None
    assert (Path(session.worktree_path) / "yes.txt").exists()
    assert not (Path(session.worktree_path) / "no.txt").exists()
    [ended] = await bench.bodies(PermissionAnswered, other)
    assert ended.status is PermissionStatus.WITHDRAWN


async def test_an_unanswered_request_expires_and_the_turn_goes_on(
    database_url: str, tmp_path: Path, bench: Bench, agents: list[AgentSpec]
) -> None:
    """The agent is told no by its own option."""
    async with running(
        database_url,
        tmp_path / "data",
        warm_acp,
        catalog_of(*agents),
        permission_deadline=0.3,
    ):
        task = await bench.turn("PERMIT no.txt text\nSAY going on", "alpha")
    assert task.status is TaskStatus.COMPLETED
    assert "going on" in await bench.said(task)
    [ended] = await bench.bodies(PermissionAnswered, task)
    assert ended.status is PermissionStatus.EXPIRED


@pytest.mark.parametrize(
    ("agent", "word"), [("missing", "not installed"), ("unheard-of", "no agent")]
)
async def test_an_agent_that_is_not_there_says_so_and_what_to_do(
    bench: Bench, runner: Runner, agent: str, word: str
) -> None:
    """Not installed, or not in the catalog."""
    task = await bench.turn("hello", agent)
    assert (task.status, task.failure_code) == (
        TaskStatus.FAILED,
        FailureCode.AGENT_NOT_INSTALLED,
    )
    assert task.error is not None
    assert word in task.error


async def test_the_setup_command_runs_once_and_a_failing_one_fails_the_turn(
    bench: Bench, runner: Runner, repo: Path
) -> None:
    """It is told, it is tried again once corrected, and then never again."""
    (repo / ".env").write_text("KEY=1\n")
    projects = Projects(bench.db)
    id_ = bench.session.project_id
    await projects.update(id_, setup_command="echo broken; exit 3", copy=[".env"])
    failed = await bench.turn("SAY hi", "alpha")
    assert (failed.status, failed.failure_code) == (
        TaskStatus.FAILED,
        FailureCode.WORKSPACE_ERROR,
    )
    assert failed.error is not None
    assert "broken" in failed.error
    await projects.update(id_, setup_command="echo x >> setup.log")
    for _ in range(2):
        assert (await bench.turn("SAY hi", "alpha")).status is TaskStatus.COMPLETED
    session = await bench.settled()
    assert session.worktree_path is not None
    assert (Path(session.worktree_path) / "setup.log").read_text() == "x\n"
    assert (Path(session.worktree_path) / ".env").read_text() == "KEY=1\n"
    told = [body.text for body in await bench.bodies(Activity)]
    assert "The setup command is done." in told


async def test_a_worktree_that_was_deleted_is_made_again(bench: Bench, runner: Runner) -> None:
    """At the same path, with what the session had; the agent that lived in the old folder is restarted."""
    first = await bench.turn("WRITE a.txt one", "alpha")
    session = await bench.settled()
    assert session.worktree_path is not None
    os.rename(session.worktree_path, f"{session.worktree_path}.gone")  # noqa: PTH104
    task = await bench.turn("APPEND a.txt two", "alpha")
    assert task.status is TaskStatus.COMPLETED, task.error
    assert (Path(session.worktree_path) / "a.txt").read_text() == "one\ntwo\n"
    one, two = await ready(bench, first), await ready(bench, task)
    assert (two.continuity, two.pid == one.pid) == (Continuity.RESUMED, False)


async def test_a_worktree_that_lost_its_repository_is_joined_again(
    bench: Bench, runner: Runner
) -> None:
    """Also while the agent is warm and nothing else moved: it must not work outside of git, or in another one's."""
    await bench.turn("WRITE a.txt one", "alpha")
    session = await bench.settled()
    assert session.worktree_path is not None
    (Path(session.worktree_path) / ".git").unlink()
    task = await bench.turn("APPEND a.txt two", "alpha")

    assert task.status is TaskStatus.COMPLETED, task.error
    assert (Path(session.worktree_path) / ".git").is_file()
    assert (Path(session.worktree_path) / "a.txt").read_text() == "one\ntwo\n"
    await bench.settled()
    repo = (await Projects(bench.db).get(session.project_id)).path
    os.rename(repo, f"{repo}.gone")  # noqa: PTH104
    lost = await bench.turn("SAY hi", "alpha")
    assert (lost.status, lost.failure_code) == (TaskStatus.FAILED, FailureCode.WORKSPACE_ERROR)
    assert repo in (lost.error or "")


async def test_stopping_the_runner_cancels_what_runs_and_the_next_one_resumes(
    database_url: str, tmp_path: Path, bench: Bench, agents: list[AgentSpec]
) -> None:
    """The turn ends as cancelled with the reason; memory comes back in the next process."""
    load = catalog_of(*agents)
    async with running(database_url, tmp_path / "data", warm_acp, load):
        await bench.turn("REMEMBER teal", "alpha")
        hanging = await bench.send("HANG", "alpha")
        await bench.seen(Text, hanging)
    stopped = await bench.ended(hanging)
    assert (stopped.status, stopped.error) == (
        TaskStatus.CANCELLED,
        "Roundhouse was stopped",
    )
    row = await AgentSessions(bench.db).get(bench.session.id, "alpha")
    assert row is not None
    assert (row.status, row.pid) == ("closed", None)
    async with running(database_url, tmp_path / "data", warm_acp, load):
        after = await bench.turn("RECALL", "alpha")
    assert "teal" in await bench.said(after)
    assert (await ready(bench, after)).continuity is Continuity.RESUMED


async def test_a_database_that_goes_away_mid_turn_costs_nothing(
    bench: Bench, runner: Runner, database_url: str
) -> None:
    """Every connection is killed during the answer: all of it is there, once, in order."""
    task = await bench.send("SLOW 20", "alpha")
    await bench.seen(Text, task)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer:
        await killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name LIKE 'roundhouse-runner%'"
        )
    ended = await bench.ended(task)
    assert ended.status is TaskStatus.COMPLETED
    assert (await bench.said(task)).split() == [str(number) for number in range(20)]
    await bench.settled()
    assert (await bench.turn("SAY hi", "alpha")).status is TaskStatus.COMPLETED


async def test_what_a_lost_task_left_is_its_agents_and_not_the_persons(
    database_url: str, tmp_path: Path, bench: Bench, agents: list[AgentSpec]
) -> None:
    """The runner died after the agent wrote: the next turn's start finds the file and knows whose it is."""
    load = catalog_of(*agents)
    async with running(database_url, tmp_path / "data", warm_acp, load):
        await bench.turn("SAY hi", "alpha")
        session = await bench.settled()
    assert session.worktree_path is not None
    lost = await bench.send("WRITE left.txt behind", "alpha")
    async with bench.db.connection() as conn:
        await conn.execute("SELECT claim(%s, 1)", (int(session.node_id or 0),))
    (Path(session.worktree_path) / "left.txt").write_text("behind\n")
    async with running(database_url, tmp_path / "data", warm_acp, load):
        assert (await bench.ended(lost)).status is TaskStatus.LOST
        await bench.turn("WRITE own.txt mine", "beta")
    rows, _ = await PendingChanges(bench.db).list(bench.session.id)
    first = rows[0]
    assert (first.file_path, first.agent, first.task_id) == ("left.txt", "alpha", lost.id)
    assert [row.agent for row in rows] == ["alpha", "beta"]


async def test_a_turn_that_cannot_settle_still_lets_the_session_go_on(
    bench: Bench, runner: Runner, tmp_path: Path
) -> None:
    """The snapshots' folder is in the way: said in an event, and made up for once it is gone."""
    await bench.turn("SAY hi", "alpha")
    folder = tmp_path / "data" / "snapshots" / bench.session.id
    os.rename(folder, tmp_path / "aside")  # noqa: PTH104
    folder.write_text("not a folder")
    broken = await bench.turn("WRITE a.txt one", "alpha")
    assert broken.status is TaskStatus.COMPLETED
    told = [body.text for body in await bench.bodies(Activity, broken)]
    assert any("could not be recorded" in text for text in told)
    folder.unlink()
    os.rename(tmp_path / "aside", folder)  # noqa: PTH104
    await bench.turn("SAY again", "beta")
    rows, _ = await PendingChanges(bench.db).list(bench.session.id)
    assert [(row.file_path, row.agent, row.task_id) for row in rows] == [
        ("a.txt", "alpha", broken.id)
    ]


async def test_many_sessions_run_at_once_and_each_in_order(bench: Bench, runner: Runner) -> None:
    """Two turns queued in each of four sessions: the second never overtakes the first."""
    benches = [bench]
    for number in range(3):
        session = await bench.sessions.create(
            project_id=bench.session.project_id, title=f"Session {number}"
        )
        benches.append(bench.on(session))
    queued = [
        (each, [await each.send(f"SAY {word}", "alpha") for word in ("one", "two")])
        for each in benches
    ]
    for each, tasks in queued:
        for task in tasks:
            assert (await each.ended(task)).status is TaskStatus.COMPLETED
        texts = [body.text for body in await each.bodies(Text)]
        assert "".join(texts) == "onetwo"


async def test_what_a_turn_did_with_git_itself_is_an_event(bench: Bench, runner: Runner) -> None:
    """A commit inside the worktree: told once, with the turn that made it; the changes are as ever."""
    first = await bench.turn("WRITE a.txt one", "alpha")
    folder = Path((await bench.settled()).worktree_path or "")
    task = await bench.send("WRITE b.txt two\nHANG", "alpha")
    await bench.seen(Text, task)
    await git("add", "--all", cwd=folder)
    who = ("-c", "user.name=Agent", "-c", "user.email=agent@example.org")
    await git(*who, "commit", "--quiet", "-m", "Its own commit", cwd=folder)
    await bench.tasks.cancel(task.id)
    await bench.ended(task)
    await bench.settled()
    after = await bench.turn("SAY hi", "alpha")
    [moved] = await bench.bodies(RepositoryMoved)
    assert await bench.bodies(RepositoryMoved, task) == [moved]
    assert [action.action for action in moved.actions] == ["commit"]
    assert "Its own commit" in moved.actions[0].message
    [changes] = await bench.bodies(Changes, task)
    assert [file.path for file in changes.files] == ["b.txt"]
    assert (await bench.bodies(Changes, first), await bench.bodies(Changes, after))[1] == []


async def test_every_turn_and_every_edit_of_the_persons_is_a_checkpoint(
    bench: Bench, runner: Runner
) -> None:
    """Also a turn that changed nothing; by its prompt's first line, with what it changed."""
    await bench.turn("WRITE a.txt one\nSAY more", "alpha")
    folder = Path((await bench.settled()).worktree_path or "")
    (folder / "mine.txt").write_text("by hand\n")
    await bench.turn("SAY hi", "beta")
    found, _ = await Checkpoints(bench.db).list(bench.session.id)
    assert [(c.kind, c.title, c.agent, c.files, c.additions) for c in reversed(found)] == [
        ("base", "Before the first turn", None, 0, 0),
        ("turn", "WRITE a.txt one", "alpha", 1, 1),
        ("person", "Your own edits", None, 1, 1),
        ("turn", "SAY hi", "beta", 0, 0),
    ]


async def test_a_file_that_a_later_turn_undid_is_pending_no_more(
    bench: Bench, runner: Runner
) -> None:
    """Its rows say reverted; they come back with the difference."""

    async def statuses() -> list[str]:
        rows, _ = await PendingChanges(bench.db).list(bench.session.id)
        return [row.status.value for row in rows if row.file_path == "a.txt"]

    await bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    await bench.turn("DELETE a.txt", "beta")
    assert set(await statuses()) == {"reverted"}
    await bench.turn("WRITE a.txt again", "alpha")
    assert (await statuses())[-1] == "pending"

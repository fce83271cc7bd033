"""The ground turns run on: what the runner remembers of a session's worktree, and the tables that say it for good.

Owns no action. What is kept in memory is only a faster way to what rows and folders say.
"""

from dataclasses import dataclass
from pathlib import Path

import anyio

from roundhouse.model.errors import WorkspaceError
from roundhouse.model.session import AgentSession, Project, Session, Worktree
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.applies import Applies
from roundhouse.store.changes import PendingChanges
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.database import Database
from roundhouse.store.events import Events
from roundhouse.store.projects import Projects
from roundhouse.store.review import Review
from roundhouse.store.seen import SeenMarks
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from roundhouse.store.verdicts import Verdicts
from roundhouse.workspace.repository_log import LogMark
from roundhouse.workspace.sweep import Fingerprint


@dataclass(eq=False)
class Ground:
    """What the runner remembers of one session's worktree and agents."""

    session: Session
    project: Project
    worktree: Worktree
    agents: dict[str, AgentSession]
    fingerprint: Fingerprint | None = None
    last_agent: str | None = None
    """Who ran the last turn that settled here; None also once the person moved files back."""
    before: str = ""
    mark: LogMark | None = None
    """Where git's own logs ended when the turn began."""
    settling: anyio.Event | None = None
    repaired: bool = False
    """The folder is another one than the agents that are still warm were started in."""
    doubtful: bool = False
    """Something failed halfway: what the row and the journal say comes first."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.worktree.worktree_path)

    @property
    def repository(self) -> Path:
        """The user's checkout."""
        return Path(self.project.path)

    @property
    def head(self) -> str:
        """The last snapshot."""
        return self._there(self.worktree.head_snapshot)

    @property
    def reviewed(self) -> str:
        """What was accepted."""
        return self._there(self.worktree.reviewed_snapshot)

    @property
    def base(self) -> str:
        """What the user's checkout has."""
        return self._there(self.worktree.base_snapshot)

    def _there(self, snapshot: str | None) -> str:
        if snapshot is None:
            raise WorkspaceError(f"The worktree {self.path} has no first snapshot.")
        return snapshot


@dataclass(frozen=True)
class Rows:
    """The tables that grounds are written to."""

    projects: Projects
    sessions: Sessions
    agent_sessions: AgentSessions
    tasks: Tasks
    changes: PendingChanges
    events: Events
    checkpoints: Checkpoints
    verdicts: Verdicts
    applies: Applies
    seen: SeenMarks
    review: Review

    @classmethod
    def of(cls, db: Database) -> "Rows":
        """All of a database."""
        return cls(
            projects=Projects(db),
            sessions=Sessions(db),
            agent_sessions=AgentSessions(db),
            tasks=Tasks(db),
            changes=PendingChanges(db),
            events=Events(db),
            checkpoints=Checkpoints(db),
            verdicts=Verdicts(db),
            applies=Applies(db),
            seen=SeenMarks(db),
            review=Review(db),
        )

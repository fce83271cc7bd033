"""The bodies of requests. Unknown fields are refused, for they are typing errors; types are strict; text must be storable.

What a value means, and whether it is allowed now, is for `service`.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from roundhouse.service.tasks import PRIORITY_MAX
from roundhouse.web.params import ID_MAX, SEQ_MAX, TEXT_MAX, Text

Short = Annotated[Text, Field(max_length=ID_MAX)]
Long = Annotated[Text, Field(max_length=TEXT_MAX)]
Priority = Annotated[int, Field(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]
GLOBS_MAX = 100
NAMES_MAX = 20_000
"""Files or hunks named at once."""

COMMENTS_MAX = 1000
LINE_MAX = 2**31 - 1


def _inside(glob: str) -> str:
    if not glob or glob.startswith(("/", "~")) or ".." in glob.split("/"):
        raise ValueError("Each pattern must name files inside the repository")
    return glob


Glob = Annotated[Short, AfterValidator(_inside)]


class Body(BaseModel):
    """Any body."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Nothing(Body):
    """A body that says nothing; it may be left out."""


class AgentPatch(Body):
    """Switching an agent on or off."""

    enabled: bool


class NewProject(Body):
    """A repository to register. `node_id` is needed only where several nodes run."""

    path: Long
    name: Short | None = None
    node_id: Short | None = None


class ProjectPatch(Body):
    """Changes to a project; null clears a command."""

    name: Short | None = None
    setup_command: Long | None = None
    teardown_command: Long | None = None
    globs: list[Glob] | None = Field(default=None, alias="copy", max_length=GLOBS_MAX)

    def given(self) -> dict[str, Any]:
        """The fields that were sent, by the names of the model."""
        fields = self.model_dump(include=self.model_fields_set, by_alias=True)
        if "copy" in fields:
            fields["copy"] = fields["copy"] or []
        return fields


class SessionWish(Body):
    """How a session is made."""

    title: Long | None = None
    base_ref: Short | None = None
    include_uncommitted: bool = False


class NewSession(SessionWish):
    """A session to make."""

    project_id: Short


class SessionPatch(Body):
    """Changes to a session. `read_seq` is the last event a person has seen."""

    title: Long | None = None
    archived: bool | None = None
    read_seq: Annotated[int, Field(ge=0, le=SEQ_MAX)] | None = None
    handover: bool | None = None


class NewTask(Body):
    """A prompt. With a `client_key` it can be sent again safely: the first task is returned."""

    agent: Short
    input: Text
    model: Short | None = None
    mode: Short | None = None
    priority: Priority = 0
    client_key: Short | None = None
    parent_task_id: Short | None = None
    handover: bool | None = None
    attachments: list[Any] | None = Field(
        default=None, description="Not supported yet: anything but an empty list is refused."
    )


class NewTaskWithSession(NewTask, SessionWish):
    """A prompt that gets a session of its own."""

    project_id: Short


class TaskPatch(Body):
    """Changes to a task that waits. `position` is its place among the session's waiting tasks, from 0."""

    input: Text | None = None
    agent: Short | None = None
    model: Short | None = None
    mode: Short | None = None
    priority: Priority | None = None
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class Answer(Body):
    """A person's answer: one of the options, or for a question a list of texts for each part."""

    option_id: Long | None = None
    answers: list[list[Long]] | None = Field(default=None, max_length=100)
    message: Long | None = None
    remember: Literal["session", "project"] | None = None


class NewRule(Body):
    """A decision to remember. `matcher` is `<tool or *>` or `<tool or *>:<pattern>`."""

    scope: Literal["session", "project", "global"]
    matcher: Long
    decision: Literal["allow", "deny"]
    session_id: Short | None = None
    project_id: Short | None = None
    agent: Short | None = None


class ChangesChoice(Body):
    """Which changes: files and hunks as the list of changes names them, or what one agent wrote, or all.

    `agent` may be `person`; it and `all` go with nothing else. `head` is the ChangeSet's that was looked at: what is
    not there as it was then is not decided on.
    """

    files: list[Long] | None = Field(default=None, max_length=NAMES_MAX)
    hunks: list[Short] | None = Field(default=None, max_length=NAMES_MAX)
    agent: Short | None = None
    everything: bool | None = Field(default=None, alias="all")
    head: Short | None = None


class Apply(Body):
    """Bringing changes into the user's checkout. `check_only` writes nothing."""

    target: Literal["checkout"] = "checkout"
    accepted_only: bool = False
    check_only: bool = False


class NewCommit(Body):
    """A commit on the session's branch; without `squash` one for each turn."""

    message: Text
    squash: bool = True
    accepted_only: bool = False


class NewRewind(Body):
    """Where the files go back to: a checkpoint, or a task (to after its turn; with `before`, to before it)."""

    checkpoint_id: Short | None = None
    task_id: Short | None = None
    before: bool = False
    conversation: bool = False


class NewRemark(Body):
    """A comment on a line of the changes: `side` says whether `line` counts in the old or the new file."""

    path: Long
    line: Annotated[int, Field(ge=1, le=LINE_MAX)]
    side: Literal["old", "new"] = "new"
    text: Text


class SendComments(Body):
    """Comments to send: all open ones, or those named; to the authors of their lines, or to one agent."""

    agent: Short | None = None
    ids: list[Short] | None = Field(default=None, max_length=COMMENTS_MAX)

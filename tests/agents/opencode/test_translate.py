"""A turn's events, said as a dialogue: what opencode sends, what we say."""

from typing import Any

from roundhouse.agents.opencode.asks import Asked
from roundhouse.agents.opencode.translate import Idle, News, Translator, Withdrawn
from roundhouse.model.event import (
    Activity,
    Plan,
    PlanEntry,
    Raw,
    Reasoning,
    Text,
    ToolCall,
    ToolUpdate,
    UsageReport,
)

Json = dict[str, Any]
SESSION, OURS, ANSWER = "ses_1", "msg_b", "msg_c"
TOKENS = {"input": 5, "output": 2, "reasoning": 0, "cache": {"read": 0, "write": 0}}


def event(kind: str, **properties: Any) -> Json:
    """An event of our session."""
    return {"type": kind, "properties": {"sessionID": SESSION, **properties}}


def user(message_id: str) -> Json:
    """A user's message."""
    return event("message.updated", info={"id": message_id, "role": "user"})


def assistant(message_id: str = ANSWER, parent: str = OURS, **more: Any) -> Json:
    """An answer's state."""
    info = {"id": message_id, "role": "assistant", "parentID": parent, **more}
    return event("message.updated", info=info)


def done(message_id: str = ANSWER, parent: str = OURS, finish: str = "stop") -> Json:
    """An answer that is complete."""
    return assistant(message_id, parent, time={"completed": 9}, finish=finish, tokens=TOKENS)


def text(
    said: str, *, part: str = "prt_1", message: str = ANSWER, kind: str = "text", end: bool = False
) -> Json:
    """A whole text part."""
    it: Json = {"id": part, "messageID": message, "type": kind, "text": said, "time": {"start": 1}}
    if end:
        it["time"]["end"] = 2
    return event("message.part.updated", part=it)


def delta(said: str, part: str = "prt_1") -> Json:
    """A piece of a text part."""
    return event("message.part.delta", partID=part, field="text", delta=said)


def hear(translator: Translator, *events: Json) -> list[News]:
    """All the news in some events."""
    return [news for one in events for news in translator.feed(one)]


def translator() -> Translator:
    """For the turn of OURS, already begun."""
    made = Translator(SESSION, OURS, {})
    hear(made, user(OURS), event("session.status", status={"type": "busy"}))
    return made


def test_text_is_said_exactly_once() -> None:
    """Opencode says it as deltas and then as a whole."""
    news = hear(
        translator(),
        assistant(),
        text(""),
        delta("SAID "),
        delta("hello"),
        text("SAID hello", end=True),
    )

    assert news == [
        Text(text="SAID ", message_id="prt_1"),
        Text(text="hello", message_id="prt_1"),
    ]


def test_a_whole_text_without_deltas_is_said_too() -> None:
    """And one whose end was trimmed says nothing more."""
    made = translator()

    assert hear(made, assistant(), text("all", end=True)) == [Text(text="all", message_id="prt_1")]
    assert hear(made, text("al", end=True)) == []


def test_thinking_is_not_text() -> None:
    """Deltas take the kind of their part."""
    news = hear(translator(), assistant(), text("", kind="reasoning"), delta("hm"))

    assert news == [Reasoning(text="hm", message_id="prt_1")]


def test_the_users_own_words_are_not_an_answer() -> None:
    """Opencode repeats them as a part of the user's message."""
    assert hear(translator(), text("do it", message=OURS)) == []


def test_an_earlier_turn_does_not_speak_into_this_one() -> None:
    """After an abort its last parts come late."""
    made = translator()

    late = hear(
        made,
        assistant("msg_a2", "msg_a", error={"name": "MessageAbortedError"}),
        text("late", message="msg_a2", part="prt_0"),
    )

    assert late == []
    assert not made.answered


def test_a_late_idle_is_not_the_end() -> None:
    """The turn ends when its own answer is complete, not when the session of an aborted turn says idle again."""
    made = translator()
    answered = []
    for said in (event("session.idle"), assistant(), done()):
        news = hear(made, said)
        answered.append(made.answered)
        assert (Idle() in news) == (said["type"] == "session.idle")

    assert answered == [False, False, True]
    assert made.final
    assert made.stop() == "end_turn"


def test_a_step_with_tools_is_complete_but_not_final() -> None:
    """Another step may follow; the session has to be asked."""
    made = translator()

    hear(made, assistant(), done(finish="tool-calls"))

    assert made.answered
    assert not made.final


def test_an_error_before_any_answer_is_an_answer() -> None:
    """An unknown model gives no message at all."""
    made = translator()

    hear(made, event("session.error", error={"name": "X", "data": {"message": "no model"}}))

    assert made.answered
    assert not made.final


def test_usage_is_reported_when_it_changes() -> None:
    """Opencode sends the same state twice."""
    assert hear(translator(), assistant(), done(), done()) == [
        UsageReport(tokens_in=5, tokens_out=2, cost_usd=0.0, context_used=7)
    ]


def test_what_was_missed_comes_exactly_once() -> None:
    """After a break deltas wait until the whole text is known."""
    made = translator()
    hear(made, assistant(), text(""), delta("ab"))

    # Running text is not stored: what is read is empty.
    stored: Json = {"info": {"id": ANSWER, "role": "assistant", "parentID": OURS}}
    stored["parts"] = [text("")["properties"]["part"]]
    assert made.catch_up([stored], []) == []

    assert hear(made, delta("ef")) == []
    assert hear(made, text("abcdef", end=True)) == [Text(text="cdef", message_id="prt_1")]
    assert hear(made, text("", part="prt_2"), delta("g", "prt_2")) == [
        Text(text="g", message_id="prt_2")
    ]


def test_a_text_that_began_in_the_break_is_whole_too() -> None:
    """Its first deltas are missing, so none counts."""
    made = translator()
    hear(made, assistant())
    stored: Json = {"info": {"id": ANSWER, "role": "assistant", "parentID": OURS}}
    stored["parts"] = [text("")["properties"]["part"]]

    made.catch_up([stored], [])

    assert hear(made, delta("cd"), text("abcd", end=True)) == [
        Text(text="abcd", message_id="prt_1")
    ]


def test_requests_of_the_break_are_asked_and_stale_ones_are_not() -> None:
    """What an aborted turn asked stays listed in opencode for ever."""
    made = translator()
    hear(made, assistant())
    mine = {"id": "per_1", "permission": "bash", "tool": {"messageID": ANSWER, "callID": "c"}}
    stale = {"id": "per_0", "permission": "bash", "tool": {"messageID": "msg_a2", "callID": "c"}}
    requests = [("permission.asked", stale), ("permission.asked", mine)]

    asked = made.catch_up([], requests)

    assert [news.id for news in asked if isinstance(news, Asked)] == ["per_1"]
    assert made.catch_up([], requests) == []


def test_a_permission_points_to_its_tool_call() -> None:
    """And its answer by somebody else withdraws it."""
    made = translator()
    tool = {"id": "prt_t", "messageID": ANSWER, "type": "tool", "tool": "bash", "callID": "c"}
    hear(
        made,
        assistant(),
        event("message.part.updated", part={**tool, "state": {"status": "pending"}}),
    )

    (asked,) = hear(
        made,
        event(
            "permission.asked",
            id="per_1",
            permission="bash",
            tool={"messageID": ANSWER, "callID": "c"},
        ),
    )

    assert isinstance(asked, Asked)
    assert asked.ask.tool_call_id == "prt_t"
    assert hear(made, event("permission.replied", requestID="per_1")) == [Withdrawn("per_1")]


def test_a_sub_agent_asks_but_does_not_speak() -> None:
    """Its words are the tool call's result."""
    made = translator()
    theirs = {"sessionID": "ses_child"}

    said = made.feed({"type": "message.part.updated", "properties": theirs | {"part": {}}})
    asked = made.feed({"type": "permission.asked", "properties": theirs | {"id": "per_9"}})

    assert said == []
    assert [type(news) for news in asked] == [Asked]


def test_a_refusing_provider_is_the_answer_to_why_it_is_quiet() -> None:
    """The reason stands in the activity."""
    status = {"type": "retry", "attempt": 2, "message": "too many requests"}

    (news,) = hear(translator(), event("session.status", status=status))

    assert isinstance(news, Activity)
    assert "too many requests" in news.text


def test_todos_are_the_plan() -> None:
    """Each list replaces the one before."""
    todos = [{"content": "milk", "status": "in_progress", "priority": "high"}]

    assert hear(translator(), event("todo.updated", todos=todos)) == [
        Plan(entries=[PlanEntry("milk", "in_progress", "high")])
    ]


def test_compaction_belongs_to_the_turn_and_its_summary_does_not() -> None:
    """It goes on under a user message of opencode's own."""
    made = translator()
    made.feed(assistant(error={"name": "ContextOverflowError"}))
    begun = hear(
        made,
        user("msg_d"),
        event("message.part.updated", part={"messageID": "msg_d", "type": "compaction"}),
        assistant("msg_e", "msg_d", summary=True),
        text("a summary", message="msg_e", part="prt_s"),
        done("msg_e", "msg_d"),
    )
    more = hear(
        made,
        user("msg_f"),
        assistant("msg_g", "msg_f"),
        text("on", message="msg_g", part="prt_g"),
        done("msg_g", "msg_f"),
    )

    assert [type(news) for news in begun] == [Activity, UsageReport]
    assert [type(news) for news in more] == [Text, UsageReport]
    assert made.stop() == "end_turn"


def test_what_is_unknown_is_kept() -> None:
    """New parts and events become raw; known silent ones do not."""
    made = translator()
    part = {"id": "p", "messageID": ANSWER, "type": "hologram"}
    hear(made, assistant())

    assert hear(made, event("message.part.updated", part=part)) == [
        Raw(source="opencode", value=part)
    ]
    news = event("session.levitated")
    assert hear(made, news) == [Raw(source="opencode", value=news)]
    assert hear(made, event("session.updated"), event("permission.replied")) == [Withdrawn("None")]


def test_tools_that_will_never_end_are_failed() -> None:
    """After an abort or a death."""
    made = translator()
    tool = {"id": "prt_t", "messageID": ANSWER, "type": "tool", "tool": "bash", "callID": "c"}
    (call,) = hear(
        made,
        assistant(),
        event("message.part.updated", part={**tool, "state": {"status": "pending"}}),
    )

    assert isinstance(call, ToolCall)
    assert made.abandoned() == [ToolUpdate(id="prt_t", status="failed")]

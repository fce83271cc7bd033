"""The four shapes over HTTP, and the log that tests ask."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import pytest

from tests.model_server.process import Model, running_model

Json = dict[str, Any]
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}


@pytest.fixture(scope="module")
async def model() -> AsyncIterator[Model]:
    """One server for all: its state is by prompt."""
    async with running_model() as running:
        yield running


@pytest.fixture
async def http(model: Model) -> AsyncIterator[httpx2.AsyncClient]:
    """An agent's view of it."""
    async with httpx2.AsyncClient(base_url=model.url, trust_env=False) as client:
        yield client


def request(shape: str, prompt: str, *, stream: bool = True) -> tuple[str, Json]:
    """Path and body of a turn's request in one of the shapes."""
    message = {"role": "user", "content": prompt}
    function = {"name": "bash", "parameters": SCHEMA}
    match shape:
        case "chat":
            body = {"messages": [message], "tools": [{"type": "function", "function": function}]}
            return "/v1/chat/completions", {**body, "model": "m1", "stream": stream}
        case "responses":
            items = [{"type": "message", **message}]
            body = {"input": items, "tools": [{"type": "function", **function}]}
            return "/v1/responses", {**body, "model": "m1", "stream": stream}
        case "anthropic":
            tools = [{"name": "bash", "input_schema": SCHEMA}]
            return "/v1/messages", {
                "messages": [message],
                "tools": tools,
                "model": "m1",
                "stream": stream,
            }
        case _:
            method = "streamGenerateContent" if stream else "generateContent"
            return f"/v1beta/models/m1:{method}", {
                "contents": [{"role": "user", "parts": [{"text": prompt}]}],
                "tools": [{"functionDeclarations": [function]}],
            }


SHAPES = ("chat", "responses", "anthropic", "gemini")


async def events(http: httpx2.AsyncClient, shape: str, prompt: str) -> list[Json]:
    """The data of a stream's events."""
    path, body = request(shape, prompt)
    answer = await http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def found(value: Any, *names: str) -> list[Any]:
    """Every value under one of these names, anywhere, in order."""
    if isinstance(value, list):
        return [it for part in value for it in found(part, *names)]
    if not isinstance(value, dict):
        return []
    mine = [it for name, it in value.items() if name in names]
    return mine + [it for part in value.values() for it in found(part, *names)]


def whole(answer: httpx2.Response) -> str:
    """The body, with the pieces that Gemini keeps apart joined."""
    return answer.text.replace('"},{"text":"', "")


@pytest.mark.parametrize("shape", SHAPES)
async def test_text_thinking_and_a_call_are_streamed(http: httpx2.AsyncClient, shape: str) -> None:
    """With the usage that agents need, in every shape."""
    heard = await events(http, shape, f"THINK {shape}\nSAY out loud\nSHELL ls")

    text = json.dumps(heard)
    assert f"{shape} " in text
    assert " loud" in text
    assert '\\"ls\\"' in text or found(heard, "args") == [{"command": "ls"}]
    counts = found(
        heard, "prompt_tokens", "completion_tokens", "output_tokens", "candidatesTokenCount"
    )
    assert 4 in counts


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_caller_may_want_it_whole(http: httpx2.AsyncClient, shape: str) -> None:
    """The same reply in one answer."""
    path, body = request(shape, "SAY all at once\nSHELL ls", stream=False)

    answer = await http.post(path, json=body)

    assert "all at once" in whole(answer)
    assert "bash" in answer.text


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_failure_is_refused_in_the_shape_of_the_vendor(
    http: httpx2.AsyncClient, shape: str
) -> None:
    """With its status and its message."""
    path, body = request(shape, "FAIL 418")

    answer = await http.post(path, json=body)

    assert answer.status_code == 418
    assert answer.json()["error"]["message"] == "scripted failure 418"


TOOL_RESULTS: dict[str, Json] = {
    "chat": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "SHELL x"}]},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "tool", "tool_call_id": "c", "content": "the result"},
        ]
    },
    "responses": {
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "SHELL x"}]},
            {"type": "function_call", "name": "bash", "call_id": "c", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "the result"},
        ]
    },
    "anthropic": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "SHELL x"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "name": "bash", "id": "c"}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c", "content": "the result"},
                    {"type": "text", "text": "a reminder"},
                ],
            },
        ]
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "SHELL x"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "bash"}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "bash", "response": "the result"}}],
            },
        ]
    },
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_tools_result_is_found(http: httpx2.AsyncClient, shape: str) -> None:
    """Each vendor puts it elsewhere."""
    path, body = request(shape, "", stream=False)

    answer = await http.post(path, json=body | TOOL_RESULTS[shape])

    assert "DONE the result" in whole(answer)


async def test_a_caller_who_leaves_is_in_the_log(http: httpx2.AsyncClient, model: Model) -> None:
    """So a test can tell that a cancel reached the model."""
    path, body = request("chat", "SAY begun\nHANG now")
    opened: Json = {}
    async with http.stream("POST", path, json=body, timeout=None) as stream:
        with anyio.fail_after(10):
            # Kept, as an iterator that nobody holds closes its connection.
            chunks = stream.aiter_text()
            async for chunk in chunks:
                if "begun" in chunk:
                    # Before leaving the loop: that already closes the stream.
                    opened = await model.wait(prompt="HANG now", state="open", seconds=10)
                    break

    left = await model.wait(prompt="HANG now", state="left", seconds=10)

    assert opened["id"] == left["id"]
    assert left["commands"] == [["SAY", "begun"], ["HANG", "now"]]


async def test_models_tokens_and_the_log_can_be_asked(
    http: httpx2.AsyncClient, model: Model
) -> None:
    """As agents do before a turn; what never comes is a 404 with the log in it."""
    models = (await http.get("/v1/models")).json()["data"]
    counted = await http.post("/v1/messages/count_tokens", json={"messages": []})
    missing = await http.get("/log/wait", params={"prompt": "no such prompt", "seconds": "0"})

    assert "scripted" in [it["id"] for it in models]
    assert counted.json()["input_tokens"] > 0
    assert missing.status_code == 404
    assert missing.json()["log"] == await model.log()

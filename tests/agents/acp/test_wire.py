"""Frames, good and bad."""

import json

import pytest

from roundhouse.agents.acp import wire


@pytest.mark.parametrize(
    "line",
    [
        b"this is not JSON",
        b"\x00\x00",
        b"[]",
        b"null",
        b"17",
        b'{"method":5}',
        b'{"id":{},"result":1}',
        b'{"id":1,"result":',
        b"[" * 200_000,
        b'{"method":"x","params":' + b"[" * 200_000,
    ],
    ids=range(10),
)
def test_garbage_is_no_frame(line: bytes) -> None:
    """Whatever it is, it raises nothing."""
    assert wire.decode_frame(line) is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\\ud800", "\ufffd"),
        (b"\\u0000", "\x00"),
        (b"\x00", "\x00"),
        ("é".encode(), "é"),
    ],
)
def test_text_that_is_nearly_right_is_read(text: bytes, read: str) -> None:
    """Invalid UTF-8, lone surrogates and control characters do not cost the message."""
    frame = wire.decode_frame(b'{"id":1,"result":{"text":"%s"}}' % text)

    assert frame is not None
    assert wire.mapping(frame.result) == {"text": read}


def test_an_error_of_any_shape_is_an_error() -> None:
    """The code and the words, or what there is instead."""
    assert wire.error(b'{"code":-32000,"message":"no"}').code == wire.AUTH_REQUIRED
    assert wire.error(b'{"code":"E","message":null}').code == wire.INTERNAL_ERROR
    assert wire.error(b'"text"').message == "text"


def test_what_is_no_object_is_an_empty_mapping() -> None:
    """Results are read loosely."""
    assert wire.mapping(b"[1]") == {}
    assert wire.value(b"{") is None


def test_a_lone_surrogate_in_the_persons_text_can_be_sent() -> None:
    """JSON has an escape for it."""
    line = wire.request(1, "session/prompt", {"text": "\ud800"})

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line)["params"] == {"text": "\ud800"}


def test_answers_carry_the_id_they_were_asked_with() -> None:
    """Also when it is text, and data only where there is some."""
    assert json.loads(wire.answer("a", {"x": 1})) == {
        "jsonrpc": "2.0",
        "id": "a",
        "result": {"x": 1},
    }
    refused = json.loads(wire.refusal(3, wire.RpcError(-1, "no", {"why": "so"})))
    assert refused["error"] == {"code": -1, "message": "no", "data": {"why": "so"}}
    assert "data" not in json.loads(wire.refusal(3, wire.RpcError(-1, "no")))["error"]
    assert "id" not in json.loads(wire.notification("m", {}))

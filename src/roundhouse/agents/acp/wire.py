"""JSON-RPC 2.0 frames as bytes and back, tolerant of what agents really write. Pure.

Frames are decoded partly: params and results stay raw until somebody knows their type.
"""

import json
import re
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

T = TypeVar("T")

PARSE_ERROR = -32700
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
AUTH_REQUIRED = -32000
NOT_FOUND = -32002


class RpcError(Exception):
    """An error answer, got or to be given."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class Frame(Struct):
    """One message. `id` is UNSET in a notification."""

    id: int | str | UnsetType | None = UNSET
    method: str | None = None
    params: Raw = Raw(b"null")
    result: Raw = Raw(b"null")
    error: Raw = Raw(b"null")


UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoding raises for input that is not what it should be."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_frames = msgspec.json.Decoder(Frame)
_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def decode_frame(line: bytes) -> Frame | None:
    """The frame on a line, or None when it is none."""
    if not line.isascii():
        line = line.decode(errors="replace").encode()
    try:
        return decode(line, _frames)
    except UNREADABLE:
        return None


def decode(raw: bytes | Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode, accepting the lone surrogates and control characters that the strict parser refuses.

    Raises one of UNREADABLE.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeError):
        loose = json.loads(bytes(raw), strict=False)
        text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", json.dumps(loose, ensure_ascii=False))
        return decoder.decode(text)


def value(raw: bytes | Raw) -> Any:
    """Whatever JSON it is, as builtins; None when it is no JSON."""
    try:
        return decode(raw, _anything)
    except UNREADABLE:
        return None


def mapping(raw: bytes | Raw) -> dict[str, Any]:
    """A JSON object as a dict; empty when it is something else."""
    found = value(raw)
    return found if isinstance(found, dict) else {}


def error(raw: bytes | Raw) -> RpcError:
    """The error in an answer, whatever its shape."""
    found = value(raw)
    if not isinstance(found, dict):
        return RpcError(INTERNAL_ERROR, str(found))
    code = found.get("code")
    message = found.get("message")
    return RpcError(
        code if isinstance(code, int) else INTERNAL_ERROR,
        message if isinstance(message, str) else "the agent gave no reason",
        found.get("data"),
    )


def request(number: int, method: str, params: Any) -> bytes:
    """A request's line."""
    return _line({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def notification(method: str, params: Any) -> bytes:
    """A notification's line."""
    return _line({"jsonrpc": "2.0", "method": method, "params": params})


def answer(number: int | str | None, result: Any) -> bytes:
    """An answer's line."""
    return _line({"jsonrpc": "2.0", "id": number, "result": result})


def refusal(number: int | str | None, error: RpcError) -> bytes:
    """An error answer's line."""
    told = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return _line({"jsonrpc": "2.0", "id": number, "error": told})


def _line(message: dict[str, Any]) -> bytes:
    try:
        return _encoder.encode(message) + b"\n"
    except UnicodeEncodeError:
        # A lone surrogate in the user's text: JSON has an escape for it, UTF-8 has not.
        return json.dumps(message, default=msgspec.to_builtins).encode() + b"\n"

"""From bytes to JSON: unpacked within limits, whatever encoding and content type they came in."""

from __future__ import annotations

import json
import zlib
from typing import Any

from wagtail_journeys.ingest import problems

MAX_BODY = 500_000  # bytes, packed or not
GZIP = b"\x1f\x8b"


def parse(body: bytes, encoding: str = "") -> tuple[dict[str, Any], int]:
    """The JSON object in a body, and its bytes unpacked. Raises Problem where there is none."""
    if encoding in ("gzip", "x-gzip", "deflate") or body[:2] == GZIP:
        body = unpack(body)
    elif encoding not in ("", "identity"):
        raise problems.Problem(415, "Unknown encoding", "Send plain JSON, or packed with gzip or deflate.")
    if len(body) > MAX_BODY:
        raise problems.too_large(f"The body is larger than {MAX_BODY} bytes.")
    found = _json(body)
    if not isinstance(found, dict):
        raise problems.invalid("The body is not a JSON object.")
    return found, len(body)


def unpack(packed: bytes) -> bytes:
    """Never more than ``MAX_BODY`` bytes and one: a small body can hold a large one."""
    found = b""
    # Some write deflate without its two bytes of header; gzip may have several members.
    bare = packed[:2] != GZIP and (len(packed) < 2 or int.from_bytes(packed[:2], "big") % 31 != 0)
    try:
        while packed and len(found) <= MAX_BODY:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
            found += unpacker.decompress(packed, MAX_BODY + 1 - len(found))
            if len(found) > MAX_BODY:
                break
            if not unpacker.eof:
                raise problems.invalid("The packed body ends too early.")
            packed = unpacker.unused_data
    except zlib.error:
        raise problems.invalid("The body is not what its Content-Encoding says.") from None
    return found


def _json(body: bytes) -> Any:
    try:
        encoding = "utf-8" if body[:1] == b"{" and body[1:2] != b"\0" else json.detect_encoding(body)
        text = body.decode(encoding, "replace")
        if text.startswith("\ufeff"):
            text = text[1:]
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a number of thousands of digits: only that number is of no use
            return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise problems.invalid("The body is nested too deeply.") from None
    except (ValueError, LookupError):
        raise problems.invalid("The body is not JSON.") from None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= 100 else None

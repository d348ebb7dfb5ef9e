"""Frozen values to JSON bytes and back, canonically: the one home of msgspec. What is encoded is not known here."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")

_ENCODER = msgspec.json.Encoder(order="sorted")


class DecodeError(ValueError):
    """Bytes that are not JSON, or JSON of another shape than the type asked for."""


def encode(value: Any) -> bytes:
    """JSON with sorted keys and no white space: equal values give equal bytes."""
    return _ENCODER.encode(value)


def decode(data: bytes | str, kind: type[Value]) -> Value:
    """The value of type `kind` (a dataclass, a container of them, or a plain type) that `data` encodes.

    Raises DecodeError.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from error


def digest(value: Any) -> str:
    """The SHA-256 of the canonical encoding, as 64 hexadecimal digits."""
    return sha256(encode(value)).hexdigest()

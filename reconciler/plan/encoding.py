"""Frozen values to JSON bytes and back, canonically: the one home of msgspec. What is encoded is not known here."""

from __future__ import annotations

from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import msgspec

Value = TypeVar("Value")

_ENCODER = msgspec.json.Encoder(order="sorted")

# msgspec lets other threads see what it knows of a type before it knows it all, which ends the process with a
# segmentation fault: each type is made known by one thread, before anything of it is read.
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}
_MAKING = Lock()


class Record(msgspec.Struct, gc=False):
    """A value of which a run makes thousands: it is made in a third, and copied in a tenth, of a dataclass's time.

    It holds plain data and nothing that leads back to itself, so that no search for garbage looks at it.
    """

    if TYPE_CHECKING:

        def copy(self) -> Self:
            """The same values, which later changes leave alone."""

    else:
        copy = msgspec.Struct.__copy__

    def having(self, **fields: Any) -> Self:
        """The same with these fields."""
        return msgspec.structs.replace(self, **fields)


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
        return cast(Value, (_DECODERS.get(kind) or _made(kind)).decode(data))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from error


def _made(kind: type[Value]) -> msgspec.json.Decoder[Any]:
    with _MAKING:
        if kind not in _DECODERS:
            _DECODERS[kind] = msgspec.json.Decoder(kind)
        return _DECODERS[kind]


def digest(value: Any) -> str:
    """The SHA-256 of the canonical encoding, as 64 hexadecimal digits."""
    return sha256(encode(value)).hexdigest()

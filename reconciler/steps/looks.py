"""What a look at a head found besides flows, kept for the next one: files of flows that start nothing, and why.

Flows themselves are rows of their own. What was found by other code, or at another head, counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.plan.encoding import DecodeError, decode, encode
from reconciler.plan.model import HASH_VERSION
from reconciler.steps.flow_files import Revision
from reconciler.steps.touching import Touch

VERSION = 1000 + HASH_VERSION  # the thousands count changes of what is kept or of how flows are told from parts


@dataclass(frozen=True, slots=True)
class Part:
    """Something of a file of flows that starts nothing by itself, with nothing wrong in it."""

    name: str
    is_startable: bool  # it is no flow only because others refer to its file
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """The files of flows that hold parts, and those that are to be judged at each look, as something is wrong there."""

    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastLook:
    """What is known of the head before: its files, what it found, and what may have changed since.

    Without `found` and `touch` anything may have changed.
    """

    before: Callable[[], Revision] | None = None
    found: Look | None = None
    touch: Touch | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    head: str
    version: int
    found: Look


def text_of(look: Look, head: str) -> str:
    """The look at a commit as the repository's row keeps it."""
    return encode(_Kept(head, VERSION, look)).decode()


def look_of(text: str, head: str) -> Look | None:
    """What a look at that commit found; None where there is none that today's code can go on from."""
    try:
        kept = decode(text, _Kept)
    except DecodeError:  # nothing, or of another release
        return None
    return kept.found if (kept.head, kept.version) == (head, VERSION) else None

"""Keys: the identities that wakes carry. A key says what to look at, never what has happened there."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import lru_cache
from urllib.parse import quote, unquote


@dataclass(frozen=True, slots=True)
class RepositoryKey:
    """Look at a repository's refs, proposals and settings."""

    repository: str


@dataclass(frozen=True, slots=True)
class ForgeKey:
    """Look which repositories a forge lets us serve."""

    forge: str  # `github`


@dataclass(frozen=True, slots=True)
class MissedKey:
    """Look what people have asked for that a forge could not tell us."""

    forge: str


@dataclass(frozen=True, slots=True)
class ReviewKey:
    """Judge one proposal."""

    repository: str
    proposal: str


@dataclass(frozen=True, slots=True)
class FlowKey:
    """Make one flow agree with what is declared."""

    flow: str  # flow id


@dataclass(frozen=True, slots=True)
class RunKey:
    """Move one run on."""

    run: str


@dataclass(frozen=True, slots=True)
class CheckKey:
    """Say on one commit what there is to say."""

    repository: str
    sha: str


@dataclass(frozen=True, slots=True)
class RetentionKey:
    """Find what is past its time."""


@dataclass(frozen=True, slots=True)
class RemainsKey:
    """Remove what is left of a run that is past its time."""

    run: str


@dataclass(frozen=True, slots=True)
class SweepKey:
    """Remove the files of one place that nobody needs."""

    place: str


Key = (
    RepositoryKey
    | ForgeKey
    | MissedKey
    | ReviewKey
    | FlowKey
    | RunKey
    | CheckKey
    | RetentionKey
    | RemainsKey
    | SweepKey
)

_WORDS: dict[str, type[Key]] = {
    "repository": RepositoryKey,
    "forge": ForgeKey,
    "missed": MissedKey,
    "review": ReviewKey,
    "flow": FlowKey,
    "run": RunKey,
    "check": CheckKey,
    "retention": RetentionKey,
    "remains": RemainsKey,
    "sweep": SweepKey,
}
PRIORITY: dict[type[Key], int] = {
    FlowKey: 50,
    RunKey: 50,
    ReviewKey: 40,
    RepositoryKey: 30,
    ForgeKey: 30,
    CheckKey: 20,
    MissedKey: 15,
    RemainsKey: 10,
    SweepKey: 10,
    RetentionKey: 5,
}
"""Higher goes first: work that people wait for before what is only said about it, and that before tidying up."""


@lru_cache(maxsize=4096)  # every commit writes keys, and mostly the same ones
def text_of(key: Key) -> str:
    """`run/3f2a…`: the key as the store keeps it. Parts are percent-encoded."""
    word = next(word for word, kind in _WORDS.items() if kind is type(key))
    return "/".join([word, *(quote(part, safe="") for part in astuple(key))])


def key_of(text: str) -> Key:
    """The key that `text_of` wrote. Raises ValueError for anything else."""
    word, *parts = text.split("/")
    try:
        return _WORDS[word](*(unquote(part) for part in parts))
    except (KeyError, TypeError):
        raise ValueError(f"{text!r} is not a key.") from None

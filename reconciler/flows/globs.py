"""Which paths a glob means, and what role a file has in a repository. Files are named by path, never opened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

SETTINGS_FILE: Final = ".headgate.yaml"
COMPONENT_FOLDER: Final = "hub/"
PRESET_FOLDER: Final = "presets/"
LOCK_FILE: Final = ".headgate.lock"
LOCKED_FOLDER: Final = ".headgate/locked/"
_YAML: Final = re.compile(r"\.(ya?ml|json)\Z", re.IGNORECASE)
_LONG = 500  # characters of a glob
_MANY = 64  # globs that the braces of one stand for
_SPECIAL = re.compile(r"[*?\[\]{}]")
_PIECE = re.compile(r"\*\*/|/\*\*\Z|\*+|\?|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)


class FlowGlobs(Protocol):
    """What says which files are flows, as the settings of a repository do."""

    @property
    def flow_globs(self) -> tuple[str, ...]:
        """Globs, the last one that speaks of a path decides."""
        ...


@dataclass(frozen=True, slots=True)
class FileRoles:
    """The files of a tree that mean something: flows to run, components to share, presets, and the settings."""

    flows: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    settings: str | None = None


def matches(path: str, globs: Sequence[str]) -> bool:
    """Whether the last glob that speaks of a path takes it; one that begins with `!` leaves it out.

    Globs stand from the root: `**` is any folders, `*` and `?` stay inside a name, `[ab]` and `{a,b}` are choices,
    a glob that ends in `/` means all below. A glob that cannot be read takes nothing.
    """
    ends, rules = _rules(tuple(globs))
    if not path.endswith(ends):
        return False
    taken = False
    for leaves_out, pattern in rules:
        if taken is leaves_out and pattern.match(path):
            taken = not leaves_out
    return taken


def check_glob(glob: str) -> None:
    """Raise ValueError with one sentence where a glob cannot be read or says too much."""
    if not glob.strip("!/ "):
        raise ValueError("Write a path or a glob such as flows/**, not an empty text.")
    if len(glob) > _LONG or len(_expanded(glob)) > _MANY:
        raise ValueError(f"Write a shorter glob: at most {_LONG} characters and {_MANY} choices.")
    if ".." in glob.split("/"):
        raise ValueError(f"Write the glob from the root of the repository, without `..`: `{glob}`.")


def is_flow_file(path: str, settings: FlowGlobs) -> bool:
    """Whether a file is one of flows: by the globs, and neither shared components, presets nor files of ours."""
    if path in (SETTINGS_FILE, LOCK_FILE) or path.startswith((COMPONENT_FOLDER, PRESET_FOLDER, LOCKED_FOLDER)):
        return False
    return matches(path, settings.flow_globs)


def files_by_role(paths: Iterable[str], settings: FlowGlobs) -> FileRoles:
    """The paths of a tree by what they are to us, each group sorted; other files are left out."""
    ordered = sorted(paths)
    yaml = [path for path in ordered if _YAML.search(path)]
    return FileRoles(
        flows=tuple(path for path in ordered if is_flow_file(path, settings)),
        components=tuple(path for path in yaml if path.startswith(COMPONENT_FOLDER)),
        presets=tuple(path for path in yaml if path.startswith(PRESET_FOLDER)),
        settings=SETTINGS_FILE if SETTINGS_FILE in ordered else None,
    )


@lru_cache(maxsize=1024)
def _rules(globs: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[bool, re.Pattern[str]], ...]]:
    """How every path ends that these globs take, and for each whether it leaves out and what it matches.

    Most paths of a tree end otherwise, and cost no regular expression.
    """
    takes = [glob for glob in globs if not glob.startswith("!") and len(glob) <= _LONG]
    ends = {_SPECIAL.split(choice)[-1] for glob in takes for choice in _choices(glob)}
    return tuple(ends), tuple((glob.startswith("!"), _compiled(glob.removeprefix("!"))) for glob in globs)


def _choices(glob: str) -> list[str]:
    plain = glob.removeprefix("./").removeprefix("/")
    return _expanded(plain + "**" if plain.endswith("/") else plain)


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    nothing = r"(?!)"
    if len(glob) > _LONG:
        return re.compile(nothing)
    choices = _choices(glob)
    if len(choices) > _MANY:
        return re.compile(nothing)
    try:
        return re.compile("|".join(_pattern(choice) for choice in choices), re.DOTALL)
    except re.error:
        return re.compile(nothing)


def _pattern(glob: str) -> str:
    glob = re.sub(r"(\*\*/)+", "**/", glob)  # the same, and no regular expression that takes forever
    return "".join(_piece(piece) for piece in _PIECE.findall(glob)) + r"\Z"


def _piece(piece: str) -> str:
    if piece == "**/":
        return r"(?:[^/]+/)*"
    if piece == "/**":
        return r"/.+"
    if piece.startswith("*"):
        return r".*" if piece == "**" else r"[^/]*"
    if piece == "?":
        return r"[^/]"
    if len(piece) > 1:
        inner = piece[1:-1].replace("\\", "\\\\")
        return f"[^/{inner[1:]}]" if inner[:1] in ("!", "^") else f"[{inner}]"
    return re.escape(piece)


def _expanded(glob: str) -> list[str]:
    """`a{b,c}d` as `abd` and `acd`, innermost braces first; stops where there are too many."""
    done: list[str] = []
    waiting = [glob]
    while waiting and len(done) + len(waiting) <= _MANY:
        one = waiting.pop()
        found = re.search(r"\{([^{}]*,[^{}]*)\}", one)
        if found is None:
            done.append(one)
            continue
        waiting.extend(one[: found.start()] + choice + one[found.end() :] for choice in found[1].split(","))
    return done + waiting

"""Pins: names for single files of elsewhere, and the paths of the repository under which their texts are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from reconciler.flows.globs import LOCK_FILE, LOCKED_FOLDER

HUBS_FOLDER: Final = f"{LOCKED_FOLDER}hubs/"
URLS_FOLDER: Final = f"{LOCKED_FOLDER}urls/"
_MARK: Final = f"{LOCK_FILE}#"
_ODD = re.compile(r"[^a-z0-9._-]+")
_YAML = re.compile(r"\.(ya?ml|json)\Z")
_LONG = 60  # characters of a name in a path
_DEEP = 6  # folders


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """A file of a hub repository by its path there, or, where `hub` is empty, what an address gives."""

    hub: str
    name: str

    @property
    def mark(self) -> str:
        """The pin among the paths that a flow refers to: it stands for its line of the lock file."""
        return f"{_MARK}{self.hub}#{self.name}"

    @property
    def file(self) -> str:
        """Where its text lies in the repository."""
        return f"{HUBS_FOLDER}{self.hub}/{self.name}" if self.hub else URLS_FOLDER + _path_of(self.name)

    @property
    def shown(self) -> str:
        """The pin in a sentence."""
        return f"{self.hub}: {self.name}" if self.hub else self.name


def is_mark(path: str) -> bool:
    """Whether a path that a flow refers to is a pin."""
    return path.startswith(_MARK)


def pin_marked(mark: str) -> Pin:
    """The pin of a mark."""
    _, hub, name = mark.split("#", 2)
    return Pin(hub, name)


def pin_in_hub(file: str) -> Pin | None:
    """The pin whose text lies at a path of the repository, if it is of a hub."""
    hub, _, name = file.removeprefix(HUBS_FOLDER).partition("/")
    return Pin(hub, name) if file.startswith(HUBS_FOLDER) and hub and name else None


def is_plain_path(path: str) -> bool:
    """Whether a path is of a file inside a repository, and written in the one plain way."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        return False
    return len(path) <= 400 and path.isprintable() and "\\" not in path


def _path_of(url: str) -> str:
    """A path that can be read by people, different for different addresses on every file system."""
    plain = url.removeprefix("https://").partition("?")[0]
    *folders, name = [_ODD.sub("-", part.lower()) for part in plain.split("/")]
    stem, end = (name[: found.start()], found[0]) if (found := _YAML.search(name)) else (name, ".yaml")
    folders = [_YAML.sub(r"-\1", part)[:_LONG].strip(".") or "-" for part in folders]
    folders = folders if len(folders) <= _DEEP else [folders[0], *folders[-1:]]
    path = "/".join([*folders, stem[:_LONG].strip(".") + end])
    if path == url.removeprefix("https://"):
        return path
    return f"{path.removesuffix(end)}-{sha256(url.encode()).hexdigest()[:12]}{end}"

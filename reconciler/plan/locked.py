"""Components of elsewhere as the lock file pins them: which file of the repository holds one, and that it is the one.

Nothing is fetched: what the lock file does not pin, or what is not the text that it pins, is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from reconciler.flows.findings import Severity
from reconciler.flows.globs import LOCK_FILE, LOCKED_FOLDER
from reconciler.flows.lock import Lock, digest_of, parse_lock
from reconciler.flows.pins import Pin, is_plain_path, pin_in_hub
from reconciler.flows.remotes import DEFAULT_HUB, RemoteSettings
from reconciler.plan.report import Place, Report
from reconciler.plan.suggestions import near

_LOCK_IT = "run `headgate lock` and commit what it writes."


@dataclass(frozen=True, slots=True)
class Said:
    """A reference to elsewhere as an author wrote it: the words, where they stand, and the path of the op."""

    words: str
    place: Place
    path: str


class Locked:
    """The locked files of one revision.

    `used` holds the pins of texts that were found, `missing` the references that led to none, each with the pins of
    which any one would do.
    """

    def __init__(
        self, read: Callable[[str], bytes | None], report: Report, settings: RemoteSettings, tried: dict[str, None]
    ) -> None:
        self._read = read
        self._report = report
        self._settings = settings
        self._tried = tried
        self._known: Lock | None = None
        self._is_broken = False
        self._digests: dict[str, str] = {}
        self.used: dict[Pin, None] = {}
        self.missing: dict[tuple[Pin, ...], Said] = {}

    def at_address(self, url: str, said: Said) -> str | None:
        """The file that holds what an address gives; None after a finding."""
        refusal = self._settings.refusal(url)
        if refusal:
            self._add("ref-not-allowed", refusal, said)
            return None
        return self._pinned((Pin("", url),), said)

    def hub_of(self, name: str, file: str) -> tuple[str, str] | None:
        """The hub repository that a hubRef in a file means and the name of the component there; None for `hub/`."""
        owner, _, rest = name.partition("/")
        if rest and owner in self._settings.hubs:
            return owner, rest
        inside = pin_in_hub(file)
        if inside is not None:
            return inside.hub, name
        return (DEFAULT_HUB, name) if not rest and DEFAULT_HUB in self._settings.hubs else None

    def near_hub(self, name: str) -> str | None:
        """The same name of the hub whose owner was most likely meant."""
        owner, _, rest = name.partition("/")
        guess = near(owner, self._settings.hubs) if rest else None
        return f"{guess}/{rest}" if guess else None

    def folder_of(self, hub: str) -> str:
        """The folder of a hub's repository that holds its components."""
        source = self._settings.hubs.get(hub)
        return source.folder if source is not None else ""

    def in_hub(self, hub: str, paths: Sequence[str], said: Said) -> str | None:
        """The file that holds the first of some files of a hub that is pinned; None after a finding."""
        if hub not in self._settings.hubs:
            message = f"`{hub}` is no hub of this repository: name it under `references.hubs` of .headgate.yaml."
            self._add("ref-not-allowed", message, said)
            return None
        pins = tuple(Pin(hub, path) for path in paths if is_plain_path(path))
        if hub in self._lock.hubs and not self._lock.is_of(hub, self._settings):
            message = f"The hub `{hub}` was locked from another repository than the settings name: {_LOCK_IT}"
            self._lacks("ref-unpinned", message, pins, said)
            return None
        self._check_revision(hub)
        return self._pinned(pins, said)

    def _check_revision(self, hub: str) -> None:
        """Say that a hub is not locked at the revision of the settings: what is locked stays good until it is."""
        if hub in self._lock.hubs and not self._lock.is_current(hub, self._settings) and not self._is_broken:
            was, now = (
                one.revision or "the default branch" for one in (self._lock.hubs[hub], self._settings.hubs[hub])
            )
            message = f"The hub `{hub}` is locked at {was}, and the settings say {now}: {_LOCK_IT}"
            place = Place(LOCK_FILE, self._lock.places[Pin(hub, "")])
            self._report.add("ref-unpinned", message, place, severity=Severity.WARNING)

    def origin(self, file: str) -> Pin | None:
        """Where the text of a file comes from, if it is of elsewhere."""
        if not file.startswith(LOCKED_FOLDER):
            return None
        return pin_in_hub(file) or next((pin for pin in self._lock.pins() if pin.file == file), None)

    def beside(self, origin: Pin, relative: str, said: Said) -> str | None:
        """The file that a path means in a text of elsewhere: another one of the same hub or host."""
        if not origin.hub:
            return self.at_address(urljoin(origin.name, quote(f"./{relative}")), said)
        return self.in_hub(origin.hub, (relative,), said)

    def _pinned(self, pins: tuple[Pin, ...], said: Said) -> str | None:
        self._tried.update((pin.mark, None) for pin in pins)
        pin = next((pin for pin in pins if self._lock.digest(pin)), None)
        if pin is None:
            self._lacks("ref-unpinned", f"`{said.words}` is not in {LOCK_FILE}: {_LOCK_IT}", pins, said)
            return None
        self._tried[pin.file] = None
        data = self._read(pin.file)
        if pin.file not in self._digests:
            self._digests[pin.file] = digest_of(data) if data is not None else ""
        if self._digests[pin.file] == self._lock.digest(pin):
            self.used[pin] = None
            return pin.file
        what = "is missing or no regular file" if data is None else f"is not the one that {LOCK_FILE} pins"
        message = f"The text of `{said.words}` ({pin.file}) {what}: run `headgate lock` to mend it."
        self._lacks("ref-digest", message, (pin,), said)
        return None

    def _lacks(self, rule: str, message: str, pins: tuple[Pin, ...], said: Said) -> None:
        """Note what is missing; where the lock file cannot be read, that is said and nothing else."""
        self._tried.update((pin.mark, None) for pin in pins)
        self.missing.setdefault(pins, said)
        if not self._is_broken:
            self._add(rule, message, said)

    @property
    def _lock(self) -> Lock:
        """The lock file, read when something asks for it; a broken one is a finding, and stops whoever needs it."""
        if self._known is None:
            self._known, findings = parse_lock(self._read(LOCK_FILE))
            self._report.extend(findings)
            self._is_broken = bool(findings)
        return self._known

    def _add(self, rule: str, message: str, said: Said) -> None:
        self._report.add(rule, message, said.place, said.path)

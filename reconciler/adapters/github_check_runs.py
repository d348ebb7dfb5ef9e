"""Check runs of GitHub as plain values: what is wanted of one, what is there, what differs. No call is made here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.checks.cutting import cut, cut_plain
from reconciler.checks.external_ids import external_id, key_of, shortened
from reconciler.checks.model import Annotation, Check
from reconciler.checks.words import clip, line
from reconciler.plan.encoding import digest

BATCH = 50  # annotations of one request
_TEXT = 65_535  # of a summary or text: characters, and to be safe bytes
_MESSAGE = 60_000  # bytes; 64 KB are taken
_TITLE = 255
_ACTIONS = 3
_LEVELS = ("failure", "warning", "notice")
_MARK = re.compile(r"<!-- headgate ([0-9a-f]{16}) ([0-9a-f]{16}) -->\s*\Z")

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A check as GitHub takes it. Its digests stand unseen at the end of its summary: what the run was made to say."""

    check: Check
    key: str
    external_id: str
    fields: Fields  # without annotations
    annotations: tuple[Fields, ...]
    said: str  # digest of the fields
    marked: str  # digest of the annotations

    @property
    def name(self) -> str:
        """The name under which it is posted."""
        return str(self.fields["name"])

    def body(self, annotations: Sequence[Fields] = ()) -> Fields:
        """What is sent: everything, and these annotations on top of those that are there."""
        output = {**self.fields["output"], **({"annotations": list(annotations)} if annotations else {})}
        return {**self.fields, "output": output}


@dataclass(frozen=True, slots=True)
class Posted:
    """A run as GitHub lists it, as far as it matters."""

    id: int
    apps: tuple[str, str]  # number and client id of the App that made it
    name: str
    external_id: str
    status: str
    conclusion: str
    said: str  # "" = not worded by us, or by somebody else since
    marked: str
    annotations: int

    def is_of(self, wanted: Wanted) -> bool:
        """Whether it is the check's, also after somebody renamed it."""
        return self.external_id.startswith(wanted.key + ":") or self.name == wanted.name

    def agrees(self, wanted: Wanted) -> bool:
        """Whether it says what it should, annotations aside."""
        return (self.said, self.name) == (wanted.said, wanted.name) and self.concludes(wanted)

    def concludes(self, wanted: Wanted) -> bool:
        """Whether its verdict is the wanted one."""
        return (self.status, self.conclusion) == (wanted.fields["status"], wanted.fields.get("conclusion", ""))


def wanted_of(repository: str, check: Check) -> Wanted:
    """The check as a check run."""
    annotations = tuple(_annotation(one) for one in sorted(check.annotations, key=_rank))
    fields: Fields = {
        "name": shortened(line(check.name)),
        "external_id": external_id(repository, check),
        "status": check.status,
        "actions": [_action(one.name, one.label, one.description) for one in check.actions[:_ACTIONS]],
    }
    fields |= {"conclusion": check.conclusion.value} if check.conclusion else {}
    fields |= {"details_url": check.details_url} if check.details_url else {}
    fields |= {"started_at": _time(check.started_at)} if check.started_at else {}
    fields |= {"completed_at": _time(check.completed_at)} if check.completed_at and check.conclusion else {}
    marked = digest(annotations)[:16]
    said = digest([fields, check.title, check.summary, check.text])[:16]
    fields["output"] = _output(check, f"<!-- headgate {said} {marked} -->")
    return Wanted(check, key_of(repository, check), fields["external_id"], fields, annotations, said, marked)


def posted_of(data: Mapping[str, Any]) -> Posted:
    """The run that an answer describes."""
    output = data.get("output") or {}
    mark = _MARK.search(output.get("summary") or "")
    return Posted(
        int(data["id"]),
        _app(data.get("app") or {}),
        str(data.get("name") or ""),
        str(data.get("external_id") or ""),
        str(data.get("status") or ""),
        str(data.get("conclusion") or ""),
        mark.group(1) if mark else "",
        mark.group(2) if mark else "",
        int(output.get("annotations_count") or 0),
    )


def _app(data: Mapping[str, Any]) -> tuple[str, str]:
    return str(data.get("id") or ""), str(data.get("client_id") or "")


def posted_in(page: Mapping[str, Any]) -> list[Posted]:
    """The runs of one page of a list."""
    return [posted_of(one) for one in page["check_runs"]]


def places_in(page: Sequence[Mapping[str, Any]]) -> list[Fields]:
    """The remarks of one page of a list, as they were sent."""
    return [{name: value for name, value in one.items() if name in _PARTS and value is not None} for one in page]


def missing(there: Sequence[Fields], wanted: Sequence[Fields]) -> list[Fields] | None:
    """The remarks that are yet to be made; None where some are there that nobody wants any more."""
    left = Counter(map(_comparable, there))
    more = []
    for one in wanted:
        if left[_comparable(one)]:
            left[_comparable(one)] -= 1
        else:
            more.append(one)
    return None if +left else more


_PARTS = ("path", "start_line", "end_line", "annotation_level", "title", "message", "start_column", "end_column")


def _comparable(annotation: Fields) -> tuple[Any, ...]:
    texts = (str(annotation.get(name) or "").strip() for name in ("title", "message"))  # not all spaces may be kept
    return annotation["path"], annotation["start_line"], annotation["annotation_level"], *texts


def _output(check: Check, mark: str) -> Fields:
    room = _TEXT - len(mark) - 2
    return {
        "title": clip(line(check.title), _TITLE) or "Headgate",
        "summary": f"{cut(check.summary, room, check.details_url)}\n\n{mark}",
        "text": cut(check.text, _TEXT, check.details_url),
    }


def _rank(annotation: Annotation) -> int:
    return _LEVELS.index(annotation.level) if annotation.level in _LEVELS else len(_LEVELS)


def _annotation(one: Annotation) -> Fields:
    title = clip(line(one.title), _TITLE)
    fields: Fields = {
        "path": one.file,
        "start_line": max(one.line, 1),
        "end_line": max(one.end_line, one.line, 1),
        "annotation_level": one.level if one.level in _LEVELS else "notice",
        "message": cut_plain(one.message, _MESSAGE) or title or "See the summary.",
    }
    fields |= {"title": title} if title else {}
    if one.column is not None and fields["start_line"] == fields["end_line"]:
        fields["start_column"] = max(one.column, 1)
        fields["end_column"] = max(one.end_column or one.column, one.column, 1)
    return fields


def _action(name: str, label: str, description: str) -> Fields:
    return {"identifier": name[:20], "label": clip(line(label), 20), "description": clip(line(description), 40)}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

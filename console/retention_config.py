"""How long things are kept, as the configuration says it: durations with their unit, sizes, or `forever`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.engine.retention import FOREVER, Policy
from reconciler.flows.composite import Built, Record
from reconciler.flows.durations import seconds
from reconciler.flows.nodes import Node
from reconciler.flows.quantities import number_of
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, LENIENT_TEXT, POSITIVE

_ALWAYS = "forever"
_SHORTEST = 3600.0  # s: less is a slip of the unit
_SMALLEST = 1 << 20


def _time(value: str, node: Node, path: str, report: Report) -> Any:
    """Seconds. A bare number is refused: days are meant and seconds would be read."""
    if value == _ALWAYS:
        return FOREVER
    found = seconds(value)
    if found is None or _is_bare(value):
        wanted = "a duration with its unit, as in `30 days` or `P30D`, or `forever`"
        report.add("value-not-allowed", f"Give `{_name(path)}` {wanted}, not {value!r}.", node.span, path)
        return BAD
    if found < _SHORTEST:
        report.add("value-not-allowed", f"Give `{_name(path)}` at least an hour, not {value!r}.", node.span, path)
        return BAD
    return found


def _size(value: str, node: Node, path: str, report: Report) -> Any:
    """Bytes."""
    if value == _ALWAYS:
        return FOREVER
    try:
        found = number_of(value)
    except KeyError:
        found = None
    if found is None or found < _SMALLEST:
        wanted = "a size of at least 1Mi, as in `50Gi`, or `forever` for no limit"
        report.add("value-not-allowed", f"Give `{_name(path)}` {wanted}, not {value!r}.", node.span, path)
        return BAD
    return float(found)


def _is_bare(value: str) -> bool:
    return value.strip().replace(".", "", 1).isdigit()


def _name(path: str) -> str:
    return path.rpartition(".")[2]


_NAMES = {
    "runs": "runs",
    "failedRuns": "failed_runs",
    "newest": "newest",
    "most": "most",
    "cache": "cache",
    "files": "files",
    "filesSize": "files_size",
    "history": "history",
    "deliveries": "deliveries",
    "events": "events",
    "traces": "traces",
}
_COUNTS = ("newest", "most", "deliveries", "events")
RETENTION = Record(
    {
        name: POSITIVE if name in _COUNTS else Built(LENIENT_TEXT, _size if name == "filesSize" else _time)
        for name in _NAMES
    },
    templated=False,
)


def policy_of(values: Mapping[str, Any]) -> Policy:
    """The policy that values which `RETENTION` read stand for."""
    return Policy(**{_NAMES[name]: value for name, value in values.items()})

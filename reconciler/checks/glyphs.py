"""How a status is shown: a word, a glyph and a class, so that colour is never the only sign."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.model import Status


@dataclass(frozen=True, slots=True)
class Look:
    """`look` is the class that a style sheet colours: good, bad, off, busy, wait, warn."""

    word: str
    glyph: str
    look: str


LOOKS: dict[Status, Look] = {
    Status.CREATED: Look("not started", "○", "wait"),
    Status.ON_SCHEDULE: Look("on schedule", "◷", "wait"),
    Status.RESUMING: Look("resuming", "↻", "busy"),
    Status.COMPILED: Look("compiled", "○", "wait"),
    Status.QUEUED: Look("queued", "◌", "wait"),
    Status.SCHEDULED: Look("scheduled", "◌", "wait"),
    Status.STARTING: Look("starting", "◔", "busy"),
    Status.RUNNING: Look("running", "▶", "busy"),
    Status.PROCESSING: Look("processing", "▶", "busy"),
    Status.STOPPING: Look("stopping", "◧", "warn"),
    Status.RETRYING: Look("retrying", "↻", "warn"),
    Status.WARNING: Look("warning", "!", "warn"),
    Status.UNSCHEDULABLE: Look("unschedulable", "!", "warn"),
    Status.UNKNOWN: Look("unknown", "?", "warn"),
    Status.SUCCEEDED: Look("succeeded", "✓", "good"),
    Status.FAILED: Look("failed", "✗", "bad"),
    Status.UPSTREAM_FAILED: Look("not run, upstream failed", "⊘", "off"),
    Status.SKIPPED: Look("skipped", "↷", "off"),
    Status.STOPPED: Look("stopped", "■", "off"),
}


def look(status: Status) -> Look:
    """The word, glyph and class of a status."""
    return LOOKS[status]

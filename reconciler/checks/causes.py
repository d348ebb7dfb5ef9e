"""Why an op did not succeed, in words: one row per cause with the fact for a title, the sentence, and the advice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from reconciler.checks.cause_words import EXITS, REASONS
from reconciler.checks.words import clip, duration, line
from reconciler.engine.model import OpState, Status
from reconciler.flows.model import Json
from reconciler.plan.model import PlannedOp


@dataclass(frozen=True, slots=True)
class Cause:
    """`short` follows the op's name in a title; `what` and `do` are go on without it. `…` marks code."""

    name: str
    short: str
    what: str
    do: str
    conclusion_timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known beside the op's state."""

    planned: PlannedOp | None = None
    exit_code: int | None = None
    root: str | None = None  # of an upstream failure
    stopped_by: str | None = None
    error_line: str = ""  # likely error of its log
    log: Literal["below", "empty", "elsewhere"] = "below"  # where people who read this find its log


_READ = {
    "below": "Read the log lines below",
    "empty": "It printed nothing: look at what it runs",
    "elsewhere": "Read its log",
}
_SKIPS = frozenset({"UpstreamSkipped", "SkipAsked"})
_SAME = {
    "ErrImagePull": "ImagePullBackOff",
    "ErrImageNeverPull": "ImagePullBackOff",
    "CreateContainerConfigError": "ConfigError",
    "CreateContainerError": "ConfigError",
    "Timeout": "DeadlineExceeded",
    "SystemOOM": "NodeOutOfMemory",
    "InvalidInput": "MissingInput",
    "Fault": "InternalError",
}
_EXIT = re.compile(r"exit(?:ed with)?(?: code| status)? (\d{1,3})\b|AppError\((\d{1,3})\)", re.IGNORECASE)
_NAN = re.compile(
    r"\b(?:loss|metric|value|input|output|grad\w*)\b.*\bnan\b|\bnan\b.*\b(?:loss|metric|value|input|grad)", re.I
)
_SIGNALS = {129: "SIGHUP", 130: "SIGINT", 131: "SIGQUIT", 132: "SIGILL", 135: "SIGBUS", 136: "SIGFPE", 141: "SIGPIPE"}


def cause_of(op: OpState, known: Circumstances) -> Cause:
    """Why an op failed, was skipped or stopped, with what to do. Every state has an answer."""
    exit_code = exit_code_of(op, known)
    name = _name(op, known, exit_code)
    row = REASONS.get(name) or _exit_row(exit_code)
    parts = _parts(op, known, exit_code)
    short, what, do = (form.format_map(parts) for form in row)
    return Cause(name, short, f"{what}.{_log_says(name, known)}", do, name == "DeadlineExceeded")


def _log_says(name: str, known: Circumstances) -> str:
    """The likely error of the log, where the cause itself does not tell what went wrong."""
    if not known.error_line or not (name == "Unknown" or name.startswith("exit code")):
        return ""
    return f" Its log says `{clip(_said(known.error_line), 200)}`."


def exit_code_of(op: OpState, known: Circumstances) -> int | None:
    """The exit code that was observed, or that the op's reason or message tells."""
    if known.exit_code is not None:
        return known.exit_code
    found = _EXIT.search(op.reason) or _EXIT.search(op.message)
    return int(found.group(1) or found.group(2)) if found else None


def _name(op: OpState, known: Circumstances, exit_code: int | None) -> str:
    if op.status is Status.UPSTREAM_FAILED:
        return "UpstreamFailed"
    if op.status is Status.STOPPED:
        return "Stopped"
    if op.status is Status.SKIPPED:
        return op.reason if op.reason in _SKIPS else "ConditionFalse"
    return _failure_name(op, known, exit_code)


def _failure_name(op: OpState, known: Circumstances, exit_code: int | None) -> str:
    reason = _SAME.get(op.reason, op.reason)
    if reason == "Evicted" and "memory" in op.message.lower():
        return "NodeOutOfMemory"
    if reason in REASONS:
        return reason
    if _NAN.search(known.error_line):
        return "NaN"
    return "Unknown" if not exit_code else f"exit code {exit_code}"


def _exit_row(exit_code: int | None) -> tuple[str, str, str]:
    if exit_code in EXITS:
        return EXITS[exit_code or 0]
    if exit_code and exit_code > 128:
        signal = _SIGNALS.get(exit_code, f"signal {exit_code - 128}")
        what = f"was ended{{after}} by {signal} (exit code {exit_code})"
        return (f"was ended by {signal}", what, "Read the last log lines; they say what it was doing.")
    what = f"ended{{after}} with exit code {exit_code}: its own code chose that number"
    return (f"failed with exit code {exit_code}", what, "{read}, mend the code and push.")


def _parts(op: OpState, known: Circumstances, exit_code: int | None) -> dict[str, str]:
    ran = op.finished_at - op.started_at if op.finished_at and op.started_at else None
    by = known.stopped_by
    return {
        "after": f" after {duration(ran)}" if ran is not None else "",
        "message": _sentence(op.message),
        "at": f" at line {known.planned.line}" if known.planned and known.planned.line else "",
        "limit": _spaced(" of ", resource(known.planned, "limits", "memory")),
        "requests": _requests(known.planned),
        "timeout": _timeout(known.planned),
        "image": _image(known.planned),
        "root": f"`{_said(known.root)}`" if known.root else "an upstream op",
        "read": _READ[known.log],
        "by": f" by {_said(by)}" if by else "",
        "condition": f": `{_said(op.condition)}`" if op.condition else "",
        "exit": f" (exit code {exit_code})" if exit_code else "",
    }


def container(op: PlannedOp | None) -> dict[str, Json]:
    """The op's main container as written, or nothing."""
    found = op.run.get("container") if op else None
    return found if isinstance(found, dict) else {}


def resource(op: PlannedOp | None, section: str, name: str) -> str:
    """A resource of the op's container: `resource(op, "limits", "memory")`; empty where it is not set."""
    resources = container(op).get("resources")
    values = resources.get(section) if isinstance(resources, dict) else None
    return _said(str(values.get(name, ""))) if isinstance(values, dict) else ""


def _requests(op: PlannedOp | None) -> str:
    asked = [(name, resource(op, "requests", name)) for name in ("cpu", "memory", "nvidia.com/gpu")]
    asked += [("nvidia.com/gpu", resource(op, "limits", "nvidia.com/gpu"))]
    said = list(dict.fromkeys(f"{name} {value}" for name, value in asked if value))
    return f" ({', '.join(said)})" if said else ""


def _sentence(message: str) -> str:
    """The op's own message after our sentence."""
    said = _said(message)
    first = said.partition(" ")[0]
    return f". {said[0].upper() if first.isalpha() else said[0]}{said[1:]}" if said else ""


def _said(text: str) -> str:
    return clip(line(text).replace("`", "'").rstrip("."), 500)


def _timeout(op: PlannedOp | None) -> str:
    if op is None or op.timeout is None:
        return ""
    return f" of {duration(op.timeout)}" if isinstance(op.timeout, int) else f" of {_said(op.timeout)}"


def _image(op: PlannedOp | None) -> str:
    image = container(op).get("image")
    return f"`{_said(image)}`" if isinstance(image, str) else "its image"


def _spaced(before: str, value: str) -> str:
    return before + value if value else ""

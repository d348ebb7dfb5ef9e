"""What the files of an ended attempt mean: its final status, reason, outputs. Reads, and changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from reconciler.adapters.process_records import Exit, Folder, read_small, write_whole
from reconciler.engine.model import Observed, Status
from reconciler.flows.model import Json
from reconciler.plan.encoding import DecodeError, decode, encode

OUTPUTS_LIMIT = 1 << 20  # bytes
DEPTH_LIMIT = 50
_ENDED_BY_SIGNAL = 128  # a shell's status of a child that a signal ended is this and its number


class BadOutputs(ValueError):
    """Outputs that cannot be taken; the text is a sentence for people."""


def ended(folder: Folder, record: Exit, started_at: float | None, oom: bool) -> Observed:
    """The final observation of an attempt with an exit record. `oom`: the kernel lately ran out of memory."""
    if record.word == "lost":
        return lost(folder.attempt, record.at)
    if record.word == "stopped" and record.code != 0:
        return stopped(folder.attempt, record.at, started_at, record.code)
    if record.word == "workdir":
        message = "The working directory does not exist, or may not be entered."
        return _failed(folder, record, None, "ConfigError", message)
    if record.word == "init":
        return _failed(folder, record, None, "InitFailed", _sentence_of_init(folder, record.code))
    return _by_code(folder, record, started_at, oom)


def _by_code(folder: Folder, record: Exit, started_at: float | None, oom: bool) -> Observed:
    try:
        outputs = outputs_of(folder)
    except BadOutputs as error:
        if record.code == 0:
            return _failed(folder, record, started_at, "BadOutputs", str(error))
        outputs = None
    if record.code == 0:
        return Observed(folder.attempt, Status.SUCCEEDED, record.at, "", "", 0, started_at, outputs)
    reason, message = reason_of(record.code, oom)
    return _failed(folder, record, started_at, reason, message, outputs)


def _failed(
    folder: Folder,
    record: Exit,
    started_at: float | None,
    reason: str,
    message: str,
    outputs: Mapping[str, Json] | None = None,
) -> Observed:
    return Observed(folder.attempt, Status.FAILED, record.at, reason, message, record.code, started_at, outputs)


def stopped(attempt: str, at: float, started_at: float | None, code: int | None = None) -> Observed:
    """It was stopped because that was asked for."""
    return Observed(attempt, Status.STOPPED, at, "Stopped", "", code, started_at)


def running(attempt: str, started_at: float) -> Observed:
    """It runs since then."""
    return Observed(attempt, Status.RUNNING, started_at, started_at=started_at)


def lost(attempt: str, at: float, started_at: float | None = None, rebooted: bool = False) -> Observed:
    """Nobody knows how it ended, and it was not the op's doing."""
    why = "The machine restarted" if rebooted else "Its process is gone"
    return Observed(
        attempt,
        Status.FAILED,
        at,
        "NodeLost",
        f"{why} and left no exit code.",
        started_at=started_at,
        disruption=True,
    )


def reason_of(code: int, oom: bool) -> tuple[str, str]:
    """Reason and sentence of an exit code that is not 0."""
    if code == _ENDED_BY_SIGNAL + signal.SIGKILL and oom:
        return "OOMKilled", "The kernel killed it as the machine ran out of memory (exit code 137)."
    if code == 126:
        return "AppError", "Its command may not be executed (exit code 126)."
    if code == 127:
        return "AppError", "Its command, or one it called, was not found (exit code 127)."
    name = _signal_name(code - _ENDED_BY_SIGNAL)
    if name:
        return "AppError", f"It was ended by {name} (exit code {code})."
    return "AppError", f"It ended with exit code {code}."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _sentence_of_init(folder: Folder, code: int) -> str:
    try:
        text = (read_small(folder.failure, 2000) or b"").decode("utf-8", "replace").strip()
    except ValueError:
        text = ""
    return text or f"A step of `init` ended with exit code {code}; its log says more."


# --- outputs ----------------------------------------------------------------------------------------------------------


def outputs_of(folder: Folder) -> Mapping[str, Json] | None:
    """What the op wrote to its outputs file over what it posted; None if neither. Raises BadOutputs."""
    posted = _object(folder.posted, "The outputs that were posted")
    written = _object(folder.outputs_file, "The outputs file")
    return {**(posted or {}), **(written or {})} if posted or written is not None else None


def add_posted(folder: Folder, outputs: Mapping[str, Json]) -> None:
    """Merge outputs into those that were posted before; one caller at a time per attempt. Raises BadOutputs."""
    merged = encode({**(_object(folder.posted, "The outputs that were posted") or {}), **outputs})
    parse_outputs(merged, "The outputs that were posted")
    write_whole(folder.posted, merged)


def _object(path: str, what: str) -> Mapping[str, Json] | None:
    try:
        data = read_small(path, OUTPUTS_LIMIT)
    except ValueError as error:
        raise BadOutputs(f"{what} cannot be taken: {error}.") from error
    if data is None or not data.strip():
        return None
    return parse_outputs(data, what)


def parse_outputs(data: bytes, what: str) -> Mapping[str, Json]:
    """One JSON object of bounded size and depth. Raises BadOutputs."""
    if len(data) > OUTPUTS_LIMIT:
        raise BadOutputs(f"{what} cannot be taken: more than {OUTPUTS_LIMIT:,} bytes. Write artifacts instead.")
    try:
        value = decode(data, dict[str, Json])
        encode(value)
    except (DecodeError, RecursionError, OverflowError, ValueError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else f"{error}".rstrip(".")
        raise BadOutputs(f"{what} cannot be taken: write one JSON object ({problem}).") from error
    if _deeper_than(value, DEPTH_LIMIT):
        raise BadOutputs(f"{what} cannot be taken: nested more than {DEPTH_LIMIT} levels.")
    return value


def _deeper_than(value: Json, limit: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return limit == 0 or any(_deeper_than(item, limit - 1) for item in inner)

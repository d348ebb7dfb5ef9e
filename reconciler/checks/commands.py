"""Commands in comments of people: which lines of a comment are one, and what it asks for. Nothing is done here.

A command stands on a line of its own, outside of quotes, code and comments of the markup: what somebody cites or shows
is no wish of theirs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

MOST = 5  # commands of one comment that are done

TAKES: Mapping[str, str] = {
    "plan": "[flow]",
    "run": "flow [name=value …]",
    "cancel": "",
    "ok-to-test": "sha",
    "retest": "",
    "hold": "[cancel]",
    "help": "",
}
"""The commands and what they take."""

SAYS: Mapping[str, str] = {
    "plan": "Show what merging would change and run",
    "run": "Run a flow as it is here, with these inputs, on trial",
    "cancel": "Stop the trial runs of this proposal",
    "ok-to-test": "Let code of a fork run, as it is at this commit",
    "retest": "Judge the proposal anew",
    "hold": "Let the check `headgate` fail until `/hold cancel`",
    "help": "Show this table",
}

_SHA = re.compile(r"[0-9a-f]{7,40}", re.ASCII)
_LINE = re.compile(r"/([a-z][a-z-]*)(?:[ \t]+(\S.*))?", re.ASCII)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_OURS = "headgate"  # `/headgate plan`, where another bot listens to the same word


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it was written; `wrong` says why it cannot be done, "" = it can."""

    verb: str
    line: str
    flow: str = ""  # of `/plan` and `/run`; of the first "" = all that is touched
    params: Mapping[str, str] = field(default_factory=dict)  # of `/run`: inputs and what is written for them
    lifted: bool = False  # `/hold cancel`
    sha: str = ""  # of `/ok-to-test`, perhaps its first digits alone
    wrong: str = ""


def commands_in(comment: str) -> list[Command]:
    """The commands of a comment, in order. What begins like one but belongs to somebody else's bot is left out."""
    return [command for line in _plain_lines(comment) if (command := _command(line)) is not None][:MOST]


def _plain_lines(comment: str) -> Iterator[str]:
    """Lines that are neither quoted nor code nor hidden."""
    fence, hidden = "", False
    for line in comment.splitlines():
        if fence:
            closing = line.strip()
            fence = "" if closing.startswith(fence) and not closing.strip(fence[0]) else fence
        elif hidden:
            hidden = "-->" not in line
        elif found := _FENCE.match(line):
            fence = found.group(1)
        elif line.lstrip().startswith("<!--"):
            hidden = "-->" not in line
        elif not line.startswith(("    ", "\t")):
            yield line.strip()


def _command(line: str) -> Command | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    verb, rest = found.group(1), (found.group(2) or "").strip()
    called = verb == _OURS
    if called:
        verb, _, rest = rest.partition(" ")
        verb, rest = verb.removeprefix("/"), rest.strip()
    if verb not in TAKES:
        return Command(verb, line, wrong=_unknown(verb)) if called else None
    if verb in _PARSERS:
        return _PARSERS[verb](line, rest)
    return Command(verb, line, wrong="It takes nothing." if rest else "")


def _unknown(verb: str) -> str:
    near = get_close_matches(verb, TAKES, 1)
    hint = f" Did you mean `/{near[0]}`?" if near else ""
    return f"There is no such command.{hint}" if verb else "Name a command; `/help` lists them."


def _plan(line: str, rest: str) -> Command:
    wrong = "It takes the name of one flow." if len(rest.split()) > 1 else ""
    return Command("plan", line, rest, wrong=wrong)


def _hold(line: str, rest: str) -> Command:
    wrong = "" if rest in ("", "cancel") else "It takes nothing but `cancel`."
    return Command("hold", line, lifted=rest == "cancel", wrong=wrong)


def _run(line: str, rest: str) -> Command:
    """Words are split as a shell does, so that a value may hold spaces."""
    try:
        flow, *given = shlex.split(rest) or [""]
    except ValueError:
        return Command("run", line, wrong="A quotation mark is not closed.")
    pairs = [text.partition("=") for text in given]
    odd = [text for text, (name, equals, _) in zip(given, pairs, strict=True) if not (name and equals)]
    names = [name for name, _, _ in pairs]
    twice = [name for name in names if names.count(name) > 1]
    if not flow or "=" in flow:
        wrong = "Name a flow first: `/run FLOW name=value`."
    elif odd:
        wrong = f"Write an input as `name=value`, not `{odd[0]}`."
    else:
        wrong = f"The input `{twice[0]}` is given twice." if twice else ""
    return Command("run", line, flow, {name: value for name, _, value in pairs}, wrong=wrong)


def _ok_to_test(line: str, rest: str) -> Command:
    sha = rest.lower()
    wrong = "" if _SHA.fullmatch(sha) else "Name the commit that you have looked at by seven digits or more."
    return Command("ok-to-test", line, sha=sha, wrong=wrong)


_PARSERS = {"plan": _plan, "hold": _hold, "run": _run, "ok-to-test": _ok_to_test}

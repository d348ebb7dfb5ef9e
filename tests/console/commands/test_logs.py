"""Facts about `headgate logs`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.console.typing_in import FAILED, GOOD, LIVE, write_log


@pytest.fixture
def logged(data, store):
    write_log(data, "a1", "one\ntwo\n")
    write_log(data, "a2", "loading\nboom\nlast")
    write_log(data, "a4", "fine\n")
    write_log(data, "a5", "\x1b[31mred\x1b[0m\n")


def test_of_a_failed_run_the_failed_ops_are_shown_under_their_names(typed, logged):
    shown = typed("logs", FAILED)

    assert (shown.code, shown.out) == (0, "train | loading\ntrain | boom\ntrain | last\n")


def test_of_another_run_all_ops_are_shown_and_escapes_are_inert(typed, logged):
    assert typed("logs", GOOD).out == "prepare | fine\ntrain | red\n"


def test_one_op_is_shown_byte_for_byte(typed, logged):
    assert typed("logs", GOOD, "train").out == "\x1b[31mred\x1b[0m\n"


def test_a_tail_is_of_each_op(typed, logged):
    assert typed("logs", FAILED, "prepare", "--tail", "1").out == "two\n"


def test_a_document_holds_whole_logs(typed, logged):
    shown = typed("logs", FAILED, "--format", "json").json

    assert shown["logs"] == [{"op": "train", "attempt": "a2", "text": "loading\nboom\nlast"}]


def test_following_a_run_that_ended_ends_with_its_code(typed, logged):
    shown = typed("logs", FAILED, "--follow", "--format", "json")

    assert shown.code == 1
    assert [json.loads(line)["line"] for line in shown.out.splitlines()] == ["one", "two", "loading", "boom", "last"]
    assert typed("logs", FAILED, "prepare", "--follow").code == 0


def test_an_op_that_printed_nothing_says_so_on_stderr(typed):
    shown = typed("logs", LIVE)

    assert (shown.code, shown.out, shown.err) == (0, "", "nothing was printed yet.\n")


def test_an_unknown_op_is_wrong_use(typed):
    assert typed("logs", FAILED, "tarin").code == 2
    assert typed("logs", FAILED, "train", "--tail", "-1").code == 2
    assert typed("logs", "nobody").code == 2


def test_without_a_store_it_cannot_be_found_out(bare):
    assert bare("logs", "@last").code == 3


_MEASURED = """
import sys
from pathlib import Path
from console.cli import main
try:
    main(sys.argv[1:])
finally:
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


@pytest.mark.slow
def test_a_large_log_is_never_held_as_a_whole(typed, data, store):
    """As objects its lines would take thirty times the room that they take on the disk."""
    lines = 1_000_000
    write_log(data, "a2", "line\n" * lines)
    words = [sys.executable, "-c", _MEASURED, "logs", FAILED, "--data-dir", str(data)]
    shown = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert shown.stdout == "train | line\n" * lines
    assert int(shown.stderr.splitlines()[-1]) < 120 << 10, shown.stderr  # KiB; Python and its libraries take 60 MiB

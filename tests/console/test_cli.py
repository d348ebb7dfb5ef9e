"""Facts about the command line as a whole: how it ends, what it says of wrong words, what it completes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.console.typing_in import FAILED, GOOD, LIVE

ROOT = Path(__file__).resolve().parents[2]


def completed(words: str, data: Path) -> list[str]:
    """What bash would offer after these words."""
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "_HEADGATE_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "HEADGATE_DATA_DIR": str(data),
    }
    script = "from console.cli import main; main()"
    shown = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert shown.stderr == ""
    return [line.partition(",")[2] for line in shown.stdout.splitlines() if line]


def test_an_unknown_command_gets_a_near_one(bare):
    shown = bare("statsu")

    assert (shown.code, shown.out) == (2, "")
    assert "Did you mean `headgate status`?" in shown.err


@pytest.mark.parametrize("word", ["validate", "plan", "status", "logs", "why", "stop", "restart", "schema"])
def test_an_unknown_option_is_wrong_use_and_names_the_help(bare, word):
    shown = bare(word, "--nothing")

    assert (shown.code, shown.out) == (2, "")
    assert f"headgate {word} --help" in shown.err


def test_help_is_asked_for_and_goes_to_stdout(bare):
    shown = bare("--help")

    assert (shown.code, shown.err) == (0, "")
    assert "headgate validate flows/" in shown.out


def test_an_interrupt_ends_with_its_own_code(typed, monkeypatch):
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)

    shown = typed("logs", LIVE, "--follow")

    assert shown.code == 130
    assert shown.err.strip() == "headgate: interrupted."


def test_a_store_that_has_lost_a_plan_is_told_in_a_sentence(typed, store):
    row = store.run(GOOD)
    assert row is not None
    from dataclasses import replace

    from reconciler.keys import RunKey
    from reconciler.records import Changes, Wake

    store.wake([Wake(RunKey(GOOD))])
    lease = store.lease("test", 60.0)
    assert lease is not None
    lost = replace(row, state=row.state.having(id="99" + "0" * 18), plan="gone")
    store.commit(lease, Changes(new_runs=(lost,)))

    shown = typed("status", "99")

    assert shown.code == 2
    assert "is not in the store" in shown.err


@pytest.mark.slow
def test_the_shell_completes_words_runs_flows_and_ops(data, store):
    assert completed("headgate re", data) == ["restart", "resume", "restore"]
    assert completed("headgate stop 3f", data) == [LIVE, FAILED]
    assert completed("headgate pause ", data) == ["churn"]
    assert completed(f"headgate logs {FAILED} tr", data) == ["train"]


@pytest.mark.slow
def test_without_a_store_nothing_is_completed(tmp_path):
    assert completed("headgate stop 3f", tmp_path / "nowhere") == []

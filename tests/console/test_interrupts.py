"""Signals are counted and waited for, however many come at once."""

import signal
import subprocess
import sys

import pytest

_WAITS = (
    "import sys\n"
    "from console.interrupts import told_to_end\n"
    "with told_to_end() as wait:\n"
    "    print('waiting', flush=True)\n"
    "    sys.stdin.readline()\n"
    "    while not wait(0.2):\n"
    "        print('not told', flush=True)\n"
    "    print('told', flush=True)\n"
)


def waiting(*before):
    process = subprocess.Popen(
        [*before, sys.executable, "-c", _WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "waiting\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_came_before_is_not_waited_for_again(number):
    process = waiting("env", "--default-signal")  # whoever runs the tests may have been told to outlive a terminal
    process.send_signal(number)

    assert process.communicate("\n", timeout=20) == ("told\n", None)


def test_signals_that_come_upon_each_other_end_the_wait_once():
    for _ in range(5):
        process = waiting()
        process.stdin.write("\n")
        process.stdin.flush()
        for _ in range(50):
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)

        told = said.replace("not told\n", "")  # as long as none has come
        assert told in ("told\n", "")  # the last of them may come when nobody listens any more
        assert process.returncode in (0, -signal.SIGTERM)


def test_a_terminal_that_is_closed_ends_nothing_that_was_told_to_outlive_it():
    process = waiting("env", "--ignore-signal=HUP")
    process.send_signal(signal.SIGHUP)
    process.stdin.write("\n")
    process.stdin.flush()

    assert process.stdout.readline() == "not told\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20)[0].endswith("told\n")
    assert process.returncode == 0

"""Signals are counted and waited for, however many come at once."""

import signal
import subprocess
import sys

_WAITS = (
    "import sys\n"
    "from console.interrupts import told_to_end\n"
    "with told_to_end() as wait:\n"
    "    print('waiting', flush=True)\n"
    "    sys.stdin.readline()\n"
    "    while not wait(30):\n"
    "        print('not told', flush=True)\n"
    "    print('told', flush=True)\n"
)


def waiting():
    process = subprocess.Popen([sys.executable, "-c", _WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "waiting\n"
    return process


def test_a_signal_that_came_before_is_not_waited_for_again():
    process = waiting()
    process.send_signal(signal.SIGTERM)

    assert process.communicate("\n", timeout=20) == ("told\n", None)


def test_signals_that_come_upon_each_other_end_the_wait_once():
    for _ in range(5):
        process = waiting()
        process.stdin.write("\n")
        process.stdin.flush()
        for _ in range(50):
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)

        assert said in ("told\n", "")  # the last of them may come when nobody listens any more
        assert process.returncode in (0, -signal.SIGTERM)

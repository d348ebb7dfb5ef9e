"""The clock by which leases end and tokens are renewed."""

import shutil
import subprocess
import sys

import pytest

SLEPT = 100_000
SHOW = """
import time
from reconciler.adapters.system_clock import SystemClock
print(SystemClock().monotonic() - time.monotonic())
"""


def test_time_that_the_machine_slept_has_passed():
    """In a time namespace the kernel says so of a machine that was awake all the time (time_namespaces(7))."""
    asleep = ["unshare", "--user", "--map-root-user", "--time", "--boottime", str(SLEPT), "--fork"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*asleep, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("there are no time namespaces")
    done = subprocess.run([*asleep, sys.executable, "-c", SHOW], capture_output=True, text=True, check=True)

    assert float(done.stdout) > SLEPT - 1

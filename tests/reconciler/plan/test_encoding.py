"""Encoded values are read by many threads."""

import subprocess
import sys
from pathlib import Path

from reconciler.plan.encoding import Record, decode, encode

# In a process of its own, as a fault in foreign code ends the process.
READERS = """
import sys, threading
from dataclasses import make_dataclass
from reconciler.plan.encoding import decode

def read(kind, start):
    start.wait()
    assert decode(b'{"inner": {"n1": 1}, "m3": 2}', kind).inner.n1 == 1

sys.setswitchinterval(1e-6)
for _ in range(100):
    inner = make_dataclass("Inner", [(f"n{number}", int, 0) for number in range(40)])
    outer = make_dataclass("Outer", [("inner", inner), *[(f"m{number}", int, 0) for number in range(40)]])
    start = threading.Barrier(6)
    threads = [threading.Thread(target=read, args=(outer, start)) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
print("read")
"""


def test_threads_may_read_the_first_values_of_a_type_at_the_same_time():
    done = subprocess.run(
        [sys.executable, "-c", READERS], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")


class Place(Record):
    name: str
    slots: int = 1


def test_a_copy_of_a_record_and_one_having_other_fields_leave_it_alone():
    place = Place("here")
    copied, larger = place.copy(), place.having(slots=4)
    copied.name = "there"

    assert (place, copied, larger) == (Place("here"), Place("there"), Place("here", 4))


def test_a_record_is_encoded_as_a_dataclass_is():
    assert encode(Place("here")) == b'{"name":"here","slots":1}'
    assert decode(b'{"slots":2,"name":"here","new":true}', Place) == Place("here", 2)

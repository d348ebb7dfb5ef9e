"""A wait ends when it is rung, when a descriptor can be read, and else when its time is over."""

import os
import threading

import pytest

from reconciler.adapters.bell import Bell

LONG = 30.0  # s: nobody who is told waits so long


@pytest.fixture
def bell():
    made = Bell()
    yield made
    made.close()


@pytest.fixture
def ends():
    made = os.pipe()
    yield made
    for end in made:
        os.close(end)


def test_a_ring_ends_the_wait_of_another_thread(bell):
    heard = []
    waiting = threading.Thread(target=lambda: heard.append(bell.wait(LONG)))
    waiting.start()
    bell.ring()
    waiting.join(LONG / 2)

    assert heard == [True]


def test_a_ring_before_the_wait_ends_it_and_only_it(bell):
    bell.ring()
    bell.ring()

    assert bell.wait(LONG)
    assert not bell.wait(0)


def test_what_can_be_read_ends_the_wait(bell, ends):
    assert not bell.wait(0.01, ends[0])

    os.write(ends[1], b"x")
    assert bell.wait(LONG, ends[0])


def test_a_ring_after_the_end_touches_no_other_file(tmp_path):
    bell = Bell()
    bell.close()
    with open(tmp_path / "another", "wb", buffering=0):  # it has the number of the bell now
        bell.ring()
        bell.close()

    assert (tmp_path / "another").read_bytes() == b""

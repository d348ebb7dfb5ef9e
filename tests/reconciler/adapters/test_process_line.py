"""The line of runs that wait for a slot."""

import pytest

from reconciler.adapters.process_line import LAPSE, Line
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def line(clock: FakeClock) -> Line:
    line = Line(clock)
    for run in ("first", "second", "third"):
        line.join(run)
    return line


def test_as_many_are_told_as_slots_are_free_in_the_order_of_their_coming(line):
    assert line.call(2) == ["first", "second"]
    line.leave("first")
    line.leave("second")

    assert line.call(5) == ["third"]


def test_nobody_is_told_of_a_slot_that_somebody_else_was_told_of(line):
    assert line.call(1) == ["first"]

    assert line.call(1) == []
    assert line.call(2) == ["second"]


def test_who_found_the_slot_taken_keeps_its_place(line):
    assert line.call(1) == ["first"]

    line.join("first")

    assert line.call(1) == ["first"]


def test_who_took_a_slot_and_wants_another_stands_at_the_end(line):
    line.call(1)
    line.leave("first")

    line.join("first")

    assert line.call(3) == ["second", "third", "first"]


def test_who_waits_no_more_is_not_told(line):
    line.leave("second")

    assert line.call(3) == ["first", "third"]


def test_a_slot_that_nobody_came_for_goes_to_the_next(line, clock):
    assert line.call(1) == ["first"]

    clock.time += LAPSE

    assert line.call(1) == ["second"]
    clock.time += LAPSE
    assert line.call(2) == ["third", "first"]


def test_who_could_not_be_told_is_told_the_next_time(line):
    line.not_told(line.call(2))

    assert line.call(2) == ["first", "second"]


def test_telling_one_looks_at_no_more_than_those_that_were_told(clock):
    class Counted(dict[str, None]):
        seen = 0

        def __iter__(self):
            for run in super().__iter__():
                self.seen += 1
                yield run

    line = Line(clock)
    line._waiting = waiting = Counted(dict.fromkeys(f"run-{number}" for number in range(10_000)))

    assert line.call(1) == ["run-0"]

    assert waiting.seen <= 2

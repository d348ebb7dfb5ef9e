"""What may be spent when: no window ever holds more than its limit, and the time that is told is the first one."""

from random import Random

import pytest

from reconciler.adapters.budget import SLOT, Spent, Window, seconds_until

MINUTE = Window(60.0, points=900, writes=80)
HOUR = Window(3600.0, writes=500)


def test_what_fits_is_spent_at_once():
    assert seconds_until([Spent(0, 100, 79)], 5.0, [MINUTE, HOUR], 5, 1) == 0.0


def test_what_does_not_fit_waits_until_the_oldest_slot_has_left_the_window():
    spent = [Spent(0, 50, 10), Spent(1, 350, 70)]

    assert seconds_until(spent, 15.0, [MINUTE], 5, 1) == (0 + 1) * SLOT + 60 - 15


def test_the_longest_window_decides():
    spent = [Spent(minute * 6, 0, 80) for minute in range(6)] + [Spent(36, 0, 20)]

    assert seconds_until(spent, 500.0, [MINUTE, HOUR], 5, 1) == SLOT + 3600 - 500


def test_reading_needs_no_budget_of_writes():
    assert seconds_until([Spent(0, 400, 80)], 5.0, [MINUTE, HOUR], 1, 0) == 0.0


@pytest.mark.parametrize("seed", range(50))
def test_no_window_is_ever_overspent(seed):
    """Random calls, each made as soon as it may: the calls of any sixty seconds stay below the limit."""
    chance, now = Random(seed), 1_000.0
    window = Window(60.0, points=100, writes=12)
    slots: dict[int, Spent] = {}
    calls: list[tuple[float, int, int]] = []
    for _ in range(150):
        now += chance.choice([0.0, 0.1, 3.0, 20.0])
        writes = chance.randint(0, 1)
        points = 5 if writes else 1
        wait = seconds_until(list(slots.values()), now, [window], points, writes)
        now += wait
        assert seconds_until(list(slots.values()), now, [window], points, writes) == 0.0, seed
        calls.append((now, points, writes))
        slot = int(now / SLOT)
        old = slots.get(slot, Spent(slot, 0, 0))
        slots[slot] = Spent(slot, old.points + points, old.writes + writes)
    for start, _, _ in calls:
        inside = [call for call in calls if start <= call[0] < start + 60]
        assert sum(points for _, points, _ in inside) <= 100, seed
        assert sum(writes for _, _, writes in inside) <= 12, seed

"""When schedules tick, over clock changes, missed times and clocks that go back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.engine.schedules import ALL, Due, due, next_tick, overlap
from reconciler.flows.model import Schedule

HOUR, DAY = 3600.0, 86_400.0


def at(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def cron(expression: str, **fields) -> Schedule:
    return Schedule("cron", cron=expression, **fields)


def interval(frequency: float | str, **fields) -> Schedule:
    return Schedule("interval", frequency=frequency, **fields)


def ticks(schedule: Schedule, registered: str, count: int) -> list[str]:
    found, last = [], None
    while len(found) < count and (last := next_tick(schedule, last, at(registered))) is not None:
        found.append(datetime.fromtimestamp(last, UTC).isoformat()[:16])
    return found


def test_cron_ticks_after_registration():
    assert ticks(cron("30 2 * * *"), "2026-01-01T02:30", 2) == ["2026-01-02T02:30", "2026-01-03T02:30"]


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("@hourly", "2026-02-03T05:00"),
        ("@daily", "2026-02-04T00:00"),
        ("@weekly", "2026-02-08T00:00"),
        ("@monthly", "2026-03-01T00:00"),
        ("@quarterly", "2026-04-01T00:00"),
        ("@yearly", "2027-01-01T00:00"),
    ],
)
def test_presets_stand_for_expressions(preset, expected):
    assert ticks(cron(preset), "2026-02-03T04:05", 1) == [expected]


@pytest.mark.parametrize(
    ("expression", "days"),
    [("0 0 ? * FRI-MON", "06 07 08 09 13"), ("0 0 * * 5#L", "27"), ("0 0 * * mon#1", "02"), ("0 0 L * *", "28")],
)
def test_days_that_cron_writes_differently_are_understood(expression, days):
    expected = [f"2026-02-{day}T00:00" for day in days.split()]

    assert (
        ticks(cron(expression), "2026-01-31T12:00" if "fri" not in expression.lower() else "2026-02-03", len(expected))
        == expected
    )


def test_a_nightly_job_runs_once_a_day_over_both_clock_changes():
    berlin = cron("30 2 * * *", timezone="Europe/Berlin")

    assert ticks(berlin, "2026-03-28T00:00", 3) == ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
    assert ticks(berlin, "2026-10-24T00:00", 3) == ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]


def test_an_interval_counts_from_start_at_and_keeps_its_grid():
    every = interval("PT20M", start_at="2026-01-01T00:05:00Z")

    assert ticks(every, "2026-01-01T00:00", 2) == ["2026-01-01T00:05", "2026-01-01T00:25"]
    assert ticks(every, "2026-01-01T09:00", 2) == ["2026-01-01T09:05", "2026-01-01T09:25"]


def test_an_interval_without_start_counts_from_registration():
    assert ticks(interval(HOUR), "2026-01-01T00:07", 2) == ["2026-01-01T01:07", "2026-01-01T02:07"]


def test_the_first_tick_is_start_at_for_cron_too():
    schedule = cron("0 * * * *", start_at="2026-01-01T10:07:00Z")

    assert ticks(schedule, "2026-01-01T00:00", 2) == ["2026-01-01T10:07", "2026-01-01T11:00"]
    assert ticks(schedule, "2026-01-02T00:00", 1) == ["2026-01-02T01:00"]


def test_start_at_with_an_offset_is_that_instant():
    assert ticks(Schedule("datetime", start_at="2026-01-01T10:00:00+02:00"), "2026-01-01", 2) == ["2026-01-01T08:00"]


def test_a_datetime_ticks_once():
    once = Schedule("datetime", start_at="2026-01-01T10:00:00Z")
    registered = at("2026-01-01")

    assert due(once, None, registered, 0, registered) == Due((), None, at("2026-01-01T10:00"), False)
    tick = at("2026-01-01T10:00")
    assert due(once, None, registered, 0, tick + 1) == Due((tick,), tick, None, True)
    assert due(once, tick, registered, 1, tick + 2) == Due((), tick, None, True)


def test_a_datetime_long_past_at_registration_never_ticks():
    once = Schedule("datetime", start_at="2026-01-01T10:00:00Z")

    assert due(once, None, at("2026-06-01"), 0, at("2026-06-01")) == Due((), None, None, True)


def test_a_start_that_passed_while_the_merge_was_noticed_still_counts():
    once = Schedule("datetime", start_at="2026-01-01T10:00:00Z")

    assert due(once, None, at("2026-01-01T10:00:20"), 0, at("2026-01-01T10:00:21")).ticks == (at("2026-01-01T10:00"),)


def test_end_at_is_exclusive_and_ends_the_schedule():
    schedule = cron("@hourly", end_at="2026-01-01T02:00:00Z")
    last = at("2026-01-01T01:00")

    assert ticks(schedule, "2026-01-01", 5) == ["2026-01-01T01:00"]
    assert due(schedule, None, at("2026-01-01"), 0, last) == Due((last,), last, None, True)


def test_max_runs_ends_the_schedule():
    schedule = interval(60, max_runs=2)

    assert due(schedule, 60.0, 0.0, 1, 120.0) == Due((120.0,), 120.0, None, True)
    assert due(schedule, 120.0, 0.0, 2, 500.0) == Due((), 120.0, None, True)


@pytest.mark.parametrize(
    ("missed", "expected"), [("skip", ()), ("one", (10 * HOUR,)), ("all", tuple(n * HOUR for n in range(1, 11)))]
)
def test_missed_ticks_are_treated_as_declared(missed, expected):
    schedule = interval(HOUR, missed=missed, overlap="allow")

    assert due(schedule, None, 0.0, 0, 10.5 * HOUR) == Due(expected, 10 * HOUR, 11 * HOUR, False)


@pytest.mark.parametrize("missed", ["skip", "one", "all"])
def test_a_tick_that_is_seen_a_little_late_is_not_missed(missed):
    assert due(interval(HOUR, missed=missed), None, 0.0, 0, HOUR + 5).ticks == (HOUR,)


def test_never_more_than_a_hundred_are_made_up_for_and_those_are_the_newest():
    found = due(interval(1, missed="all", overlap="allow"), 10.0, 0.0, 0, 4e7)

    assert len(found.ticks) == ALL
    assert (found.ticks[-1], found.next_at) == (4e7, 4e7 + 1)


def test_cron_over_years_of_downtime_is_quick_and_right():
    found = due(cron("* * * * *", missed="all", overlap="allow"), 0.0, 0.0, 0, at("2026-01-01T00:00:30"))

    assert len(found.ticks) == ALL
    assert found.ticks[-1] == at("2026-01-01")


def test_a_clock_that_goes_back_repeats_nothing():
    schedule = interval(HOUR)
    served = due(schedule, None, 0.0, 0, HOUR)

    assert due(schedule, served.last_tick, 0.0, 1, 0.5 * HOUR) == Due((), HOUR, 2 * HOUR, False)


@pytest.mark.parametrize(
    ("policy", "ticks_due", "replaced"), [("allow", (HOUR,), False), ("skip", (), False), ("replace", (HOUR,), True)]
)
def test_a_tick_that_meets_a_running_run(policy, ticks_due, replaced):
    found = due(interval(HOUR, overlap=policy), None, 0.0, 0, HOUR, running=True)

    assert (found.ticks, found.replace, found.last_tick) == (ticks_due, replaced, HOUR)


def test_overlap_says_what_becomes_of_a_tick():
    assert overlap(interval(1), running=False) == "start"
    assert [overlap(interval(1, overlap=p), running=True) for p in ("allow", "skip", "replace")] == [
        "start",
        "skip",
        "replace",
    ]


def test_ticks_that_may_not_overlap_do_not_start_together():
    assert due(interval(HOUR, missed="all"), None, 0.0, 0, 3 * HOUR).ticks == (HOUR,)
    assert due(interval(HOUR, missed="all", overlap="replace"), None, 0.0, 0, 3 * HOUR).ticks == (3 * HOUR,)


def test_with_depends_on_past_a_tick_waits_for_the_run_before_it():
    schedule = interval(HOUR, depends_on_past=True, missed="all")

    assert due(schedule, HOUR, 0.0, 1, 3 * HOUR, running=True) == Due((), HOUR, None, False)
    assert due(schedule, HOUR, 0.0, 1, 3 * HOUR).ticks == (2 * HOUR,)
    assert due(schedule, 2 * HOUR, 0.0, 2, 3 * HOUR).ticks == (3 * HOUR,)


@pytest.mark.parametrize(
    "schedule", [cron("61 * * * *"), interval("{{ x }}"), interval(0), cron("@daily", start_at="soon")]
)
def test_what_cannot_be_computed_is_named(schedule):
    with pytest.raises(ValueError, match=r"\w+ .*\."):
        next_tick(schedule, None, 0.0)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
EXPRESSIONS = st.sampled_from(
    ["*/7 * * * *", "30 2 * * *", "0 */3 * * *", "15 1,2,3 * * 0", "0 0 1 * *", "*/30 1-3 * * *", "5 * * * *"]
)


@given(
    expression=EXPRESSIONS,
    zone=ZONES,
    start=st.integers(0, 900),
    length=st.integers(0, 40),
)
@example(expression="0 */3 * * *", zone="Australia/Lord_Howe", start=94, length=17)  # clocks go back by half an hour
def test_looking_once_or_often_serves_the_same_ticks(expression, zone, start, length):
    """Ticks made up for after a downtime are the ones that a service that was there would have served."""
    schedule = cron(expression, timezone=zone, missed="all", overlap="allow")
    registered = (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=start)).timestamp()
    now = registered + length * HOUR
    forward, last = [], None
    while (tick := next_tick(schedule, last, registered)) is not None and tick <= now:
        forward.append(tick)
        last = tick

    found = due(schedule, None, registered, 0, now)

    assert list(found.ticks) == forward[-ALL:]
    assert found.next_at == tick

"""How benchmarks are measured, judged and reported."""

import json

import pytest

from benchmarks.rows import NotMeasured, Result, Row, measure
from benchmarks.run import all_rows, main, report, table

FAST = Result("a/fast", "ms", ours=2.0, reference=4.0, bar=1.0, why="half")
SLOW = Result("a/slow", "ms", ours=9.0, reference=4.0, bar=2.0, why="The reference is four.")


def test_the_best_round_counts():
    values = iter([5.0, 3.0, 4.0])

    assert measure(Row("a", "ms", lambda: next(values), bar=3, why="", rounds=3)).ours == 3.0


def test_a_bar_is_the_largest_ratio_to_the_reference():
    assert FAST.holds
    assert not SLOW.holds


@pytest.mark.parametrize(("ours", "holds"), [(10.0, True), (10.1, False)])
def test_without_a_reference_the_bar_is_a_value(ours, holds):
    assert Result("a", "ms", ours, None, bar=10, why="").holds is holds


def test_a_bar_that_does_not_hold_fails_the_run_and_says_why(tmp_path, capsys):
    assert report([FAST, SLOW], tmp_path / "build" / "bench.json") == 1
    assert "a/slow does not hold its bar: The reference is four." in capsys.readouterr().out


def test_the_numbers_are_written_for_machines(tmp_path):
    assert report([FAST], tmp_path / "bench.json") == 0
    assert json.loads((tmp_path / "bench.json").read_text()) == [
        {"name": "a/fast", "ours": 2.0, "reference": 4.0, "unit": "ms", "ratio": 0.5, "bar": 1.0, "holds": True}
    ]


@pytest.mark.parametrize(("ours", "holds"), [(10.0, True), (10.1, False)])
def test_a_limit_is_a_value_whatever_the_reference(ours, holds):
    assert Result("a", "ms", ours, 1000.0, bar=10, why="", limit=True).holds is holds


def test_a_row_without_its_peer_is_said_to_be_not_measured(tmp_path, capsys):
    def away() -> float:
        raise NotMeasured("pip found no network")

    result = measure(Row("a/peer", "ms", lambda: 2.0, bar=1, why="", reference=away))

    assert report([FAST, result], tmp_path / "bench.json") == 0
    assert "a/peer was not measured against its reference: pip found no network" in capsys.readouterr().out
    assert json.loads((tmp_path / "bench.json").read_text())[1]["holds"] is None


def test_a_limit_is_judged_without_its_peer_too():
    result = Result("a", "ms", 12.0, None, bar=10, why="", limit=True, missing="pip found no network")

    assert result.holds is False


def test_a_slow_reference_is_measured_less_often():
    asked = iter([4.0])

    result = measure(Row("a", "ms", lambda: 2.0, 1, "", lambda: next(asked), rounds=3, reference_rounds=1))

    assert (result.reference, result.ratio) == (4.0, 0.5)


def test_columns_of_the_table_stand_below_their_headings():
    heading, row = table([FAST]).splitlines()

    assert heading.index("unit") == row.index("ms")


def test_every_row_has_its_own_name_and_a_reason_for_its_bar():
    rows = list(all_rows())

    assert len({row.name for row in rows}) == len(rows)
    assert all(row.why for row in rows)


def test_an_unknown_row_is_wrong_use(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["no-such-row"])

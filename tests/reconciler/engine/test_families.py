"""Which ops stand inside which."""

from random import Random

from reconciler.engine.families import families, hooks_of

PATHS = ["tune", "tune[3]", "tune[3].prep", "tune[3].prep!0", "tune!0", "tuned", "nested.tune", "!0"]


def test_a_family_is_an_op_with_its_children_its_ops_and_their_hooks():
    known = families(PATHS)

    assert known["tune"] == ["tune", "tune[3]", "tune[3].prep", "tune[3].prep!0", "tune!0"]
    assert known["tune[3]"] == ["tune[3]", "tune[3].prep", "tune[3].prep!0"]
    assert known["tuned"] == ["tuned"]


def test_a_dag_that_has_no_row_of_its_own_has_a_family():
    assert families(PATHS)["nested"] == ["nested.tune"]


def test_hooks_are_those_of_the_op_itself():
    assert hooks_of("tune", families(PATHS)) == ["tune!0"]
    assert hooks_of("tune[3].prep", families(PATHS)) == ["tune[3].prep!0"]
    assert hooks_of("", families(PATHS)) == ["!0"]


def test_families_are_what_beginnings_of_paths_tell():
    chance = Random(5)
    paths = sorted({"".join(chance.choice(["a", "b", ".a", "[1]", "!0"]) for _ in range(5)) for _ in range(300)})

    for path, inside in families(paths).items():
        marks = tuple(f"{path}{mark}" for mark in ".[!")
        assert inside == [other for other in paths if other == path or other.startswith(marks)]

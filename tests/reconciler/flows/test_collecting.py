"""While values are made nobody looks for garbage, and afterwards it is looked for as before."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from reconciler.flows.collecting import SELDOM, collect_seldom, uncollected


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    was = gc.isenabled()
    yield
    if was:
        gc.enable()
    else:
        gc.disable()


def test_garbage_is_not_looked_for_meanwhile_and_is_afterwards() -> None:
    assert uncollected(gc.isenabled)() is False
    assert gc.isenabled()


def test_work_that_fails_leaves_the_search_on() -> None:
    with pytest.raises(ZeroDivisionError):
        uncollected(lambda: 1 / 0)()

    assert gc.isenabled()


def test_work_within_work_does_not_end_the_rest_of_it() -> None:
    def outer() -> bool:
        uncollected(list)()
        return gc.isenabled()

    assert uncollected(outer)() is False
    assert gc.isenabled()


def test_who_has_no_search_for_garbage_gets_none_by_it() -> None:
    gc.disable()

    uncollected(list)()

    assert not gc.isenabled()


def test_work_side_by_side_leaves_the_search_on() -> None:
    together = Barrier(4)
    work = uncollected(together.wait)
    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert gc.isenabled()


def test_a_process_can_search_seldom() -> None:
    before = gc.get_threshold()
    try:
        collect_seldom()

        assert gc.get_threshold()[0] == SELDOM
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)

"""When Python looks for garbage: not while values are made that stay, where every look visits all of them in vain.

The one switch of the process that a pure module touches: it changes when memory is freed, and no result.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

SELDOM = 50_000  # objects made, less those freed, between two looks at the young ones; Python's own choice is 700

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def collect_seldom() -> None:
    """Look for garbage seldom from now on: what plans and runs make stays, and every look visits it in vain."""
    gc.set_threshold(SELDOM)


def uncollected(work: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """The same work, without a search for garbage until it is done: it takes half of the time of 10,000 ops.

    For work that is short and keeps what it makes. What other threads drop meanwhile is found a moment later. Calls may
    stand in each other and run side by side: whoever has switched the search off switches it on again, however the work
    ends, and the first to end does so for all.
    """

    @wraps(work)
    def undisturbed(*args: _Given.args, **kwargs: _Given.kwargs) -> _Made:
        if not gc.isenabled():
            return work(*args, **kwargs)
        try:  # around both: an interrupt between them must not leave it off
            gc.disable()
            return work(*args, **kwargs)
        finally:
            gc.enable()

    return undisturbed

"""A bounded memory of what was used last, for threads to share. What is kept in it is the owner's business."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Name = TypeVar("Name")
Value = TypeVar("Value")


class Recent(Generic[Name, Value]):
    """Values by name; the least recently used go when together they weigh more than `limit`."""

    def __init__(self, limit: int, weigh: Callable[[Value], int] = lambda value: 1) -> None:
        self._limit = limit
        self._weigh = weigh
        self._values: OrderedDict[Name, Value] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def get(self, name: Name) -> Value | None:
        """The value, now the most recently used one; None if it is not (or no longer) known."""
        with self._lock:
            if name not in self._values:
                return None
            self._values.move_to_end(name)
            return self._values[name]

    def put(self, name: Name, value: Value) -> None:
        """Keep a value; the newest one stays whatever it weighs."""
        with self._lock:
            self._forget(name)
            self._values[name] = value
            self._weight += self._weigh(value)
            while self._weight > self._limit and len(self._values) > 1:
                self._forget(next(iter(self._values)))

    def drop(self, name: Name) -> None:
        """Forget a value, if it is known."""
        with self._lock:
            self._forget(name)

    def _forget(self, name: Name) -> None:
        if name in self._values:
            self._weight -= self._weigh(self._values.pop(name))

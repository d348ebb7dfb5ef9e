"""What a person or a machine asks of a command by signals: counted, so that each command says what the next means."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 3  # the third is not waited for


@dataclass(slots=True)
class Interrupts:
    """How often the command was asked to end. The third time it is interrupted wherever it is."""

    count: int = 0

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count >= PATIENCE:
            raise KeyboardInterrupt


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Count signals instead of ending by them; those that were ignored before (nohup) still are."""
    heard = Interrupts()
    with _handled(_asking(), heard._heard):
        yield heard


@contextmanager
def told_to_end() -> Iterator[Callable[[float], bool]]:
    """A call that blocks until SIGINT, SIGTERM or SIGHUP has come, however many come and whenever they do.

    It blocks for so long (s) at most, and says whether one has come.

    The handler writes to a pipe: one that took a lock could meet itself holding it, and neither would go on.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def heard(_number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # it has been told a thousand times
            os.write(writer, b".")

    def wait(seconds: float) -> bool:
        return bool(select.select([reader], [], [], seconds)[0])

    try:
        with _handled(_asking(always=(signal.SIGINT, signal.SIGTERM)), heard):
            yield wait
    finally:
        os.close(reader)
        os.close(writer)


def _asking(always: Collection[int] = ()) -> list[int]:
    """The signals to hear: those that were not ignored before, as nohup does."""
    return [one for one in _ASKING if one in always or signal.getsignal(one) is not signal.SIG_IGN]


@contextmanager
def _handled(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let a handler hear these signals, and then again whoever heard them before."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)

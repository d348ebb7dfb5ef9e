"""Hearing that something changed in a folder, as the kernel tells it (inotify(7)): nobody has to look by the clock.

It does not tell of what other machines write to a network file system, and not more than its limits allow: whoever
waits looks by himself as well, seldom where he is told and often where he is not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from inotify_simple import INotify, flags

SELDOM = 1.0  # s between two looks of one who is told
OFTEN = 0.1  # s between two looks of one who is not

_MASK = flags.CREATE | flags.DELETE | flags.MODIFY | flags.MOVED_FROM | flags.MOVED_TO
_READ = 64 * 1024  # bytes of events at once


class FolderEvents:
    """The events of some folders, not of the folders in them."""

    def __init__(self) -> None:
        self._inotify: INotify | None = None
        with suppress(OSError):  # of instances, a user may have 128
            self._inotify = INotify(nonblocking=True)
        self.patience = OFTEN if self._inotify is None else SELDOM  # s until whoever waits had better look by himself

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What can be read when something happened."""
        return () if self._inotify is None else (self._inotify.fileno(),)

    def watch(self, folders: Iterable[str]) -> None:
        """Hear of these as well; of one that is watched already, once more changes nothing.

        What is missing or no folder is passed over: the folder around it tells when that changes.
        """
        if self._inotify is None:
            return
        for folder in folders:
            try:
                self._inotify.add_watch(folder, _MASK | flags.ONLYDIR)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError:  # it may not be read, or there are as many watches as a user may have
                self.patience = OFTEN

    def drain(self) -> bool:
        """Forget what happened by now; whether something did."""
        found = False
        with suppress(BlockingIOError):
            while self._inotify is not None and os.read(self._inotify.fileno(), _READ):
                found = True
        return found

    def close(self) -> None:
        """Hear no more."""
        if self._inotify is not None:
            self._inotify.close()

"""The data directory, and the service that works on it."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from console.config import Config
from console.data_lock import service_runs
from console.doctor.model import Examined, fine, problem, unknown, warning
from console.lost_database import loss, what_to_do

_LOW, _SHORT = 1 << 30, 64 << 20  # bytes free: somebody should look, and steps will soon fail
_PATIENCE = 3.0  # seconds for the service to answer


def examine_data_directory(config: Config) -> Iterator[Examined]:
    """Whether it is there, ours, private, and has room."""
    place = config.data_dir
    try:
        found = place.stat()
    except FileNotFoundError:
        yield _not_there(place)
        return
    except OSError as error:
        yield unknown("data-directory", f"It cannot be looked at: {error.strerror}.", str(place), _ASK_OWNER)
        return
    yield _usable(place, found)
    yield _private(place, found)
    yield _room(place)


def examine_loss(config: Config) -> Iterator[Examined]:
    """Whether the database was emptied or removed; nothing is told of one that was not."""
    what = loss(config)
    if what:
        yield problem("database", f"It {what}", config.store, f"Stop the service, if one works. {what_to_do(config)}")


def examine_service(config: Config) -> Iterator[Examined]:
    """Whether a service works there, and whether it answers."""
    if not config.data_dir.is_dir():
        return
    try:
        runs = service_runs(config.data_dir)
    except OSError as error:
        yield unknown("service", f"Nobody can tell whether one runs: {error.strerror}.", str(config.data_dir))
        return
    if not runs:
        yield warning("service", "No service works on this data directory.", str(config.data_dir), _START)
        return
    yield fine("service", "A service works on this data directory.")
    yield _answer(config)


_ASK_OWNER = "Run this as the user that the service runs as."
_START = "Start it with `headgate serve`: until then nothing is looked at, started or reported."


def _not_there(place: Path) -> Examined:
    above = next((one for one in place.parents if one.exists()), Path("/"))
    if not os.access(above, os.W_OK | os.X_OK):
        do = f"Make {above} writable for the user of the service, or name another place with --data-dir."
        return problem("data-directory", f"It is not there, and cannot be made in {above}.", str(place), do)
    return warning(
        "data-directory", "It is not there yet.", str(place), "The first `headgate serve` or `run` makes it."
    )


def _usable(place: Path, found: os.stat_result) -> Examined:
    if not stat.S_ISDIR(found.st_mode):
        do = "Name a directory with --data-dir."
        return problem("data-directory", "It is no directory.", str(place), do)
    if os.statvfs(place).f_flag & os.ST_RDONLY or _has_given_up(found.st_dev):
        do = "Mount it for writing. The kernel remounts a disk that fails: look at `dmesg` first."
        return problem("data-directory", "Its disk is mounted read-only.", str(place), do)
    files = [place, *(one for one in map(place.joinpath, _WRITTEN) if one.exists())]
    refused = [one for one in files if not os.access(one, os.W_OK)]
    if refused:
        do = f"It belongs to {_user(refused[0].stat().st_uid)}: {_ASK_OWNER[0].lower()}{_ASK_OWNER[1:]}"
        return problem("data-directory", "It cannot be written here.", str(refused[0]), do)
    return fine("data-directory", "It is there and can be written.", str(place))


def _has_given_up(device: int) -> bool:
    """Whether the file system writes nothing any more as it met an error: its mount is then still called writable."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return False
    return any(one[2] == number and not _GIVEN_UP.isdisjoint(one[-1].split(",")) for one in mounts)


def _private(place: Path, found: os.stat_result) -> Examined:
    open_to_all = [one for one in map(place.joinpath, _SECRET) if one.is_file() and one.stat().st_mode & 0o077]
    if open_to_all:
        do = f"`chmod 600 {open_to_all[0]}`."
        return warning("permissions", "Others can read what is its owner's alone.", str(open_to_all[0]), do)
    if found.st_uid != os.geteuid():
        what = f"The data directory belongs to {_user(found.st_uid)}, and this is {_user(os.geteuid())}."
        return warning("permissions", what, str(place), "Start the service as one user always.")
    return fine("permissions", f"It belongs to {_user(found.st_uid)}.")


def _room(place: Path) -> Examined:
    disk = shutil.disk_usage(place)
    inodes = os.statvfs(place)
    said = f"{disk.free // (1 << 20):,} MiB of its disk are free."
    if disk.free < _SHORT or (inodes.f_files and inodes.f_favail < 1000):
        what = said if disk.free < _SHORT else f"Its disk has room for {inodes.f_favail} more files."
        return problem("disk", what, str(place), "Make room: steps wait and ops do not start while the disk is full.")
    if disk.free < _LOW:
        return warning("disk", said, str(place), "Make room, or move the data directory to a larger disk.")
    return fine("disk", said)


def _answer(config: Config) -> Examined:
    address = f"http://{config.host}:{_port(config)}"
    try:
        with urllib.request.urlopen(f"{address}/api/v1/runs", timeout=_PATIENCE) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as error:
        do = "Its log tells more; the database is examined below."
        return problem("answers", f"It answers with an error ({error.code}).", address, do)
    except (OSError, ValueError) as error:
        do = "Look at its log. If it listens elsewhere, name that with --config."
        return problem("answers", f"It does not answer: {getattr(error, 'reason', error)}.", address, do)
    return fine("answers", "It answers.", address)


def _port(config: Config) -> str:
    try:
        return (config.data_dir / "port").read_text()
    except OSError:
        return str(config.port)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


_GIVEN_UP = frozenset({"emergency_ro", "shutdown"})  # ext4(5)
_WRITTEN = ("headgate.db", "attempts", "started", "service.lock", "mirrors")
_SECRET = ("headgate.db", "callback.secret")

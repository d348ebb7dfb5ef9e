"""A small disk of its own as a data directory, in a mount namespace that goes when its keeper goes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A mounted disk. `prefix` are the words that run a command where it is mounted."""

    def __init__(self, keeper: subprocess.Popen[bytes], at: Path) -> None:
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        self.prefix = ("nsenter", "--target", str(keeper.pid), "--mount", *user)
        self.at = at

    def fill(self) -> None:
        """Leave not a byte."""
        ballast = self.at / "ballast"
        for size in ("64k", "1k", "1"):
            self._run("sh", "-c", f"dd if=/dev/zero bs={size} >> {ballast} 2>/dev/null; true")

    def take_every_name(self) -> None:
        """Leave room for no new file, be it empty."""
        self._run(
            "sh", "-c", f"mkdir -p {self.at}/names; cd {self.at}/names; seq 1 9999 | xargs touch 2>/dev/null; true"
        )

    def give_names_back(self) -> None:
        """Free them."""
        self._run("rm", "-rf", str(self.at / "names"))

    def read(self, file: str) -> str:
        """A file of the disk."""
        return self._run("cat", file)

    def make_room(self) -> None:
        """Free what was filled."""
        self._run("rm", "-f", str(self.at / "ballast"))

    def forbid_writing(self) -> None:
        """As a kernel does with a disk that fails; nobody may have a file open for writing."""
        self._when_free(f"mount -o remount,ro {self.at}")

    def allow_writing(self) -> None:
        """Mended."""
        self._run("mount", "-o", "remount,rw", str(self.at))

    def _when_free(self, command: str) -> None:
        """Whoever worked there may not have ended yet."""
        self._run("sh", "-c", f"for _ in $(seq 300); do {command} && exit; sleep 0.1; done; exit 1")

    def _run(self, *command: str) -> str:
        done = subprocess.run([*self.prefix, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


class FailingDisk(Disk):
    """A disk with a file system of its own, which the kernel stops writing to whoever has files open there."""

    def __init__(self, keeper: subprocess.Popen[bytes], at: Path, image: Path) -> None:
        super().__init__(keeper, at)
        self._image = image

    def fail(self) -> None:
        """What ext4 does when it meets an error (the mount option `abort` of ext4(5))."""
        self._run("mount", "-o", "remount,abort", str(self.at))

    def mend(self) -> None:
        """Unmounted, checked and mounted again; nobody may work there."""
        self._when_free(f"umount {self.at}")
        self._run("sh", "-c", f"e2fsck -p {self._image} || test $? = 1")
        self._run("mount", "-o", _LOOP, str(self._image), str(self.at))


_LOOP = "loop,errors=remount-ro"


@contextmanager
def failing_disk(at: Path, image: Path) -> Iterator[FailingDisk]:
    """Mounted at a directory; skips where nobody lets us mount files."""
    at.mkdir(parents=True, exist_ok=True)
    if any(shutil.which(word) is None for word in ("unshare", "nsenter", "mkfs.ext4", "e2fsck")) or os.geteuid():
        pytest.skip("a file can be mounted by root alone, with util-linux and e2fsprogs")
    make = f"truncate -s 4G {image} && mkfs.ext4 -q -F {image} && mount -o {_LOOP} {image} {at}"
    with _kept(["unshare", "--mount"], f"{make} && chmod 700 {at}") as keeper:
        yield FailingDisk(keeper, at, image)


@contextmanager
def small_disk(at: Path, mebibytes: int = 24, files: int = 4000) -> Iterator[Disk]:
    """Mounted at a directory for commands with the disk's prefix; skips where nobody lets us mount."""
    at.mkdir(parents=True, exist_ok=True)
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("unshare and nsenter (util-linux) are not there")
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = f"mount -t tmpfs -o size={mebibytes}m,nr_inodes={files} headgate-test {at}"
    with _kept(["unshare", "--mount", *user], script) as keeper:
        yield Disk(keeper, at)


@contextmanager
def _kept(prefix: list[str], script: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process that keeps a mount namespace, once the script has mounted something there."""
    with subprocess.Popen(
        [*prefix, "sh", "-c", f"{script} && echo mounted && exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as keeper:  # fmt: skip
        try:
            assert keeper.stdout is not None
            if keeper.stdout.readline() != b"mounted\n":
                pytest.skip("this machine lets nobody mount a disk, not even in a namespace")
            yield keeper
        finally:
            keeper.kill()

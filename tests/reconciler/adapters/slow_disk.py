"""A disk that takes its time: processes started with this environment wait before each flush."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

COMPILER = shutil.which("cc")

_SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slow(const char *name, int fd) {
    usleep(%d);
    return ((int (*)(int)) dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
"""


def slow_disk(directory: Path, seconds: float) -> Mapping[str, str]:
    """The environment of processes whose flushes take so long. Needs COMPILER."""
    source, library = directory / "slow.c", directory / "slow.so"
    source.write_text(_SOURCE % int(seconds * 1e6))
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {**os.environ, "LD_PRELOAD": str(library)}

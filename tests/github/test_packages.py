"""Nothing is taken from a package that is not the one that was meant."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
from pathlib import Path

import pytest

from tests.github import packages
from tests.github.packages import Package, Unavailable


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An npm that hands out this archive, whatever it is asked for."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        entry = tarfile.TarInfo("package/index.json")
        entry.size = 2
        opened.addfile(entry, io.BytesIO(b"{}"))
    (tmp_path / "archive").write_bytes(buffer.getvalue())
    script = f"import shutil; shutil.copy({str(tmp_path / 'archive')!r}, 'package.tgz')"
    monkeypatch.setattr(packages, "npm", lambda: [sys.executable, "-c", script])
    monkeypatch.setattr(packages, "BUILD", tmp_path / "build")
    monkeypatch.setattr(packages, "_failures", {})
    return buffer.getvalue()


def test_a_file_is_kept_where_the_checksum_is_the_pinned_one(archive: bytes):
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()

    assert Package("@some/package", "1.0.0", f"sha512-{digest}", "index.json").path().read_bytes() == b"{}"


def test_a_package_with_another_checksum_is_not_used(archive: bytes):
    with pytest.raises(Unavailable, match="its checksum is sha512-"):
        Package("@some/package", "1.0.0", "sha512-other", "index.json").path()

    assert not list((packages.BUILD).glob("*.json"))

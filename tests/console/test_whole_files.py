"""Files are put in their place whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.whole_files import put


def test_a_file_gets_its_bytes_and_its_mode(tmp_path: Path) -> None:
    put(tmp_path / "run.sh", b"echo\n", mode=0o750)

    assert (tmp_path / "run.sh").read_bytes() == b"echo\n"
    assert (tmp_path / "run.sh").stat().st_mode & 0o7777 == 0o750


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "other")

    put(tmp_path / "link", b"ours")

    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "other").read_bytes() == b"theirs"


def test_where_a_file_cannot_be_put_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(OSError):
        put(tmp_path / "folder", b"bytes")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]

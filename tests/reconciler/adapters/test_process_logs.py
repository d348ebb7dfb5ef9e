"""Logs of local attempts: rotated by size, read by offset, byte for byte."""

from __future__ import annotations

import os

import pytest

from reconciler.adapters.process_logs import LogLimits, read_log, rotate, tail_log
from reconciler.adapters.process_records import BadAttemptId, folder_of


@pytest.fixture
def folder(tmp_path):
    folder = folder_of(str(tmp_path), "a-1")
    os.makedirs(folder.root)
    return folder


def write(folder, data: bytes) -> None:
    with open(folder.log, "ab") as file:
        file.write(data)


def test_a_log_that_is_not_there_is_empty(tmp_path):
    window = read_log(str(tmp_path), "a-1")

    assert (window.data, window.first, window.size) == (b"", 0, 0)


def test_windows_follow_each_other_byte_for_byte(tmp_path, folder):
    text = bytes(range(256)) * 4
    write(folder, text)

    parts, offset = [], 0
    while (window := read_log(str(tmp_path), "a-1", offset, 100)).data:
        parts.append(window.data)
        offset = window.end

    assert b"".join(parts) == text


def test_a_negative_offset_counts_from_the_end(tmp_path, folder):
    write(folder, b"0123456789")

    assert read_log(str(tmp_path), "a-1", -3).data == b"789"
    assert read_log(str(tmp_path), "a-1", -30).data == b"0123456789"


def test_the_last_lines_are_found(tmp_path, folder):
    write(folder, b"one\ntwo\nthree\nfour")

    assert tail_log(str(tmp_path), "a-1", 2).data == b"three\nfour"
    assert tail_log(str(tmp_path), "a-1", 1).start == 14
    assert tail_log(str(tmp_path), "a-1", 9).data == b"one\ntwo\nthree\nfour"


def test_rotation_keeps_offsets_and_forgets_the_oldest(tmp_path, folder):
    limits = LogLimits(size=10, parts=2)
    for number in range(5):
        write(folder, b"%d" % number * 10)
        rotate(folder, limits)
    write(folder, b"tail")

    window = read_log(str(tmp_path), "a-1")

    assert (window.first, window.start, window.size) == (30, 30, 54)
    assert window.data == b"3" * 10 + b"4" * 10 + b"tail"
    assert read_log(str(tmp_path), "a-1", 38, 4).data == b"3344"
    assert sorted(name for name in os.listdir(folder.root) if name.startswith("log")) == [
        "log",
        "log.1",
        "log.2",
        "log.base",
    ]


def test_a_small_log_is_left_alone(folder):
    write(folder, b"small")

    rotate(folder, LogLimits(size=10))

    assert os.listdir(folder.root) == ["log"]


def test_who_appends_goes_on_after_the_rotation(tmp_path, folder):
    with open(folder.log, "ab", buffering=0) as op:
        op.write(b"x" * 20)
        rotate(folder, LogLimits(size=10))
        op.write(b"more")

    assert read_log(str(tmp_path), "a-1").data == b"x" * 20 + b"more"


def test_no_path_is_read_in_place_of_an_id(tmp_path):
    with pytest.raises(BadAttemptId):
        read_log(str(tmp_path), "../../etc/passwd")

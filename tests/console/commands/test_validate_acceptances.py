"""Facts about `headgate validate`, `plan` and `run` where files accept findings."""

from __future__ import annotations

from pathlib import Path

import pytest

BARE = "version: 1.1\nname: bare\nrun:\n  kind: job\n  container: {command: [echo]}"
ACCEPTED = f"{BARE}  # headgate: accept image-missing (the host's own)\n"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "flows").mkdir()
    (tmp_path / "hub").mkdir()
    return tmp_path


def put(path: str, text: str) -> str:
    Path(path).write_text(text)
    return path


def test_an_accepted_finding_is_counted_and_fails_nothing(bare):
    shown = bare("validate", put("flows/a.yaml", ACCEPTED), "--strict")

    assert (shown.code, shown.out) == (0, "Nothing to say, 1 accepted in 1 file.\n")


def test_it_is_shown_with_its_reason_among_notices(bare):
    shown = bare("validate", put("flows/a.yaml", ACCEPTED), "--notices")

    assert ": notice: " in shown.out
    assert "  Accepted in the file: the host's own\n" in shown.out


def test_json_and_sarif_tell_reasons(bare):
    file = put("flows/a.yaml", ACCEPTED)
    found = bare("validate", file, "--format", "json").json
    (result,) = bare("validate", file, "--format", "sarif").json["runs"][0]["results"]

    assert (found["findings"], found["errors"], found["warnings"]) == ([], 0, 0)
    assert [(one["rule"], one["line"], one["reason"]) for one in found["accepted"]] == [
        ("image-missing", 5, "the host's own")
    ]
    assert result["suppressions"] == [{"kind": "inSource", "justification": "the host's own"}]


def test_an_acceptance_without_need_is_a_warning(bare):
    good = ACCEPTED.replace("command", "image: busybox, command")

    assert "[acceptance-unused]" in bare("validate", put("flows/a.yaml", good)).out
    assert bare("validate", "flows/a.yaml", "--strict").code == 1


def test_standard_input_accepts_too(bare, monkeypatch):
    import io
    import sys
    from types import SimpleNamespace

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(ACCEPTED.encode())))

    assert bare("validate", "-").out == "Nothing to say, 1 accepted in 1 file.\n"


def test_a_shared_file_is_not_told_that_it_accepts_without_need_where_its_users_are_not_judged(bare):
    hub = put("hub/part.yaml", ACCEPTED.replace("command", "image: busybox, command"))
    put("flows/use.yaml", "kind: operation\nname: use\nhubRef: part\n")

    assert bare("validate", hub).out == "Nothing to say in 1 file.\n"
    assert "hub/part.yaml:5:68: warning:" in bare("validate").out


def test_an_accepted_error_stops_no_plan(bare):
    shown = bare("plan", put("flows/a.yaml", ACCEPTED))

    assert shown.code == 0
    assert shown.err == "Nothing to say, 1 accepted in 1 file.\n"

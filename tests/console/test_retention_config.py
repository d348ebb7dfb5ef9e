"""How long things are kept, as the server's configuration says it."""

import pytest

from console.config import ConfigError, load_config
from reconciler.engine.retention import DAY, FOREVER, Policy


def read(tmp_path, text):
    file = tmp_path / "server.yaml"
    file.write_text(f"retention:\n  {text}\n")
    return load_config(file, {}).retention


def test_without_a_word_there_are_defaults(tmp_path):
    assert load_config(None, {"HOME": str(tmp_path)}).retention == Policy()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("runs: 30 days", "runs", 30 * DAY),
        ("failedRuns: P1Y", "failed_runs", 365 * DAY),
        ("files: PT12H", "files", DAY / 2),
        ("cache: forever", "cache", FOREVER),
        ("filesSize: 50Gi", "files_size", float(50 << 30)),
        ("newest: 5", "newest", 5),
        ("most: 100", "most", 100),
    ],
)
def test_what_is_said_is_read(tmp_path, text, field, value):
    assert getattr(read(tmp_path, text), field) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runs: 30", "a duration with its unit"),
        ("runs: soon", "a duration with its unit"),
        ("files: 5 minutes", "a duration with its unit"),
        ("files: PT5M", "at least an hour"),
        ("filesSize: 12", "a size of at least 1Mi"),
        ("filesSize: lots", "a size of at least 1Mi"),
        ("newest: 0", "at least 1"),
        ("run: 30 days", "did you mean `runs`"),
    ],
)
def test_what_cannot_be_meant_is_told_on_its_line(tmp_path, text, said):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert said in error.value.text()
    assert "server.yaml:2:" in error.value.text()

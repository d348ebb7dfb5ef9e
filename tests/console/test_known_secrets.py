"""Secrets of the configuration are known as they are now."""

from console.known_secrets import known_secrets
from reconciler.adapters.process_connections import Connection


def test_every_secret_of_a_connection_is_known_and_a_missing_one_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_TOKEN", "canary-1")
    (tmp_path / "key").write_text("canary-2\n")
    connection = Connection(
        "hub",
        "git",
        secret_env={"TOKEN": "env:HUB_TOKEN", "GONE": "env:NOT_SET"},
        secrets={"token": f"file:{tmp_path / 'key'}", "username": f"file:{tmp_path / 'gone'}"},
    )

    assert known_secrets({"hub": connection}, [lambda: "canary-3"]) == ["canary-1", "canary-2", "canary-3"]

    (tmp_path / "key").write_text("canary-4")
    assert "canary-4" in known_secrets({"hub": connection})

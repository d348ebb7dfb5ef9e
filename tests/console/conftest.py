"""A terminal in front of a store with runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.sql_store import SqlStore
from tests.console.typing_in import Terminal, filled


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a command reads or writes by default stays in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HEADGATE_DATA_DIR", "HEADGATE_DATABASE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data: Path) -> Iterator[SqlStore]:
    store = filled(data)
    yield store
    store.close()


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], data: Path, store: SqlStore) -> Terminal:
    """Types commands at the store."""
    return Terminal(capsys, data)


@pytest.fixture
def bare(capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Types commands that know of no store."""
    return Terminal(capsys)

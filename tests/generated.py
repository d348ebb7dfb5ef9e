"""Files of the repository that are made from code: `make docs` writes them, the tests hold them against the code."""

from __future__ import annotations

import os
from pathlib import Path


def assert_current(file: Path, text: str) -> None:
    """A generated file says what the code says; with HEADGATE_WRITE_DOCS it is written first."""
    if os.environ.get("HEADGATE_WRITE_DOCS"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    assert file.is_file(), f"{file.name} is missing: `make docs` writes it"
    assert file.read_text("utf-8") == text, f"{file.name} is not current: `make docs` writes it anew"

"""Flows from text and small repositories for the facts about plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import dedent
from typing import Any

import pytest

from reconciler.flows.parse import parse
from reconciler.plan.build import Built, build


@pytest.fixture
def built() -> Callable[..., Built]:
    """Build the first flow of a text; further files of the repository by path."""

    def build_text(text: str, files: Mapping[str, str] | None = None, file: str = "flow.yaml", **options: Any) -> Built:
        parsed = parse(dedent(text).encode(), file)
        assert [found for found in parsed.findings if found.severity == "error"] == []
        data = {path: dedent(content).encode() for path, content in (files or {}).items()}
        return build(parsed.flows[0], data.get, **options)

    return build_text

"""Data that rendering would leave as it is, so that nobody has to render it. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.flows.model import Json

_LISTS_OF_TEXTS = frozenset({"command", "args", "env"})
_AS_THEY_ARE = frozenset({type(None), bool, int, float})


def is_rendered(data: Mapping[str, Json]) -> bool:
    """Whether `render_data` would give the same: no text is a template, and what becomes texts are texts already."""
    for key, value in data.items():
        kind = type(value)
        if kind is str:
            if "{" in value and ("{{" in value or "{%" in value):
                return False
        elif kind is dict:
            if not is_rendered(value):
                return False
        elif kind is list:
            if not _are_rendered(value, key in _LISTS_OF_TEXTS):
                return False
        elif kind not in _AS_THEY_ARE:
            return False
    return True


def _are_rendered(items: Iterable[Json], become_texts: bool) -> bool:
    for item in items:
        kind = type(item)
        if kind is str:
            if "{" in item and ("{{" in item or "{%" in item):
                return False
        elif kind is dict:
            if not is_rendered(item) or (become_texts and type(item.get("value", "")) is not str):
                return False
        elif become_texts or kind not in _AS_THEY_ARE:
            return False
    return True

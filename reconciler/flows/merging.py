"""The four ways to lay one piece of plain data over another. What is patched with what is in patch.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.flows.model import Json

Objects = Mapping[str, Any]  # which keys hold objects, and which keys of those do; `*` stands for all others
NO_OBJECTS: Final[Objects] = {}
STRATEGIES = ("replace", "isnull", "post_merge", "pre_merge")


def merge(base: Json, patch: Json, strategy: str, objects: Objects = NO_OBJECTS) -> Json:
    """`base` with `patch` applied; neither is changed.

    `replace`: what the patch says wins whole. `isnull`: the patch fills what is empty. Both go field by field into
    `objects`. `post_merge`: deep, the patch wins, lists get its new items at their end. `pre_merge`: deep, the base
    wins, lists get the patch's items first. A null of the patch says nothing. Raises ValueError for another strategy.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Use one of the strategies {', '.join(STRATEGIES)}, not `{strategy}`.")
    if patch is None:
        return base
    if base is None:
        return patch
    if isinstance(base, dict) and isinstance(patch, dict):
        return _merge_dicts(base, patch, strategy, objects)
    if isinstance(base, list) and isinstance(patch, list):
        return _merge_lists(base, patch, strategy)
    return patch if strategy in ("replace", "post_merge") else base


def _merge_dicts(base: dict[str, Json], patch: dict[str, Json], strategy: str, objects: Objects) -> dict[str, Json]:
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            continue
        old, inner = merged.get(key), objects.get(key, objects.get("*"))
        if inner is not None and isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merge_dicts(old, value, strategy, inner)
        elif old is None or strategy == "replace" or (strategy == "isnull" and old in ({}, [], "")):
            merged[key] = value
        elif strategy != "isnull":
            merged[key] = merge(old, value, strategy)
    return merged


def _merge_lists(base: list[Json], patch: list[Json], strategy: str) -> list[Json]:
    if strategy == "replace" or (strategy == "isnull" and not base):
        return patch
    if strategy == "isnull":
        return base
    first, second = (base, patch) if strategy == "post_merge" else (patch, base)
    return [*first, *(item for item in second if item not in first)]

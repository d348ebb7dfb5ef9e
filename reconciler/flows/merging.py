"""The four ways to lay one piece of plain data over another. What is patched with what is in patch.py."""

from __future__ import annotations

from reconciler.flows.model import Json

STRATEGIES = ("replace", "isnull", "post_merge", "pre_merge")


def merge(base: Json, patch: Json, strategy: str) -> Json:
    """`base` with `patch` applied; neither is changed.

    `replace`: what the patch says wins whole. `isnull`: the patch fills what is empty. `post_merge`: deep, the patch
    wins, lists get its new items at their end. `pre_merge`: deep, the base wins, lists get the patch's items first.
    A null of the patch says nothing. Raises ValueError for another strategy.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"Use one of the strategies {', '.join(STRATEGIES)}, not `{strategy}`.")
    if patch is None:
        return base
    if base is None:
        return patch
    if isinstance(base, dict) and isinstance(patch, dict):
        return _merge_dicts(base, patch, strategy)
    if isinstance(base, list) and isinstance(patch, list):
        return _merge_lists(base, patch, strategy)
    return patch if strategy in ("replace", "post_merge") else base


def _merge_dicts(base: dict[str, Json], patch: dict[str, Json], strategy: str) -> dict[str, Json]:
    merged = dict(base)
    for key, value in patch.items():
        if value is None:
            continue
        old = merged.get(key)
        if old is None or strategy == "replace" or (strategy == "isnull" and old in ({}, [], "")):
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

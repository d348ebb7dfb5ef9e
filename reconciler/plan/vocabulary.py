"""Names that templates may use whichever op they belong to: the roots, the globals, the fields of a param."""

from __future__ import annotations

from collections.abc import Collection

from reconciler.plan.expressions import Path

GLOBALS = (
    *("owner_name", "username", "user_email", "project_name", "project_unique_name", "project_uuid"),
    *("run_info", "name", "uuid", "namespace", "iteration", "status", "context_path", "artifacts_path"),
    *("run_artifacts_path", "run_outputs_path", "run_relative_outputs_path", "store_path"),
    *("created_at", "compiled_at", "schedule_at", "started_at", "finished_at", "duration"),
    *("cloning_kind", "original_uuid", "is_independent", "ports", "base_url", "base_urls"),
    *("commit", "branch", "flow", "repository"),
)
ROOTS = ("params", "globals", "connections", "init", "ops", "dag")
PARAM_FIELDS = ("value", "connection", "as_arg", "as_str", "type")
_OPEN = ("connections", "init")  # what stands below them is known only when the op runs
_GLOBALS = frozenset(GLOBALS)


def is_known(used: Path, known: Collection[str]) -> bool:
    """Whether a name can exist wherever the names of `known` do; of other ops and of the dag it is not told."""
    head = used[0]
    if head in known or head in _OPEN:
        return True
    if head == "params":
        return len(used) < 2 or used[1] == "as_args" or (used[1] in known and _is_param_field(used))
    return head == "globals" and (len(used) < 2 or used[1] in _GLOBALS)


def _is_param_field(used: Path) -> bool:
    return len(used) < 3 or used[2] in PARAM_FIELDS

"""A flow of a working tree handed to the loop: its row, its plan and the request to run it, in one transaction."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Mapping
from hashlib import sha256

from console.ready_flows import ReadyFlow
from console.working_tree import WorkingTree
from reconciler.adapters.sql_store import SqlStore
from reconciler.flows.model import Json
from reconciler.keys import FlowKey
from reconciler.plan.model import Plan
from reconciler.records import FlowRow, RequestRow
from reconciler.steps.plans import row_of
from reconciler.steps.starting import run_id

LOCAL = "local"  # scope of flows that are run from a working tree


def submit(
    store: SqlStore, place: str, tree: WorkingTree, ready: ReadyFlow, plan: Plan, services: str, commit: str, now: float
) -> str:
    """Ask for a run of the plan in the working tree, in this place; returns the id that the run will have."""
    flow = _flow_row(tree, ready)
    plan_row = row_of(plan)
    arguments: Mapping[str, Json] = {
        "plan": plan_row.id,
        "code_dir": str(tree.root),
        "services": services,
        "commit": commit,
        "place": place,
    }
    request = RequestRow(
        secrets.token_hex(10), FlowKey(flow.id), "run", person(), now, target=flow.id, arguments=arguments
    )
    store.submit(flow, plan_row, request)
    return run_id(flow.id, f"request:{request.id}")


def person() -> str:
    """Who asks: the name of the account."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _flow_row(tree: WorkingTree, ready: ReadyFlow) -> FlowRow:
    flow = ready.flow
    identity = f"{LOCAL}/{tree.root}/{flow.file}/{flow.name}"
    name = sha256(identity.encode()).hexdigest()[:20]
    return FlowRow(name, tree.root.name or LOCAL, LOCAL, flow.file, flow.name)

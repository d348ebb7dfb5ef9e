"""How ops end and what follows from it: counters, hooks, early stops, the end of the scope around them."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.engine.book import Book
from reconciler.engine.context import Context, Siblings, full_context
from reconciler.engine.decisions import StopAttempt
from reconciler.engine.early import early_stop
from reconciler.engine.model import FINAL, Status
from reconciler.engine.reasons import (
    BAD_OUTPUTS,
    CONFIG_ERROR,
    DEADLINE_EXCEEDED,
    OPS_FAILED,
    PARENT_STOPPED,
    STOP_ASKED,
    TAKEN_OVER,
)
from reconciler.engine.scopes import ENDED_EARLY, GraphScope, Node, Scope, SweepScope
from reconciler.flows.model import Json
from reconciler.flows.types import convert
from reconciler.plan.model import PlannedHook
from reconciler.plan.pieces import TemplateError
from reconciler.plan.templates import evaluate_condition, render_data


def finish(
    book: Book, node: Node, status: Status, reason: str = "", message: str = "", at: float | None = None
) -> None:
    """End an op, once; tell its downstream, its hooks and its scope."""
    state, scope = node.state, node.scope
    if state.status in FINAL:
        return
    state.due_at = None
    if book.questions:
        book.questions.discard(node.path)
    book.move(node, status, reason, message, at)
    if scope is None:
        return
    if node.holds_place:
        scope.release(node)
        book.ready.wake(scope)
    count_end(book, scope, node)
    if node.op.hooks:
        open_hooks(book, scope, node, status)
    if scope.rules:
        _stop_early(book, scope, node)
    if scope.left == 0:
        book.look_at(scope.owner)


def _stop_early(book: Book, scope: Scope, node: Node) -> None:
    rule = early_stop(book, scope, node)
    if rule is not None:
        scope.early = rule.reason
        book.stops.append((scope, rule.reason, rule.message))


def count_end(book: Book, scope: Scope, node: Node) -> None:
    """Count an op that has ended, in its scope and with the ops downstream of it."""
    scope.count_end(node)
    if node.op.downstream and node.hook_of is None and isinstance(scope, GraphScope):
        for index in scope.count_upstream(node.index, node.state.status):
            book.look_at(book.node(scope, index))


def open_hooks(book: Book, scope: Scope, node: Node, status: Status) -> bool:
    """Make the hooks that follow an op which ended so; nothing follows a stop. Whether there are any."""
    if scope.stopping or node.state.reason == TAKEN_OVER:
        return False
    found = False
    for number, hook in enumerate(node.op.hooks):
        path = f"{node.path}!{number}"
        is_new = path not in scope.hooks and book.state(path).status is Status.CREATED
        if is_new and hook_follows(hook, status):
            book.look_at(book.hook(scope, node, number, hook.op))
            scope.left += 1
            found = True
    return found


def hook_follows(hook: PlannedHook, status: Status) -> bool:
    """Whether a hook is meant for ops that end in this status."""
    return hook.trigger in ("done", "", str(status))


def hook_condition(book: Book, node: Node, params: Mapping[str, Json]) -> tuple[bool, str]:
    """Whether the conditions of a hook hold. Raises TemplateError."""
    assert node.hook_of is not None
    text = node.hook_of.op.hooks[int(node.path.rpartition("!")[2])].conditions
    return (evaluate_condition(text, full_context(book, node, params)), text) if text else (True, "")


# --- the end of a scope -----------------------------------------------------------------------------------------------


def close(book: Book, owner: Node) -> None:
    """End a composite op all of whose children have ended, with the verdict over them."""
    scope = book.scopes[owner.path]
    status = scope.verdict()
    if owner.scope is None and not scope.hooks_opened:
        scope.hooks_opened = True
        if open_hooks(book, scope, owner, status):
            return
    if isinstance(scope, SweepScope):
        owner.state.outputs = _sweep_outputs(book, scope)
    elif status is Status.SUCCEEDED and not _give_outputs(book, scope):
        return
    if owner.path:
        book.close(scope)
    reason, message = _why(scope, status)
    finish(book, owner, status, reason, message)


def _why(scope: Scope, status: Status) -> tuple[str, str]:
    state = scope.owner.state
    if scope.early:
        return scope.early, state.message
    if status is Status.FAILED:
        names = [path for _, path in sorted(scope.failed)]
        rest = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return OPS_FAILED, f"Failed: {', '.join(names[:5])}{rest}."
    return (state.reason or STOP_ASKED, state.message) if status is Status.STOPPED else ("", "")


def _sweep_outputs(book: Book, scope: SweepScope) -> Mapping[str, Json]:
    """Lists over the children in order of their index, None where a child gave nothing."""
    given = [book.state(scope.path_of(index)).outputs or {} for index in range(scope.planned)]
    names = {io.name: None for io in scope.owner.op.outputs} | {name: None for outputs in given for name in outputs}
    return {name: [outputs.get(name) for outputs in given] for name in names}


def _give_outputs(book: Book, scope: Scope) -> bool:
    """Evaluate the outputs that a dag declares with a value; False if that ended it as failed."""
    owner = scope.owner
    assert isinstance(scope, GraphScope)
    if not any(io.has_value for io in owner.op.outputs):
        return True
    context = Context(book, owner, owner.state.params or {}, Siblings(book, scope, range(scope.planned)))
    outputs: dict[str, Json] = {}
    for io in (io for io in owner.op.outputs if io.has_value):
        try:
            outputs[io.name] = convert(io, render_data(io.value, context))
        except TemplateError as error:
            finish(book, owner, Status.FAILED, CONFIG_ERROR, f"Output `{io.name}`: {error}")
        except ValueError as error:
            finish(book, owner, Status.FAILED, BAD_OUTPUTS, f"Output {error}")
    owner.state.outputs = outputs
    return not owner.done


# --- stopping ---------------------------------------------------------------------------------------------------------


def stop_node(book: Book, node: Node, reason: str, message: str, at: float | None = None) -> None:
    """Stop an op and all that is inside it; what has ended or is being stopped stays as it is.

    `at` is when the stop was asked for (seconds since the epoch), now where it is not given.
    """
    if node.done or node.state.status is Status.STOPPING:
        return
    node.state.stop_asked_at = book.now if at is None else at
    scope = book.scopes.get(node.path) if node.is_composite or not node.path else None
    if scope is not None:
        scope.early = reason if reason in ENDED_EARLY else ""
        book.move(node, Status.STOPPING, reason, message)
        stop_children(book, scope, reason, message, at)
    elif node.state.attempt in book.live:
        book.move(node, Status.STOPPING, reason, message)
        book.actions.append(StopAttempt(node.path, node.state.attempt or "", reason))
    else:
        status = Status.FAILED if reason == DEADLINE_EXCEEDED else Status.STOPPED
        finish(book, node, status, reason, message)


def stop_children(book: Book, scope: Scope, reason: str, message: str, at: float | None) -> None:
    """Stop what lives in a scope; nothing starts in it from now on."""
    scope.stopping = True
    if isinstance(scope, SweepScope):
        scope.left -= len(scope.holes) + scope.planned - scope.next
        children = list(scope.nodes.values())
    else:
        assert isinstance(scope, GraphScope)
        children = [book.node(scope, index) for index in range(scope.planned)]
    for child in (*children, *scope.hooks.values()):
        inner = PARENT_STOPPED if child.is_composite or reason == DEADLINE_EXCEEDED else reason
        stop_node(book, child, inner, message, at)
    if scope.left == 0:
        book.look_at(scope.owner)


def stop_scope(book: Book, scope: Scope, reason: str, message: str) -> None:
    """Stop a scope as a whole, for a reason of its own."""
    if scope.owner.state.status not in FINAL:
        stop_node(book, scope.owner, reason, message)


def stop_left_over(book: Book) -> None:
    """Stop what was handed to a run that has ended before it began: nothing of it was opened, so nobody knows of it."""
    for attempt, path in book.live.items():
        node = Node(path, book.root.op, book.open_state(path))
        if not node.done:
            book.move(node, Status.STOPPED, PARENT_STOPPED, book.root.state.message)
            book.actions.append(StopAttempt(path, attempt, PARENT_STOPPED))

"""What templates of an op may name: its params, globals, what its upstreams gave. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from reconciler.engine.attempts import attempt_id
from reconciler.engine.book import Book
from reconciler.engine.model import OpState
from reconciler.engine.scopes import GraphScope, Node, SweepScope
from reconciler.flows.literals import shown
from reconciler.flows.model import IO, Json
from reconciler.flows.types import as_arg

Values = dict[str, Json]


class Context(Mapping[str, Json]):
    """What the names in a template of an op mean. Most templates use few, so that each is worked out when asked for.

    Its params have no meaning as long as they are None; `ops` stands for its upstreams.
    """

    __slots__ = ("_book", "_made", "_node", "_params")

    def __init__(
        self, book: Book, node: Node, params: Mapping[str, Json] | None, ops: Mapping[str, Json] | None = None
    ) -> None:
        self._book = book
        self._node = node
        self._params = params
        self._made: Values = {} if ops is None else {"ops": ops}
        if node.hook_of is not None:
            self._made |= hook_values(book, node.hook_of)

    def __getitem__(self, name: str) -> Json:
        if name in self._made:
            return self._made[name]
        if name == "params" and self._params is not None:
            made: Json = param_values(self._node, self._params)
        else:
            made = _MEANINGS[name](self._book, self._node) if name in _MEANINGS else None
        if made is None:
            return (self._params or {})[name]
        self._made[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(("params", *_MEANINGS, *self._made, *(self._params or ())))
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def bare_context(book: Book, node: Node) -> Context:
    """What is known before the op's own params are: globals, the upstreams, the inputs of the dag around it."""
    return Context(book, node, None)


def full_context(book: Book, node: Node, params: Mapping[str, Json] | None = None) -> Context:
    """What a template of the op may name: params by name and as objects, and all of `bare_context`."""
    return Context(book, node, (node.state.params or {}) if params is None else params)


class Siblings(Mapping[str, Json]):
    """`ops.<name>`: what some ops of a graph gave, by their names."""

    __slots__ = ("_book", "_indices", "_scope")

    def __init__(self, book: Book, scope: GraphScope, indices: Sequence[int]) -> None:
        self._book = book
        self._scope = scope
        self._indices = indices

    def __getitem__(self, name: str) -> Json:
        index = self._scope.names[name]
        if index not in self._indices:
            raise KeyError(name)
        path = self._scope.path_of(index)
        return op_values(self._book, path, self._book.state(path))

    def __iter__(self) -> Iterator[str]:
        return (self._scope.graph.ops[index].name for index in self._indices)

    def __len__(self) -> int:
        return len(self._indices)


def _upstreams(book: Book, node: Node) -> Mapping[str, Json]:
    scope = node.scope
    if not isinstance(scope, GraphScope) or node.hook_of is not None:
        return {}
    return Siblings(book, scope, scope.graph.ops[node.index].upstream)


def _dag_values(_book: Book, node: Node) -> Json:
    return None if node.scope is None else {"inputs": dict(node.scope.owner.state.params or {})}


def param_values(node: Node, values: Mapping[str, Json]) -> Values:
    """`params.<name>.value`, `.as_arg`, `.as_str`, `.type`, `.connection`, and `params.as_args`."""
    declared = {io.name: io for io in (*node.op.outputs, *node.op.inputs)}
    made: Values = {name: _param(node, declared.get(name) or IO(name), value) for name, value in values.items()}
    args = [as_arg(io, values[io.name]) for io in node.op.inputs if io.name in values]
    return {**made, "as_args": [arg for arg in args if arg]}


def _param(node: Node, io: IO, value: Json) -> Values:
    source = node.op.sources.get(io.name)
    return {
        "value": value,
        "as_arg": as_arg(io, value) or "",
        "as_str": "" if value is None else shown(value),
        "type": io.type,
        "connection": (source.connection if source else None) or io.connection,
    }


def op_values(book: Book, path: str, state: OpState) -> Values:
    """What other ops may read of one op."""
    return {
        "inputs": dict(state.params or {}),
        "outputs": dict(state.outputs or {}),
        "artifacts": artifacts_of(book, path, state),
        "status": str(state.status),
        "name": path,
        "uuid": state.attempt,
    }


def artifacts_of(book: Book, path: str, state: OpState) -> Json:
    """The directory of an op's artifacts; of a sweep, those of its children in order; None where there is none."""
    if state.sweep is not None:
        planned = int(state.sweep.get("planned", 0))
        children = (book.state(f"{path}[{index}]") for index in range(planned))
        return [artifacts_of(book, child.path, child) for child in children]
    return book.layout(state.artifacts).artifacts if state.artifacts else None


def hook_values(book: Book, parent: Node) -> Values:
    """What a hook is told of the op it follows."""
    state = parent.state
    run_ended = parent.scope is None and not parent.done
    status = book.scopes[""].verdict() if run_ended else state.status
    started, ended = state.started_at, state.finished_at or book.now
    return {
        "name": parent.path or book.facts.flow,
        "uuid": state.attempt or book.run.id,
        "kind": parent.op.kind,
        "runtime": parent.op.kind,
        "status": str(status),
        "wait_time": None if started is None else started - book.run.created_at,
        "duration": None if started is None else ended - started,
        "inputs": dict(state.params or {}),
        "outputs": dict(state.outputs or {}),
        "condition": {"status": str(status), "reason": state.reason, "message": state.message},
    }


def global_values(book: Book, node: Node) -> Values:
    """`globals.*` for the attempt that the op has, or would get next."""
    facts, run, state = book.facts, book.run, node.state
    attempt = state.attempt if state.attempt in book.live else next_attempt(book, node)
    paths = book.layout(attempt)
    owner, _, project = facts.repository.rpartition("/")
    last = node.path.rpartition(".")[2] or facts.flow
    return {
        "owner_name": owner,
        "project_name": project,
        "project_unique_name": f"{owner}.{project}" if owner else project,
        "repository": facts.repository,
        "flow": facts.flow,
        "commit": facts.commit,
        "branch": facts.branch,
        "namespace": node.op.namespace or facts.namespace,
        "name": last,
        "uuid": attempt,
        "run_info": attempt,
        "original_uuid": run.id,
        "is_independent": node.scope is None or node.scope.owner.path == "",
        "iteration": node.index if isinstance(node.scope, SweepScope) else None,
        "status": str(state.status),
        "cloning_kind": facts.cloning_kind,
        "created_at": _instant(run.created_at),
        "compiled_at": _instant(book.now),
        "schedule_at": _instant(run.created_at),
        "started_at": _instant(state.started_at),
        "finished_at": _instant(state.finished_at),
        "duration": _duration(state),
        "context_path": paths.context,
        "artifacts_path": paths.artifacts,
        "run_artifacts_path": paths.artifacts,
        "run_outputs_path": paths.outputs,
        "base_url": f"/services/{facts.flow}/{node.path}" if node.op.kind == "service" else None,
        "ports": list(node.op.run.get("ports") or ()),
    }


_MEANINGS: Final[Mapping[str, Callable[[Book, Node], Json]]] = {
    "globals": global_values,
    "ops": _upstreams,
    "dag": _dag_values,
}


def next_attempt(book: Book, node: Node) -> str:
    """The id that the op's next attempt will have."""
    return attempt_id(book.run.id, book.plan.hash, book.facts.commit, node.path, node.state.attempts + 1)


def _duration(state: OpState) -> float | None:
    if state.started_at is None or state.finished_at is None:
        return None
    return state.finished_at - state.started_at


@lru_cache(maxsize=64)  # the ops of a step are told the same ones
def _instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()

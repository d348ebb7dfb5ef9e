"""Reads the product's sources and says where they break the plan of the house; the plan is in the test."""

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGES = ("console", "webhooks", "reconciler", "policies")


@dataclass(frozen=True)
class Import:
    """One imported name, dotted, wherever in a module it is imported."""

    module: str
    line: int


@dataclass(frozen=True)
class Module:
    """One source file by its dotted name."""

    name: str
    source: str
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.name)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, walked once."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self))

    @cached_property
    def local_names(self) -> Mapping[str, str]:
        """What each imported local name stands for: `dt` -> `datetime.datetime`."""
        names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                names |= {
                    a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
                }
            elif isinstance(node, ast.ImportFrom):
                names |= {a.asname or a.name: f"{_origin(self, node)}.{a.name}" for a in node.names}
        return names

    def references(self) -> Iterator[tuple[str, ast.expr]]:
        """What imported names are used for, and the built-in functions that are called (`open(...)`)."""
        for node in self.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and self._root(node) in self.local_names:
                yield self.resolve(node) or "", node
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and hasattr(builtins, node.func.id):
                yield node.func.id, node

    def _root(self, node: ast.expr) -> str:
        while isinstance(node, ast.Attribute):
            node = node.value
        return node.id if isinstance(node, ast.Name) else ""

    def resolve(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.local_names.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and (owner := self.resolve(node.value)):
            return f"{owner}.{node.attr}"
        return None


def product(root: Path) -> tuple[Module, ...]:
    """All modules of the product below `root`."""
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    return tuple(_module(file.relative_to(root), file.read_text("utf-8")) for file in files)


def _module(path: Path, source: str) -> Module:
    parts = path.with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if is_package else parts), source, is_package)


def _imports(module: Module) -> Iterator[Import]:
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            yield from (Import(f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    above = parts[: len(parts) - node.level + module.package]
    return ".".join([*above, *([node.module] if node.module else [])])


def within(name: str, places: str | tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the places or lies below one."""
    return any(
        name == place or name.startswith(place + ".") for place in ((places,) if isinstance(places, str) else places)
    )


def is_ours(name: str) -> bool:
    return name.split(".")[0] in PACKAGES


def is_third_party(name: str) -> bool:
    top = name.split(".")[0]
    return top not in PACKAGES and top not in sys.stdlib_module_names


def zone_of(name: str, zones: Mapping[str, tuple[str, ...]]) -> str | None:
    """The longest zone that holds this dotted name."""
    return max((zone for zone in zones if within(name, zone)), key=len, default=None)


def wrong_directions(modules: tuple[Module, ...], zones: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Imports of ours that no arrow allows. `zones`: zone -> the zones it may import besides itself."""
    wrong = []
    for module in modules:
        if module.package:  # an empty `__init__.py` imports nothing; that it is empty is another rule
            continue
        own = zone_of(module.name, zones)
        if own is None:
            wrong.append(f"{module.name} is in no zone of the architecture")
            continue
        for imported in module.imports:
            target = zone_of(imported.module, zones)
            if is_ours(imported.module) and target != own and target not in zones[own]:
                wrong.append(f"{module.name}:{imported.line} {own} may not import {imported.module}")
    return wrong


def impurities(
    modules: tuple[Module, ...],
    denied: tuple[str, ...],
    allowed: tuple[str, ...],
    third_party: frozenset[str],
) -> list[str]:
    """Names that reach for I/O, a clock or chance; the longer of a denied and an allowed name decides."""
    found = []
    for module in modules:
        names = [(imported.module, imported.line) for imported in module.imports]
        names += [(full, node.lineno) for full, node in module.references()]
        for name, line in sorted(set(names), key=lambda item: (item[1], item[0])):
            if _depth(name, denied) > _depth(name, allowed):
                found.append(f"{module.name}:{line} {name} is not pure")
        for imported in module.imports:
            if is_third_party(imported.module) and imported.module.split(".")[0] not in third_party:
                found.append(f"{module.name}:{imported.line} {imported.module} is not known to be pure")
        found += _unseeded(module)
    return found


def _depth(name: str, places: tuple[str, ...]) -> int:
    return max((len(place) for place in places if within(name, place)), default=0)


def _unseeded(module: Module) -> Iterator[str]:
    for node in module.nodes:
        if isinstance(node, ast.Call) and module.resolve(node.func) == "random.Random" and not _seed(node):
            yield f"{module.name}:{node.lineno} random.Random() has no seed"


def _seed(call: ast.Call) -> bool:
    return bool(call.args) and ast.unparse(call.args[0]) != "None"


def import_cycle(modules: tuple[Module, ...]) -> list[str] | None:
    """One chain of modules that import each other, be it in a function or for types only, or None."""
    names = {module.name for module in modules}
    graph = {module.name: _imported(module, names) - {module.name} for module in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


def _imported(module: Module, names: set[str]) -> set[str]:
    every = (imported.module for imported in module.imports)
    return {name if name in names else name.rpartition(".")[0] for name in every} & names


def homeless(modules: tuple[Module, ...], homes: Mapping[str, str]) -> list[str]:
    """Imports of third-party packages outside their one home (a module, or a folder that is named as one)."""
    wrong = []
    for module in modules:
        for imported in module.imports:
            package = imported.module.split(".")[0]
            if not is_third_party(package):
                continue
            if package not in homes:
                wrong.append(f"{module.name}:{imported.line} {package} has no home")
            elif not within(module.name, homes[package]):
                wrong.append(f"{module.name}:{imported.line} {package} lives in {homes[package]}")
    return wrong


def broad_excepts(modules: tuple[Module, ...]) -> list[str]:
    """`module:line` of each `except` (or `suppress`) that catches everything."""
    return [f"{module.name}:{line}" for module in modules for line in _broad_lines(module)]


def _broad_lines(module: Module) -> Iterator[int]:
    for node in module.nodes:
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _is_broad(module, node.type)):
            yield node.lineno
        elif isinstance(node, ast.Call) and module.resolve(node.func) == "contextlib.suppress":
            yield from (node.lineno for argument in node.args if _is_broad(module, argument))


def _is_broad(module: Module, caught: ast.expr) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        (module.resolve(kind) or "").removeprefix("builtins.") in {"Exception", "BaseException"} for kind in kinds
    )

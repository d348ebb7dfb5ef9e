"""Files of working trees judged: which ones are meant, and all that is wrong with them. Showing it is not done here."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from os.path import relpath
from pathlib import Path

from console.failures import AWAY, USAGE, Failure
from console.verdicts import Verdicts
from console.working_tree import WorkingTree, readable, tree_of
from reconciler.flows.collecting import uncollected
from reconciler.flows.findings import Finding, Severity
from reconciler.flows.globs import COMPONENT_FOLDER, LOCK_FILE, PRESET_FOLDER, SETTINGS_FILE, files_by_role
from reconciler.flows.rules import ACCEPTING
from reconciler.flows.settings import RepositorySettings

Read = Callable[[str], bytes | None]  # a file's bytes by its path in the tree, None where there is none

STDIN = "<stdin>"
_YAML = (".yaml", ".yml", ".json")
_SHARED = (COMPONENT_FOLDER, PRESET_FOLDER)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was looked at and what was found; `sources` hold the bytes of every file that a finding names."""

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    sources: Mapping[str, bytes]


def chosen(given: Sequence[str], here: Path) -> dict[WorkingTree, list[str]]:
    """The files that paths, folders and globs mean, by the working tree they belong to.

    Without any: all of the repository around `here`. `-` is what comes on standard input. Raises Failure.
    """
    trees: dict[WorkingTree, dict[str, None]] = {}
    for tree, files in [_one(text, here) for text in given] if given else [_all(here)]:
        trees.setdefault(tree, {}).update(dict.fromkeys(files))
    return {tree: list(files) for tree, files in trees.items()}


def _all(here: Path) -> tuple[WorkingTree, list[str]]:
    tree = tree_of(here)
    files = _files_of_roles(tree, "")
    if not files:
        do = "Give the files to judge, or say in .headgate.yaml under `flows` where they are."
        raise Failure("no-files", f"There is no flow file in {tree.root}.", do=do)
    return tree, files


def _one(text: str, here: Path) -> tuple[WorkingTree, list[str]]:
    if text == "-":
        tree = tree_of(here)
        return tree, [(here.resolve().relative_to(tree.root) / STDIN).as_posix()]
    path = here / text
    if path.is_dir():
        return _folder(path, text)
    if path.exists():
        tree = tree_of(path)
        return tree, [tree.relative(path)]
    return _globbed(text, here)


def _folder(folder: Path, text: str) -> tuple[WorkingTree, list[str]]:
    """Its flow files; where the globs name none of its files, every YAML file is meant."""
    tree = tree_of(folder)
    below = tree.relative(folder)
    prefix = "" if below == "." else below + "/"
    found = _files_of_roles(tree, prefix)
    others = (path for path in tree.files() if path.startswith(prefix) and path.endswith(_YAML))
    found = found or list(filter(tree.is_regular, others))
    if not found:
        raise Failure("no-files", "The folder holds no flow file.", where=text, do="Name the files to judge.")
    return tree, found


def _globbed(text: str, here: Path) -> tuple[WorkingTree, list[str]]:
    found = sorted(path for path in glob.glob(str(here / text), recursive=True) if Path(path).is_file())
    if not found:
        what = "No file matches." if glob.has_magic(text) else "There is no such file or folder."
        raise Failure("no-files", what, where=text, do="Correct the path.")
    trees = {tree_of(Path(path)) for path in found}
    if len(trees) > 1:
        raise Failure(
            "glob-wide", "The glob reaches into several repositories.", where=text, do="Judge each by itself."
        )
    tree = trees.pop()
    return tree, [tree.relative(Path(path)) for path in found]


def _files_of_roles(tree: WorkingTree, prefix: str) -> list[str]:
    settings, _ = tree.settings()
    roles = files_by_role((path for path in tree.files() if path.startswith(prefix)), settings)
    own = [SETTINGS_FILE] if roles.settings else []
    own += [LOCK_FILE] if not prefix and tree.read(LOCK_FILE) is not None else []
    return [*own, *filter(tree.is_regular, (*roles.flows, *roles.components, *roles.presets))]


def judge(
    trees: Mapping[WorkingTree, Sequence[str]],
    stdin: Callable[[], bytes],
    cache: Path | None = None,
    since: str | None = None,
) -> Judged:
    """Parse and build everything. Files are named from their repository's root, or from here where there are several.

    With a folder as `cache`, verdicts are kept there, and taken from there where nothing they depend on has changed.
    With a revision as `since`, only files count that have changed since then, or that depend on such a file.
    Raises Failure for a file that cannot be read, and for a revision that cannot be compared with.
    """
    each = [_judge_tree(tree, files, stdin, cache, since) for tree, files in trees.items()]
    if len(each) > 1:
        each = [_renamed(one, partial(_from_here, tree.root)) for one, tree in zip(each, trees, strict=True)]
    found = Judged(
        tuple(file for one in each for file in one.files),
        tuple(finding for one in each for finding in one.findings),
        {file: data for one in each for file, data in one.sources.items()},
    )
    is_shown = all(readable(file) == file for file in (*found.files, *found.sources))  # whatever the format
    return found if is_shown else _renamed(found, readable)


def _judge_tree(
    tree: WorkingTree, files: Sequence[str], stdin: Callable[[], bytes], cache: Path | None, since: str | None
) -> Judged:
    changed = None if since is None else _changed(tree, since)
    settings, wrong = tree.settings()
    given = {file: stdin() for file in files if file.endswith(STDIN)}
    verdicts = Verdicts(tree, None if given else cache)

    def read_by(read: Read) -> Read:
        return lambda path: given[path] if path in given else read(path)

    def judged_by(file: str) -> Callable[[Read], Sequence[Finding]]:
        return lambda read: _judge_file(file, read_by(read), settings)

    verdicts_on = {file: verdicts.judged(file, judged_by(file)) for file in files}
    verdicts.save()
    said = [*wrong, *(finding for one in verdicts_on.values() for finding in one.findings)]
    reads = {path for one in verdicts_on.values() for path in one.reads}
    unneeded = [
        *_unneeded(files, read_by(tree.read), said, settings),
        *_unused_pins(tree, files, reads, said, settings),
    ]
    if changed is not None:
        verdicts_on = {file: one for file, one in verdicts_on.items() if not changed.isdisjoint(one.reads)}
        said = [*wrong, *(finding for one in verdicts_on.values() for finding in one.findings)]
        unneeded = [one for one in unneeded if one.file in verdicts_on]
    found = {one.place: one for one in (*said, *unneeded)}
    looked_at = dict.fromkeys((*verdicts_on, *([SETTINGS_FILE] if wrong else ())))
    findings = tuple(sorted(found.values(), key=lambda one: one.place))
    return Judged(tuple(looked_at), findings, _sources(findings, read_by(tree.read)))


def _changed(tree: WorkingTree, since: str) -> Set[str]:
    from reconciler.adapters.git_revision import changed_since  # starts git, which judging alone does not need
    from reconciler.errors import ReconcileError, Waiting

    try:
        return changed_since(tree.root, since)
    except ReconcileError as error:
        code = AWAY if isinstance(error, Waiting) else USAGE
        raise Failure("revision", error.message, where=str(tree.root), exit_code=code) from None


def _sources(findings: Sequence[Finding], read: Read) -> dict[str, bytes]:
    """The bytes of every file that a finding names."""
    named = {one.file for one in findings} | {file for one in findings for file, _, _ in one.also}
    return {file: data for file in sorted(named) if (data := read(file)) is not None}


def _unneeded(
    files: Sequence[str], read: Read, findings: Sequence[Finding], settings: RepositorySettings
) -> Iterator[Finding]:
    """What shared files accept without need: known only where the flows that use them are judged too."""
    shared = [file for file in files if file.startswith(_SHARED)]
    for file in shared if len(shared) < len(files) else ():
        if ACCEPTING in (data := read(file) or b""):
            from reconciler.flows.acceptances import unused_acceptances
            from reconciler.flows.parse import judged

            yield from judged(unused_acceptances(data, file, findings, settings.severities), settings.severities)


def _unused_pins(
    tree: WorkingTree, files: Sequence[str], reads: set[str], findings: Iterable[Finding], settings: RepositorySettings
) -> Sequence[Finding]:
    """What the lock file pins without need: known only where all flows could be judged."""
    is_whole = LOCK_FILE in files and set(files) >= set(_files_of_roles(tree, ""))
    if not is_whole or any(one.severity is Severity.ERROR for one in findings):
        return ()
    from reconciler.flows.lock import parse_lock, unused
    from reconciler.flows.parse import judged

    lock, _ = parse_lock(tree.read(LOCK_FILE))
    return judged(unused(lock, reads), settings.severities)


@uncollected
def _judge_file(file: str, read: Read, settings: RepositorySettings) -> Sequence[Finding]:
    # The rules are a third of a start and are loaded by the first file whose verdict is not known.
    from reconciler.flows.parse import judged, parse, parse_preset
    from reconciler.plan.judge import judge

    data = read(file)
    if data is None:
        raise unreadable(file)
    if file == SETTINGS_FILE:
        return ()
    if file == LOCK_FILE:
        from reconciler.flows.lock import parse_lock

        return parse_lock(data)[1]
    if file.startswith(PRESET_FOLDER):
        return judged(parse_preset(data, file)[1], settings.severities)
    parsed = parse(data, file, settings.severities)
    severities, remote = settings.severities, settings.remote
    each = (judge(flow, read, severities=severities, remote=remote) for flow in parsed.flows)
    findings = (*parsed.findings, *(finding for one in each for finding in one.findings))
    if file.startswith(COMPONENT_FOLDER) or ACCEPTING not in data:
        return findings
    from reconciler.flows.acceptances import unused_acceptances

    return (*findings, *judged(unused_acceptances(data, file, findings, severities), severities))


def unreadable(file: str) -> Failure:
    """The failure of a file that was asked for and cannot be read."""
    do = "It must be a regular file, no link or pipe, that you may read."
    return Failure("file-away", "The file cannot be read.", where=file, do=do, exit_code=AWAY)


def _from_here(root: Path, file: str) -> str:
    return relpath(root / file)


def _renamed(one: Judged, name: Callable[[str], str]) -> Judged:
    findings = (
        replace(found, file=name(found.file), also=tuple((name(file), span, word) for file, span, word in found.also))
        for found in one.findings
    )
    sources = {name(file): data for file, data in one.sources.items()}
    return Judged(tuple(map(name, one.files)), tuple(findings), sources)

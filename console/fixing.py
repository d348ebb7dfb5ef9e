"""Files of working trees mended and written back, whole or not at all; flows/mending.py decides what is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff

from console.failures import AWAY, Failure
from console.judging import STDIN, unreadable
from console.whole_files import put
from console.working_tree import WorkingTree
from reconciler.checks.words import count, line
from reconciler.flows.fixes import SPELLING, Fix
from reconciler.flows.globs import LOCK_FILE, PRESET_FOLDER, SETTINGS_FILE
from reconciler.flows.mending import Outlook, mend
from reconciler.flows.model import Json
from reconciler.flows.parse import judged, parse, spelled_preset
from reconciler.flows.settings import RepositorySettings, parse_settings
from reconciler.plan.judge import judge

Trees = Mapping[WorkingTree, Sequence[str]]  # files by the tree that they belong to

_BOM = "\ufeff".encode()


@dataclass(frozen=True, slots=True)
class MendedFile:
    """A file of a tree before and after, and what was mended in it."""

    tree: WorkingTree
    path: str
    before: bytes
    after: bytes
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class MendedTree(WorkingTree):
    """A working tree as it is once its mended files are written."""

    contents: Mapping[str, bytes] = field(default_factory=dict, compare=False)

    def read(self, path: str) -> bytes | None:
        """The mended bytes of a file, else those on disk."""
        return self.contents[path] if path in self.contents else super(MendedTree, self).read(path)


def mended_files(trees: Trees, stdin: Callable[[], bytes]) -> list[MendedFile]:
    """Every given file in which something can be mended, one after another: each sees the ones before it mended.

    Writes nothing. Raises Failure for a file that cannot be read.
    """
    return [mended for tree, files in trees.items() for mended in _mended_tree(tree, files, stdin)]


def _mended_tree(tree: WorkingTree, files: Sequence[str], stdin: Callable[[], bytes]) -> Iterator[MendedFile]:
    contents: dict[str, bytes] = {}
    settings, _ = tree.settings()
    for file in files:
        if file == LOCK_FILE:
            continue  # its own command writes it
        data = stdin() if file.endswith(STDIN) else tree.read(file)
        if data is None:
            raise unreadable(file)
        mended = _mended(MendedTree(tree.root, contents), file, data, settings)
        if mended.fixes:
            contents[file] = mended.after
            yield mended


def _mended(tree: MendedTree, file: str, data: bytes, settings: RepositorySettings) -> MendedFile:
    mark = _BOM if data.startswith(_BOM) else b""
    try:
        text = data[len(mark) :].decode()
    except UnicodeDecodeError:
        return MendedFile(tree, file, data, data, ())

    def outlook(text: str) -> Outlook:
        now = MendedTree(tree.root, {**tree.contents, file: mark + text.encode()})
        return _outlook(now, file, settings)

    made = mend(text, file, outlook)
    return MendedFile(tree, file, data, mark + made.text.encode(), made.fixes)


def _outlook(tree: MendedTree, file: str, settings: RepositorySettings) -> Outlook:
    """What a file comes to in a tree."""
    data = tree.contents[file]
    if file == SETTINGS_FILE:
        own, findings = parse_settings(data)
        return Outlook(findings, own)
    if file.startswith(PRESET_FOLDER):
        preset, findings, spellings = spelled_preset(data, file)
        return Outlook(judged(findings, settings.severities), preset, spellings)
    parsed = parse(data, file, settings.severities)
    severities, remote = settings.severities, settings.remote
    built = [judge(flow, tree.read, severities=severities, remote=remote) for flow in parsed.flows]
    every = (*parsed.findings, *(one for each in built for one in each.findings))
    return Outlook(tuple({one.place: one for one in every}.values()), parsed.flows, parsed.spellings)


def mended_trees(trees: Trees, mended: Sequence[MendedFile]) -> Trees:
    """The same files of trees that hold what was mended."""
    return {
        MendedTree(tree.root, {one.path: one.after for one in mended if one.tree.root == tree.root}): files
        for tree, files in trees.items()
    }


# --- writing ----------------------------------------------------------------------------------------------------------


def write(mended: MendedFile) -> None:
    """Put the mended bytes in the file's place, whole or not at all; its mode stays. Raises Failure and OSError."""
    file = mended.tree.root.joinpath(*mended.path.split("/"))
    if WorkingTree(mended.tree.root).read(mended.path) != mended.before:
        do = "Run the command again."
        raise Failure("file-changed", "The file changed while it was mended.", where=mended.path, do=do, exit_code=AWAY)
    put(file, mended.after, mode=file.stat().st_mode & 0o7777)


# --- telling ----------------------------------------------------------------------------------------------------------


def difference(mended: MendedFile) -> str:
    """What mending changes, as a unified diff that `git apply` takes."""
    before, after = (_lines(data.decode()) for data in (mended.before, mended.after))
    lines = unified_diff(before, after, f"a/{mended.path}", f"b/{mended.path}")
    return "".join(text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n" for text in lines)


def _lines(text: str) -> list[str]:
    return [part + "\n" for part in text.split("\n")[:-1]] + ([last] if (last := text.rpartition("\n")[2]) else [])


def entries(mended: Sequence[MendedFile]) -> list[Json]:
    """What was mended, for JSON."""
    return [
        {
            "rule": fix.rule,
            "file": file.path,
            "line": fix.span.line,
            "column": fix.span.column,
            "before": fix.before,
            "after": fix.after,
        }
        for file in mended
        for fix in sorted(file.fixes, key=lambda fix: fix.span)
    ]


def told(mended: Sequence[MendedFile], done: bool) -> Iterator[str]:
    """A line for each thing mended, and how much it was; `done` says that it is written."""
    for file in mended:
        for fix in sorted(file.fixes, key=lambda fix: fix.span):
            place = f"{line(file.path)}:{fix.span.line}:{fix.span.column}"
            yield f"{place} {fix.rule}: {line(fix.before)} → {line(fix.after)}"
    if not mended:
        yield "Nothing to mend."
        return
    fixes = [fix for file in mended for fix in file.fixes]
    spelled = sum(fix.rule == SPELLING for fix in fixes)
    parts = [count(len(fixes) - spelled, "mistake")] if len(fixes) > spelled else []
    parts += [count(spelled, "older spelling")] if spelled else []
    yield f"{'Mended' if done else 'Would mend'} {' and '.join(parts)} in {count(len(mended), 'file')}."

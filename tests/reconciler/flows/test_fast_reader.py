"""Reading large files fast: what comes out is what exact reading gives, or nothing."""

from __future__ import annotations

import sys
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.flows import fast_reader, reader
from reconciler.flows.model import ParsedFile
from reconciler.flows.nodes import Node, Unplaced
from reconciler.flows.parse import parse
from tests.reconciler.flows.yaml_texts import generated, mutated, respelled

pytest.importorskip("ryml")
pytest.importorskip("yaml.cyaml")

ROOT = Path(__file__).resolve().parents[3]
PLACES = ("text", "line", "column", "end_line", "end_column", "keys")
SEEDS = st.integers(0, 2**40)
OP = b"  - {name: op-%d, component: {inputs: [{name: x, value: 1}], run: {kind: job, container: {image: i}}}}\n"
LARGE = b"version: 1.1\nkind: component\nname: many\nrun:\n  kind: dag\n  operations:\n" + b"".join(
    OP % index for index in range(500)
)


@cache
def real_files() -> list[bytes]:
    folders = [ROOT / "examples", ROOT.parent / "shared" / "conformance"]
    files = [path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.y*ml"))]
    return [data for data in files if len(data) < 10_000]


def tree(node: Node) -> Any:
    """A node with its value, as `repr` tells nan and 1 and 1.0 apart, and all places; order of keys counts."""
    places = [getattr(node, name) for name in PLACES]
    if isinstance(node.value, dict):
        return [(key, tree(item)) for key, item in node.value.items()], places
    if isinstance(node.value, list):
        return [tree(item) for item in node.value], places
    return repr(node.value), places


def values(node: Node) -> str:
    return repr(node.data())


def read_twice(data: bytes) -> tuple[tuple[Node, ...], tuple[Node, ...]] | None:
    """The documents read fast and exactly; None where the fast way is not taken."""
    if not reader._is_accepted(data) or reader.hidden_characters(data, ""):
        return None
    documents, findings = reader._read_exactly(data, "")
    fast = fast_reader.read_fast(data, lambda _: True, lambda: documents, reader.MAX_NODES)
    if fast is None:
        return None
    assert findings == ()
    return fast, documents


def assert_same(data: bytes) -> None:
    if (both := read_twice(data)) is not None:
        fast, exact = both
        assert [values(node) for node in fast] == [values(node) for node in exact]
        assert [tree(node) for node in fast] == [tree(node) for node in exact]


@given(SEEDS)
@settings(max_examples=400, deadline=None)
def test_generated_texts_read_the_same(seed):
    assert_same(generated(seed))


@given(st.integers(0, 10_000), SEEDS)
@settings(max_examples=200, deadline=None)
def test_real_files_with_small_changes_read_the_same(index, seed):
    files = real_files()

    assert_same(mutated(files[index % len(files)], seed))


def test_most_real_files_are_read_fast():
    files = real_files()

    assert sum(read_twice(data) is not None for data in files) > len(files) / 2


@pytest.mark.slow
@given(SEEDS)
@settings(max_examples=6_000, deadline=None)
def test_many_generated_texts_read_the_same(seed):
    assert_same(generated(seed))


@pytest.mark.slow
def test_every_short_scalar_reads_the_same_with_and_without_quotes():
    for length in range(1, 5):
        for letters in product("0-+.eEx_1~o", repeat=length):
            scalar = "".join(letters)
            assert_same(f'a: {scalar}\nb: "{scalar}"\n{scalar}: [{scalar}, {{{scalar}: {scalar}}}]\n'.encode())


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "<<: {a: 1}\n",
        "a: 1\na: 2\n",
        "a: 012\n",
        "a: ~\n",
        "a: +1\n",
        "a: .5\n",
        "a: 5.\n",
        "a: .inf\n",
        "inf: 1\n",
        "a: 0e5\n",
        "? a\n: b\n",
        "a:\tb\n",
        "a: b\r\n",
        "\ufeffa: b\n",
        "%YAML 1.1\n---\na: b\n",
        "a: b\n...\n",
        "- a\n",
        "a\n",
        "# nothing\n",
        "a: b\n---\n",
        "a: |2\n   b\n",
        "a: |\n  b",
        'a: "\\x41"\n',
        "a: [b,\n]\n",
        "a: [b # c\n  ]\n",
        "a: {{ b }}\n",
        "a: ''#\n",
        "- - - a\n",
        "a: " + "[" * 40 + "]" * 40 + "\n",
        "a:\n" + " " * 60 + "b: c\n",
    ],
)
def test_what_might_mean_something_else_is_read_exactly(text):
    assert read_twice(text.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        "# why\na: b # c\n",
        "---\na: b\n---\na: c\n",
        'a: "{{ x }}"\nb: echo {{ x }}\n',
        "a: |\n  b\n   c\n\nb: >-\n  c\n  d\n",
        "a: it's\nb: 'it''s'\nc: \"say \\\"hi\\\"\\n\"\n",
        "a: {b: [c, d], e: 1.10}\n",
        'a: "5"\nb: "true"\nc: ""\nd: "1e3"\n',
        "a: -1\nb: 1e-3\nc: true\nd: null\ne:\n",
        "a: yes\nb: 1_000\nc: 2020-01-01\nd: 0 0 * * *\n",
        "a: é\nb: 😀\n",
        "a:\n- b: c\n  d: e\n- f\n",
    ],
)
def test_what_flows_are_made_of_is_read_fast(text):
    assert read_twice(text.encode()) is not None
    assert_same(text.encode())


def test_valid_large_files_are_never_read_exactly(monkeypatch):
    monkeypatch.setattr(reader, "_read_exactly", lambda data, file: pytest.fail("it was read exactly"))

    parsed = parse(LARGE, "many.yaml")

    assert parsed.findings == ()
    assert len(parsed.flows[0].operation.component.run.operations) == 500
    assert isinstance(parsed.flows[0].node, Unplaced)


def test_findings_of_large_files_have_their_places():
    broken = LARGE + b"  - name: last\n    nope: 1\n"

    found = parse(broken, "many.yaml").findings

    assert [(one.rule, one.span.line, one.span.column) for one in found] == [
        ("run-missing", 507, 5),
        ("field-unknown", 508, 5),
    ]


def test_one_small_file_does_not_load_the_library_and_many_do(monkeypatch):
    sizes = []
    monkeypatch.setattr(fast_reader, "_seen_bytes", 0)
    monkeypatch.setattr(reader, "read_fast", lambda data, *_: sizes.append(len(data)))
    small = LARGE[: LARGE.index(b"  - {name: op-20,")]

    reader.read_documents(small, "f.yaml")

    assert sizes == []
    for _ in range(30):
        reader.read_documents(small, "f.yaml")
    assert len(sizes) > 5


def test_without_the_library_every_file_is_read_exactly(monkeypatch):
    monkeypatch.setitem(sys.modules, "ryml", None)

    parsed = parse(LARGE, "many.yaml")

    assert parsed.findings == ()
    assert type(parsed.flows[0].node) is Node


@given(st.integers(0, 10_000), SEEDS)
@settings(max_examples=200, deadline=None)
def test_files_mean_the_same_in_both_lanes(index, seed):
    files = real_files()
    data = respelled(files[index % len(files)], seed)

    fast, exact = (parsed_by(lane, data) for lane in (True, False))

    assert fast == exact
    assert repr(fast) == repr(exact)


def parsed_by(fast: bool, data: bytes) -> ParsedFile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "is_worth_it", lambda size: fast)
        return parse(data, "f.yaml")


def test_what_nodes_do_not_have_is_an_error():
    (node,), _ = reader.read_documents(LARGE, "f.yaml")

    with pytest.raises(AttributeError):
        node.nothing  # noqa: B018


@pytest.mark.parametrize(
    "line",
    [
        "command: [sh, -]",
        "command: [-, a]",
        "command: [sh, - , -]  # both",
        "command: {a: -}",
        "command: {a: -, b: c}",
        "{a: b}: c",
        "[a, b] : c",
        "command: [[a]: b]",
        "-: a",
        "-a: b",
        "--lr: 1",
        ".a: b",
        ":a: b",
        'command: "x"#comment',
    ],
)
def test_what_only_libyaml_takes_is_read_without_a_word_on_standard_error(line, capfd):
    reader.read_documents(LARGE + f"x:\n  y: 1\n  {line}\n".encode(), "f.yaml")
    assert capfd.readouterr() == ("", "")

"""Whatever stands in a file: it is judged without raising, and every finding points into the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.checks import findings_formats, findings_text
from reconciler.flows.canonical import canonical_document, canonical_text
from reconciler.flows.findings import Finding, Severity, Span
from reconciler.flows.model import Flow
from reconciler.flows.parse import parse, parse_preset
from reconciler.flows.writing import yaml_text
from reconciler.plan.build import build
from tests.grammar import Json, component, dag, document, spoilt

FILE = "flows/f.yaml"
SEEDS = st.integers(0, 2**32 - 1)
GRAMMARS: tuple[Callable[[Random], Json], ...] = (document, component, dag)
_READING = ("field-type", "field-unknown", "field-missing", "value-not-allowed", "kind-unknown", "name-invalid")


def written(seed: int, spoils: int = 0) -> str:
    """A file of the grammar, with some of its places spoilt."""
    random = Random(seed)
    data = random.choice(GRAMMARS)(random)
    for _ in range(spoils):
        data = spoilt(data, random)
    return yaml_text(data)


def findings_of(data: bytes) -> tuple[list[Finding], list[Finding]]:
    """What is found in a file while it is read, and in its flows."""
    parsed = parse(data, FILE)
    built = [build(flow, lambda _path: None, start=False).findings for flow in parsed.flows]
    return list(parsed.findings), [found for findings in built for found in findings]


def assert_inside(span: Span, lines: Sequence[str]) -> None:
    if (span.end_line, span.end_column) == (len(lines) + 1, 1):  # the end is exclusive: behind the last line
        span = Span(span.line, span.column, len(lines), len(lines[-1]) + 1)
    assert 1 <= span.line <= span.end_line <= len(lines), span
    assert (span.line, span.column) <= (span.end_line, span.end_column), span
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1, span
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1, span


def assert_told_well(data: bytes) -> None:
    """Findings point into the file, come in order, are the same twice, and can be written in every format."""
    read, built = findings_of(data)
    findings = [*read, *built]
    lines = re.split("\r\n?|\n", data.decode("utf-8-sig", "replace"))

    for found in findings:
        for span in (found.span, *(place for file, place, _ in found.also if file == FILE)):
            assert_inside(span, lines)
    assert read == sorted(read, key=lambda found: found.place)
    assert findings_of(data) == (read, built)
    json.dumps(findings_formats.sarif(findings, "1"))
    json.dumps(findings_text.document(findings, 1))
    findings_formats.junit(findings, [FILE], {FILE: data})
    findings_formats.github(findings)
    findings_text.text(findings, {FILE: data}, 1)
    parse_preset(data, FILE)


def assert_same_again(flow: Flow) -> None:
    again = parse(canonical_text(flow).encode(), FILE).flows
    assert [canonical_document(one) for one in again] == [canonical_document(flow)]


@given(SEEDS)
def test_a_file_of_the_grammar_is_judged(seed: int) -> None:
    assert_told_well(written(seed).encode())


@given(SEEDS, st.integers(1, 4))
def test_a_spoilt_file_of_the_grammar_is_judged(seed: int, spoils: int) -> None:
    assert_told_well(written(seed, spoils).encode())


@given(SEEDS)
def test_a_file_without_mistakes_reads_the_same_from_its_canonical_form(seed: int) -> None:
    parsed = parse(written(seed).encode(), FILE)
    if not any(found.severity is Severity.ERROR for found in parsed.findings):
        for flow in parsed.flows:
            assert_same_again(flow)


def _gnawed(data: bytes, random: Random) -> bytes:
    """The bytes with a few of them changed, lost, doubled or put elsewhere."""
    gnawed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(gnawed) + 1)
        match random.randrange(4):
            case 0:
                gnawed[at:at] = random.choice(
                    [b"\n", b"\t", b": ", b"- ", b"&a ", b"*a", b"{", b"]", b"\xff", b"|", b"? "]
                )
            case 1:
                del gnawed[at : at + random.randint(1, 8)]
            case 2:
                gnawed[at:at] = gnawed[at : at + random.randint(1, 40)]
            case _:
                gnawed[at : at + 1] = bytes([random.randrange(256)])
    return bytes(gnawed)


@given(SEEDS)
def test_a_gnawed_file_is_judged(seed: int) -> None:
    assert_told_well(_gnawed(written(seed).encode(), Random(seed)))


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf{")
@example("a: 1".encode("utf-16"))
@example(b"a: \r\n b")
@example(b"\xc2\x85")
@example(b"---")
def test_any_bytes_are_judged(data: bytes) -> None:
    assert_told_well(data)


@given(st.text(st.sampled_from("ab:-#{}[]\"'\n &*|>!%?,1~<=\t"), max_size=80))
def test_any_yaml_is_judged(text: str) -> None:
    assert_told_well(text.encode())


def _changed_line(lines: list[str], random: Random) -> tuple[int, str] | None:
    """A line with one plain value, and what it says with a value of another type."""
    places = [index for index, line in enumerate(lines) if ": " in line and line[-1] not in "|>{["]
    if not places:
        return None
    index = random.choice(places)
    key, _, _value = lines[index].partition(": ")
    return index, f"{key}: {random.choice(['[[]]', '{zz: {}}', '-7.5', 'zzz', 'true'])}"


@given(SEEDS)
def test_one_changed_value_is_told_on_its_own_line_or_means_something(seed: int) -> None:
    lines = written(seed).split("\n")
    before = {(found.rule, found.span.line) for found in parse("\n".join(lines).encode(), FILE).findings}
    change = _changed_line(lines, Random(seed))
    if change is None:
        return
    lines[change[0]] = change[1]
    found = parse("\n".join(lines).encode(), FILE).findings
    new = [one for one in found if one.rule in _READING and (one.rule, one.span.line) not in before]

    assert not new or change[0] + 1 in [line for one in found for line in (one.span.line, *_also(one))], new


def _also(found: Finding) -> list[int]:
    return [span.line for _, span, _ in found.also]


@pytest.mark.slow
@pytest.mark.timeout(600)
@given(SEEDS, st.integers(0, 6))
@settings(max_examples=2_000)
def test_very_many_files_of_the_grammar_are_judged(seed: int, spoils: int) -> None:
    data = written(seed, spoils).encode()
    assert_told_well(data)
    assert_told_well(_gnawed(data, Random(seed)))

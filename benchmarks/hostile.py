"""Inputs that somebody made to hurt, each small to make, and judging them. `python -m benchmarks.hostile NAME` prints
what one costs in a process of its own: CPU seconds, MiB that are added, and what was found where.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from time import process_time

from reconciler.flows.findings import Finding
from reconciler.flows.parse import parse
from reconciler.plan.build import build

FILE = "flows/f.yaml"
MIB = 1024 * 1024
JOB = "run: {kind: job, container: {image: i}}\n"


def job(extra: str) -> bytes:
    return f"kind: component\n{extra}\n{JOB}".encode()


def argument(text: str) -> bytes:
    return f"run:\n  kind: job\n  container: {{image: i, args: [{json.dumps(text)}]}}\n".encode()


def _aliases() -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    return "\n".join(lines).encode()


def _ops(count: int) -> bytes:
    ops = "".join(f"  - {{name: op-{i}, dagRef: c}}\n" for i in range(count))
    return f"run:\n  kind: dag\n  operations:\n{ops}  components: [{{name: c, {JOB.strip()}}}]\n".encode()


def _every_edge(count: int) -> bytes:
    """Each op waits for all before it: as many edges as there are pairs."""
    ops = (
        f"  - {{name: op-{i}, dagRef: c, dependencies: [{', '.join(f'op-{j}' for j in range(i))}]}}\n"
        for i in range(count)
    )
    return f"run:\n  kind: dag\n  operations:\n{''.join(ops)}  components: [{{name: c, {JOB.strip()}}}]\n".encode()


def _circle(count: int) -> bytes:
    ops = "".join(f"  - {{name: op-{i}, dagRef: c, dependencies: [op-{(i + 1) % count}]}}\n" for i in range(count))
    return f"run:\n  kind: dag\n  operations:\n{ops}  components: [{{name: c, {JOB.strip()}}}]\n".encode()


def _dags(levels: int) -> bytes:
    text = JOB.strip()
    for _ in range(levels):
        text = f"run: {{kind: dag, operations: [{{name: a, component: {{{text}}}}}]}}"
    return text.encode()


def _doubling(levels: int) -> bytes:
    """Each component uses the next twice: over all levels as many ops as two to their number."""
    used = "run: {kind: dag, operations: [{name: a, dagRef: NEXT}, {name: b, dagRef: NEXT}]}"
    parts = [f"  - name: c{i}\n    {used.replace('NEXT', f'c{i + 1}')}\n" for i in range(levels)]
    last = f"  - {{name: c{levels}, {JOB.strip()}}}\n"
    return f"run:\n  kind: dag\n  operations: [{{name: a, dagRef: c0}}]\n  components:\n{''.join(parts)}{last}".encode()


def _grid(values: int, params: int) -> bytes:
    names = [f"p{i}" for i in range(params)]
    inputs = ", ".join(f"{{name: {name}, type: int}}" for name in names)
    spaces = ", ".join(f"{name}: {{kind: range, value: [0, {values}, 1]}}" for name in names)
    return f"inputs: [{inputs}]\nmatrix: {{kind: grid, params: {{{spaces}}}}}\n{JOB}".encode()


def _space(kind: str, value: str) -> bytes:
    spaces = f"p: {{kind: {kind}, value: {value}}}"
    return f"inputs: [{{name: p, type: float}}]\nmatrix: {{kind: grid, params: {{{spaces}}}}}\n{JOB}".encode()


def _long_names() -> bytes:
    names = [
        "a\\nb",
        "\\e[31mred",
        "::error::x",
        "| a | b |",
        "<script>alert(1)</script>",
        "x" * 100_000,
        "../../etc/passwd",
    ]
    ops = "".join(f'  - {{name: "{name}", dagRef: "{name}"}}\n' for name in names)
    return f"run:\n  kind: dag\n  operations:\n{ops}".encode()


INPUTS: Mapping[str, Callable[[], bytes]] = {
    "alias-bomb": _aliases,
    "ops-100000": lambda: _ops(100_000),
    "edges-of-1500-ops": lambda: _every_edge(1_500),
    "circle-of-20000-ops": lambda: _circle(20_000),
    "nested-dags-40": lambda: _dags(40),
    "nested-dags-1000": lambda: _dags(1_000),
    "doubling-components-24": lambda: _doubling(24),
    "grid-of-1000000": lambda: _grid(100, 3),
    "grid-of-1e60": lambda: _grid(1_000_000, 10),
    "range-of-1e300": lambda: _space("range", "[0, 1e300, 1e-300]"),
    "linspace-of-1e12": lambda: _space("linspace", "[0, 1, 1000000000000]"),
    "mapping-of-200000": lambda: job(
        "inputs: [{name: p, type: int}]\nmatrix:\n  kind: mapping\n  values:\n" + "  - {p: 1}\n" * 200_000
    ),
    "nested-lists-1000": lambda: job("description: " + "[" * 1_000 + "]" * 1_000),
    "nested-lists-1000000": lambda: b"[" * 1_000_000,
    "nested-block-4000": lambda: b"".join(b" " * i + b"a:\n" for i in range(4_000)),
    "scalar-of-9-mib": lambda: job("description: " + "x" * (9 * MIB)),
    "quoted-scalar-of-9-mib": lambda: job('description: "' + "\\x41" * (9 * MIB // 4) + '"'),
    "line-of-9-mib": lambda: b"{kind: component, tags: [" + b"a, " * (3 * MIB) + b"]}",
    "over-the-size": lambda: b"#" * (11 * MIB),
    "comments-of-9-mib": lambda: b"# comment\n" * (9 * MIB // 10) + job("name: a"),
    "keys-700000": lambda: b"".join(b"k%d: 1\n" % i for i in range(700_000)),
    "params-300000": lambda: job("params:\n" + "".join(f"  p{i}: 1\n" for i in range(300_000))),
    "same-key-500000": lambda: b"a: 1\n" * 500_000,
    "documents-10000": lambda: (b"---\n" + job("name: a")) * 10_000,
    "template-of-1-mib": lambda: argument("{{ " + "a + " * 250_000 + "a }}"),
    "templates-100000": lambda: argument("{{ a }}" * 100_000),
    "template-brackets": lambda: argument("{{ " + "(" * 50_000 + "a" + ")" * 50_000 + " }}"),
    "template-not-not": lambda: argument("{{ " + "not " * 20_000 + "a }}"),
    "template-minus": lambda: argument("{{ " + "-" * 3_900 + "1 }}"),
    "template-power": lambda: argument("{{ 9 ** 9 ** 9 ** 9 ** 9 }}"),
    "template-repeat": lambda: argument("{{ 'a' * 10 ** 12 }}"),
    "template-filters": lambda: argument("{{ a" + " | upper" * 50_000 + " }}"),
    "template-open": lambda: argument("{{" * 500_000),
    "template-percent": lambda: argument("{%" * 500_000),
    "template-comments": lambda: argument("{#" * 500_000 + "{{ a }}"),
    "template-strings": lambda: argument("{{ '" + "\\\\" * 400_000),
    "unique-templates-50000": lambda: job("params:\n" + "".join(f"  p{i}: '{{{{ a{i} }}}}'\n" for i in range(50_000))),
    "regex-nested": lambda: job(
        f"inputs: [{{name: a, type: str, value: {'a' * 60}!, validation: {{regex: '(a+)+$'}}}}]"
    ),
    "regex-counted": lambda: job(
        "inputs: [{name: a, type: str, value: aaaa, validation: {regex: '((a{1,99}){1,99}){1,99}$'}}]"
    ),
    "regex-long": lambda: job(f"inputs: [{{name: a, type: str, value: a, validation: {{regex: '{'(a|' * 20_000}'}}}}]"),
    "number-of-1e999999": lambda: job("cost: 1e999999\ninputs: [{name: a, type: int, value: 1e400}]"),
    "number-of-100000-digits": lambda: job(
        f"cost: {'9' * 100_000}\ninputs: [{{name: a, type: int, value: {'9' * 100_000}}}]"
    ),
    "number-of-5000-digits-quoted": lambda: job(f"inputs: [{{name: a, type: int, value: '{'9' * 5_000}'}}]"),
    "hex-of-400-digits": lambda: job(f"cost: 0x{'f' * 390}\nversion: 0x{'f' * 390}\nports: [0x{'f' * 390}]"),
    "amount-of-1e999": lambda: job("resources: {cpu: 1e999, memory: 9e999999999..1}"),
    "multiple-of-1e-300": lambda: job(
        "inputs: [{name: a, type: float, value: 1e300, validation: {multipleOf: 1e-300}}]"
    ),
    "decimal-places": lambda: job(
        "inputs: [{name: a, type: float, value: 1e-300, validation: {decimalPlaces: 2, maxDigits: 9}}]"
    ),
    "duration-of-nines": lambda: job(f"schedule: {{kind: interval, frequency: P{'9' * 50}D}}"),
    "cron-of-commas": lambda: job(f"schedule: {{kind: cron, cron: '{'0,' * 100_000}0 * * * *'}}"),
    "cron-of-nines": lambda: job(f"schedule: {{kind: cron, cron: '*/{'9' * 10_000} * * * *'}}"),
    "type-of-brackets": lambda: job(f"inputs: [{{name: a, type: '{'List[' * 20_000}int{']' * 20_000}', value: 1}}]"),
    "json-of-brackets": lambda: job(f"inputs: [{{name: a, type: dict, value: '{'[' * 100_000}'}}]"),
    "invalid-utf-8": lambda: b"a: " + b"\xff\xfe" * 500_000,
    "utf-16": lambda: ("kind: component\n" + JOB).encode("utf-16"),
    "nul-and-bidi": lambda: b"a: \x00\n" + "b: \u202e\u2066\n".encode() * 100_000,
    "names": _long_names,
    "tags": lambda: b"a: !!python/object/apply:os.system [x]\n" * 50_000,
    "anchors-300000": lambda: b"".join(b"- &a%d x\n" % i for i in range(300_000)),
    "merge-keys": lambda: b"a: &a {x: 1}\nb: {<<: [" + b"*a, " * 100_000 + b"*a]}\n",
    "merge-chain": lambda: (
        b"a0: &a0 {k0: 1}\n" + b"".join(b"a%d: &a%d {<<: *a%d, k%d: 1}\n" % (i, i, i - 1, i) for i in range(1, 3_000))
    ),
    "unknown-keys-100000": lambda: job("cache:\n" + "".join(f"  disabel{i}: 1\n" for i in range(100_000))),
    "near-names": lambda: _ops(3_000).replace(b"dagRef: c}", b"dagRef: cc}"),
    "tabs": lambda: b"\t" * MIB,
    "question-marks": lambda: b"? " * 500_000,
    "dashes": lambda: b"- " * 500_000,
    "colons": lambda: b"a: " * 500_000,
    "quotes": lambda: b"'" * (5 * MIB),
    "carriage-returns": lambda: b"\r" * (9 * MIB) + b"a: b",
    "pattern-globs": lambda: job("connections: [" + ", ".join(["'**/*'"] * 50_000) + "]"),
    "queries": lambda: job(f"joins: [{{query: '{'status:a|' * 100_000}a'}}]"),
    "conditions": lambda: job(f'conditions: "{"a == " * 100_000}a"'),
}


def judge(data: bytes) -> list[Finding]:
    """All findings of a file, judged as `headgate validate` judges it."""
    parsed = parse(data, FILE)
    built = [build(flow, lambda path: None, start=False).findings for flow in parsed.flows]
    return [*parsed.findings, *(found for findings in built for found in findings)]


def main(name: str) -> None:
    """Judge one input and print a line of JSON about it."""
    data = INPUTS[name]()
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, process_time()
    findings = judge(data)
    seconds, peak = process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = [(found.rule, found.span.line) for found in findings]
    longest = max((len(found.message) for found in findings), default=0)
    cost = {"seconds": seconds, "mib": (peak - before) / 1024, "bytes": len(data)}
    print(json.dumps({"name": name, **cost, "longest": longest, "told": told}))


if __name__ == "__main__":
    for given in sys.argv[1:]:
        main(given)

"""The one table of rules: name, default severity and subject. What finds a rule broken lives with that subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.flows.findings import Finding, Severity, Span
from reconciler.flows.near import Guess

ACCEPTING = b"headgate:"  # in every comment that accepts findings in its place
_LONGEST_MESSAGE = 10_000  # characters; what is longer repeats a text that was made to be long
MAX_FINDINGS = 1_000  # of one file; nobody reads on, and a file made for it could have millions


@dataclass(frozen=True, slots=True)
class Rule:
    """A stable kebab-case name, how much it matters, and a line that says what it is about.

    `lowerable` rules are about files that could be read and run up to some point: a repository may set their severity.
    The others mean that the file has no clear meaning.
    """

    name: str
    severity: Severity
    summary: str
    lowerable: bool = True


_ERROR, _WARNING, _NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE


def _fixed(name: str, summary: str) -> Rule:
    return Rule(name, _ERROR, summary, lowerable=False)


_READING = (
    _fixed("yaml-broken", "The text is not YAML."),
    _fixed("yaml-too-large", "The file, or what its aliases expand to, is larger than a flow file may be."),
    _fixed("yaml-too-deep", "Sequences and mappings are nested deeper than a flow file may be."),
    _fixed("yaml-tag", "A YAML tag asks for something other than plain data."),
    _fixed("yaml-characters", "The text holds bytes or invisible characters that hide what it says."),
    Rule("yaml-duplicate-key", _ERROR, "A mapping says the same key twice; only one would count."),
    Rule("yaml-octal", _WARNING, "A number with leading zeros reads as decimal here and as octal elsewhere."),
    _fixed("findings-too-many", "A file has more findings than are looked for."),
    _fixed("document-empty", "A document holds no flow."),
)

_FIELDS = (
    _fixed("field-unknown", "A key that this place does not know."),
    _fixed("field-type", "A value of another type than the field takes."),
    _fixed("field-missing", "A field that must be there is not."),
    _fixed("field-conflict", "Fields that cannot stand together."),
    _fixed("value-not-allowed", "A value outside the ones the field allows."),
    _fixed("name-invalid", "A name with characters that names cannot have, or a reserved one."),
    _fixed("kind-unknown", "A kind that does not exist."),
    Rule("kind-unsupported", _WARNING, "Something of the language that nothing can run yet."),
    Rule("cron-invalid", _ERROR, "A cron expression that never fires or cannot be read."),
    _fixed("settings-invalid", "The repository's settings name something that does not exist."),
)

_PARAMS = (
    Rule("input-duplicate", _ERROR, "Two inputs, or two outputs, of a component have the same name."),
    _fixed("input-optional-conflict", "An input has a default value and says that it is not optional."),
    _fixed("input-value-invalid", "A default value does not fit its own type or validation."),
    Rule("type-unknown", _ERROR, "A type of an input or output that does not exist."),
    _fixed("param-ref-invalid", "The `ref` of a param, or what it asks for there, cannot be read."),
    _fixed("param-missing", "A required input gets no value."),
    _fixed("param-type", "A param's value does not fit the input it is for."),
    Rule("param-undeclared", _WARNING, "A param that the component does not declare."),
    _fixed("output-unknown", "A reference to an input or output that the op does not declare."),
    Rule("input-may-be-missing", _WARNING, "A trigger lets an op start when an upstream has no output for it."),
    Rule(
        "matrix-param-unknown",
        _ERROR,
        "A matrix gives values for an input that the component does not declare.",
    ),
    _fixed(
        "matrix-param-invalid",
        "A sweep's values do not fit their input, or a searched param cannot be drawn from by this kind of search.",
    ),
    Rule("edge-implied", _NOTICE, "A template reads another op's outputs; the edge it needs was added."),
)

_GRAPH = (
    _fixed("run-missing", "An op says neither what it runs nor where that is kept."),
    _fixed("dag-empty", "A dag has no ops."),
    Rule("op-duplicate", _ERROR, "Two ops, or two components, of a dag have the same name."),
    _fixed("op-unknown", "A reference to an op that the dag does not have."),
    _fixed("dependency-unknown", "A dependency on an op that the dag does not have."),
    Rule("dag-cycle", _ERROR, "Ops wait for each other in a circle."),
    Rule("op-unreachable", _ERROR, "An op that no outcome of its upstreams can start."),
    _fixed("schedule-nested", "A schedule on an op inside a dag."),
    Rule("image-missing", _ERROR, "A container without an image."),
    Rule("build-on-dag", _ERROR, "A build on a dag, which has no container of its own."),
    Rule("query-invalid", _ERROR, "A query or sort of a join that cannot be read."),
    _fixed("event-invalid", "An event that cannot come from what it refers to."),
)

_TEMPLATES = (
    Rule("template-unknown-name", _ERROR, "A template uses a name that cannot exist there."),
    Rule("template-broken", _ERROR, "A template that cannot be parsed."),
    Rule("template-not-allowed", _ERROR, "A template does something that templates may not do."),
)

_REFERENCES = (
    Rule("ref-not-found", _ERROR, "A reference to a component or preset that is not there."),
    Rule("ref-cycle", _ERROR, "Components refer to each other in a circle."),
    Rule("ref-outside", _ERROR, "A path that leaves the repository."),
    Rule(
        "ref-not-allowed",
        _ERROR,
        "A reference to a host or repository that is not on the list of allowed ones.",
    ),
    Rule("ref-unpinned", _ERROR, "A remote reference without a digest or commit in the lock file."),
    _fixed("ref-digest", "The locked text of a remote component is not what the lock file pins."),
    _fixed("lock-invalid", "The lock file is not one that `headgate lock` could have written."),
    Rule("lock-unused", _WARNING, "The lock file pins something that nothing refers to."),
)

_ACCEPTING = (
    Rule("acceptance-invalid", _WARNING, "A comment that is meant to accept a finding and cannot."),
    Rule("acceptance-unused", _WARNING, "A comment accepts a finding that is not there."),
)

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for group in (_READING, _FIELDS, _PARAMS, _GRAPH, _TEMPLATES, _REFERENCES, _ACCEPTING)
    for rule in group
}


def finding(
    rule: str,
    message: str,
    file: str,
    span: Span,
    path: str = "",
    suggestion: str | None = None,
    also: tuple[tuple[str, Span, str], ...] = (),
) -> Finding:
    """A finding of a rule of the table, with the table's severity. Raises KeyError for a rule that is not in it.

    A suggestion that `near` is sure of makes the finding a sure one.
    """
    sure = isinstance(suggestion, Guess) and suggestion.sure
    word = None if suggestion is None else str(suggestion)
    if len(message) > _LONGEST_MESSAGE:
        message = f"{message[: _LONGEST_MESSAGE - 1]}…"
    return Finding(rule, RULES[rule].severity, message, file, span, path, word, also, sure=sure)


def page(rule: str) -> str:
    """The address of a rule's page, relative to the root of the project."""
    return f"docs/rules/{rule}.md"

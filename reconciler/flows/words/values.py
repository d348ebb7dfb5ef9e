"""Words on inputs, outputs, their validation, params and joins."""

from __future__ import annotations

from typing import Final

from reconciler.flows.types import type_names
from reconciler.flows.words.word import Section, Word

IO: Final = Section(
    "One input or output of a component.",
    {
        "name": Word("Its name: params, templates and other ops use it.", "lr"),
        "description": Word("What it means, for those who give it a value.", "The learning rate."),
        "type": Word(
            "The type of its value, such as int, float, bool, str, dict, path, uri, date, metric or image.",
            "float",
            others=type_names(),
        ),
        "isOptional": Word("Whether it may stay without a value; with a `value` it may.", True, False),
        "isList": Word("Whether the value is a list of values of the type.", True, False),
        "isFlag": Word("Whether true is written as `--name` and false as nothing on a command line.", True, False),
        "argFormat": Word("How `as_arg` writes it on a command line.", "--learning-rate={{ lr }}"),
        "connection": Word("The connection that its value is read from.", "warehouse"),
        "toInit": Word("Whether the value is fetched before the container starts.", True, False),
        "toEnv": Word("The environment variable that gets the value.", "LEARNING_RATE"),
        "value": Word("The value where no param gives one.", 0.1),
        "validation": Word("What must be true of the value beyond its type.", {"gt": 0, "le": 1}),
        "delayValidation": Word(
            "Whether the value is checked only when the op runs; outputs are checked then by default.", True
        ),
        "options": Word("The values that are allowed: the older spelling of `validation.options`.", ["adam", "sgd"]),
    },
)
_LIMITS: Final = {
    "gt": Word("It must be greater than this.", 0),
    "ge": Word("It must be at least this.", 1),
    "lt": Word("It must be less than this.", 100),
    "le": Word("It must be at most this.", 99.5),
    "multipleOf": Word("It must be a multiple of this.", 8),
    "minDigits": Word("It must have at least so many digits.", 2),
    "maxDigits": Word("It must have at most so many digits.", 6),
    "decimalPlaces": Word("It must have at most so many decimal places.", 2),
    "minLength": Word("The text must have at least so many characters.", 3),
    "maxLength": Word("The text must have at most so many characters.", 63),
    "minItems": Word("The list or mapping must have at least so many items.", 1),
    "maxItems": Word("The list or mapping must have at most so many items.", 10),
}
VALIDATION: Final = Section(
    "What must be true of a value; sizes and keys are asked of the collection, all else of each of its items.",
    {
        "delay": Word("Whether the value is checked only when the op runs.", True),
        **_LIMITS,
        "regex": Word("The text must match this regular expression from its begin.", "[a-z]+-[0-9]+"),
        "contains": Word("The text or list must hold this, or one of these.", "train"),
        "excludes": Word("The text or list must not hold this, or any of these.", ["tmp"]),
        "options": Word("It must be one of these.", ["adam", "sgd"]),
        "keys": Word("The mapping must have exactly these keys.", ["width", "height"]),
        "containsKeys": Word("The mapping must have these keys.", ["width"]),
        "excludesKeys": Word("The mapping must not have these keys.", ["depth"]),
    },
)
PARAM: Final = Section(
    "A value for an input in its full form. A mapping with none of these keys is a value itself.",
    {
        "value": Word("The value, or with `ref` what to take from there.", "outputs.loss"),
        "ref": Word("Where the value comes from: `ops.NAME`, `dag`, or `runs.UUID`.", "ops.train"),
        "contextOnly": Word("Whether it is for templates only and needs no input that declares it.", True),
        "connection": Word("The connection that the value is read from.", "warehouse"),
        "toInit": Word("Whether the value is fetched before the container starts.", True),
        "toEnv": Word("The environment variable that gets the value.", "ROWS"),
    },
)
JOIN: Final = Section(
    "A question to earlier runs of the repository; each of its params is a list with a value per run.",
    {
        "ref": Word("Asks only the children of this sweep beside it, and waits for them.", "ops.tune"),
        "query": Word(
            "Which runs: conditions by field, with commas between them.",
            "status: succeeded, metrics.loss: < 0.3, created_at: >= 2026-01-01",
        ),
        "sort": Word("In which order: a field, with `-` before it for the greatest first.", "-metrics.accuracy"),
        "limit": Word("At most so many runs.", 10),
        "offset": Word("How many runs to pass over first.", 5, 0),
        "params": Word(
            "What to take from each run, by the input that gets the list.", {"losses": {"value": "outputs.loss"}}
        ),
    },
)

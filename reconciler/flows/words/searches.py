"""Words on the kinds of matrix, on what ends them early, and on the spaces that values are drawn from."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

_SPACES_EXAMPLE: Final = {"lr": {"kind": "choice", "value": [0.1, 0.01]}}


def _shared(name: str) -> dict[str, Word]:
    return {
        "kind": Word("The kind of matrix.", name),
        "concurrency": Word("At most so many children at once; without it, what the service has places for.", 4),
        "earlyStopping": Word(
            "What ends it before all its children ran.",
            [{"kind": "metric_early_stopping", "metric": "loss", "value": 0.1, "optimization": "minimize"}],
        ),
    }


_PARAMS: Final = Word("The space of each input that is searched, by its name.", _SPACES_EXAMPLE)
_SEED: Final = Word("Makes the values the same in every run; without it they differ from run to run.", 7)
_METRIC: Final = Word("What is made as small or large as can be.", {"name": "loss", "optimization": "minimize"})
_TUNER: Final = Word("A component that suggests the next values.", {"hubRef": "my-tuner"})
_RESOURCE: Final = Word("The input that says how much each child may use.", {"name": "epochs", "type": "int"})
_ETA: Final = Word("One child in so many goes on, with so many times as much.", 3)
MATRICES: Final = {
    "mapping": {
        **_shared("mapping"),
        "values": Word(
            "The values of each child, or a template that gives the list.", [{"city": "Oslo"}, {"city": "Lima"}]
        ),
    },
    "grid": {
        **_shared("grid"),
        "params": _PARAMS,
        "numRuns": Word("Only the first so many combinations; without it, all.", 10),
    },
    "random": {
        **_shared("random"),
        "params": _PARAMS,
        "numRuns": Word("How many children there are.", 10),
        "seed": _SEED,
    },
    "hyperband": {
        **_shared("hyperband"),
        "params": _PARAMS,
        "maxIterations": Word("The most of the resource that one child may use.", 81),
        "eta": _ETA,
        "resource": _RESOURCE,
        "metric": _METRIC,
        "resume": Word("Whether a child that goes on continues where it ended.", True, False),
        "seed": _SEED,
        "tuner": _TUNER,
    },
    "asha": {
        **_shared("asha"),
        "params": _PARAMS,
        "numRuns": Word("How many children there are.", 27),
        "minIterations": Word("How much of the resource each child begins with.", 1, 1),
        "maxIterations": Word("The most of the resource that one child may use.", 81),
        "eta": _ETA,
        "resource": _RESOURCE,
        "metric": _METRIC,
        "seed": _SEED,
        "tuner": _TUNER,
    },
    "bayes": {
        **_shared("bayes"),
        "params": _PARAMS,
        "numInitialRuns": Word("How many children with random values come first.", 5),
        "maxIterations": Word("How many children come after them.", 20),
        "metric": _METRIC,
        "utilityFunction": Word("How the next values are chosen.", {"acquisitionFunction": "ucb", "kappa": 2.5}),
        "seed": _SEED,
        "tuner": _TUNER,
    },
    **{
        name: {
            **_shared(name),
            "params": _PARAMS,
            "numRuns": Word("How many children there are.", 20),
            "maxIterations": Word("How many times values are suggested.", 20),
            "metric": _METRIC,
            "seed": _SEED,
            "tuner": _TUNER,
        }
        for name in ("tpe", "hyperopt")
    },
    "iterative": {
        **_shared("iterative"),
        "params": _PARAMS,
        "maxIterations": Word("How many times values are suggested.", 20),
        "seed": _SEED,
        "tuner": _TUNER,
    },
}
MATRICES["hyperopt"]["algorithm"] = Word("How values are suggested.", "anneal", "tpe")

METRIC: Final = Section(
    "What a search makes as small or large as can be.",
    {
        "name": Word("An output or metric of the children.", "loss"),
        "optimization": Word("Whether more or less of it is better.", "minimize", "maximize"),
    },
)
RESOURCE: Final = Section(
    "The input that says how much a child may use, such as epochs.",
    {"name": Word("Its name.", "epochs"), "type": Word("Its type.", "int", "float")},
)
TUNER: Final = Section(
    "A component that suggests the next values of a search.",
    {
        "hubRef": Word("The component, as `name` or `name:tag`.", "my-tuner"),
        "presets": Word("Presets to lay under it.", ["small"]),
        "queue": Word("The queue it waits in.", "tuners"),
        "namespace": Word("The namespace it runs in.", "tuners"),
        "params": Word("Values for its inputs, by name.", {"strategy": {"value": "greedy"}}),
    },
)
UTILITY: Final = Section(
    "How bayes chooses the next values.",
    {
        "acquisitionFunction": Word(
            "What is sought: an upper bound (ucb, with `kappa`), or improvement (ei, poi, with `eps`).", "ei", "ucb"
        ),
        "gaussianProcess": Word("What the metric is thought to look like.", {"kernel": "matern", "nu": 1.5}),
        "kappa": Word("How much unknown values are sought; for ucb.", 2.5),
        "eps": Word("How much better a value must seem; for ei and poi.", 0.01),
        "numWarmup": Word("How many random points are looked at first.", 1000),
        "numIterations": Word("From how many points the best is climbed to.", 50),
    },
)
PROCESS: Final = Section(
    "What bayes thinks the metric looks like between the values it knows.",
    {
        "kernel": Word("How near values are alike.", "rbf", "matern"),
        "lengthScale": Word("How far values are alike.", 0.5, 1.0),
        "nu": Word("How smooth the metric is; for matern.", 2.5, 1.5),
        "numRestartsOptimizer": Word("How often it is fitted again.", 3, 0),
    },
)

SEARCH_PARAM: Final = Section(
    "The space that the values of one input are drawn from.",
    {
        "kind": Word("The kind of space.", "choice"),
        "value": Word("Its choices or numbers; these can be a mapping, a list, or a text with colons.", [0.1, 0.01]),
    },
)


def _space(name: str, meaning: str, example: object) -> tuple[str, Section]:
    fields = {"kind": Word("The kind of space.", name), "value": Word(meaning, example)}
    return name, Section(meaning, fields)


_BOUNDS: Final = {"low": 0, "high": 1}
_NORMAL: Final = {"loc": 0, "scale": 1}
SPACES: Final = dict(
    (
        _space("choice", "Any of a list of values.", [16, 32, 64]),
        _space("pchoice", "Any of a list of values, each with its probability.", [["adam", 0.7], ["sgd", 0.3]]),
        _space(
            "range", "Numbers from start up to and without stop, a step apart.", {"start": 2, "stop": 10, "step": 2}
        ),
        _space(
            "daterange",
            "Days from start up to and without stop, a step of days apart.",
            ["2026-01-01", "2026-02-01", 1],
        ),
        _space(
            "datetimerange",
            "Times from start up to and without stop, a step of seconds apart.",
            ["2026-01-01T00:00:00", "2026-01-02T00:00:00", 3600],
        ),
        _space("linspace", "So many numbers from start to stop, evenly apart.", {"start": 0, "stop": 1, "num": 5}),
        _space(
            "geomspace",
            "So many numbers from start to stop, each a constant times the last.",
            {"start": 1, "stop": 1000, "num": 4},
        ),
        _space(
            "logspace", "Powers of a base (10) whose exponents are evenly apart.", {"start": -4, "stop": -1, "num": 4}
        ),
        _space("uniform", "Any number between low and high, all equally likely.", _BOUNDS),
        _space("quniform", "The same, rounded to multiples of q.", {**_BOUNDS, "q": 0.1}),
        _space(
            "loguniform",
            "Exponentials of numbers between low and high, which are natural logarithms.",
            {"low": -9.2, "high": -2.3},
        ),
        _space("qloguniform", "The same, rounded to multiples of q.", {"low": 0, "high": 7, "q": 1}),
        _space("normal", "Numbers around loc, as far away as scale says.", _NORMAL),
        _space("qnormal", "The same, rounded to multiples of q.", {**_NORMAL, "q": 0.5}),
        _space("lognormal", "Exponentials of numbers around loc, as far away as scale says.", _NORMAL),
        _space("qlognormal", "The same, rounded to multiples of q.", {**_NORMAL, "q": 0.5}),
    )
)

METRIC_STOP: Final = Section(
    "Ends it well as soon as one child is good enough, or a child that is behind the others.",
    {
        "kind": Word("The kind of early stop.", "metric_early_stopping"),
        "metric": Word("The output or metric to look at.", "loss"),
        "value": Word("What is good enough.", 0.1),
        "optimization": Word("Whether more or less of it is better.", "minimize"),
        "policy": Word("Which children are behind the others.", {"kind": "median", "evaluationInterval": 1}),
    },
)
FAILURE_STOP: Final = Section(
    "Ends it as failed when too many of its children failed.",
    {
        "kind": Word("The kind of early stop.", "failure_early_stopping"),
        "percent": Word("How many of a hundred planned children are too many.", 50),
    },
)


def _policy(name: str) -> dict[str, Word]:
    return {
        "kind": Word("The kind of comparison.", name),
        "evaluationInterval": Word("Every how many steps it is asked.", 1),
        "minInterval": Word("How many steps to leave each child before.", 10),
        "minSamples": Word("How many children there must be to compare with.", 5),
    }


_PERCENT: Final = "How many percent worse than the best is too much."
STOPS: Final = {
    "metric_early_stopping": METRIC_STOP,
    "failure_early_stopping": FAILURE_STOP,
    "median": Section("A child is stopped that is worse than the median of the others.", _policy("median")),
    "diff": Section(
        "A child is stopped that is worse than the best one by a share.",
        {**_policy("diff"), "percent": Word(_PERCENT, 20)},
    ),
    "truncation": Section(
        "The worst share of the children is stopped.",
        {
            **_policy("truncation"),
            "percent": Word("How many of a hundred children are stopped.", 30),
            "includeSucceeded": Word("Whether children that have ended count too.", True, False),
        },
    ),
}

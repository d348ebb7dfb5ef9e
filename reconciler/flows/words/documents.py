"""Words on the fields of operations, components and presets, and on those that stand beside what is run."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

_SAID: Final = {
    "version": Word("The version of the language; there is one, any number is taken.", 1.1),
    "kind": Word(
        "What the document is: a component says what can be run, an operation runs one. "
        "Without it, a document that refers to a component is an operation.",
        "component",
    ),
    "name": Word(
        "The name of the flow, op or component: letters, digits, `-` and `_`. "
        "A file without one gets the name of the file, an op of a dag needs one.",
        "train-churn",
    ),
    "description": Word("What it does, for the people who read it.", "Trains the churn model on last week's events."),
    "tags": Word("Words by which runs are found and joined.", ["churn", "nightly"]),
    "template": Word("Says that the file is a form to copy: it is judged and never started.", {"enabled": True}),
    "isPreset": Word("Whether this is a preset: a part of an operation that others lay under their own.", True, False),
    "presets": Word("Presets to lay under it, by their names under `presets/`, in this order.", ["gpu", "patient"]),
    "patchStrategy": Word(
        "How what is said here meets what the preset or component says: see presets and patches.",
        "replace",
        "post_merge",
    ),
}
_REFERENCES: Final = {
    "hubRef": Word(
        "The component to run: `name` or `name:tag` under `hub/` of the repository, `owner/name:tag` of another hub.",
        "train:v2",
    ),
    "dagRef": Word("The component to run, by its name among the components of the same dag.", "train"),
    "pathRef": Word(
        "The component to run, as a path relative to this file that stays in the repository.", "../shared/train.yaml"
    ),
    "urlRef": Word(
        "The component to run, at an address on the list of allowed hosts, pinned in `.headgate.lock`.",
        "https://flows.example.org/train.yaml",
    ),
    "component": Word(
        "The component to run, written out in place.",
        {"run": {"kind": "job", "container": {"image": "python:3.12"}}},
    ),
}
_VALUES: Final = {
    "inputs": Word("What the component takes.", [{"name": "lr", "type": "float", "value": 0.1}]),
    "outputs": Word("What the component gives when it ends well.", [{"name": "loss", "type": "float"}]),
    "params": Word(
        "Values for the inputs of the component, by name.",
        {"lr": 0.01, "rows": {"ref": "ops.prepare", "value": "outputs.rows"}},
    ),
    "strictParams": Word("Whether a param that the component does not declare is an error.", True, False),
    "joins": Word(
        "Questions to earlier runs, or to the children of a sweep; the answers are lists.",
        [
            {
                "query": "status: succeeded",
                "sort": "-created_at",
                "limit": 5,
                "params": {"losses": {"value": "outputs.loss"}},
            }
        ],
    ),
}
_RUNS: Final = {
    "run": Word("What is run; its `kind` says how.", {"kind": "job", "container": {"image": "python:3.12"}}),
    "ops": Word(
        "The ops of a dag, at the root of the file: short for `run: {kind: dag, operations: …}`.",
        [{"name": "train", "hubRef": "train"}],
    ),
    "components": Word(
        "The components of a dag, at the root of the file: short for `run: {kind: dag, components: …}`.",
        [{"name": "train", "run": {"kind": "job", "container": {"image": "python:3.12"}}}],
    ),
    "runPatch": Word(
        "Fields to lay over the run of the component.", {"container": {"resources": {"limits": {"memory": "8Gi"}}}}
    ),
    "matrix": Word(
        "Makes one child for each of many sets of values.",
        {"kind": "grid", "params": {"lr": {"kind": "choice", "value": [0.1, 0.01]}}},
    ),
    "schedule": Word("Starts the flow by the clock; only for whole flows.", {"kind": "cron", "cron": "0 2 * * *"}),
}
_STARTS: Final = {
    "dependencies": Word("Ops of the same dag that it waits for, by name.", ["prepare"]),
    "trigger": Word("Which outcome of the ops it waits for lets it start.", "all_done", "all_succeeded"),
    "conditions": Word(
        "An expression; where it is false the op is skipped. Braces may be left out.", "{{ accuracy > 0.9 }}"
    ),
    "skipOnUpstreamSkip": Word("Whether it is skipped as soon as one op it waits for was.", True, False),
    "events": Word(
        "Statuses of other ops that start it, before its trigger is asked.",
        [{"ref": "ops.train", "kinds": ["run_status_running"]}],
    ),
}
_TERMS: Final = {
    "queue": Word("The queue it waits in for a place; those of a queue share its limit.", "gpu"),
    "namespace": Word("The namespace of the cluster it runs in; by default that of the settings.", "ml"),
    "cache": Word("Whether and for how long results of earlier runs are taken instead.", {"ttl": 86400}),
    "termination": Word("How often it is tried, and how long it may take.", {"maxRetries": 2, "timeout": 3600}),
    "plugins": Word("What is put beside its containers, and what is collected from them.", {"collectLogs": True}),
    "build": Word(
        "A component that builds the image of the containers before they start; not on dags.",
        {"hubRef": "kaniko", "params": {"destination": {"value": "registry.example.org/train"}}},
    ),
    "hooks": Word("Components of the hub to run after it has ended.", [{"hubRef": "notify", "trigger": "failed"}]),
    "isApproved": Word("With false it waits until a person approves it.", False, True),
    "cost": Word("What one run of it costs, in a unit of your choice.", 0.5),
    "mount": Word("Folders of the machine to show to the containers of a local run.", ["/data:/data"]),
}
_SHORTCUTS: Final = {
    "ports": Word("Short for the ports of a service; without a run it makes one.", [8080]),
    "container": Word("Short for the container of the run; without a run it makes a job.", {"image": "python:3.12"}),
    "cmd": Word("A shell command, or a list of them, that the container runs.", "python train.py"),
    "env": Word("Environment variables of the container, by name.", {"OMP_NUM_THREADS": "4"}),
    "resources": Word(
        "Resources of the container: `cpu`, `memory`, `gpu` or a full name; `1..4` is request and limit.",
        {"cpu": "1..4", "memory": "8Gi", "gpu": 1},
    ),
    "environment": Word("Short for the environment of the run.", {"nodeSelector": {"gpu": "a100"}}),
    "init": Word("Short for the init steps of the run.", [{"git": {"url": "https://git.example.org/models.git"}}]),
    "connections": Word("Short for the connections of the run.", ["warehouse"]),
    "sidecars": Word("Short for the sidecars of the run.", [{"name": "proxy", "image": "envoy:1.31"}]),
    "volumes": Word("Short for the volumes of the run.", [{"name": "scratch", "emptyDir": {}}]),
}
DOCUMENT: Final = Section(
    "An operation or a component. What an operation alone can say is, in a component, a default for those that run it.",
    {**_SAID, **_REFERENCES, **_VALUES, **_RUNS, **_STARTS, **_TERMS, **_SHORTCUTS},
)
TEMPLATE: Final = Section(
    "Marks a file as a form to copy.",
    {
        "enabled": Word("Whether it is one.", True, True),
        "description": Word("What to fill in, for the people who copy it.", "Set the image and the bucket."),
        "fields": Word("The fields to fill in.", ["params.bucket", "runPatch.container.image"]),
    },
)

"""Words on the sections that operations and components share: cache, termination, plugins, build, hooks, events."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

CACHE: Final = Section(
    "Reuse of results: an op of a dag or sweep whose work was done by an earlier run is not run again.",
    {
        "disable": Word("Whether it runs always.", True, False),
        "ttl": Word("The age in seconds up to which a result is taken; without it any age.", 86400),
        "io": Word("The inputs that count; without it all of them do.", ["rows", "lr"]),
        "sections": Word("The parts of the run that count; without it all of them do.", ["containers", "init"]),
    },
)
TERMINATION: Final = Section(
    "How often an op is tried, how long it may take, and what ends it early.",
    {
        "maxRetries": Word("How often it is tried again after its own code failed.", 2, 0),
        "timeout": Word("Seconds from its first running status until it is failed; without it, no limit.", 3600),
        "ttl": Word("Seconds that its objects stay in the cluster after its outcome is recorded.", 600, 0),
        "culling": Word("Ends a service that nobody uses.", {"timeout": 1800}),
        "probe": Word("How to ask whether a service is in use.", {"http": {"path": "/api/status", "port": 8888}}),
        "podFailurePolicy": Word(
            "Which failures count, in the form of a Kubernetes job.",
            {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]},
        ),
    },
)
CULLING: Final = Section(
    "Ends a service that nobody uses.", {"timeout": Word("Seconds without use after which it is ended.", 1800)}
)
POD_FAILURES: Final = Section(
    "Which failures of pods count, in the form of a Kubernetes job.",
    {
        "rules": Word(
            "What to do about which failure; the first rule that fits counts.",
            [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}],
        ),
    },
)
PROBE: Final = Section(
    "How to ask whether a service is in use.",
    {
        "exec": Word(
            "By a command in its container: exit code 0 is in use.", {"command": ["test", "-e", "/scratch/busy"]}
        ),
        "http": Word("By a request to its container.", {"path": "/api/status", "port": 8888}),
    },
)
PLUGINS: Final = Section(
    "What is put beside the containers of an op, and what is collected from them.",
    {
        "auth": Word("Whether the op gets a token to speak to the service.", True),
        "docker": Word("Whether the socket of the container runtime is mounted.", True, False),
        "shm": Word("Whether shared memory is as large as the memory of the node allows.", True, True),
        "tmux": Word("Whether a terminal multiplexer is put into the container.", True, False),
        "sandbox": Word("Whether commands can be sent to a service.", True, False),
        "ssh": Word("Whether a service can be reached by SSH.", True, False),
        "mountArtifactsStore": Word("Whether the whole store of artifacts is mounted.", True, False),
        "collectArtifacts": Word("Whether what it leaves in its directory is kept.", False, True),
        "collectLogs": Word("Whether what it prints is kept.", False, True),
        "collectResources": Word("Whether its use of processor and memory is kept.", False, True),
        "syncStatuses": Word("Whether its statuses are recorded.", False, True),
        "autoResume": Word("Whether an attempt goes on where the one before it ended.", False, True),
        "externalHost": Word("Whether it is given the outer address of the service.", True, False),
        "logLevel": Word("How much the sidecar says.", "info"),
        "sidecar": Word("The container that collects.", {"syncInterval": 30}),
        "notifications": Word("Whom to tell of its end.", [{"connections": ["slack"], "trigger": "failed"}]),
    },
)
SIDECAR: Final = Section(
    "The container that collects logs and artifacts beside an op.",
    {
        "image": Word("Its image.", "registry.example.org/sidecar"),
        "imageTag": Word("The tag of its image.", "1.4"),
        "imagePullPolicy": Word("When its image is pulled.", "IfNotPresent"),
        "sleepInterval": Word("Seconds between two looks at the container.", 10),
        "syncInterval": Word("Seconds between two copies of what it left.", 30),
        "monitorLogs": Word("Whether it follows the logs.", True),
        "monitorSpec": Word("Whether it follows the state of the pod.", True),
        "noConnections": Word("Whether it goes without the connections of the op.", True),
        "resources": Word("Its resources.", {"limits": {"memory": "128Mi"}}),
    },
)
NOTIFICATION: Final = Section(
    "Whom to tell when an op ends.",
    {
        "connections": Word("The connections that carry the word.", ["slack"]),
        "trigger": Word("The status to tell of.", "failed", "done"),
    },
)
_BORROWED: Final = {
    "connection": Word("The connection that it is given.", "registry"),
    "presets": Word("Presets to lay under it.", ["small"]),
    "queue": Word("The queue it waits in.", "builds"),
    "namespace": Word("The namespace it runs in.", "builds"),
    "params": Word("Values for its inputs, by name.", {"channel": {"value": "ml"}}),
}
BUILD: Final = Section(
    "A component that builds an image first; the op then runs in it.",
    {
        **_BORROWED,
        "hubRef": Word("The component that builds, as `name` or `name:tag`.", "kaniko"),
        "cache": Word("Whether an image that was built for the same work is taken.", {"disable": True}),
        "params": Word(
            "Values for its inputs, by name; `destination` names the image.",
            {"destination": {"value": "registry.example.org/train:v1"}},
        ),
        "runPatch": Word("Fields to lay over its run.", {"container": {"resources": {"limits": {"cpu": 4}}}}),
        "patchStrategy": Word("How they are laid over it.", "replace", "post_merge"),
    },
)
HOOK: Final = Section(
    "A component of the hub that runs after an op, or after the whole run where the flow itself has it.",
    {
        **_BORROWED,
        "hubRef": Word("The component to run, as `name` or `name:tag`.", "notify"),
        "trigger": Word("The end that calls for it.", "failed", "done"),
        "conditions": Word("An expression; where it is false the hook is left out.", "{{ outputs.loss < 0.5 }}"),
        "disableDefaults": Word(
            "Whether it goes without the values of the op: name, status, outputs and more.", True, False
        ),
    },
)
EVENT: Final = Section(
    "Something that starts an op before its trigger is asked.",
    {
        "ref": Word("What it happens to: `ops.NAME`, `runs.ID` or `connections.NAME`.", "ops.train"),
        "kinds": Word("What happens; one of these is enough.", ["run_status_running"]),
    },
)
MOUNT: Final = Section(
    "A folder of the machine that a local run shows to its containers.",
    {"from": Word("The folder of the machine.", "/data"), "to": Word("Where the container sees it.", "/data")},
)

"""Words on probes and on what happens around the life of a container."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

_HANDLERS: Final = {
    "exec": Word("By a command in the container: exit code 0 is yes.", {"command": ["test", "-e", "/scratch/ready"]}),
    "httpGet": Word("By a request: a status from 200 to 399 is yes.", {"path": "/healthz", "port": 8080}),
    "tcpSocket": Word("By opening a connection.", {"port": 8080}),
}
CONTAINER_PROBE: Final = Section(
    "A question that a container is asked again and again.",
    {
        **_HANDLERS,
        "grpc": Word("By the health protocol of gRPC.", {"port": 9000}),
        "initialDelaySeconds": Word("Seconds after the start until it is asked first.", 10, 0),
        "periodSeconds": Word("Seconds between two questions.", 5, 10),
        "timeoutSeconds": Word("Seconds until silence is a no.", 2, 1),
        "successThreshold": Word("How many times yes make a yes.", 1, 1),
        "failureThreshold": Word("How many times no make a no.", 5, 3),
        "terminationGracePeriodSeconds": Word("Seconds that the container gets to end itself after a no.", 30),
    },
)
LIFECYCLE: Final = Section(
    "What is done after the start and before the end of a container.",
    {
        "postStart": Word("Right after its start.", {"exec": {"command": ["touch", "/scratch/started"]}}),
        "preStop": Word("Before it is asked to end.", {"sleep": {"seconds": 5}}),
        "stopSignal": Word("The signal that asks it to end.", "SIGINT"),
    },
)
HANDLER: Final = Section(
    "What is done at a moment of a container's life.",
    {
        "exec": Word("A command in the container.", {"command": ["touch", "/scratch/started"]}),
        "httpGet": Word("A request to the container.", {"path": "/drain", "port": 8080}),
        "tcpSocket": Word("A connection to the container.", {"port": 8080}),
        "sleep": Word("A pause.", {"seconds": 5}),
    },
)
EXEC: Final = Section("A command.", {"command": Word("Program and arguments.", ["test", "-e", "/scratch/ready"])})
HTTP_GET: Final = Section(
    "A request over HTTP.",
    {
        "path": Word("The path.", "/healthz", "/"),
        "port": Word("The port, by number or name.", 8080),
        "host": Word("The host; by default the pod.", "localhost"),
        "scheme": Word("HTTP or HTTPS.", "HTTPS", "HTTP"),
        "httpHeaders": Word("Headers to send.", [{"name": "Accept", "value": "text/plain"}]),
    },
)
HEADER: Final = Section(
    "A header of a request.", {"name": Word("Its name.", "Accept"), "value": Word("Its value.", "text/plain")}
)
TCP_SOCKET: Final = Section(
    "A connection over TCP.",
    {
        "port": Word("The port, by number or name.", 8080),
        "host": Word("The host; by default the pod.", "localhost"),
    },
)
GRPC: Final = Section(
    "A question by the health protocol of gRPC.",
    {"port": Word("The port.", 9000), "service": Word("The service to ask for.", "model")},
)
SLEEP: Final = Section("A pause.", {"seconds": Word("How long it is.", 5)})

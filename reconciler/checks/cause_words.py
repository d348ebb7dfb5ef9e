"""The words on why an op did not succeed, a row for each reason and exit code that means something."""

from __future__ import annotations

_AGAIN = "Re-run it; nothing in the flow needs to change."

# reason -> (title, what happened, what to do). {message} is the op's own message, the rest comes from the plan.
REASONS: dict[str, tuple[str, str, str]] = {
    "OOMKilled": (
        "ran out of memory",
        "was killed{after}: it used more memory than its limit{limit}{message}",
        "Raise `resources.limits.memory`{at} or let it hold less at once (a smaller batch, fewer workers).",
    ),
    "NodeOutOfMemory": (
        "was killed: its node ran out of memory",
        "was killed{after}: the node ran out of memory, not the op its limit{message}",
        "Set `resources.requests.memory`{at} to what it needs, so that it is placed where that much is free.",
    ),
    "Evicted": (
        "was evicted",
        "was evicted from its node{after}{message}",
        "Request the memory and disk it needs{at}. If the node was short for other reasons, re-run it.",
    ),
    "Preempted": ("was preempted", "had to make way for work of a higher priority{after}{message}", _AGAIN),
    "NodeLost": (
        "lost its machine",
        "was lost with the machine it ran on{after}: the machine stopped, restarted or could not be reached{message}",
        "Re-run it. If this happens often, ask those who run the machines.",
    ),
    "DeadlineExceeded": (
        "timed out",
        "was stopped{after}: it took longer than its timeout{timeout}{message}",
        "Raise `termination.timeout`{at} or make it faster.",
    ),
    "ImagePullBackOff": (
        "cannot pull its image",
        "could not start: its image {image} cannot be pulled{message}",
        "Check the image's name and tag{at}, that it was pushed, and that the cluster may pull it.",
    ),
    "InvalidImageName": (
        "has an invalid image name",
        "could not start: {image} is no image name{message}",
        "Mend `image`{at}.",
    ),
    "Unschedulable": (
        "fits on no machine",
        "could not be placed{after}: no machine has what it asks for{requests}{message}",
        "Ask for less in `resources.requests`{at}, or have machines added.",
    ),
    "QuotaExceeded": (
        "is over the quota",
        "could not start: the namespace's quota does not allow it{requests}{message}",
        "Wait until other work ends and re-run it, ask for less{at}, or have the quota raised.",
    ),
    "MissingInput": (
        "misses an input",
        "did not start: a required input has no value{message}",
        "Give the input a default, or let the upstream that should provide it succeed first.",
    ),
    "BadOutputs": (
        "wrote wrong outputs",
        "ended well, and its outputs are not what its component declares{message}",
        "Write every declared output with its type to the file `HEADGATE_OUTPUTS_PATH` names, or mark it `isOptional`.",
    ),
    "ConfigError": (
        "cannot be started as configured",
        "could not start: its configuration is not possible here{message}",
        "Mend the op{at}; the message names the field.",
    ),
    "MetricGate": (
        "missed its metric gate",
        "ended, and a metric is outside what the flow allows{message}",
        "Compare the metrics with the last good run below before you lower the gate.",
    ),
    "EarlyStopped": ("stopped early", "was ended by its early stopping{message}", "Nothing needs to be done."),
    "TooManyFailed": (
        "had too many failed children",
        "was ended: more of its children failed than its policy allows{message}",
        "Look at the children that failed first; raise the policy's `percent` only if failures are expected.",
    ),
    "Unsupported": ("is of a kind that cannot run yet", "was not started{message}", "Use another kind{at}."),
    "UpstreamFailed": ("was not run", "was not run: {root} failed", "Mend {root} first."),
    "Stopped": ("was stopped", "was stopped{by}{after}{message}", "Re-run it when it is wanted again."),
    "ConditionFalse": (
        "was skipped",
        "was skipped: its condition is false{condition}",
        "Nothing needs to be done if that is expected.",
    ),
    "UpstreamSkipped": ("was skipped", "was skipped: an upstream op was skipped", "Nothing needs to be done."),
    "SkipAsked": ("was skipped on request", "was skipped on request{message}", "Nothing needs to be done."),
    "InitFailed": (
        "failed while its files were prepared",
        "did not start: preparing its files failed{message}",
        "Check the `init` section of the op{at}: sources, connections and branches it names.",
    ),
    "OpsFailed": ("failed: ops inside it failed", "failed: ops inside it failed{message}", "Mend the first of them."),
    "NaN": (
        "computed a NaN",
        "ended{after} with a value that is not a number{exit}",
        "Look for a learning rate that is too high, a division by zero or broken input rows.",
    ),
    "InternalError": (
        "met a fault of Headgate",
        "could not be run because of a fault of Headgate, not of the flow{message}",
        "It is tried again; if it stays so, re-run it and tell those who run Headgate.",
    ),
    "Unknown": ("failed", "failed{after}{message}", "{read}, mend the cause and push."),
}

EXITS: dict[int, tuple[str, str, str]] = {
    1: (
        "exited with an error",
        "ended{after} with exit code 1: its own code reported an error",
        "{read}, mend the code and push.",
    ),
    2: (
        "was called wrongly",
        "ended{after} with exit code 2: wrong arguments, or a file that could not be opened",
        "Compare `command` and `args`{at} with what the program takes.",
    ),
    126: (
        "may not execute its command",
        "ended with exit code 126: its command exists and may not be executed",
        "Commit the file as executable, or start it through its interpreter (`python train.py`){at}.",
    ),
    127: (
        "did not find its command",
        "ended with exit code 127: its command was not found",
        "Check the spelling of `command`{at}, and that the image or machine has it.",
    ),
    134: (
        "aborted",
        "aborted{after} (exit code 134, SIGABRT): a failed assertion or a native library gave up",
        "Read the last log lines; the library that aborted names itself there.",
    ),
    137: (
        "was killed",
        "was killed{after} (exit code 137, SIGKILL), most often for want of memory",
        "Watch its memory; raise `resources.limits.memory`{at} or let it hold less at once.",
    ),
    139: (
        "crashed",
        "crashed{after} (exit code 139, SIGSEGV): native code touched memory that is not its own",
        "Check the versions of native libraries (drivers, CUDA, NumPy) against each other.",
    ),
    143: (
        "was terminated",
        "was terminated{after} (exit code 143, SIGTERM) by something other than Headgate",
        "Look for who ended it (a node that was drained, an operator), then re-run it.",
    ),
}

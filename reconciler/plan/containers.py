"""Containers judged: each needs an image once presets and patches had their say, and a build needs a container."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.flows.kinds.table import KINDS, replicas_of
from reconciler.flows.model import Json, Run
from reconciler.plan.layers import Ready
from reconciler.plan.report import Place, Report, key_place, place_of
from reconciler.plan.unsupported import build_place


def check_containers(ready: Ready, report: Report) -> None:
    """Report a build on a dag, and main containers and sidecars, those of replicas included, without an image."""
    run = ready.run
    assert run is not None
    if run.kind == "dag":
        if ready.settings.build:
            message = "A dag has no container to build an image for; move `build` to one of its ops."
            report.add("build-on-dag", message, build_place(ready), ready.path)
    elif KINDS[run.kind].replica is None:
        _check_pod(run.data, (), f"This {run.kind}", ready, report)
    else:
        _check_replicas(run, ready, report)


def _check_replicas(run: Run, ready: Ready, report: Report) -> None:
    replicas = list(replicas_of(run.kind, run.data))
    for keys, replica in replicas:
        if isinstance(replica, Mapping):
            _check_pod(replica, keys, f"`{'.'.join(keys)}`", ready, report)
    if not replicas:
        row = KINDS[run.kind]
        names = " or ".join(f"`{name}`" for name in (*row.replicas, *row.groups))
        message = f"This {run.kind} has no replicas: add {names} with a `container` and its `image`."
        report.add("image-missing", message, place_of(*ready.sources[0]), ready.path)


def _check_pod(pod: Mapping[str, Json], keys: tuple[str, ...], who: str, ready: Ready, report: Report) -> None:
    """Check the containers of a pod, whose fields are under `keys` of the run section."""
    container, sidecars = pod.get("container"), pod.get("sidecars")
    of = f" of `{'.'.join(keys)}`" if keys else ""
    if not ready.settings.build and not _has_image(container) and not _is_unread(ready, keys, container):
        message = f"The container{of} has no image: add `image` to it, or a preset that brings one."
        if container is None:
            message = f"{who} has no container: add `container` with an `image`."
        report.add("image-missing", message, _container_place(ready, keys), ready.path)
    for number, sidecar in enumerate(sidecars if isinstance(sidecars, list) else ()):
        if not _has_image(sidecar):
            place = place_of(*ready.sources[0], *keys, "sidecars", number)
            report.add("image-missing", f"The sidecar{of} has no image: add `image` to it.", place, ready.path)


def _has_image(container: object) -> bool:
    return isinstance(container, str) or (isinstance(container, Mapping) and bool(container.get("image")))


def _is_unread(ready: Ready, keys: tuple[str, ...], container: object) -> bool:
    """Whether there is a container that could not be read: its own finding is enough."""
    nodes = [node for _, node in ready.sources if node is not None] if container is None else []
    return any(node.at(*keys).says("container") for node in nodes if not keys or node.get(keys[0]) is not None)


def _container_place(ready: Ready, keys: tuple[str, ...]) -> Place:
    """The key of a container, else that of its replica."""
    for path in ((*keys, "container"), keys) if keys else (("container",),):
        source = ready.source_of(*path)
        if source is not None:
            return key_place(*source, *path)
    return place_of(*ready.sources[0])

"""All words by the name of their definition in the schemas. Only schemas, pages and explanations load them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.flows.kinds.table import KINDS
from reconciler.flows.matrix.table import MATRICES
from reconciler.flows.words import (
    distributed,
    documents,
    kube,
    pods,
    probes,
    runs,
    schedules,
    searches,
    sections,
    settings,
    values,
    volumes,
)
from reconciler.flows.words.word import Section

_DOCUMENTS: Final = {
    "document": documents.DOCUMENT,
    "template": documents.TEMPLATE,
    "io": values.IO,
    "validation": values.VALIDATION,
    "param": values.PARAM,
    "join": values.JOIN,
    "cache": sections.CACHE,
    "termination": sections.TERMINATION,
    "culling": sections.CULLING,
    "podFailurePolicy": sections.POD_FAILURES,
    "activityProbe": sections.PROBE,
    "plugins": sections.PLUGINS,
    "collector": sections.SIDECAR,
    "notification": sections.NOTIFICATION,
    "build": sections.BUILD,
    "hook": sections.HOOK,
    "event": sections.EVENT,
    "mount": sections.MOUNT,
}
_PODS: Final = {
    "environment": pods.ENVIRONMENT,
    "initStep": pods.INIT,
    "artifacts": pods.ARTIFACTS,
    "git": pods.GIT,
    "dockerfile": pods.DOCKERFILE,
    "file": pods.FILE,
    "tensorboard": pods.TENSORBOARD,
    "volume": volumes.VOLUME,
    "toleration": volumes.TOLERATION,
    "hostAlias": volumes.HOST_ALIAS,
    "dnsConfig": volumes.DNS_CONFIG,
    "dnsOption": volumes.DNS_OPTION,
    "affinity": volumes.AFFINITY,
}
_CONTAINERS: Final = {
    "container": kube.CONTAINER,
    "variable": kube.VARIABLE,
    "valueFrom": kube.VALUE_FROM,
    "keyOf": kube.KEY_OF,
    "fieldOf": kube.FIELD_OF,
    "resourceOf": kube.RESOURCE_OF,
    "envFrom": kube.ENV_FROM,
    "source": kube.SOURCE,
    "resources": kube.RESOURCES,
    "port": kube.PORT,
    "volumeMount": kube.VOLUME_MOUNT,
    "volumeDevice": kube.VOLUME_DEVICE,
    "security": kube.SECURITY,
    "podSecurity": kube.POD_SECURITY,
    "capabilities": kube.CAPABILITIES,
    "containerProbe": probes.CONTAINER_PROBE,
    "lifecycle": probes.LIFECYCLE,
    "handler": probes.HANDLER,
    "exec": probes.EXEC,
    "httpGet": probes.HTTP_GET,
    "header": probes.HEADER,
    "tcpSocket": probes.TCP_SOCKET,
    "grpc": probes.GRPC,
    "sleep": probes.SLEEP,
}
_SETTINGS: Final = {
    "repository": settings.SETTINGS,
    "flow": settings.FLOW_SETTINGS,
    "checks": settings.CHECKS,
    "commands": settings.COMMANDS,
    "references": settings.REFERENCES,
    "hub": settings.HUB,
}
_RUNS: Final = {**runs.RUNS, **distributed.DISTRIBUTED}
_PARTS: Final = {
    "replica": distributed.REPLICA,
    "rayReplica": distributed.RAY_REPLICA,
    "schedulingPolicy": distributed.SCHEDULING_POLICY,
    "elasticPolicy": distributed.TORCH_ELASTIC,
    "paddleElasticPolicy": distributed.PADDLE_ELASTIC,
    "autoscaler": distributed.AUTOSCALER,
    "searchMetric": searches.METRIC,
    "searchResource": searches.RESOURCE,
    "searchTuner": searches.TUNER,
    "utilityFunction": searches.UTILITY,
    "gaussianProcess": searches.PROCESS,
}
_KINDS: Final = {
    **{name: Section(KINDS[name].summary, fields) for name, fields in _RUNS.items()},
    **{name: Section(MATRICES[name].summary, fields) for name, fields in searches.MATRICES.items()},
    **searches.SPACES,
    **searches.STOPS,
    **schedules.SCHEDULES,
    "searchParam": searches.SEARCH_PARAM,
}
# The places whose mapping has another name than the field it stands under, as `field` or `owner.field`.
PLACES: Final[Mapping[str, str]] = {
    "inputs": "io",
    "outputs": "io",
    "joins": "join",
    "hooks": "hook",
    "events": "event",
    "notifications": "notification",
    "sidecar": "collector",
    "probe": "activityProbe",
    "init": "initStep",
    "volumes": "volume",
    "tolerations": "toleration",
    "hostAliases": "hostAlias",
    "options": "dnsOption",
    "env": "variable",
    "configMapKeyRef": "keyOf",
    "secretKeyRef": "keyOf",
    "fieldRef": "fieldOf",
    "resourceFieldRef": "resourceOf",
    "configMapRef": "source",
    "secretRef": "source",
    "ports": "port",
    "volumeMounts": "volumeMount",
    "volumeDevices": "volumeDevice",
    "securityContext": "security",
    "environment.securityContext": "podSecurity",
    "livenessProbe": "containerProbe",
    "postStart": "handler",
    "http": "httpGet",
    "httpHeaders": "header",
    "chief": "replica",
    "head": "rayReplica",
    "paddlejob.elasticPolicy": "paddleElasticPolicy",
    "autoscalerOptions": "autoscaler",
    "metric": "searchMetric",
    "resource": "searchResource",
    "hyperband.tuner": "searchTuner",
    "repository.settings": "flow",
    "hubs": "hub",
}
_PATCH: Final = Section(
    "Fields of any kind of run, to lay over the run of the component.",
    {
        **distributed.RAY_REPLICA.fields,
        **{
            name: word
            for fields in reversed(_RUNS.values())
            for name, word in fields.items()
            if name not in ("operations", "components")
        },
    },
)
WORDS: Final[Mapping[str, Section]] = {
    **_DOCUMENTS,
    **_PODS,
    **_CONTAINERS,
    **_PARTS,
    **_KINDS,
    **_SETTINGS,
    "runPatch": _PATCH,
}

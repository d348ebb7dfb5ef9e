"""Words on volumes and on what else pods have in Kubernetes: tolerations, affinity, names."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

_SOURCES: Final = {
    "awsElasticBlockStore": Word("A disk of AWS.", {"volumeID": "vol-1"}),
    "azureDisk": Word("A disk of Azure.", {"diskName": "data", "diskURI": "https://disks.example.org/data"}),
    "azureFile": Word("A file share of Azure.", {"secretName": "share", "shareName": "data"}),
    "cephfs": Word("A Ceph file system.", {"monitors": ["10.0.0.7:6789"]}),
    "cinder": Word("A disk of OpenStack.", {"volumeID": "vol-1"}),
    "configMap": Word("The entries of a config map as files.", {"name": "training"}),
    "csi": Word("A volume of a storage driver.", {"driver": "csi.example.org"}),
    "downwardAPI": Word(
        "Fields of the pod as files.", {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}
    ),
    "emptyDir": Word("An empty folder that lives as long as the pod.", {"medium": "Memory", "sizeLimit": "2Gi"}),
    "ephemeral": Word(
        "A claim that lives as long as the pod.",
        {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}},
    ),
    "fc": Word("A Fibre Channel disk.", {"targetWWNs": ["500a0982991b8dc5"], "lun": 2}),
    "flexVolume": Word("A volume of a Flex driver.", {"driver": "example.org/lvm"}),
    "flocker": Word("A Flocker dataset.", {"datasetName": "data"}),
    "gcePersistentDisk": Word("A disk of Google Cloud.", {"pdName": "data"}),
    "gitRepo": Word(
        "A Git repository; an init step is the better way.", {"repository": "https://git.example.org/models.git"}
    ),
    "glusterfs": Word("A Gluster volume.", {"endpoints": "gluster", "path": "data"}),
    "hostPath": Word("A folder of the node.", {"path": "/data", "type": "Directory"}),
    "image": Word("The files of an image.", {"reference": "registry.example.org/model:v1"}),
    "iscsi": Word("An iSCSI disk.", {"targetPortal": "10.0.0.7:3260", "iqn": "iqn.2026-01.org.example:data", "lun": 0}),
    "nfs": Word("A folder of an NFS server.", {"server": "10.0.0.7", "path": "/data"}),
    "persistentVolumeClaim": Word("A claim on a volume of the cluster.", {"claimName": "data"}),
    "photonPersistentDisk": Word("A disk of Photon.", {"pdID": "data"}),
    "portworxVolume": Word("A Portworx volume.", {"volumeID": "data"}),
    "projected": Word("Several sources as one folder.", {"sources": [{"secret": {"name": "tokens"}}]}),
    "quobyte": Word("A Quobyte volume.", {"registry": "10.0.0.7:7861", "volume": "data"}),
    "rbd": Word("A Ceph block device.", {"monitors": ["10.0.0.7:6789"], "image": "data"}),
    "scaleIO": Word(
        "A ScaleIO volume.", {"gateway": "https://scaleio.example.org", "system": "s", "secretRef": {"name": "s"}}
    ),
    "secret": Word("The entries of a secret as files.", {"secretName": "tokens"}),
    "storageos": Word("A StorageOS volume.", {"volumeName": "data"}),
    "vsphereVolume": Word("A disk of vSphere.", {"volumePath": "[store] data.vmdk"}),
}
VOLUME: Final = Section(
    "A volume of the pods, in the words of Kubernetes: a name and one source.",
    {"name": Word("The name by which containers mount it.", "scratch"), **_SOURCES},
)
TOLERATION: Final = Section(
    "A taint of nodes that the pods put up with.",
    {
        "key": Word("The key of the taint; without it every taint.", "gpu"),
        "operator": Word("How key and value are held against the taint.", "Exists", "Equal"),
        "value": Word("The value of the taint.", "a100"),
        "effect": Word("The effect of the taint; without it any.", "NoSchedule"),
        "tolerationSeconds": Word("Seconds that it may stay on the node after the taint came.", 300),
    },
)
HOST_ALIAS: Final = Section(
    "Names for an address.",
    {"ip": Word("The address.", "10.0.0.7"), "hostnames": Word("Its names.", ["warehouse"])},
)
DNS_CONFIG: Final = Section(
    "How the pods look up names.",
    {
        "nameservers": Word("Servers to ask.", ["10.0.0.2"]),
        "searches": Word("Domains to try.", ["ml.example.org"]),
        "options": Word("Options of the resolver.", [{"name": "ndots", "value": "2"}]),
    },
)
DNS_OPTION: Final = Section(
    "An option of the resolver.", {"name": Word("Its name.", "ndots"), "value": Word("Its value.", "2")}
)
AFFINITY: Final = Section(
    "Which nodes and neighbours the pods seek or avoid.",
    {
        "nodeAffinity": Word(
            "Nodes to seek.", {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
        ),
        "podAffinity": Word("Pods to be near to.", {"preferredDuringSchedulingIgnoredDuringExecution": []}),
        "podAntiAffinity": Word("Pods to be away from.", {"preferredDuringSchedulingIgnoredDuringExecution": []}),
    },
)

"""Which Secrets there are, from which files kustomize makes them, and who has them mounted. Pure; no contents."""

from typing import Literal

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.layout import INSIDE
from scalelab.deployment.kubernetes.names import Document, Part, object_name, parts_of

Folder = Literal["keys", "settings"]
_SCRIPT = "hop_by_hop.lua"
SECRETS: dict[str, tuple[str, ...]] = {
    "signing-key": ("keys/signing_key",),
    "accounts": ("keys/accounts.json",),
    "cache-password": ("keys/cache_password",),
    "database-password": ("keys/database_password",),
    "load-balancer-settings": ("settings/haproxy.cfg", f"settings/{_SCRIPT}"),
    "api-gateway-settings": ("settings/api_gateway.json",),
    "microservice-settings": ("settings/microservice.json",),
    "worker-settings": ("settings/worker.json",),
    "database-settings": ("settings/database.json",),
    "cache-settings": ("settings/cache.conf",),
}
"""The files of each, below `secrets`. Settings are among them because the nonce in them authorises changes."""
_KEYS_OF: dict[Part, tuple[str, ...]] = {
    "api_gateway": ("signing-key", "cache-password"),
    "worker": ("cache-password",),
    "database": ("accounts",),
}
_READABLE_BY_THE_GROUP = 0o440
"""The files are root's; the pod's group is the one that reads them."""


def mounted_secrets(part: Part, topology: Topology) -> dict[Folder, tuple[str, ...]]:
    """Names of the Secrets whose files a part reads, by the folder that they appear in."""
    asks_a_server = part == "postgresql" or (part == "database" and topology.database.url != "sqlite:")
    settings = f"{object_name(part)}-settings"
    folders: dict[Folder, tuple[str, ...]] = {
        "keys": (*_KEYS_OF.get(part, ()), *(["database-password"] if asks_a_server else [])),
        "settings": (settings,) if settings in SECRETS else (),
    }
    return {folder: names for folder, names in folders.items() if names}


def secret_volumes(part: Part, topology: Topology) -> list[Document]:
    """A volume for each of these folders."""
    return [
        {
            "name": folder,
            "projected": {
                "defaultMode": _READABLE_BY_THE_GROUP,
                "sources": [{"secret": {"name": name}} for name in names],
            },
        }
        for folder, names in mounted_secrets(part, topology).items()
    ]


def secret_mounts(part: Part, topology: Topology) -> list[Document]:
    """Where these volumes appear in the container. HAProxy's script stands beside its socket, not its settings."""
    folders: list[Document] = [
        {"name": folder, "mountPath": str(INSIDE.root / folder), "readOnly": True}
        for folder in mounted_secrets(part, topology)
    ]
    if part != "load_balancer":
        return folders
    script = {"mountPath": str(INSIDE.balancer / _SCRIPT), "subPath": _SCRIPT, "readOnly": True}
    return [*folders, {"name": "settings", **script}]


def secret_generators(topology: Topology) -> list[Document]:
    """Of the kustomization in `secrets`: each Secret that is mounted from its files, none of them in a manifest."""
    used = {
        name for part in parts_of(topology) for names in mounted_secrets(part, topology).values() for name in names
    }
    return [{"name": name, "files": list(files)} for name, files in SECRETS.items() if name in used]

"""Pods of rendered manifests as containers: what a node would give them, by the engine. No cluster takes part.

Same image, arguments, user, rights, limits, files with their modes, folders, names by DNS and probes. Not the same:
policies, scheduling, and how a pod ends.
"""

import base64
import http.client
import shutil
import subprocess
from pathlib import Path

DOMAIN = "svc.cluster.local"
_PROBE_LIMIT_S = 3


def of_kind(objects, *kinds):
    """By name."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] in kinds}


class Pods:
    """Those of one stack, in a network of their own; a context manager."""

    def __init__(self, engine, objects, place: Path):
        self.engine = engine
        self.place = place
        self.network = "pods"
        self.started = {}
        """Specification of the one container, by the pod's name."""
        self._workloads = of_kind(objects, "Deployment", "StatefulSet")
        self._secrets = of_kind(objects, "Secret")
        self._services = of_kind(objects, "Service")

    def __enter__(self):
        self.engine.run("network", "create", self.network)
        return self

    def __exit__(self, *_exception):
        if self.started:
            self.engine.run("rm", "--force", "--volumes", *self.started)
        self.engine.run("network", "rm", self.network)

    def start_all(self, counts):
        """All at once, as a cluster does; `counts` pods of a workload, or one."""
        for name in self._workloads:
            for number in range(counts.get(name, 1)):
                self._start(name, f"{name}-{number}")

    def unready(self):
        """Names of the pods whose readiness probe fails."""
        return [name for name, container in self.started.items() if not self._is_ready(name, container)]

    def address(self, pod):
        """IPv4, in the network of the pods."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.engine.run("inspect", "--format", template, pod).strip()

    def _start(self, name, pod):
        workload = self._workloads[name]
        spec = workload["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        self.engine.run(
            "run", "--detach", "--name", pod, "--network", self.network, "--restart", "always",
            *self._aliases(workload),
            *_security(spec, container),
            *self._mounts(spec, container, self.place / pod),
            *(part for entry in container.get("env", ()) for part in ("--env", f"{entry['name']}={entry['value']}")),
            container["image"],
            *container.get("args", ()),
        )  # fmt: skip
        self.started[pod] = container

    def _aliases(self, workload):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        for name, service in self._services.items():
            if service["spec"]["selector"].items() <= labels.items():
                yield from ("--network-alias", name)
                yield from ("--network-alias", f"{name}.{service['metadata']['namespace']}.{DOMAIN}")

    def _mounts(self, spec, container, place):
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        group = spec["securityContext"]["fsGroup"]
        for mount in container["volumeMounts"]:
            volume = volumes.get(mount["name"])
            if volume is None:  # a claim
                yield from ("--volume", f"{_folder(place / mount['name'], group)}:{mount['mountPath']}")
            elif "emptyDir" in volume:
                yield from ("--tmpfs", f"{mount['mountPath']}:mode=1777")
            else:
                folder = self._projected(volume["projected"], place / mount["name"], group)
                yield from ("--volume", f"{folder / mount.get('subPath', '')}:{mount['mountPath']}:ro")

    def _projected(self, projected, folder, group):
        """Files are root's and readable as the volume says."""
        folder.mkdir(parents=True, exist_ok=True)
        for source in projected["sources"]:
            for name, content in self._secrets[source["secret"]["name"]]["data"].items():
                file = folder / name
                file.write_bytes(base64.b64decode(content))
                file.chmod(projected["defaultMode"])
                shutil.chown(file, 0, group)
        return folder

    def _is_ready(self, pod, container):
        probe = container["readinessProbe"]
        if "exec" in probe:
            command = ["docker", "exec", pod, *probe["exec"]["command"]]
            return (
                subprocess.run(command, env=self.engine.environment, capture_output=True, check=False).returncode == 0
            )
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        asked = probe["httpGet"]
        connection = http.client.HTTPConnection(self.address(pod), ports[asked["port"]], timeout=_PROBE_LIMIT_S)
        try:
            connection.request("GET", asked["path"])
            return connection.getresponse().status < http.HTTPStatus.BAD_REQUEST
        except OSError:
            return False
        finally:
            connection.close()


def _security(spec, container):
    of_pod, of_container = spec["securityContext"], container["securityContext"]
    limits = container["resources"]["limits"]
    yield from ("--user", f"{of_pod['runAsUser']}:{of_pod['runAsGroup']}", "--group-add", of_pod["fsGroup"])
    yield from ("--security-opt", "no-new-privileges") if not of_container["allowPrivilegeEscalation"] else ()
    yield from ("--read-only",) if of_container["readOnlyRootFilesystem"] else ()
    yield from (f"--cap-drop={right}" for right in of_container["capabilities"]["drop"])
    yield f"--cpus={int(limits['cpu'].removesuffix('m')) / 1000}"
    yield f"--memory={limits['memory'].removesuffix('i').lower()}"


def _folder(folder, group):
    """As a claim of a group is given: root's, and the group's to write in."""
    folder.mkdir(parents=True)
    shutil.chown(folder, 0, group)
    folder.chmod(0o2775)
    return folder

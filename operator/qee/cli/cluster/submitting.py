"""`qee submit`: create the jobs of a manifest, and the ConfigMaps that lie beside them."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from qee.cli import durations, exits, jobs
from qee.cli.connection import Cluster, Target
from qee.cli.here import given
from qee.cli.manifest import Manifest
from qee.cli.problem import Problem
from qee.cli.sign.options import SigningOptions
from qee.cli.terminal import note, out, printable
from qee.kube.cluster import cluster_uid
from qee.kube.port import AlreadyExists, NotFound, Object
from qee.kube.resources import CONFIG_MAPS, JOBS

Sign = Callable[[Object], Object]
VALIDITY = timedelta(hours=1)  # of what is signed to be created at once
MAX_NAME = 63
# As k8s.io/apimachinery/pkg/util/rand: no vowels, nothing that is read as something else.
SUFFIX_LENGTH, SUFFIX_LETTERS = 5, "bcdfghjklmnpqrstvwxz2456789"


async def submit(target: Target, file: str, name: str | None, name_only: bool, signing: SigningOptions) -> int:
    manifest = given.read(file)
    if name is not None and len(manifest.jobs) > 1:
        raise Problem(f"--name {name}: {manifest.origin} holds {len(manifest.jobs)} QuantumJobs; split the file")
    async with target.open() as cluster:
        sign = await signing_with(cluster, manifest, signing)
        for job in manifest.jobs:
            created = await create(cluster, manifest, job, name, sign)
            word = "" if name_only else " created"
            out(f"{jobs.named(created['metadata']['name'])}{word}")
    return exits.OK


async def create(
    cluster: Cluster, manifest: Manifest, job: Object, name: str | None = None, sign: Sign | None = None
) -> Object:
    """Create one job of the manifest, and first the ConfigMaps that it refers to. Raises Problem or ApiError.

    `sign` makes of the job, with its final name and namespace, the signed one.
    """
    if manifest.others or manifest.backends:
        listed = ", ".join([*(f"QuantumBackend/{each}" for each in manifest.backends), *manifest.others][:4])
        raise Problem(f"{manifest.origin}: also holds {listed}; apply those with kubectl")
    body = _renamed(job, name)
    cluster = _in_namespace(cluster, body)
    if sign is not None:
        body = sign({**body, "metadata": {**body["metadata"], "namespace": cluster.namespace}})
    for config_map in _referred(manifest, body):
        await _create_config_map(cluster, config_map)
    try:
        return await cluster.port.create(JOBS, cluster.namespace, body, strict=True)
    except AlreadyExists:
        raise await _taken(cluster, body["metadata"]["name"]) from None
    except NotFound as error:
        if "namespaces" not in error.message:
            raise
        raise Problem(f"there is no namespace {cluster.namespace!r}; create it, or choose another with -n") from None


async def signing_with(cluster: Cluster, manifest: Manifest, options: SigningOptions) -> Sign | None:
    """What signs the manifest's jobs on the way; None where there is no key. Raises Problem, ApiError.

    Keys of the command line sign all of them, the user's own key those that have no signature.
    """
    from qee.cli.sign import signable, signed_content, signers, signing

    chosen = options.chosen()
    if not options.named() and (not chosen.key or all(map(signable.is_signed, manifest.jobs))):
        return None
    parties = signers.signers(chosen)
    terms = signing.Terms(audiences=[await cluster_uid(cluster.port)], validity=VALIDITY)

    def sign(job: Object) -> Object:
        if signable.is_signed(job) and not options.named():
            return job
        named = {**job, "metadata": _completed(job["metadata"])}
        envelope = signing.signed(named, parties, terms, manifest.origin).encode()
        for line in signed_content.lines(named):
            note(line)
        return signable.with_annotation(named, envelope)

    return sign


def _completed(meta: Object) -> Object:
    """The name is signed, so generateName is completed here, as the API server would: five letters and digits."""
    if meta.get("name") or not meta.get("generateName"):
        return meta
    start = str(meta["generateName"])[: MAX_NAME - SUFFIX_LENGTH]
    name = start + "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(SUFFIX_LENGTH))
    return {**{key: value for key, value in meta.items() if key != "generateName"}, "name": name}


def _renamed(job: Object, name: str | None) -> Object:
    meta = dict(job["metadata"])
    if name is not None:
        meta.pop("generateName", None)
        meta["name"] = name
    if not meta.get("name") and not meta.get("generateName"):
        raise Problem("metadata.name: the job has no name; give metadata.name, metadata.generateName or --name")
    return {**job, "metadata": meta}


def _in_namespace(cluster: Cluster, body: Object) -> Cluster:
    """The cluster at the namespace of the object. As in kubectl, --namespace and the object's must not differ."""
    own = body["metadata"].get("namespace")
    if own is None or own == cluster.namespace:
        return cluster
    if cluster.namespace_named:
        raise Problem(f"metadata.namespace: {own!r} is not --namespace {cluster.namespace!r}; leave one of them out")
    return replace(cluster, namespace=own)


def _referred(manifest: Manifest, job: Object) -> list[Object]:
    circuits = (job.get("spec") or {}).get("circuits") or []
    names = [(c.get("configMapKeyRef") or {}).get("name") for c in circuits if isinstance(c, dict)]
    return [config_map for name, config_map in manifest.config_maps.items() if name in names]


async def _create_config_map(cluster: Cluster, config_map: Object) -> None:
    name = config_map["metadata"]["name"]
    body = {**config_map, "metadata": {**config_map["metadata"], "namespace": cluster.namespace}}
    try:
        await cluster.port.create(CONFIG_MAPS, cluster.namespace, body, strict=True)
    except AlreadyExists:
        live = await cluster.port.get(CONFIG_MAPS, cluster.namespace, name)
        if any((live.get(part) or {}) != (config_map.get(part) or {}) for part in ("data", "binaryData")):
            raise Problem(
                f"ConfigMap {name!r} exists in namespace {cluster.namespace!r} with other data: delete it or rename"
            ) from None
    else:
        note(f"configmap/{printable(name)} created")


async def _taken(cluster: Cluster, name: str) -> Problem:
    live = await jobs.fetch(cluster, name)
    age = durations.short(jobs.age_seconds(live))
    return Problem(
        f"QuantumJob {name!r} exists in namespace {cluster.namespace!r} ({jobs.phase(live)}, {age} old), and a job "
        f"runs once; submit it as another (--name {name}-2), or delete it first: "
        f"kubectl delete quantumjob {name} -n {cluster.namespace}"
    )

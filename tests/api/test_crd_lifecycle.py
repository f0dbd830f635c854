"""What a real API server does with the CRDs and with stored jobs: defaults, immutability, status, columns."""

import copy
import json
from typing import Any

import pytest
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.steps import ClusterError
from tests import builders
from tests.api.definitions import CRDS

from qee.api.backend import QuantumBackend
from qee.api.conditions import EPOCH, ConditionType
from qee.api.job import MUTABLE, QuantumJob
from qee.api.structural import structural


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> ApiServer:
    # Client-side apply keeps the whole object in an annotation of at most 256 KiB; server-side would hide an overrun.
    apiserver.kubectl("apply", "-f", str(CRDS))
    apiserver.kubectl("wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    return apiserver


class Jobs:
    """kubectl on the QuantumJobs of one namespace."""

    def __init__(self, server: ApiServer, namespace: str) -> None:
        self.server, self.namespace = server, namespace

    def run(self, *words: str, input: Any = None) -> str:
        text = json.dumps(input) if input is not None else None
        return self.server.kubectl("--namespace", self.namespace, *words, input=text)

    def create(self, **spec: Any) -> dict:
        return self.write("create", builders.job(namespace=self.namespace, **spec))

    def write(self, verb: str, obj: dict, *words: str) -> dict:
        return json.loads(self.run(verb, "-f", "-", "-o", "json", *words, input=obj))

    def get(self) -> dict:
        return json.loads(self.run("get", "quantumjob", "bell", "-o", "json"))

    def patch(self, spec: Any, *words: str) -> dict:
        patch = json.dumps({"spec": spec})
        return json.loads(self.run("patch", "qj", "bell", "--type=merge", "-o", "json", *words, "-p", patch))

    def patch_status(self, status: Any) -> dict:
        patch = json.dumps({"status": status})
        words = ("--type=merge", "--subresource=status", "-o", "json", "-p", patch)
        return json.loads(self.run("patch", "qj", "bell", *words))


@pytest.fixture
def jobs(server: ApiServer, namespace: str) -> Jobs:
    return Jobs(server, namespace)


@pytest.mark.parametrize("plural", ["quantumjobs", "quantumbackends"])
def test_a_crd_is_established_with_a_structural_schema(server: ApiServer, plural: str):
    crd = json.loads(server.kubectl("get", "crd", f"{plural}.qee.dev", "-o", "json"))
    conditions = {c["type"]: c["status"] for c in crd["status"]["conditions"]}
    assert (conditions["Established"], conditions["NamesAccepted"]) == ("True", "True")
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_the_stored_defaults_are_these_and_no_others(jobs: Jobs):
    """Each is signed with the job: one more, or another value, would break the signature of every stored job."""
    job = builders.job(namespace=jobs.namespace)
    del job["spec"]["shots"]
    job["spec"]["backendRef"] = {"name": "aer"}
    job["spec"] |= {"simulator": {}, "transpile": {}, "resources": {"limits": {"cpu": 1}}}
    stored = jobs.write("create", job)["spec"]
    assert stored["shots"] == 1024
    assert stored["outputs"] == ["counts"]
    assert stored["backendRef"] == {"kind": "QuantumBackend", "name": "aer"}
    given = json.loads(json.dumps(job["spec"]))
    assert stored == given | {
        "shots": 1024,
        "outputs": ["counts"],
        "backendRef": {"kind": "QuantumBackend", "name": "aer"},
    }


def test_the_models_read_a_stored_job_as_they_read_its_manifest(jobs: Jobs):
    manifest = builders.job(namespace=jobs.namespace, simulator={"method": "stabilizer"})
    assert QuantumJob.model_validate(jobs.write("create", manifest)).spec == QuantumJob.model_validate(manifest).spec


def test_an_unseen_job_has_every_condition_unknown_without_a_write(jobs: Jobs):
    jobs.create()
    status = jobs.get()["status"]
    assert status["observedGeneration"] == -1
    assert [c["type"] for c in status["conditions"]] == [kind.value for kind in ConditionType]
    assert {(c["status"], c["lastTransitionTime"]) for c in status["conditions"]} == {("Unknown", EPOCH)}
    with pytest.raises(ClusterError, match="timed out"):
        jobs.run("wait", "qj/bell", "--for=condition=Finished", "--timeout=1s")


def test_the_status_moves_only_through_its_subresource(jobs: Jobs):
    job = jobs.create()
    job["status"] = {"observedGeneration": 5, "phase": "Succeeded"}
    assert "phase" not in jobs.write("replace", job)["status"]
    written = jobs.patch_status({"observedGeneration": 1, "phase": "Running", "attempt": 1})
    assert (written["status"]["phase"], written["metadata"]["generation"]) == ("Running", 1)
    assert len(written["status"]["conditions"]) == len(ConditionType), "the default survives a merge patch"


def test_a_full_status_is_stored_and_read_back_by_the_models(jobs: Jobs):
    jobs.create()
    summary = {
        "results": [
            {"circuit": "bell", "parameterSet": 0, "shots": 100, "counts": {"00": 48, "11": 52}, "distinct": 2},
            {
                "circuit": "vqe",
                "parameterSet": 1,
                "expectationValues": [{"observable": "energy", "value": "-1.1", "standardError": "0"}],
            },
        ],
        "truncated": False,
    }
    result = {"configMap": "bell-result", "key": "result.json", "sha256": "0" * 64, "bytes": 9, "summary": summary}
    status = {
        "observedGeneration": 1,
        "phase": "Succeeded",
        "attempt": 1,
        "child": {"kind": "Job", "name": "bell-5f2c", "uid": "u"},
        "queue": {"position": 3, "estimatedStart": "2026-01-01T00:00:00Z"},
        "result": result,
        "cost": {"estimated": "1.50", "actual": "1.20", "currency": "USD"},
        "signature": {"policy": "p", "keyids": ["k"], "signers": ["s"]},
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:00:05Z",
    }
    stored = jobs.patch_status(status)["status"]
    assert {key: stored[key] for key in status} == status, "nothing is pruned"
    read = QuantumJob.model_validate(jobs.get()).status
    assert read.result is not None
    assert read.result.summary is not None
    assert read.result.summary.results[0].counts == {"00": 48, "11": 52}
    dumped = read.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    assert dumped["result"] == status["result"]


def test_an_unknown_phase_is_refused_in_the_status(jobs: Jobs):
    jobs.create()
    with pytest.raises(ClusterError, match="Unsupported value"):
        jobs.patch_status({"phase": "Warp"})


# One valid value per immutable field, other than the one that the job of FULL has.
FULL: dict[str, Any] = {
    "seed": 1,
    "precision": "0.1",
    "outputs": ["counts", "expectation"],
    "transpile": {"seed": 1},
    "simulator": {"method": "automatic"},
    "noise": {"device": "fake_manila"},
    "shards": 2,
    "maxCost": {"amount": "1", "currency": "USD"},
    "activeDeadlineSeconds": 60,
    "backoffLimit": 1,
    "resources": {"limits": {"memory": "1Gi"}},
    "results": {"persistentVolumeClaim": {"claimName": "results"}},
    "providerOptions": {"level": {"a": [1, "x"]}},
    "circuits": [
        {
            "name": name,
            "format": "openqasm3",
            "source": "x",
            "parameters": {"a": ["1", "2"]},
            "observables": [{"name": "e", "terms": {"Z": "1", "X": "2"}}],
        }
        for name in ("one", "two")
    ],
}


def circuits(**change: Any) -> list[dict]:
    first, second = copy.deepcopy(FULL["circuits"])
    return [first | change, second]


CHANGES: list[tuple[str, Any]] = [
    ("backendRef", {"kind": "QuantumBackend", "name": "other"}),
    ("circuits", circuits(source="y")),
    ("circuits", circuits(shots=7)),
    ("circuits", circuits(name="three")),
    ("circuits", circuits(parameters={"a": ["1", "3"]})),
    ("circuits", circuits(parameters={"a": ["2", "1"]})),
    ("circuits", circuits(observables=[{"name": "e", "terms": {"Z": "1", "X": "2.0"}}])),
    ("circuits", FULL["circuits"][::-1]),
    ("circuits", FULL["circuits"][:1]),
    ("circuits", [*FULL["circuits"], {"name": "z", "format": "openqasm3", "source": "x"}]),
    ("shots", 101),
    ("precision", "0.10"),
    ("outputs", ["expectation", "counts"]),
    ("seed", 2),
    ("seed", None),
    ("transpile", {"seed": 1, "verbatim": True}),
    ("transpile", None),
    ("simulator", {"method": "stabilizer"}),
    ("noise", {"device": "fake_oslo"}),
    ("shards", 3),
    ("maxCost", {"amount": "1.0"}),
    ("activeDeadlineSeconds", 61),
    ("activeDeadlineSeconds", None),
    ("backoffLimit", 2),
    ("resources", {"limits": {"memory": "1024Mi"}}),
    ("results", {"persistentVolumeClaim": {"claimName": "others"}}),
    ("results", None),
    ("providerOptions", {"level": {"a": [1, "y"]}}),
    ("providerOptions", None),
]


def test_the_table_of_changes_covers_every_immutable_field():
    assert {name for name, _ in CHANGES} == set(structural(QuantumJob)["properties"]["spec"]["properties"]) - set(
        MUTABLE
    )


@pytest.fixture(scope="module")
def full(server: ApiServer) -> Jobs:
    server.kubectl("create", "namespace", "immutable")
    jobs = Jobs(server, "immutable")
    jobs.create(**FULL)
    return jobs


@pytest.mark.parametrize(("name", "value"), CHANGES, ids=lambda v: v if isinstance(v, str) else json.dumps(v)[:50])
def test_an_immutable_field_cannot_change(full: Jobs, name: str, value: Any):
    with pytest.raises(ClusterError, match=rf"spec\.{name}: .*{name} is immutable"):
        full.patch({name: value}, "--dry-run=server")


def test_a_refused_change_names_both_values(full: Jobs):
    with pytest.raises(ClusterError, match="shots is immutable: 100 cannot become 7; apply the job under another name"):
        full.patch({"shots": 7}, "--dry-run=server")
    with pytest.raises(ClusterError, match="seed is immutable: 1 cannot become absent"):
        full.patch({"seed": None}, "--dry-run=server")


def test_a_field_that_was_absent_cannot_appear(jobs: Jobs):
    jobs.create()
    for name in set(FULL) - {"circuits", "outputs", "precision"}:
        with pytest.raises(ClusterError, match=f"{name} is immutable"):
            jobs.patch({name: FULL[name]}, "--dry-run=server")


def test_applying_the_same_manifest_again_changes_nothing(jobs: Jobs):
    first = jobs.create(**FULL)
    again = jobs.write("apply", builders.job(namespace=jobs.namespace, **FULL), "--server-side", "--force-conflicts")
    assert again["metadata"]["generation"] == first["metadata"]["generation"] == 1


def test_suspend_and_ttl_move_both_ways(jobs: Jobs):
    jobs.create()
    for spec in ({"suspend": True}, {"suspend": False}, {"suspend": None}):
        jobs.patch(spec)
    for ttl in (5, 0, 60, None):
        jobs.patch({"ttlSecondsAfterFinished": ttl})


def test_cancelling_cannot_be_taken_back(jobs: Jobs):
    jobs.create()
    jobs.patch({"cancelRequested": False})
    jobs.patch({"cancelRequested": None})
    jobs.patch({"cancelRequested": True})
    for value in (False, None):
        with pytest.raises(ClusterError, match=r"spec\.cancelRequested: .*cannot be taken back"):
            jobs.patch({"cancelRequested": value})
    jobs.patch({"cancelRequested": True, "suspend": True})


def test_a_backend_can_be_edited(server: ApiServer):
    for limit in (10, 20):
        obj = builders.backend("edited", limits={"maxQubits": limit})
        stored = json.loads(server.kubectl("apply", "-f", "-", "-o", "json", input=json.dumps(obj)))
        assert QuantumBackend.model_validate(stored).spec.limits == QuantumBackend.model_validate(obj).spec.limits
    assert "status" not in stored, "nobody writes one for a simulator: kstatus must not wait for it"


def test_people_see_the_columns_that_matter(jobs: Jobs):
    jobs.create()
    jobs.patch_status({"phase": "Running", "attempt": 2})
    header, row = jobs.run("get", "qj").splitlines()
    assert header.split() == ["NAME", "PHASE", "BACKEND", "SHOTS", "ATTEMPT", "AGE"]
    assert row.split()[:5] == ["bell", "Running", "aer", "100", "2"]
    assert "quantumjob.qee.dev/bell" in jobs.run("get", "quantum")
    wide = jobs.run("get", "qj", "-o", "wide").splitlines()[0]
    assert wide.split() == ["NAME", "PHASE", "BACKEND", "SHOTS", "ATTEMPT", "REASON", "RESULT", "AGE"]
    jobs.run("apply", "-f", "-", input=builders.backend("shown"))
    header = jobs.run("get", "qb").splitlines()[0]
    assert header.split() == ["NAME", "PROVIDER", "DEVICE", "QUBITS", "QUEUE", "READY", "MESSAGE", "AGE"]


def test_kubectl_explain_tells_what_a_field_means(server: ApiServer):
    said = " ".join(server.kubectl("explain", "quantumjob.spec.circuits.shots").split())
    assert "Repetitions of this circuit, 1 to 10000000." in said

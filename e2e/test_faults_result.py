"""Between a runner's last line and the stored result: logs lost, cut and forged, names taken, inputs replaced."""

import json
from collections.abc import Callable, Iterator

import pytest
from tests import builders

from e2e import forging
from e2e.cluster.choice import Cluster
from e2e.jobs import slow
from e2e.kubernetes import Job, Namespace, Object
from e2e.operator_process import PATIENCE, OperatorProcess
from e2e.proxy import Proxy
from qee.api import names
from qee.core import naming
from qee.documents.frame import encode

ONE = b"OPENQASM 3.0; qubit q; bit c; U(pi, 0, pi) q; c = measure q;"
ZERO = b"OPENQASM 3.0; qubit q; bit c; c = measure q;"
# Jobs whose logs the operator cannot read until they have been tampered with.
HELD = ("evicted", "evicted-last", "both-taken", "input-replaced", "input-deleted", "source-replaced")


def cut(log: bytes) -> bytes:
    return b"".join(line for line in log.splitlines(keepends=True) if b"qee-frame/v1 end" not in line)


def cut_at_first(log: bytes) -> bytes:
    """Only the first attempt's."""
    return cut(log) if b'.1"' in log else log


def altered(log: bytes) -> bytes:
    """One character of the payload is another one."""
    head, mark, data = log.partition(b"qee-frame/v1 data 0 ")
    other = b"B" if data[20:21] == b"A" else b"A"
    return head + mark + data[:20] + other + data[21:]


def of_another_run(log: bytes) -> bytes:
    return encode(b"{}", "00000000-0000-0000-0000-000000000000.1", 0).encode()


ALTERED: dict[str, Callable[[bytes], bytes]] = {
    "cut-once": cut_at_first,
    "cut-always": cut,
    "empty": lambda log: b"",
    "altered": altered,
    "doubled": lambda log: log + log,
    "another-run": of_another_run,
    "binary": lambda log: bytes(range(256)) * 40,
}
LAST = {"cut-always", "empty", "binary", "evicted-last"}  # no second attempt


@pytest.fixture(scope="module")
def proxy(node: Cluster) -> Iterator[Proxy]:
    with Proxy(node.kubeconfig) as between:
        yield between


@pytest.fixture(scope="module")
def operator(proxy: Proxy, runner_images: dict[str, str], namespace: Namespace) -> Iterator[OperatorProcess]:
    settings = {"namespaces": [namespace.name], "patience": {**PATIENCE, "missing": 600.0}}
    with OperatorProcess(proxy.kubeconfig, runner_images, settings=settings) as process:
        yield process


@pytest.fixture(scope="module")
def jobs(operator: OperatorProcess, proxy: Proxy, namespace: Namespace) -> dict[str, Job]:
    """All jobs after their end."""
    for name, change in ALTERED.items():
        proxy.altered[f"/pods/{name}-"] = change
    proxy.refuse = lambda method, path: 503 if any(_is_log(path, name) for name in HELD) else None
    namespace.apply(config_map("taken-result", "someone else's"), config_map("source", ONE.decode()))
    source = [builders.circuit_from("source", "c", ONE)]
    special = {"source-replaced": {"circuits": source}}
    every = (*ALTERED, *HELD, "taken")
    namespace.apply(
        *(
            namespace.job(name, **{"backoffLimit": 0 if name in LAST else 2, **special.get(name, {})}, seed=5)
            for name in every
        )
    )
    held = namespace.until(lambda: _ended(namespace), "the held jobs' pods to end")
    tamper(namespace, held)
    proxy.refuse = lambda method, path: None
    return namespace.finished(*every)


def _is_log(path: str, job: str) -> bool:
    return f"/pods/{job}-" in path and "/log" in path


def config_map(name: str, text: str, **fields: object) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"c": text}, **fields}


def _ended(namespace: Namespace) -> dict[str, Object] | None:
    """The pods of the held jobs once all of them have succeeded."""
    pods = {pod["metadata"]["labels"][names.LABEL_JOB_NAME]: pod for pod in namespace.all("pods", names.LABEL_JOB_NAME)}
    held = {name: pods[name] for name in HELD if name in pods and pods[name]["status"]["phase"] == "Succeeded"}
    return held if len(held) == len(HELD) else None


def tamper(namespace: Namespace, pods: dict[str, Object]) -> None:
    namespace.evict(pods["evicted"])
    namespace.evict(pods["evicted-last"])
    both = namespace.quantum_job("both-taken")
    namespace.apply(*(config_map(name, "{}") for name in naming.result_names("both-taken", both.uid)))
    for name in ("input-replaced", "input-deleted"):
        (snapshot,) = namespace.of(namespace.quantum_job(name).uid, "configmaps")
        namespace.delete("configmap", snapshot["metadata"]["name"])
        if name == "input-replaced":
            namespace.apply(imitation(snapshot))
    namespace.change("configmap", "source", {"data": {"c": ZERO.decode()}})


def imitation(snapshot: Object) -> Object:
    """A ConfigMap of the snapshot's name with a circuit that always gives 1."""
    document = json.loads(snapshot["data"][names.INPUT_KEY])
    document["circuits"][0]["source"] = ONE.decode()
    meta = {key: snapshot["metadata"][key] for key in ("name", "labels", "ownerReferences")}
    return {**snapshot, "metadata": meta, "data": {names.INPUT_KEY: json.dumps(document)}}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("evicted-last", "gone"),
        ("cut-always", "its log holds no whole result"),
        ("empty", "its log holds no whole result"),
        ("binary", "its log holds no whole result"),
    ],
)
def test_a_lost_log_loses_the_result_when_no_attempt_is_left(jobs: dict[str, Job], name: str, says: str) -> None:
    assert jobs[name].outcome == ("Failed", "ResultLost")
    assert says in jobs[name].message
    assert "raise spec.backoffLimit to have this done for you" in jobs[name].message


@pytest.mark.parametrize("name", ["evicted", "cut-once", "input-deleted"])
def test_a_lost_log_is_another_attempt_with_the_same_seed(
    jobs: dict[str, Job], namespace: Namespace, name: str
) -> None:
    job = jobs[name]

    assert job.outcome == ("Succeeded", "Completed")
    assert job.attempt == 2
    document = namespace.result(job)
    assert document.seed == 5
    assert dict(document.results[0].counts) == dict(namespace.result(jobs["taken"]).results[0].counts)


@pytest.mark.parametrize("name", ["altered", "doubled", "another-run"])
def test_a_forged_or_altered_frame_is_no_result(jobs: dict[str, Job], namespace: Namespace, name: str) -> None:
    assert jobs[name].outcome == ("Failed", "ResultCorrupt")
    assert "something on the node alters logs" in jobs[name].message
    assert not namespace.results_of(jobs[name])


def test_a_result_goes_round_a_name_that_is_someone_elses(jobs: dict[str, Job], namespace: Namespace) -> None:
    job = jobs["taken"]

    assert job.outcome == ("Succeeded", "Completed")
    assert job.status["result"]["configMap"] == naming.result_names("taken", job.uid)[1]
    assert sum(namespace.result(job).results[0].counts.values()) == 100
    assert namespace.get("configmap", "taken-result")["data"] == {"c": "someone else's"}


def test_both_names_taken_is_told_with_the_names(jobs: dict[str, Job]) -> None:
    job = jobs["both-taken"]

    assert job.outcome == ("Failed", "ResultConflict")
    assert all(repr(name) in job.message for name in naming.result_names("both-taken", job.uid))
    assert "Delete or rename the ConfigMaps" in job.message


def test_a_replaced_input_is_not_taken_for_the_one_that_ran(jobs: dict[str, Job], namespace: Namespace) -> None:
    job = jobs["input-replaced"]

    assert job.outcome == ("Failed", "ChildConflict")
    assert "is not the snapshot of this job" in job.message
    assert not namespace.results_of(job)


def test_a_config_map_replaced_while_its_circuit_runs_changes_nothing(
    jobs: dict[str, Job], namespace: Namespace
) -> None:
    job = jobs["source-replaced"]

    assert job.outcome == ("Succeeded", "Completed")
    assert dict(namespace.result(job).results[0].counts) == {"1": 100}


def test_a_config_map_replaced_before_its_circuit_runs_is_refused(
    operator: OperatorProcess, namespace: Namespace
) -> None:
    namespace.apply(config_map("early", ONE.decode()))
    namespace.apply(namespace.job("early", suspend=True, circuits=[builders.circuit_from("early", "c", ONE)]))
    namespace.in_phase("Suspended", "early")
    namespace.change("configmap", "early", {"data": {"c": ZERO.decode()}})

    namespace.set_spec("early", suspend=False)

    job = namespace.finished("early")["early"]
    assert job.outcome == ("Failed", "InputDigestMismatch")
    assert "restore the ConfigMap" in job.message
    assert not namespace.of(job.uid)


def test_an_input_forged_beforehand_is_not_run(operator: OperatorProcess, namespace: Namespace) -> None:
    late = f"late-{namespace.name}"
    namespace.apply(namespace.job("forged", backendRef={"kind": "QuantumBackend", "name": late}))
    job = namespace.in_phase("Pending", "forged")["forged"]
    namespace.apply(forging.input_config_map(job, forging.run_of(job).to_bytes().replace(b"cx q", b"cy q")))

    namespace.backend("aer", late)

    ended = namespace.finished("forged")["forged"]
    assert ended.outcome == ("Failed", "ChildConflict")
    assert "ConfigMap" in ended.message
    assert not namespace.of(job.uid, "jobs,pods")


def test_a_runner_refuses_an_input_that_was_replaced_under_it(operator: OperatorProcess, namespace: Namespace) -> None:
    namespace.apply(slow(namespace, "undermined"))
    job = namespace.in_phase("Running", "undermined")["undermined"]
    namespace.change("job", job.child, {"spec": {"suspend": True}})
    namespace.until(lambda: not namespace.of(job.uid, "pods"), "the pod to go")
    (snapshot,) = namespace.of(job.uid, "configmaps")
    namespace.delete("configmap", snapshot["metadata"]["name"])
    namespace.apply(imitation(snapshot))

    namespace.change("job", job.child, {"spec": {"suspend": False}})

    ended = namespace.finished("undermined")["undermined"]
    assert ended.outcome == ("Failed", "InputMismatch")
    assert "not those that the operator wrote" in ended.message

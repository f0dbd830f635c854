"""Results are signed with the operator's own key, for whoever holds its public half; none is stored unsigned."""

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from tests import builders, signed
from tests.cluster_simulation import SETTINGS, Simulation, suite

from qee import __version__
from qee.api.conditions import ConditionType
from qee.controller.jobs import results
from qee.kube.port import Object
from qee.kube.resources import CONFIG_MAPS, JOBS, TRUST_POLICIES
from qee.signing.attestation import AttestationProblem, attest, check
from qee.signing.keys import PrivateKey
from qee.signing.profiles.job import project

FIRST, SECOND = signed.key("first"), signed.key("second")
ADA = signed.key("ada")
CLASSICAL = signed.key("classical", "Ed25519")


def write(path: Path, key: PrivateKey | bytes | None) -> None:
    """As a mounted Secret changes: another file under the name, or none."""
    if key is None:
        path.unlink()
        return
    beside = path.with_suffix(".new")
    beside.write_bytes(key if isinstance(key, bytes) else key.pem(None))
    beside.rename(path)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "result.key"
    write(path, FIRST)
    return path


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch, key_file: Path) -> Simulation:
    monkeypatch.setattr(results, "REREAD_AFTER", (0, 0))
    return Simulation(SETTINGS.model_copy(update={"result_key": key_file}))


async def ran(simulation: Simulation, job: Object | None = None) -> bytes:
    """The job's circuits have run; nothing is collected yet."""
    simulation.given(job)
    await simulation.step()
    simulation.make_pod()
    return simulation.succeed()


def stored(simulation: Simulation) -> Object:
    (found,) = simulation.config_maps("result")
    return found


def predicate_of(config_map: Object, document: bytes, *trusted: PrivateKey) -> dict[str, Any]:
    envelope = config_map["data"]["result.json.dsse"].encode()
    return check(envelope, document, [key.public for key in trusted], suite())


async def test_a_result_is_signed_in_the_same_config_map(simulation: Simulation) -> None:
    document = await ran(simulation)
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert simulation.status["result"]["keyid"] == FIRST.public.key_id
    found = stored(simulation)
    assert set(found["data"]) == {"result.json", "result.json.dsse"}
    assert found["data"]["result.json"].encode() == document
    assert predicate_of(found, document, FIRST)["job"]["uid"] == simulation.job()["metadata"]["uid"]
    with pytest.raises(AttestationProblem, match="trusted are"):
        predicate_of(found, document, SECOND)
    with pytest.raises(AttestationProblem, match="another document"):
        predicate_of(found, document + b" ", FIRST)
    assert len(simulation.writes()) == 4, "as many writes as without a signature (nobody saw it running)"


async def test_the_signature_states_what_ran_where_and_on_whose_word(simulation: Simulation) -> None:
    simulation.api.put(TRUST_POLICIES, signed.policy({"ada": ADA}))
    job = signed.sign_job(builders.job(), ADA, now=simulation.clock.now)
    document = await ran(simulation, job)
    await simulation.step()
    live, run = simulation.job(), simulation.run_document().to_bytes()
    statement = signed.statement_of(signed.envelope_of(job).payload)
    assert predicate_of(stored(simulation), document, FIRST) == {
        "job": {
            "namespace": "default",
            "name": "bell",
            "uid": live["metadata"]["uid"],
            "generation": 1,
            "attempt": 1,
            "specSha512": project(live).digest,
        },
        "circuits": [{"name": "bell", "sha256": hashlib.sha256(builders.BELL.encode()).hexdigest()}],
        "runDocument": {"sha256": hashlib.sha256(run).hexdigest()},
        "backend": {
            "name": "aer",
            "sha256": hashlib.sha256(rfc8785.dumps(builders.backend()["spec"])).hexdigest(),
        },
        "images": {"runner": "qee-runner-aer:1", "runnerImageID": "sha256:0123"},
        "operator": {"version": __version__},
        "times": {"finished": "2026-01-01T00:00:02Z"},
        "admission": {
            "reason": "SignatureVerified",
            "policies": ["trust"],
            "keyids": [ADA.public.key_id],
            "jti": statement["jti"],
        },
    }
    assert statement["subject"]["sha512"] == project(live).digest


async def test_a_gzipped_result_is_signed_uncompressed(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qee.kube.manifests.GZIP_THRESHOLD", 10)
    document = await ran(simulation)
    await simulation.step()
    found = stored(simulation)
    assert gzip.decompress(base64.b64decode(found["binaryData"]["result.json.gz"])) == document
    assert predicate_of(found, document, FIRST)["job"]["name"] == "bell"
    assert simulation.status["result"]["key"] == "result.json.gz"


async def test_without_a_key_results_are_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REREAD_AFTER", ())
    simulation = Simulation()
    await ran(simulation)
    await simulation.step()
    assert set(stored(simulation)["data"]) == {"result.json"}
    assert "keyid" not in simulation.status["result"]


async def test_a_key_that_was_rotated_signs_the_next_result(simulation: Simulation, key_file: Path) -> None:
    before = await ran(simulation)
    await simulation.step()
    first = stored(simulation)
    write(key_file, SECOND)
    simulation.remove_pods()
    simulation.api.remove(JOBS, "default", "bell")
    simulation.api.collect_garbage()
    after = await ran(simulation)
    await simulation.step()
    assert simulation.status["result"]["keyid"] == SECOND.public.key_id
    assert predicate_of(first, before, FIRST)
    assert predicate_of(stored(simulation), after, SECOND)


@pytest.mark.parametrize(
    "content", [None, b"", b"no key", FIRST.public.pem().encode(), FIRST.pem(b"passphrase"), CLASSICAL.pem(None)]
)
async def test_a_result_waits_for_a_key_that_cannot_be_read(
    simulation: Simulation, key_file: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    document = await ran(simulation)
    write(key_file, content)
    for _ in range(2):
        assert await simulation.step() == 5.0
        reconciling = simulation.condition(ConditionType.RECONCILING)
        assert (reconciling["status"], reconciling["reason"]) == ("True", "WaitingForResultKey")
        assert str(key_file) not in reconciling["message"], "the installation's paths are not the tenants' affair"
    assert str(key_file) in caplog.text
    assert not simulation.config_maps("result")
    simulation.clock.forward(10_000)
    write(key_file, FIRST)
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert predicate_of(stored(simulation), document, FIRST)


async def test_a_key_that_is_damaged_later_is_not_remembered(simulation: Simulation, key_file: Path) -> None:
    await ran(simulation)
    await simulation.step()
    write(key_file, b"damaged")
    simulation.remove_pods()
    simulation.api.remove(JOBS, "default", "bell")
    simulation.api.collect_garbage()
    await ran(simulation)
    await simulation.step()
    assert simulation.condition(ConditionType.RECONCILING)["reason"] == "WaitingForResultKey"


def lose_the_status_write(simulation: Simulation) -> None:
    """The ConfigMap is there; the operator was killed before it wrote the status."""
    job = simulation.job()
    simulation.api.put(JOBS, {**job, "status": {k: v for k, v in job["status"].items() if k != "result"}})
    live = simulation.api.objects["quantumjobs", "default", "bell"]
    live["status"]["conditions"] = [{**c, "status": "Unknown"} for c in live["status"]["conditions"]]
    simulation.restart()


async def test_a_signed_result_that_is_there_already_is_recognised(simulation: Simulation) -> None:
    document = await ran(simulation)
    await simulation.step()
    before = stored(simulation)
    lose_the_status_write(simulation)
    simulation.clock.forward(60)
    for _ in range(2):
        await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert stored(simulation) == before, "not another one, though another signature would have other bytes"
    assert predicate_of(before, document, FIRST)
    assert simulation.status["result"]["configMap"] == before["metadata"]["name"]


@pytest.mark.parametrize("planted", ["unsigned", "other key", "other job", "other document", "garbage", "extra"])
async def test_a_result_with_another_signature_is_not_taken_for_ours(simulation: Simulation, planted: str) -> None:
    document = await ran(simulation)
    job = simulation.job()
    owner = {"apiVersion": "qee.dev/v1alpha1", "kind": "QuantumJob", "name": "bell", "uid": job["metadata"]["uid"]}
    uid = "someone" if planted == "other job" else job["metadata"]["uid"]
    envelope = attest(
        b"{}" if planted == "other document" else document,
        "result.json",
        {"job": {"uid": uid}},
        SECOND if planted == "other key" else FIRST,
    ).decode()
    data = {"result.json": document.decode(), "result.json.dsse": envelope}
    if planted == "unsigned":
        del data["result.json.dsse"]
    elif planted == "garbage":
        data["result.json.dsse"] = "{}"
    elif planted == "extra":
        data["more"] = "of it"
    body = {"metadata": {"name": "bell-result", "ownerReferences": [owner]}, "data": data, "immutable": True}
    simulation.api.put(CONFIG_MAPS, body)
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    name = simulation.status["result"]["configMap"]
    assert name != "bell-result"
    assert predicate_of(simulation.api.find(CONFIG_MAPS, "default", name) or {}, document, FIRST)


async def test_a_signed_result_is_not_taken_for_one_of_an_operator_without_a_key(simulation: Simulation) -> None:
    await ran(simulation)
    await simulation.step()
    simulation.settings = SETTINGS
    lose_the_status_write(simulation)
    for _ in range(2):
        await simulation.step()
    assert simulation.status["result"]["configMap"] != "bell-result"
    assert "keyid" not in simulation.status["result"]


async def test_a_largest_job_signs_within_what_a_config_map_takes(simulation: Simulation) -> None:
    source = "OPENQASM 3.0;\nqubit[1] q;\nbit[1] c;\nc = measure q;\n"
    circuits = [{"name": f"{'c' * 55}{n:04d}", "format": "openqasm3", "source": source} for n in range(300)]
    document = await ran(simulation, builders.job(circuits=circuits))
    await simulation.step()
    envelope = stored(simulation)["data"]["result.json.dsse"]
    assert len(predicate_of(stored(simulation), document, FIRST)["circuits"]) == 300
    assert len(envelope) < 80_000 < 1_048_576 - 0.75 * results.MAX_STORED_BYTES
    assert json.loads(envelope)["payloadType"] == "application/vnd.in-toto+json"

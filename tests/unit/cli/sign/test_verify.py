"""`qee verify` and `qee result --verify`: what the cluster would say, and results with keys that the reader brings."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders, signed
from tests.fakes.cli import Cli, succeeded
from tests.fakes.port import FakeApiServer

from qee.api import names
from qee.kube.port import Object
from qee.kube.resources import CONFIG_MAPS, JOBS, NAMESPACES, TRUST_POLICIES
from qee.signing.attestation import attest
from qee.signing.keys import PrivateKey

ADA = signed.key("ada")
RESULTS = signed.key("results")
CHECKOUT = Path(__file__).parents[4]


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    api.put(NAMESPACES, {"metadata": {"name": "kube-system", "uid": signed.CLUSTER}})
    return Cli(api, monkeypatch)


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(signed.policy({"ada": ADA})))
    return str(path)


def verify(qee: Cli, job: Object, *words: str) -> Any:
    return qee("verify", "-f", "-", *words, input=yaml.safe_dump(job))


def test_a_signed_job_passes_the_clusters_policies(qee: Cli, api: FakeApiServer) -> None:
    api.put(TRUST_POLICIES, signed.policy({"ada": ADA}))
    done = verify(qee, signed.sign_job(builders.job(), ADA))
    assert done.exit_code == 0, done.stderr
    assert "policy trust (Enforce)" in done.stdout
    assert "✓ rule: 'rule' holds: ada" in done.stdout
    assert "passes: SignatureVerified" in done.stdout
    assert f"audience of the cluster: {signed.CLUSTER}" in done.stderr
    assert "checked by cryptography" in done.stderr


def test_a_refused_job_shows_what_failed_with_the_remedy_and_exits_with_1(qee: Cli, policy: str) -> None:
    job = signed.sign_job(builders.job(), ADA)
    job["spec"]["shots"] = 101
    done = verify(qee, job, "--policy", policy)
    assert done.exit_code == 1
    assert "✗ object: spec.shots: signed 100, found 101" in done.stdout
    assert "      SpecMismatch: Restore the field" in done.stdout
    assert "refused: SpecMismatch" in done.stdout


def test_json_tells_every_check(qee: Cli, policy: str) -> None:
    done = verify(qee, signed.sign_job(builders.job(), signed.key("eve")), "--policy", policy, "-o", "json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert (document["passed"], document["signaturesChecked"], document["cluster"]) == (False, True, signed.CLUSTER)
    (job,) = document["jobs"]
    assert (job["job"], job["allowed"], job["reason"]) == ("default/bell", False, "KeyUnknown")
    last = job["policies"][0]["checks"][-1]
    assert (last["check"], last["passed"], last["reason"]) == ("keys", False, "KeyUnknown")
    assert last["remedy"]


def test_a_policy_that_only_warns_lets_pass(qee: Cli, api: FakeApiServer) -> None:
    api.put(TRUST_POLICIES, signed.policy({"ada": ADA}, mode="Warn"))
    done = verify(qee, builders.job())
    assert done.exit_code == 0
    assert "✗ annotation" in done.stdout


def test_without_any_policy_in_the_cluster_it_is_refused(qee: Cli) -> None:
    done = verify(qee, signed.sign_job(builders.job(), ADA))
    assert done.exit_code == 1
    assert "refused: NoPolicy" in done.stdout


def test_the_moment_and_the_cluster_can_be_given(qee: Cli, policy: str, api: FakeApiServer) -> None:
    job = signed.sign_job(builders.job(), ADA, audiences=["u2"])
    words = ("--no-cluster", "--policy", policy)
    assert verify(qee, job, *words, "--cluster", "u2").exit_code == 0
    assert "WrongAudience" in verify(qee, job, *words, "--cluster", "u3").stdout
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    assert "SignatureExpired" in verify(qee, job, *words, "--cluster", "u2", "--at", later).stdout
    job["metadata"]["creationTimestamp"] = later
    assert "SignatureExpired" in verify(qee, job, *words, "--cluster", "u2").stdout
    assert api.requests == []
    assert qee.targets == []


def test_without_cluster_and_policy_mistakes_are_found_and_it_is_said_that_no_signature_was_checked(qee: Cli) -> None:
    job = signed.sign_job(builders.job(), ADA)
    done = verify(qee, job, "--no-cluster")
    assert done.exit_code == 0
    assert "the signatures themselves were not checked" in done.stderr
    assert "audience: not checked" in done.stderr
    job["spec"]["shots"] = 101
    assert "spec.shots: signed 100, found 101" in verify(qee, job, "--no-cluster").stdout
    assert "SignatureMissing" in verify(qee, builders.job(), "--no-cluster").stdout
    expired = signed.sign_job(builders.job(), ADA, now=datetime(2020, 1, 1, tzinfo=UTC))
    assert verify(qee, expired, "--no-cluster").exit_code == 1


def test_files_without_jobs_are_passed_over_where_asked(qee: Cli, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("{{ .Values }}: [")
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(signed.sign_job(builders.job(), ADA)))
    both = [str(tmp_path / "template.yaml"), str(tmp_path / "job.yaml")]
    assert qee("verify", "--no-cluster", "--skip-others", *both).exit_code == 0
    done = qee("verify", "--no-cluster", *both)
    assert done.exit_code == 2
    assert "not YAML" in done.stderr
    assert qee("verify", "--no-cluster").exit_code == 2


def test_a_file_without_policies_is_no_policy(qee: Cli, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("kind: ConfigMap")
    done = verify(qee, builders.job(), "--policy", str(tmp_path / "p"))
    assert done.exit_code == 2
    assert "holds no QuantumTrustPolicy" in done.stderr


def test_the_hook_of_pre_commit_calls_a_command_that_exists(qee: Cli, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text())
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(builders.job()))
    program, *words = hook["entry"].split()
    assert program == "qee"
    assert qee(*words, str(tmp_path / "job.yaml")).exit_code == 1


class Signed:
    """A job that succeeded, with a signed result."""

    def __init__(self, api: FakeApiServer, key: PrivateKey = RESULTS, **job: str) -> None:
        self._api = api
        live = api.put(JOBS, builders.job())
        succeeded("bell")(api)
        stored = api.find(CONFIG_MAPS, "default", "bell-result")
        assert stored is not None
        self.document = stored["data"]["result.json"].encode()
        meta = live["metadata"]
        about = {"namespace": "default", "name": "bell", "uid": meta["uid"], **job}
        predicate = {"job": about, "backend": {"name": "aer"}, "admission": {"reason": "SignatureVerified"}}
        self.envelope = attest(self.document, names.RESULT_KEY, predicate, key)
        self.store(self.envelope.decode())

    def store(self, envelope: str) -> None:
        stored = self._api.find(CONFIG_MAPS, "default", "bell-result")
        assert stored is not None
        stored["data"][names.RESULT_KEY_SIGNATURE] = envelope
        self._api.put(CONFIG_MAPS, stored)


@pytest.fixture
def trust(tmp_path: Path) -> str:
    path = tmp_path / "result.pub"
    path.write_text(f"# of last year\n{signed.key('old').public.pem()}# of this\n{RESULTS.public.pem()}")
    return str(path)


def test_a_signed_result_is_shown_with_what_is_attested(qee: Cli, api: FakeApiServer, trust: str) -> None:
    Signed(api)
    done = qee("result", "bell", "--verify", "--trust", trust)
    assert done.exit_code == 0, done.stderr
    assert "bell: 100 shots on aer" in done.stdout
    assert f"verified: signed with {RESULTS.public.key_id}" in done.stderr
    assert "  job: default/bell, uid " in done.stderr
    shown = json.loads(qee("result", "bell", "--verify", "--trust", trust, "-o", "json").stdout)
    assert (shown["verified"], shown["keyids"]) == (True, [RESULTS.public.key_id])
    assert shown["predicate"]["backend"] == {"name": "aer"}
    assert shown["result"]["results"][0]["circuit"] == "bell"


def test_a_key_that_the_reader_does_not_bring_is_not_trusted(qee: Cli, api: FakeApiServer, trust: str) -> None:
    Signed(api, signed.key("intruder"))
    api.put(CONFIG_MAPS, {"metadata": {"name": "qee-result-pub"}, "data": {"x": signed.key("intruder").public.pem()}})
    done = qee("result", "bell", "--verify", "--trust", trust)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the result is NOT verified" in done.stderr


@pytest.mark.parametrize("job", [{"uid": "other"}, {"name": "other"}, {"namespace": "other"}])
def test_the_signature_of_another_job_is_none(qee: Cli, api: FakeApiServer, trust: str, job: dict[str, str]) -> None:
    Signed(api, **job)
    done = qee("result", "bell", "--verify", "--trust", trust)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"it is signed for job.{next(iter(job))} 'other'" in done.stderr


def test_an_unsigned_or_broken_result_is_not_verified(qee: Cli, api: FakeApiServer, trust: str) -> None:
    result = Signed(api)
    result.store(result.envelope.decode().replace('"sig":"', '"sig":"AAAA'))
    assert qee("result", "bell", "--verify", "--trust", trust).exit_code == 1
    stored = api.find(CONFIG_MAPS, "default", "bell-result")
    assert stored is not None
    del stored["data"][names.RESULT_KEY_SIGNATURE]
    api.put(CONFIG_MAPS, stored)
    done = qee("result", "bell", "--verify", "--trust", trust)
    assert done.exit_code == 1
    assert "the result is not signed" in done.stderr


def test_files_are_verified_without_a_cluster(qee: Cli, api: FakeApiServer, trust: str, tmp_path: Path) -> None:
    result = Signed(api)
    document, envelope = tmp_path / "result.json", tmp_path / "result.json.dsse"
    document.write_bytes(result.document)
    envelope.write_bytes(result.envelope)
    api.requests.clear()
    words = ("--file", str(document), "--signature", str(envelope), "--verify", "--trust", trust)
    assert qee("result", *words).exit_code == 0
    assert qee("result", "bell", "-n", "default", *words).exit_code == 0
    assert qee("result", "other", *words).exit_code == 1
    document.write_bytes(result.document.replace(b"100", b"101"))
    done = qee("result", *words)
    assert done.exit_code == 1
    assert "the signature is over another document" in done.stderr
    assert api.requests == []
    assert qee.targets == []


def test_what_belongs_together_is_asked_for(qee: Cli, trust: str) -> None:
    assert "--verify and --trust belong together" in qee("result", "bell", "--verify").stderr
    assert "--verify and --trust belong together" in qee("result", "bell", "--trust", trust).stderr
    assert "--file, --signature and --verify" in qee("result", "--file", "x", "--verify", "--trust", trust).stderr
    assert "give the NAME" in qee("result").stderr


def test_a_trust_file_without_keys_is_refused(qee: Cli, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("hello")
    done = qee("result", "bell", "--verify", "--trust", str(tmp_path / "t"))
    assert done.exit_code == 2
    assert "holds no -----BEGIN PUBLIC KEY-----" in done.stderr

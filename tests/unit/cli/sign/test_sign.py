"""`qee sign`: a file keeps all but the annotation, nothing ambiguous is signed, what is signed verifies."""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders, signed
from tests.fakes.cli import Cli
from tests.fakes.port import FakeApiServer

from qee.api import names
from qee.cli.sign import signers
from qee.kube.port import Object
from qee.kube.resources import JOBS, NAMESPACES
from qee.signing.statement import Statement
from qee.signing.verify import verify

ADA = signed.key("ada")
BOB = signed.key("bob")
HEAD = "apiVersion: qee.dev/v1alpha1\nkind: QuantumJob\n"
SPEC = """spec:
  backendRef: {name: 'aer'}   # the engine
  shots: 100
  circuits:
  - name: "bell"
    format: openqasm3
    source: |
      OPENQASM 3.0;
      bit c;
"""


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    api.put(NAMESPACES, {"metadata": {"name": "kube-system", "uid": signed.CLUSTER}})
    monkeypatch.setenv("KUBECONFIG", "/nowhere/kubeconfig")
    return Cli(api, monkeypatch)


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "ada.key"
    path.write_bytes(ADA.pem(None))
    return str(path)


@pytest.fixture
def other(tmp_path: Path) -> str:
    (tmp_path / "bob.pub").write_text(BOB.public.pem())
    path = tmp_path / "bob.key"
    path.write_bytes(BOB.pem(None))
    return str(path)


def without(text: str, value: str) -> str:
    return text.replace(value, "")


def envelope_in(text: str) -> str:
    found = [each for each in yaml.safe_load_all(text) if each and each["kind"] == "QuantumJob"]
    return str(found[0]["metadata"]["annotations"][names.ANNOTATION_SIGNATURE])


def accepted(job: Object, *keys: Any, **spec: Any) -> bool:
    holders = {f"k{index}": each for index, each in enumerate(keys or [ADA])}
    return verify(signed.question(job, signed.policy(holders, **spec)), signed.SUITE).allowed


KEY = names.ANNOTATION_SIGNATURE
SHAPES = {
    "no annotations": (
        "metadata:\n  name: bell # here\n  namespace: default\n",
        "  annotations:\n    qee.dev/signature: {}\n",
    ),
    "annotations": (
        "metadata:\n    namespace: default\n    annotations: # mine\n      # of a\n      a: 'b'\n    name: bell\n",
        "      qee.dev/signature: {}\n",
    ),
    "annotations in one line": (
        'metadata:\n  namespace: default\n  annotations: {a: "b"}\n  name: bell\n',
        '"qee.dev/signature": "{}", ',
    ),
    "metadata in one line": (
        "metadata: {name: bell, namespace: default}\n",
        '"annotations": {{"qee.dev/signature": "{}"}}, ',
    ),
    "windows": (
        "metadata:\r\n  name: bell\r\n  namespace: default\r\n",
        "  annotations:\r\n    qee.dev/signature: {}\r\n",
    ),
}


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("comment", ["", "# on top\n\n"])
def test_nothing_changes_but_the_annotation(qee: Cli, key: str, shape: str, comment: str) -> None:
    metadata, insertion = SHAPES[shape]
    text = f"{comment}{HEAD}{metadata}{SPEC}---\n# another\nkind: ConfigMap\napiVersion: v1\ndata: {{a:   yes}}\n"
    done = qee("sign", "-f", "-", "--key", key, input=text.encode())
    assert done.exit_code == 0, done.stderr
    output = done.stdout_bytes.decode()
    value = envelope_in(output)
    assert without(output, insertion.format(value)) == text
    assert accepted(yaml.safe_load(output.split("---")[0]))


@pytest.mark.parametrize(
    ("empty", "rest"),
    [("annotations: {}", "annotations: "), ("annotations:", "annotations: "), ("annotations: null", "annotations: ")],
)
def test_empty_annotations_are_filled(qee: Cli, key: str, empty: str, rest: str) -> None:
    text = f"{HEAD}metadata:\n  name: bell\n  {empty}\n  namespace: default\n{SPEC}"
    output = qee("sign", "-f", "-", "--key", key, input=text).stdout
    value = f'{{"qee.dev/signature": "{envelope_in(output)}"}}'
    assert without(output, value) == text.replace(empty, rest)


@pytest.mark.parametrize("old", ["old", '"old"', "'old'", ">-\n      old", "|\n      old"])
def test_an_old_signature_is_replaced_in_its_place(qee: Cli, key: str, old: str) -> None:
    text = (
        f"{HEAD}metadata:\n  annotations:\n    qee.dev/signature: {old}\n    z: z\n  name: bell\n  namespace: default\n"
    )
    done = qee("sign", "-f", "-", "--key", key, input=text + SPEC)
    assert done.exit_code == 0, done.stderr
    assert accepted(yaml.safe_load(done.stdout))
    assert yaml.safe_load(done.stdout)["metadata"]["annotations"]["z"] == "z"


def test_a_file_without_a_line_break_at_its_end(qee: Cli, key: str) -> None:
    text = f"{HEAD}{SPEC}metadata:\n  namespace: default\n  name: bell"
    assert accepted(yaml.safe_load(qee("sign", "-f", "-", "--key", key, input=text).stdout))


def test_json_and_lists_are_signed(qee: Cli, key: str) -> None:
    items = [builders.job("one"), {"kind": "ConfigMap", "apiVersion": "v1"}, builders.job("two")]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2)
    output = json.loads(qee("sign", "-f", "-", "--key", key, input=text).stdout)
    assert [accepted(output["items"][index]) for index in (0, 2)] == [True, True]
    assert output["items"][1] == items[1]


def test_every_job_of_a_file_is_signed_on_its_own(qee: Cli, key: str) -> None:
    output = qee(
        "sign", "-f", "-", "--key", key, input=yaml.safe_dump_all([builders.job("a"), builders.job("b")])
    ).stdout
    one, two = yaml.safe_load_all(output)
    assert accepted(one)
    assert accepted(two)
    one["metadata"]["annotations"], two["metadata"]["annotations"] = (
        two["metadata"]["annotations"],
        one["metadata"]["annotations"],
    )
    assert not accepted(one)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("shots: 100", "shots: 1e3", "spec.shots: 1e3 means different things to different readers; put it into quotes"),
        ("shots: 100", "shots: 0144", "spec.shots: 0144 means"),
        ("shots: 100", "shots: 0x64", "spec.shots: 0x64 means"),
        ("shots: 100", "shots: 1_00", "spec.shots: 1_00 means"),
        ("shots: 100", "shots: 100.0", "spec.shots: 100.0 means"),
        ("shots: 100", "shots: +100", "spec.shots: +100 means"),
        ("shots: 100", "shots: 1:40", "spec.shots: 1:40 means"),
        ("shots: 100", "shots: 100\n  suspend: yes", "spec.suspend: yes means"),
        ("shots: 100", "shots: 100\n  suspend: True", "spec.suspend: True means"),
        ("name: 'aer'", "name: 2024-01-01", "spec.backendRef.name: 2024-01-01 means"),
        ("name: 'aer'", "name: .inf", "spec.backendRef.name: .inf means"),
        ("name: 'aer'", "name: NULL", "spec.backendRef.name: NULL means"),
        ("shots: 100", "shots: 100\n  shots: 200", "spec.shots: the key occurs twice; remove one of them"),
        ("shots: 100", "shots: !!int 100", "spec.shots: has the tag tag:yaml.org,2002:int; remove the tag"),
        ("name: 'aer'", "name: !secret aer", "spec.backendRef.name: has the tag !secret"),
        ("shots: 100", "shots: &a 100", "spec.shots: &a is an anchor; remove it"),
        ("shots: 100", "shots: &a 100\n  seed: *a", "is an anchor"),
        ("shots: 100", "<<: {shots: 100}", "spec: <<: is a merge key; write out the keys"),
        ("shots: 100", "1: 100", "spec.1: the key is not text; put it into quotes"),
        ('name: "bell"', 'name: "\\ud800"', "spec.circuits[0].name: holds half a character"),
        ("shots: 100", "shots: 0", "spec.shots: 0 is below 1"),
        ("shots: 100", "sohts: 100", "spec.sohts: is not a field; did you mean shots?"),
        ("metadata:\n  name: bell", "metadata:\n  generateName: bell-", "metadata.name: is missing, and it is signed"),
        ("qee.dev/v1alpha1", "qee.dev/v2", "apiVersion: qee.dev/v2 is not known; give qee.dev/v1alpha1"),
        ("kind: QuantumJob", "kind: Pod", "holds no QuantumJob"),
        ("shots: 100", "shots: [100", "not YAML"),
    ],
)
def test_what_is_ambiguous_or_invalid_is_refused(qee: Cli, key: str, old: str, new: str, told: str) -> None:
    text = f"{HEAD}metadata:\n  name: bell\n  namespace: default\n{SPEC}"
    assert old in text
    done = qee("sign", "-f", "-", "--key", key, input=text.replace(old, new))
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_ambiguity_in_quotes_and_in_other_documents_is_none(qee: Cli, key: str) -> None:
    text = f"{HEAD}metadata:\n  name: 'yes'\n  namespace: \"1e3\"\n{SPEC}---\na: &x 1e3\nb: *x\na: !t yes\n<<: {{}}\n"
    done = qee("sign", "-f", "-", "--key", key, input=text)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.endswith("a: !t yes\n<<: {}\n")


def test_the_namespace_is_written_because_it_is_signed(qee: Cli, key: str) -> None:
    text = f"{HEAD}metadata:\n  name: bell\n{SPEC}"
    done = qee("-n", "team", "sign", "-f", "-", "--key", key, input=text)
    job = yaml.safe_load(done.stdout)
    assert job["metadata"]["namespace"] == "team"
    assert accepted(job)
    assert "metadata.namespace: team was written into the manifest" in done.stderr
    done = qee("sign", "-f", "-", "--key", key, input=text)
    assert "metadata.namespace: is missing, and it is signed" in done.stderr


def test_another_namespace_than_the_manifests_is_a_mistake(qee: Cli, key: str) -> None:
    done = qee("sign", "-n", "team", "-f", "-", "--key", key, input=yaml.safe_dump(builders.job()))
    assert "'default' is not --namespace 'team'" in done.stderr


def statement_in(text: str) -> Statement:
    return Statement.from_bytes(signed.envelope_of(yaml.safe_load(text)).payload)


def test_what_the_statement_says(qee: Cli, key: str, api: FakeApiServer) -> None:
    job = yaml.safe_dump(builders.job())
    assert statement_in(qee("sign", "-f", "-", "--key", key, input=job).stdout).audiences == [signed.CLUSTER]
    words = (
        "--audience",
        "prod",
        "--audience",
        "u2",
        "--valid-for",
        "30m",
        "--not-before",
        "2030-01-01T01:00:00+01:00",
    )
    stated = statement_in(qee("sign", "-f", "-", "--key", key, *words, input=job).stdout)
    assert stated.audiences == ["prod", "u2"]
    assert stated.nbf == datetime(2030, 1, 1, tzinfo=UTC)
    assert stated.exp - stated.nbf == timedelta(minutes=30)
    broken = statement_in(qee("sign", "-f", "-", "--key", key, "--break-glass", "fire", input=job).stdout)
    assert (broken.purpose, broken.reason) == ("break-glass", "fire")
    assert "is no time with a time zone" in qee("sign", "-f", "-", "--not-before", "today", input=job).stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--valid-for", "366d"), "no policy accepts more than 365"),
        (("--valid-for", "99999999999999999d"), "no policy accepts more than 365"),
        (("--valid-for", "100ms"), "exp is not after nbf"),
        (("--not-before", "9999-12-31T23:00:00Z"), "give a time before the year 9999"),
        (("--break-glass", " "), "--break-glass: give the reason"),
        (("--break-glass", "x" * 513), "reason"),
        (("--audience", ""), "audiences"),
    ],
)
def test_terms_that_no_cluster_accepts(qee: Cli, key: str, words: tuple[str, ...], told: str) -> None:
    done = qee("sign", "-f", "-", "--key", key, *words, input=yaml.safe_dump(builders.job()))
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_without_a_cluster_the_audience_must_be_given(qee: Cli, key: str, api: FakeApiServer) -> None:
    api.objects = {k: v for k, v in api.objects.items() if k[-1] != "kube-system"}
    done = qee("sign", "-f", "-", "--key", key, input=yaml.safe_dump(builders.job()))
    assert done.exit_code == 2
    assert "give --audience UID" in done.stderr


def test_two_sign_one_after_the_other(qee: Cli, key: str, other: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(builders.job()))
    done = qee("sign", "-f", str(path), "--key", key, "--with", str(tmp_path / "bob.pub"), "--in-place")
    assert done.exit_code == 0
    assert f"not complete, wants {BOB.public.key_id} as well" in done.stderr
    assert not accepted(yaml.safe_load(path.read_text()), ADA, BOB)
    assert qee("sign", "-f", str(path), "--key", other, "--add", "--in-place").exit_code == 0
    rule = signed.rule("k0", "k1", threshold=2)
    assert accepted(yaml.safe_load(path.read_text()), ADA, BOB, rules=[rule])


def test_a_signature_is_added_to_what_was_signed_only(qee: Cli, key: str, other: str, tmp_path: Path) -> None:
    def add(job: Object, *words: str) -> str:
        done = qee("sign", "-f", "-", "--key", other, "--add", *words, input=yaml.safe_dump(job))
        assert done.exit_code == 2
        return str(done.stderr)

    job = signed.sign_job(builders.job(), [ADA])
    assert f"does not name key {BOB.public.key_id}" in add(job)
    job = signed.sign_job(builders.job(), [ADA, BOB])
    job["spec"]["shots"] = 5
    assert "is not what was signed: spec.shots: signed 100, found 5" in add(job)
    renamed = signed.sign_job(builders.job(), [ADA, BOB])
    renamed["metadata"]["name"] = "other"
    assert "is not what was signed" in add(renamed)
    late = signed.sign_job(builders.job(), [ADA, BOB], now=datetime(2020, 1, 1, tzinfo=UTC))
    assert "its statement expired" in add(late)
    assert "has no signature to add one to" in add(builders.job())
    assert "cannot be read" in add(signed.with_envelope(builders.job(), "????"))
    assert "--add: the statement is there already" in add(job, "--audience", "x")


def test_keys_come_from_descriptors_and_variables(qee: Cli, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = yaml.safe_dump(builders.job())
    descriptor = os.open(key, os.O_RDONLY)
    assert accepted(yaml.safe_load(qee("sign", "-f", "-", "--key-fd", str(descriptor), input=job).stdout))
    monkeypatch.setenv("SIGNING_KEY", Path(key).read_text())
    assert accepted(yaml.safe_load(qee("sign", "-f", "-", "--key-env", "SIGNING_KEY", input=job).stdout))
    assert "there is no such environment variable" in qee("sign", "-f", "-", "--key-env", "NONE", input=job).stderr
    assert "there is nothing to sign with" in qee("sign", "-f", "-", input=job).stderr


def test_a_secret_that_is_no_key_is_not_quoted(qee: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING_KEY", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----")
    done = qee("sign", "-f", "-", "--key-env", "SIGNING_KEY", input=yaml.safe_dump(builders.job()))
    assert done.exit_code == 2
    assert "c2VjcmV0" not in done.output


SIGNER = """
import base64, json, sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
asked = json.loads(sys.stdin.readline())
assert set(asked) == {"mu", "algorithm", "keyid"} and asked["algorithm"] == "ML-DSA-65"
key = load_pem_private_key(open(sys.argv[1], "rb").read(), None)
print(base64.b64encode(key.sign_mu(bytes.fromhex(asked["mu"]))).decode())
"""


@pytest.fixture
def signer(tmp_path: Path, key: str) -> Callable[..., str]:
    (tmp_path / "ada.pub").write_text(ADA.public.pem())

    def made(script: str = SIGNER, argument: str = key) -> str:
        (tmp_path / "signer.py").write_text(script)
        return f"exec:{sys.executable} {tmp_path / 'signer.py'} '{argument}'"

    return made


def test_a_program_signs(qee: Cli, signer: Callable[..., str], tmp_path: Path) -> None:
    words = ("--signer", signer(), "--public", str(tmp_path / "ada.pub"))
    done = qee("sign", "-f", "-", *words, input=yaml.safe_dump(builders.job()))
    assert done.exit_code == 0, done.stderr
    assert accepted(yaml.safe_load(done.stdout))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("import sys; sys.exit('no token\\nin the slot')", "exited with 1\n  no token\n  in the slot"),
        ("print('!')", "did not write a signature in base64"),
        ("print('AAAA')", "its signature does not hold for key"),
        ("import time; time.sleep(60)", "has not answered within 0 s"),
    ],
)
def test_a_program_that_does_not_sign(
    qee: Cli,
    signer: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    told: str,
) -> None:
    if "sleep" in script:
        monkeypatch.setattr(signers, "EXEC_SECONDS", 0.2)
    words = ("--signer", signer(script), "--public", str(tmp_path / "ada.pub"))
    done = qee("sign", "-f", "-", *words, input=yaml.safe_dump(builders.job()))
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_program_with_another_key_is_found_out(
    qee: Cli, signer: Callable[..., str], other: str, tmp_path: Path
) -> None:
    words = ("--signer", signer(argument=other), "--public", str(tmp_path / "ada.pub"))
    done = qee("sign", "-f", "-", *words, input=yaml.safe_dump(builders.job()))
    assert "does the private key belong to --public" in done.stderr


def test_what_is_signed_is_said(qee: Cli, key: str) -> None:
    job = builders.job()
    source = job["spec"]["circuits"][0]["source"]
    other = {**job["spec"]["circuits"][0], "name": "other", "shots": 7, "parameters": {"t": ["1", "2", "3"]}}
    spec = {
        **job["spec"],
        "circuits": [job["spec"]["circuits"][0], other],
        "maxCost": {"amount": "2.50", "currency": "EUR"},
    }
    digest = hashlib.sha256(source.encode()).hexdigest()
    for name, wanted in (
        ("shots", f"bell: to be signed: backend aer, {spec['shots']} shots, at most 2.50 EUR (maxCost)\n"),
        ("circuit", f"circuit bell: openqasm3, sha256 {digest}, {spec['shots']} shots\n"),
        ("sweep", f"circuit other: openqasm3, sha256 {digest}, 7 shots, 3 rows of parameters\n"),
    ):
        told = qee("sign", "-f", "-", "--key", key, input=yaml.safe_dump({**job, "spec": spec})).stderr
        assert wanted in told, name
    told = qee("sign", "-f", "-", "--key", key, input=yaml.safe_dump(builders.job())).stderr
    assert "no cap on its cost (maxCost)" in told


def test_a_key_that_others_can_read_is_told_of(qee: Cli, key: str) -> None:
    Path(key).chmod(0o640)
    told = qee("sign", "-f", "-", "--key", key, input=yaml.safe_dump(builders.job())).stderr
    assert "has mode 0640: other users of this machine can read it; chmod 600" in told
    Path(key).chmod(0o600)
    told = qee("sign", "-f", "-", "--key", key, input=yaml.safe_dump(builders.job())).stderr
    assert "warning" not in told


def test_nothing_is_written_through_a_link_that_lies_in_the_way(qee: Cli, key: str, tmp_path: Path) -> None:
    mine, planted = tmp_path / "mine", tmp_path / "out.yaml"
    mine.write_text("precious")
    planted.symlink_to(mine)
    done = qee("sign", "-f", "-", "--key", key, "--output", str(planted), input=yaml.safe_dump(builders.job()))
    assert (done.exit_code, mine.read_text()) == (2, "precious")
    assert f"--output {planted}: is a symbolic link to {mine}; give the file itself" in done.stderr
    assert qee("key", "generate", "--out", str(planted), "--no-passphrase", "--force").exit_code == 2
    assert qee("init", str(tmp_path / "c.qasm"), "--output", str(planted), "--force").exit_code == 2
    assert mine.read_text() == "precious"


def test_in_place_keeps_mode_and_link(qee: Cli, key: str, tmp_path: Path) -> None:
    path, link = tmp_path / "job.yaml", tmp_path / "link.yaml"
    path.write_text(yaml.safe_dump(builders.job()))
    path.chmod(0o640)
    link.symlink_to(path)
    assert qee("sign", "-f", str(link), "--key", key, "--in-place").exit_code == 0
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert accepted(yaml.safe_load(path.read_text()))
    assert qee("sign", "-f", "-", "--key", key, "--in-place", input="").exit_code == 2


def test_submit_signs_on_the_way(qee: Cli, key: str, api: FakeApiServer) -> None:
    job = builders.job()
    del job["metadata"]["namespace"]
    done = qee("submit", "-f", "-", "--name", "new", "--key", key, input=yaml.safe_dump(job))
    assert done.exit_code == 0, done.stderr
    live = api.find(JOBS, "default", "new")
    assert live is not None
    assert accepted({**live, "metadata": {k: live["metadata"][k] for k in ("name", "namespace", "annotations")}})


def test_submit_completes_generate_name_before_it_signs(qee: Cli, key: str, api: FakeApiServer) -> None:
    job = builders.job() | {"metadata": {"generateName": "bell-"}}
    done = qee("submit", "-", "--key", key, input=yaml.safe_dump(job))
    assert done.exit_code == 0, done.stderr
    (live,) = api.all(JOBS)
    assert re.fullmatch(r"bell-[bcdfghjklmnpqrstvwxz2456789]{5}", live["metadata"]["name"])
    assert "generateName" not in live["metadata"]
    assert accepted({**live, "metadata": {k: live["metadata"][k] for k in ("name", "namespace", "annotations")}})

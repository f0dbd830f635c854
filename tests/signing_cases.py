"""What the verifier is asked in tests: refusals, each with its reason and part of what is told, and what is accepted.

The classes are those of the attacks that a signature has to withstand; each case differs from a good one in one thing.
"""

import base64
import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import mldsa
from tests import builders, signed

from qee.api.reasons import Reason
from qee.kube.port import Object
from qee.signing import dsse
from qee.signing.algorithms import ALGORITHMS, JOB_CONTEXT, RESULT_CONTEXT, Algorithm
from qee.signing.dsse import Envelope, Signature
from qee.signing.profiles.job import PAYLOAD_TYPE
from qee.signing.verify import Question

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ADA, BOB, EVE, RED = (signed.key(name) for name in ("ada", "bob", "eve", "red"))
SMALL = signed.key("small", "ML-DSA-44")
CLASSICAL = signed.key("classical", "Ed25519")
QUEUE = "kueue.x-k8s.io/queue-name"

# No two spellings of one time: none of these is read, though readers in use take each of the first eight.
OTHER_TIMES: tuple[object, ...] = (
    "2026-01-01T00:00:00+00:00",
    "2026-01-01T01:00:00+01:00",
    "2026-01-01T00:00:00.0Z",
    "2026-01-01T00:00:00z",
    "2026-01-01 00:00:00Z",
    "20260101T000000Z",
    "2026-W01-4T00:00:00Z",
    "2026-1-1T0:0:0Z",
    "2026-01-01T00:00:00",
    "2026-01-01",
    "2026-01-01T24:00:00Z",
    "2026-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "\u0662\u0660\u0662\u0666-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n",
    "2026-01-01T00:00:00Z\ud800",
    "\ud800",
    "soon",
    "",
    5,
    1e3,
    True,
    [],
    {},
)

Keys = Any


@dataclass(frozen=True)
class Case:
    name: str
    question: Callable[[], Question] = field(repr=False)
    reason: Reason = Reason.SIGNATURE_VERIFIED
    says: str = ""
    """Part of the message."""

    def __str__(self) -> str:
        return self.name


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def sign(job: Object | None = None, keys: Keys = ADA, **options: Any) -> Object:
    return signed.sign_job(job or builders.job(), keys, **{"now": NOW, **options})


def trust(**spec: Any) -> Object:
    return signed.policy(spec.pop("keys", {"ada": ADA}), **spec)


def ada(**fields: Any) -> Object:
    return trust(keys=[signed.entry("ada", ADA, **fields)])


def ask(job: Object | None = None, *policies: Object, **fields: Any) -> Question:
    return signed.question(job or sign(), *(policies or (trust(),)), **{"created": NOW, **fields})


def altered(job: Object, **changes: Any) -> Object:
    """A copy; `spec.shots=5` is written `spec__shots=5`."""
    copied = copy.deepcopy(job)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = copied
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    return copied


def labelled(job: Object, **labels: str) -> Object:
    copied = copy.deepcopy(job)
    copied["metadata"]["labels"].update(labels)
    return copied


def annotated(job: Object, **annotations: str) -> Object:
    copied = copy.deepcopy(job)
    copied["metadata"].setdefault("annotations", {}).update(annotations)
    return copied


def enveloped(change: Callable[[dict[str, Any]], Any], job: Object | None = None) -> Object:
    """The envelope's JSON changed after signing; what `change` returns takes its place, unless it is None."""
    carrying = job or sign()
    value = json.loads(signed.envelope_of(carrying).to_json())
    replaced = change(value)
    return signed.with_envelope(carrying, text(json.dumps(value if replaced is None else replaced)))


def text(document: str | bytes) -> str:
    data = document.encode() if isinstance(document, str) else document
    return base64.b64encode(data).decode()


def resigned(payload: bytes, keys: Keys = (ADA,), **options: Any) -> Object:
    """A job with another payload, correctly signed."""
    return signed.with_envelope(builders.job(), signed.envelope(payload, keys, **options))


def replaced_signature(change: Callable[[bytes], bytes], job: Object | None = None) -> Object:
    carrying = job or sign()
    envelope = signed.envelope_of(carrying)
    signatures = tuple(Signature(each.key_id, change(each.value)) for each in envelope.signatures)
    return signed.with_envelope(carrying, Envelope(envelope.payload_type, envelope.payload, signatures))


def payload_of(job: Object) -> bytes:
    return signed.envelope_of(job).payload


def flipped(data: bytes, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def stray_bits(encoded: str) -> str:
    """The same bytes in another spelling of base64: bits of the last character that nobody reads."""
    stem = encoded.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return stem[:-1] + alphabet[alphabet.index(stem[-1]) + 1] + "=" * (len(encoded) - len(stem))


def padded(job: Object, length: int, filler: str = " ") -> Object:
    """The same envelope with blanks in its JSON, so that its text has at least `length` characters of two `=`."""
    document = signed.envelope_of(job).to_json()
    blanks = length * 3 // 4 - len(document)
    while (len(document) + blanks) % 3 != 1:
        blanks += 1
    return signed.with_envelope(job, text(b"{" + filler.encode() * blanks + document[1:]))


def raw_signature() -> Object:
    """A signature over the payload without DSSE's encoding."""
    payload = payload_of(sign())
    signature = Signature(ADA.public.key_id, ADA.sign(payload, JOB_CONTEXT))
    return signed.with_envelope(builders.job(), Envelope(PAYLOAD_TYPE, payload, (signature,)))


def under_anothers_id() -> Object:
    """Signed with an ML-DSA-44 key, under the id of an ML-DSA-65 key."""
    payload = payload_of(sign())
    small = signed.envelope(payload, [SMALL]).signatures[0]
    envelope = Envelope(PAYLOAD_TYPE, payload, (Signature(ADA.public.key_id, small.value),))
    return signed.with_envelope(builders.job(), envelope)


def swapped() -> Object:
    """Two signers, each signature under the other's id."""
    job = sign(keys=[ADA, BOB])
    first, second = signed.envelope_of(job).signatures
    swapped = (Signature(first.key_id, second.value), Signature(second.key_id, first.value))
    return signed.with_envelope(job, Envelope(PAYLOAD_TYPE, payload_of(job), swapped))


def without_last(job: Object) -> Object:
    envelope = signed.envelope_of(job)
    return signed.with_envelope(job, Envelope(envelope.payload_type, envelope.payload, envelope.signatures[:-1]))


def with_another(job: Object, key: Any) -> Object:
    envelope = signed.envelope_of(job)
    return signed.with_envelope(job, envelope.with_signature(signed.envelope(envelope.payload, [key]).signatures[0]))


def config_map_job(data: bytes = b"OPENQASM 3.0;") -> Object:
    return builders.job(circuits=[builders.circuit_from("circuits", "bell.qasm", data)])


def queued(name: str = "team-a") -> Object:
    return builders.job(labels={QUEUE: name})


def without(value: dict[str, Any], key: str) -> None:
    del value[key]


def twice(document: bytes, key: str) -> bytes:
    """The JSON object with one of its members said twice."""
    value = json.loads(document)
    member = f"{json.dumps(key)}:{json.dumps(value[key])},"
    return b"{" + member.encode() + document[1:]


TWO = {"ada": ADA, "bob": BOB}
BOTH_SIGN = trust(keys=TWO, rules=[signed.rule("ada", "bob", threshold=2)])
HYBRID = trust(
    keys={"ada": ADA, "classical": CLASSICAL}, rules=[signed.rule("ada", "classical", require=["lattice", "classical"])]
)
EMERGENCY = trust(keys={"ada": ADA, "red": RED}, breakGlass={"keys": ["red"]})
UNREADABLE = trust(name="a-broken-one", rules=[])


@cache
def ends_in_zero() -> tuple[Algorithm, bytes, bytes, bytes, bytes]:
    """An ML-DSA-44 key whose last byte is zero: of every 256 keys one is, and liboqs-python pads what is missing."""
    for number in range(10_000):
        key = mldsa.MLDSA44PrivateKey.from_seed_bytes(number.to_bytes(32, "big"))
        public = key.public_key().public_bytes_raw()
        if public[-1] == 0:
            return ALGORITHMS["ML-DSA-44"], public, b"message", key.sign(b"message", b"context"), b"context"
    raise AssertionError("no such key")


def _policies() -> list[Case]:
    no, bad = Reason.NO_POLICY, Reason.POLICY_INVALID
    elsewhere = trust(namespaces={"names": ["other"]})
    return [
        Case("no policy at all", lambda: signed.question(sign(), created=NOW), no, "governs namespace 'default'"),
        Case("a policy of another namespace", lambda: ask(None, elsewhere), no, "governs namespace 'default'"),
        Case("no namespace", lambda: ask(altered(sign(), metadata__namespace=None), elsewhere), no, "namespace ''"),
        Case("a policy for the name's beginning", lambda: ask(None, trust(namespaces={"names": ["defaul"]})), no),
        Case("a policy without rules beside a good one", lambda: ask(None, UNREADABLE, trust()), bad, "spec.rules"),
        Case(
            "a policy whose keys cannot be read",
            lambda: ask(None, trust(keys=[{**signed.entry("ada", ADA), "publicKey": "?"}])),
            Reason.KEY_UNKNOWN,
            "which it does not list",
        ),
        Case(
            "a policy that calls an ML-DSA-65 key ML-DSA-87",
            lambda: ask(None, ada(algorithm="ML-DSA-87")),
            Reason.KEY_UNKNOWN,
        ),
        Case(
            "one of two policies content",
            lambda: ask(None, trust(), trust(name="zeta", keys={"bob": BOB})),
            Reason.KEY_UNKNOWN,
            "'zeta'",
        ),
    ]


def _envelopes() -> list[Case]:
    missing, bad = Reason.SIGNATURE_MISSING, Reason.ENVELOPE_INVALID
    good = sign()
    encoded = signed.envelope_of(good).encode()

    def of(name: str, envelope: str | bytes, says: str) -> Case:
        value = envelope if isinstance(envelope, str) else text(envelope)
        return Case(name, lambda: ask(signed.with_envelope(good, value)), bad, says)

    def json_of(name: str, change: Callable[[dict[str, Any]], Any], says: str) -> Case:
        return Case(name, lambda: ask(enveloped(change, good)), bad, says)

    document = signed.envelope_of(good).to_json()
    five = [{"keyid": f"sha256:{n:064x}", "sig": ""} for n in range(5)]
    return [
        Case("no annotation", lambda: ask(builders.job()), missing, "qee.dev/signature"),
        Case("an empty annotation", lambda: ask(signed.with_envelope(good, "")), missing, "qee.dev/signature"),
        Case("null for annotations", lambda: ask(altered(good, metadata__annotations=None)), missing),
        of("not base64", "%%%%", "not padded base64"),
        of("base64 with a line break", encoded[:76] + "\n" + encoded[76:], "on one line"),
        of("base64 with a blank behind", encoded + " ", "not padded base64"),
        of("base64 for addresses", text(b"\xff\xff\xff").replace("/", "_"), "not padded base64"),
        of("base64 without padding", text(b"1234").rstrip("="), "not padded base64"),
        Case("base64 in another spelling", lambda: ask(respelled()), bad, "stray bits"),
        of("JSON without base64", document.decode(), "not padded base64"),
        of("no JSON", b"envelope", "not JSON"),
        of("no UTF-8", b"\xff\xfe", "not JSON"),
        of("a list", b"[]", "must be a JSON object"),
        of("nested without end", b'{"a":' * 12_000, "not JSON"),
        of("compressed", gzip.compress(document), "not JSON"),
        of("a key twice", twice(document, "payload"), "a key twice"),
        of("a fraction", b'{"payload":1.0}', "decimal strings"),
        Case("too long", lambda: ask(padded(good, dsse.MAX_ENVELOPE_CHARS + 1)), bad, "above 98304"),
        json_of("a field more", lambda e: e.update(extra=1), "unknown: 'extra'"),
        json_of("no payload", lambda e: without(e, "payload"), "missing or unknown: 'payload'"),
        json_of("no signature", lambda e: e.update(signatures=[]), "0 signatures"),
        json_of("five signatures", lambda e: e.update(signatures=five), "5 signatures; 1 to 4"),
        json_of("a signature that is a number", lambda e: e["signatures"][0].update(sig=1), "sig is not a string"),
        json_of("a signature that is a text", lambda e: e.update(signatures=["x"]), "not an object"),
        json_of("signatures that are a map", lambda e: e.update(signatures={}), "signatures a list"),
        json_of("a certificate beside a signature", lambda e: e["signatures"][0].update(cert="x"), "unknown: 'cert'"),
        json_of("a keyid by name", lambda e: e["signatures"][0].update(keyid="ada"), "keyid is not `sha256:`"),
        json_of("a key that signed twice", lambda e: e["signatures"].append(e["signatures"][0]), "signed twice"),
        Case(
            "another payload type",
            lambda: ask(resigned(payload_of(good), payload_type="application/vnd.in-toto+json")),
            bad,
            "payloadType is not",
        ),
    ]


def respelled() -> Object:
    job = padded(sign(), 20_000)
    return signed.with_envelope(job, stray_bits(job["metadata"]["annotations"]["qee.dev/signature"]))


def _statements() -> list[Case]:
    bad = Reason.ENVELOPE_INVALID

    def of(name: str, change: Callable[[dict[str, Any]], Any], says: str) -> Case:
        return Case(name, lambda: ask(sign(change=change)), bad, says)

    def payload(name: str, make: Callable[[bytes], bytes], says: str) -> Case:
        return Case(name, lambda: ask(resigned(make(payload_of(sign())))), bad, f"the signed statement: {says}")

    return [
        payload("a payload that is no JSON", lambda _: b"{", "the statement is not JSON"),
        payload("a payload with a key twice", lambda p: twice(p, "exp"), "an object has a key twice"),
        payload(
            "a payload with a fraction", lambda p: p.replace(b'"v":1', b'"v":1.0'), "numbers that are not integers"
        ),
        of("a statement of another version", lambda s: s.update(v=2), "v: 2 is not"),
        of("a version that is a text", lambda s: s.update(v="1"), "v:"),
        of("another profile", lambda s: s.update(profile="qee.dev/quantumjob/v1alpha1#2"), "profile:"),
        of(
            "a profile that a pattern would take",
            lambda s: s.update(profile="qee-dev/quantumjob/v1alpha1#1"),
            "profile",
        ),
        of("a statement with a field more", lambda s: s.update(extra=1), "extra: is not a field"),
        of("a statement without audience", lambda s: without(s, "audiences"), "audiences: is missing"),
        of("no audience", lambda s: s.update(audiences=[]), "audiences"),
        of("a time with fractions", lambda s: s.update(exp="2026-02-01T00:00:00.5Z"), "exp"),
        of("a time without zone", lambda s: s.update(exp="2026-02-01T00:00:00"), "exp"),
        of("a time that is a number", lambda s: s.update(iat=1), "iat: is not a time"),
        of("an end before the beginning", lambda s: s.update(exp=rfc3339(at(-1))), "exp is not after nbf"),
        of("a short jti", lambda s: s.update(jti="00"), "jti"),
        of("a reason without break-glass", lambda s: s.update(reason="why"), "a reason belongs to break-glass"),
        of("break-glass without a reason", lambda s: s.update(purpose="break-glass"), "a reason belongs"),
        of("another purpose", lambda s: s.update(purpose="attest"), "purpose"),
        of("a key twice in keyids", lambda s: s.update(keyids=s["keyids"] * 2), "a key occurs twice"),
        of("a digest in capitals", lambda s: s["subject"].update(sha512="A" * 128), "subject.sha512"),
        of("a reference to a Secret", lambda s: s.update(refs=[reference(kind="Secret")]), "refs[0].kind"),
        of("a reference without digest", lambda s: s.update(refs=[reference(sha256="")]), "refs[0].sha256"),
    ]


def reference(**fields: str) -> dict[str, str]:
    return {"kind": "ConfigMap", "name": "circuits", "key": "bell.qasm", "sha256": "0" * 64, **fields}


def _signatures() -> list[Case]:
    bad, says = Reason.SIGNATURE_INVALID, "does not hold"

    def of(name: str, job: Callable[[], Object], *policies: Object) -> Case:
        return Case(name, lambda: ask(job(), *policies), bad, says)

    ed = trust(keys={"classical": CLASSICAL}, rules=[signed.rule("classical", require=["classical"])])
    cases = [
        of(f"bit {bit} of a signature flipped", lambda bit=bit: replaced_signature(lambda s: flipped(s, bit)))
        for bit in (0, 8 * 48 + 3, 8 * 3300 + 7)
    ]
    return [
        *cases,
        of("a payload changed after signing", lambda: altered_payload(sign())),
        of("a payload with a blank more", lambda: altered_payload(sign(), lambda p: p + b" ")),
        of("a signature one byte short", lambda: replaced_signature(lambda s: s[:-1])),
        of("a signature one byte long", lambda: replaced_signature(lambda s: s + b"\0")),
        of("an empty signature", lambda: replaced_signature(lambda s: b"")),
        of("a signature of zeros", lambda: replaced_signature(lambda s: bytes(len(s)))),
        of("the context of results", lambda: sign(context=RESULT_CONTEXT)),
        of("no context", lambda: sign(context=b"")),
        of("no encoding before signing", raw_signature),
        of("another algorithm under the key's id", under_anothers_id),
        of("signatures swapped between two keys", swapped, trust(keys=TWO)),
        of("one of two signatures broken", lambda: broken_second(), trust(keys=TWO)),
        of("a bit of an Ed25519 signature flipped", lambda: replaced_signature(flipped, sign(keys=CLASSICAL)), ed),
        of("an Ed25519 payload changed", lambda: altered_payload(sign(keys=CLASSICAL)), ed),
        Case(
            "a key that the policy does not list",
            lambda: ask(sign(keys=EVE)),
            Reason.KEY_UNKNOWN,
            EVE.public.key_id,
        ),
        Case(
            "the key of another namespace",
            lambda: ask(sign(keys=EVE), trust(), trust(name="eves", keys={"eve": EVE}, namespaces={"names": ["eve"]})),
            Reason.KEY_UNKNOWN,
            "'trust'",
        ),
    ]


def broken_second() -> Object:
    job = sign(keys=[ADA, BOB])
    envelope = signed.envelope_of(job)
    first, second = envelope.signatures
    broken = Signature(second.key_id, flipped(second.value))
    return signed.with_envelope(job, Envelope(envelope.payload_type, envelope.payload, (first, broken)))


def altered_payload(job: Object, change: Callable[[bytes], bytes] | None = None) -> Object:
    def extended(payload: bytes) -> bytes:
        return payload.replace(b'"exp":"2026', b'"exp":"2027')

    envelope = signed.envelope_of(job)
    payload = (change or extended)(envelope.payload)
    return signed.with_envelope(job, Envelope(envelope.payload_type, payload, envelope.signatures))


def _bindings() -> list[Case]:
    signers, audience, subject = Reason.SIGNERS_INCOMPLETE, Reason.WRONG_AUDIENCE, Reason.WRONG_SUBJECT
    good = sign()
    both = trust(keys=TWO)
    sibling = builders.job("sibling")

    def moved(name: str, says: str, **changes: Any) -> Case:
        return Case(name, lambda: ask(altered(good, **changes)), subject, says)

    return [
        Case(
            "a co-signature taken away", lambda: ask(without_last(sign(keys=[ADA, BOB])), both), signers, "differ: sha"
        ),
        Case("a signature added", lambda: ask(with_another(good, BOB), both), signers, BOB.public.key_id),
        Case("an unknown signature added", lambda: ask(with_another(good, EVE)), signers, EVE.public.key_id),
        Case("keyids that name another", lambda: ask(sign(change=naming(BOB))), signers, "differ"),
        Case("another cluster", lambda: ask(good, cluster="another"), audience, "accepted are another"),
        Case(
            "a name that the policy does not list", lambda: ask(sign(audiences=["test"])), audience, "signed for test"
        ),
        Case(
            "the beginning of an audience",
            lambda: ask(sign(audiences=["prod"]), trust(audiences=["prod-eu"])),
            audience,
            "prod-eu",
        ),
        moved("renamed", "metadata.name: signed 'bell', found 'other'", metadata__name="other"),
        moved(
            "generateName", "metadata.name: signed 'bell', found None", metadata__name=None, metadata__generateName="b"
        ),
        moved("in another namespace", "signed 'default', found 'elsewhere'", metadata__namespace="elsewhere"),
        moved("another version", "apiVersion: signed 'qee.dev/v1alpha1'", apiVersion="qee.dev/v1"),
        moved("another group", "apiVersion", apiVersion="example.org/v1alpha1"),
        moved("another kind", "kind: signed 'QuantumJob', found 'QuantumBackend'", kind="QuantumBackend"),
        Case(
            "a sibling's envelope",
            lambda: ask(signed.with_envelope(sibling, signed.envelope_of(good))),
            subject,
            "found 'sibling'",
        ),
    ]


def naming(key: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda statement: statement.update(keyids=[key.public.key_id])


def _times() -> list[Case]:
    early, late, long = Reason.SIGNATURE_NOT_YET_VALID, Reason.SIGNATURE_EXPIRED, Reason.VALIDITY_TOO_LONG
    year = timedelta(days=366)
    return [
        Case("before nbf", lambda: ask(sign(not_before=at(120))), early, "valid from 2026-01-31T12:02:00"),
        Case("signed in the future", lambda: ask(sign(now=at(120), not_before=NOW)), early, "valid from"),
        Case(
            "ahead by more than the policy's skew",
            lambda: ask(sign(not_before=at(2)), trust(clockSkewSeconds=1)),
            early,
            "the job was created 2026-01-31T12:00:00",
        ),
        Case("after exp", lambda: ask(sign(now=at(-3601))), late, "valid until 2026-01-31T11:59:59"),
        Case("deleted and created again after exp", lambda: ask(sign(), created=at(3601)), late, "was created 2026"),
        Case("for more than a year", lambda: ask(sign(validity=year)), long, "366 days"),
        Case(
            "for longer than the policy allows",
            lambda: ask(sign(validity=timedelta(seconds=61)), trust(maxValiditySeconds=60)),
            long,
            "allowed are 60 s",
        ),
    ]


def _objects() -> list[Case]:
    bad = Reason.SPEC_MISMATCH
    good = sign()
    circuit = builders.job()["spec"]["circuits"][0]

    def of(name: str, says: str, job: Object | None = None, **changes: Any) -> Case:
        return Case(name, lambda: ask(altered(job or good, **changes)), bad, says)

    two = [circuit, {**circuit, "name": "second"}]
    mapped = sign(config_map_job())
    other = config_map_job(b"OPENQASM 2.0;")["spec"]["circuits"]
    in_queue = sign(queued())
    return [
        of("more shots", "spec.shots: signed 100, found 101", spec__shots=101),
        of("another backend", 'name":"costly"', spec__backendRef={"kind": "QuantumBackend", "name": "costly"}),
        of("another circuit", "spec.circuits[0].source: signed sha256:", spec__circuits=[{**circuit, "source": "x"}]),
        of("shots of a circuit", "spec.circuits[0].shots: signed nothing", spec__circuits=[{**circuit, "shots": 100}]),
        of(
            "circuits in another order",
            "spec.circuits[0].name",
            sign(builders.job(circuits=two)),
            spec__circuits=two[::-1],
        ),
        of("a circuit more", "spec.circuits[1]", spec__circuits=two),
        of("a seed added", "spec.seed: signed nothing, found 0", spec__seed=0),
        of("a seed taken away", "spec.seed: signed 0, found nothing", sign(builders.job(seed=0)), spec__seed=None),
        of("an output added", "spec.outputs", spec__outputs=["counts", "memory"]),
        of("a deadline added", "spec.activeDeadlineSeconds", spec__activeDeadlineSeconds=60),
        of("a default overridden", "spec.simulator", spec__simulator={"method": "statevector"}),
        of(
            "an option null",
            "providerOptions",
            sign(builders.job(providerOptions={"a": 1})),
            spec__providerOptions={"a": 1, "b": None},
        ),
        of(
            "true for 1",
            "providerOptions",
            sign(builders.job(providerOptions={"a": 1})),
            spec__providerOptions={"a": True},
        ),
        of("a field that nobody knows", "spec.hidden: is not a field", spec__hidden=1),
        of("1.0 for 1", "spec.shots: 100.0 is not an integer", spec__shots=100.0),
        of("a number as text", "spec.shots", spec__shots="100"),
        of("beyond 2^53-1", "beyond 2^53-1", spec__providerOptions={"a": 2**53 + 1}),
        of("1e3", "spec.shots", spec__shots=float("1e3")),
        of("yes for true", "spec.suspend", spec__suspend="yes"),
        of("no spec", "spec: is missing", spec=None),
        of("text that is no Unicode", "not Unicode", spec__providerOptions={"a": "\ud800"}),
        Case(
            "put into a queue",
            lambda: ask(labelled(good, **{QUEUE: "fast"})),
            bad,
            f"metadata.labels[{QUEUE}]: signed n",
        ),
        Case("another queue", lambda: ask(labelled(in_queue, **{QUEUE: "fast"})), bad, 'signed "team-a", found "fast"'),
        Case("out of its queue", lambda: ask(altered(in_queue, metadata__labels={})), bad, "found nothing"),
        Case(
            "an older signed spec's envelope",
            lambda: ask(signed.with_envelope(builders.job(shots=200), signed.envelope_of(good))),
            bad,
            "signed 100, found 200",
        ),
        of("another digest of a ConfigMap", "spec.circuits[0].sha256", mapped, spec__circuits=other),
        Case(
            "a reference left out of the statement",
            lambda: ask(sign(config_map_job(), change=lambda s: s.update(refs=[]))),
            bad,
            "the ConfigMaps that the circuits refer to",
        ),
        Case(
            "a reference too many in the statement",
            lambda: ask(sign(change=lambda s: s.update(refs=[reference()]))),
            bad,
            "the ConfigMaps that the circuits refer to",
        ),
        Case(
            "a digest that is signed without its fields",
            lambda: ask(sign(change=lambda s: s["subject"].update(sha512="0" * 128))),
            bad,
            "the digest differs",
        ),
    ]


def _rules() -> list[Case]:
    threshold, refused, constrained = Reason.THRESHOLD_NOT_MET, Reason.BREAK_GLASS_REFUSED, Reason.KEY_CONSTRAINED
    one_holder = trust(
        keys=[signed.entry("ada", ADA, holder="Ada"), signed.entry("bob", BOB, holder="Ada")],
        rules=[signed.rule("ada", "bob", threshold=2)],
    )
    two_names, two_holders, two_spellings = (
        trust(
            keys=[signed.entry("ada", ADA), signed.entry("again", ADA, **fields)],
            rules=[signed.rule("ada", "again", threshold=2)],
        )
        for fields in ({"holder": "ada"}, {}, {"publicKey": f"\n{ADA.public.pem()}\n"})
    )
    not_in_rule = trust(keys=TWO, rules=[signed.rule("bob")])

    def key(name: str, reason: Reason, says: str, job: Object | None = None, **fields: Any) -> Case:
        return Case(name, lambda: ask(job, ada(**fields)), reason, says)

    old = sign(now=at(-7 * 86_400), validity=timedelta(days=8))
    one_circuit = builders.job(circuits=[{**builders.job()["spec"]["circuits"][0], "shots": 1001}])
    return [
        Case("one of two signatures", lambda: ask(sign(), BOTH_SIGN), threshold, "signed with ada; wanted: rule (2 of"),
        Case("two keys of one holder", lambda: ask(sign(keys=[ADA, BOB]), one_holder), threshold, "wanted: rule (2 of"),
        Case("one key under two names", lambda: ask(sign(), two_names), threshold, "signed with ada, again"),
        Case("one key of two holders", lambda: ask(sign(), two_holders), Reason.POLICY_INVALID, "has two holders"),
        Case(
            "one key of two holders, written in two ways",
            lambda: ask(sign(), two_spellings),
            Reason.POLICY_INVALID,
            "'ada' of 'ada' and 'again' of 'again' are one public key",
        ),
        Case("a key that no rule names", lambda: ask(sign(), not_in_rule), threshold, "signed with ada; wanted"),
        Case("hybrid without the classical", lambda: ask(sign(), HYBRID), threshold, "with lattice and classical"),
        Case(
            "hybrid without the lattice", lambda: ask(sign(keys=CLASSICAL), HYBRID), threshold, "signed with classical"
        ),
        Case(
            "Ed25519 where ML-DSA is asked for",
            lambda: ask(sign(keys=CLASSICAL), trust(keys={"classical": CLASSICAL})),
            threshold,
            "signed with classical",
        ),
        key("revoked", Reason.KEY_REVOKED, "key 'ada' of 'ada' is revoked", state="Revoked"),
        key("revoked, and signed long before", Reason.KEY_REVOKED, "is revoked", old, state="Revoked"),
        Case(
            "one of two signers revoked",
            lambda: ask(
                sign(keys=[ADA, BOB]),
                trust(keys=[signed.entry("ada", ADA), signed.entry("bob", BOB, state="Revoked")]),
            ),
            Reason.KEY_REVOKED,
            "'bob'",
        ),
        key("retired", Reason.KEY_RETIRED, "VerifyOnly since", state="VerifyOnly", verifyOnlySince=rfc3339(NOW)),
        key(
            "a key from tomorrow on",
            Reason.KEY_NOT_YET_VALID,
            "valid from 2026-01-31T12:00:01",
            notBefore=rfc3339(at(1)),
        ),
        key("a key until yesterday", Reason.KEY_EXPIRED, "valid until 2026-01-31T11:59:59", notAfter=rfc3339(at(-1))),
        key("another backend than the key's", constrained, "not for 'aer'", constraints={"backends": ["aer-2"]}),
        key("more shots than the key's", constrained, "99 shots, not for 100", constraints={"maxShots": 99}),
        key(
            "more shots of a circuit than the key's",
            constrained,
            "not for 1001",
            sign(one_circuit),
            constraints={"maxShots": 1000},
        ),
        Case(
            "break-glass with a daily key",
            lambda: ask(sign(reason="fire"), EMERGENCY),
            refused,
            "to break the glass with",
        ),
        Case(
            "daily work with a break-glass key", lambda: ask(sign(keys=RED), EMERGENCY), refused, "daily work with red"
        ),
        Case("break-glass without such keys", lambda: ask(sign(reason="fire")), refused, "with ada"),
        Case(
            "break-glass in another namespace",
            lambda: ask(altered(sign(keys=RED, reason="fire"), metadata__namespace="x"), EMERGENCY),
            Reason.WRONG_SUBJECT,
            "metadata.namespace",
        ),
        Case(
            "break-glass before its time",
            lambda: ask(sign(keys=RED, reason="fire", not_before=at(120)), EMERGENCY),
            Reason.SIGNATURE_NOT_YET_VALID,
        ),
        Case(
            "break-glass with a revoked key",
            lambda: ask(
                sign(keys=RED, reason="fire"),
                trust(
                    keys=[signed.entry("ada", ADA), signed.entry("red", RED, state="Revoked")],
                    breakGlass={"keys": ["red"]},
                ),
            ),
            Reason.KEY_REVOKED,
            "'red'",
        ),
        Case(
            "break-glass on another backend than the key's",
            lambda: ask(
                sign(keys=RED, reason="fire"),
                trust(
                    keys=[signed.entry("ada", ADA), signed.entry("red", RED, constraints={"backends": ["aer-2"]})],
                    breakGlass={"keys": ["red"]},
                ),
            ),
            constrained,
            "not for 'aer'",
        ),
    ]


REFUSED = [
    *_policies(),
    *_envelopes(),
    *_statements(),
    *_signatures(),
    *_bindings(),
    *_times(),
    *_objects(),
    *_rules(),
]


def _accepted() -> list[Case]:
    good = sign()

    def harmless(name: str, job: Object) -> Case:
        return Case(f"{name} added afterwards", lambda: ask(job))

    defaults = {"shots": 1024, "outputs": ["counts"], "suspend": False}
    short = builders.job()
    del short["spec"]["shots"]
    cut_off = rfc3339(at(60))
    return [
        Case("one key", lambda: ask(good)),
        *(
            Case(f"a key of {key.public.algorithm.name}", lambda key=key: ask(sign(keys=key), trust(keys={"k": key})))
            for key in (SMALL, ADA, signed.key("large", "ML-DSA-87"))
        ),
        Case("two of two", lambda: ask(sign(keys=[ADA, BOB]), BOTH_SIGN)),
        Case("hybrid", lambda: ask(sign(keys=[ADA, CLASSICAL]), HYBRID)),
        Case("any one of two", lambda: ask(sign(keys=BOB), trust(keys=TWO))),
        Case(
            "the second of two rules",
            lambda: ask(
                sign(), trust(keys=TWO, rules=[signed.rule("bob", name="first"), signed.rule("ada", name="then")])
            ),
        ),
        Case("two content policies", lambda: ask(good, trust(), trust(name="zeta", keys=TWO))),
        Case("an audience by name", lambda: ask(sign(audiences=["prod", "test"]), trust(audiences=["prod"]))),
        Case("a clock ahead within the skew", lambda: ask(sign(now=at(59)))),
        Case("the very end", lambda: ask(good, created=at(3600))),
        Case(
            "break-glass, expired, one key of two", lambda: ask(sign(keys=RED, reason="fire", now=at(-9999)), EMERGENCY)
        ),
        Case("made before its key was retired", lambda: ask(good, ada(state="VerifyOnly", verifyOnlySince=cut_off))),
        Case("made before its key's end", lambda: ask(good, ada(notAfter=rfc3339(at(1))))),
        Case(
            "within the key's constraints", lambda: ask(good, ada(constraints={"backends": ["aer"], "maxShots": 100}))
        ),
        Case("circuits in a ConfigMap", lambda: ask(sign(config_map_job()))),
        Case("in the queue that was signed", lambda: ask(sign(queued()))),
        Case("blanks in the envelope's JSON", lambda: ask(padded(good, 20_000))),
        harmless(
            "Argo CD's tracking id", annotated(good, **{"argocd.argoproj.io/tracking-id": "app:qee.dev/QuantumJob"})
        ),
        harmless(
            "kubectl's last applied", annotated(good, **{"kubectl.kubernetes.io/last-applied-configuration": "{}"})
        ),
        harmless("Helm's labels", labelled(good, **{"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "x"})),
        harmless("Kopf's annotation", annotated(good, **{"kopf.zalando.org/last-handled-configuration": "{}"})),
        harmless("a finalizer", altered(good, metadata__finalizers=["example.org/x"])),
        harmless("an owner", altered(good, metadata__ownerReferences=[{"kind": "Workflow", "name": "w"}])),
        harmless("managed fields", altered(good, metadata__managedFields=[{"manager": "x"}], metadata__uid="1")),
        harmless("a status", altered(good, status={"phase": "Succeeded", "anything": {"else": 1}})),
        harmless("suspend", altered(good, spec__suspend=True)),
        harmless("a wish to cancel", altered(good, spec__cancelRequested=True)),
        harmless("a time to live", altered(good, spec__ttlSecondsAfterFinished=60)),
        harmless("null for an absent field", altered(good, spec__seed=None)),
        Case(
            "defaults filled in afterwards",
            lambda: ask(altered(sign(short), **{f"spec__{k}": v for k, v in defaults.items()})),
        ),
        Case(
            "defaults that were signed left out",
            lambda: ask(signed.with_envelope(short, signed.envelope_of(sign(builders.job(**defaults))))),
        ),
    ]


ACCEPTED = _accepted()

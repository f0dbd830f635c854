"""Whatever is changed in a signed job: what is accepted says what was signed. And nothing makes the verifier raise."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import builders, signed
from tests.mutations import QUICK, changed_bytes, changed_json, repeated
from tests.signing_cases import ADA, BOB, CLASSICAL, HYBRID, QUEUE, TWO, ask, config_map_job, queued, sign, text, trust

from qee.api.reasons import Reason
from qee.kube.port import Object
from qee.signing.dsse import Envelope, Signature
from qee.signing.libraries import Suite
from qee.signing.profiles.job import project, references
from qee.signing.verify import verify

pytestmark = pytest.mark.timeout(1800)

JOBS: list[tuple[Object, Object]] = [
    (sign(), trust()),
    (sign(keys=[ADA, BOB]), trust(keys=TWO, rules=[signed.rule("ada", "bob", threshold=2)])),
    (sign(keys=[ADA, CLASSICAL]), HYBRID),
    (sign(config_map_job()), trust()),
    (sign(queued()), trust()),
    (sign(builders.job(seed=7, outputs=["counts", "memory"], providerOptions={"a": [1, True, None]})), trust()),
]


def changed_signature(job: Object) -> st.SearchStrategy[Object]:
    envelope = signed.envelope_of(job)
    return st.tuples(*(changed_bytes(each.value) | st.just(each.value) for each in envelope.signatures)).map(
        lambda values: with_parts(
            job, envelope.payload, [(s.key_id, v) for s, v in zip(envelope.signatures, values, strict=True)]
        )
    )


def with_parts(job: Object, payload: bytes, signatures: list[tuple[str, bytes]]) -> Object:
    found = tuple(Signature(key_id, value) for key_id, value in signatures)
    return signed.with_envelope(job, Envelope(signed.envelope_of(job).payload_type, payload, found))


def changed_payload(job: Object) -> st.SearchStrategy[Object]:
    envelope = signed.envelope_of(job)
    signatures = [(each.key_id, each.value) for each in envelope.signatures]
    return changed_bytes(envelope.payload).map(lambda payload: with_parts(job, payload, signatures))


def changed_envelope(job: Object) -> st.SearchStrategy[Object]:
    document = signed.envelope_of(job).to_json()
    as_json = changed_json(json.loads(document)).map(lambda value: text(json.dumps(value)))
    as_bytes = changed_bytes(document).map(text)
    as_text = changed_bytes(text(document).encode()).map(lambda data: data.decode("latin-1"))
    return (as_json | as_bytes | as_text).map(lambda value: signed.with_envelope(job, value))


def changed_spec(job: Object) -> st.SearchStrategy[Object]:
    return changed_json(job["spec"]).map(lambda spec: {**job, "spec": spec})


def changed_labels(job: Object) -> st.SearchStrategy[Object]:
    key = st.sampled_from([QUEUE, "kueue.x-k8s.io/priority-class", "app", "qee.dev/job-name"]) | st.text(max_size=9)
    return st.dictionaries(key, st.text(max_size=9) | st.just("team-a"), max_size=3).map(
        lambda labels: {**job, "metadata": {**job["metadata"], "labels": labels}}
    )


def changed_identity(job: Object) -> st.SearchStrategy[Object]:
    """Anything but the annotations, which would be no signed job any more."""
    rest = {key: value for key, value in job["metadata"].items() if key != "annotations"}
    whole = {"apiVersion": job["apiVersion"], "kind": job["kind"], "metadata": rest}

    def joined(found: Any) -> Object:
        metadata = found.get("metadata")
        kept = {**metadata, "annotations": job["metadata"]["annotations"]} if isinstance(metadata, dict) else metadata
        return {**found, "metadata": kept, "spec": job["spec"]}

    return changed_json(whole).map(joined)


@pytest.mark.parametrize(
    "change", [changed_spec, changed_labels, changed_identity, changed_envelope, changed_payload, changed_signature]
)
def test_what_is_accepted_is_what_was_signed(change: Any) -> None:
    suite = Suite.required()
    seen = {True: 0, False: 0}

    @QUICK
    @given(st.sampled_from(JOBS).flatmap(lambda pair: st.tuples(st.just(pair), change(pair[0]))))
    def holds(drawn: tuple[tuple[Object, Object], Object]) -> None:
        (original, policy), mutated = drawn
        verdict = verify(ask(mutated, policy), suite)
        seen[verdict.allowed] += 1
        if not verdict.allowed:
            assert verdict.reason not in {Reason.SIGNATURE_VERIFIED, Reason.NOT_REQUIRED}
            return
        assert project(mutated) == project(original)
        assert references(mutated) == references(original)
        assert signed.envelope_of(mutated).payload == signed.envelope_of(original).payload

    repeated(holds)
    assert seen[False]

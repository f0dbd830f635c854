"""`qee sign`: signatures into manifests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import ValidationError

from qee.api import moments
from qee.api.explain import explain
from qee.cli import exits
from qee.cli.connection import Target
from qee.cli.files import write
from qee.cli.problem import Problem
from qee.cli.sign import signable, signed_content, signers
from qee.cli.sign.options import SigningOptions, StatementOptions
from qee.cli.sign.signers import Signer
from qee.cli.terminal import note, out, printable
from qee.kube.cluster import cluster_uid
from qee.kube.port import ApiError, Object
from qee.signing import dsse
from qee.signing.dsse import Envelope, EnvelopeProblem, Signature
from qee.signing.keys import PublicKey
from qee.signing.profiles import PROFILES, of_kind
from qee.signing.projection import Profile, Projection, ProjectionProblem
from qee.signing.statement import Statement, StatementProblem, statement
from qee.signing.verify import annotation

LONGEST = timedelta(days=365)


@dataclass(frozen=True)
class Terms:
    """What a statement says beside the object itself."""

    audiences: Sequence[str] = ()
    validity: timedelta = timedelta(hours=24)
    not_before: datetime | None = None
    reason: str | None = None
    others: Sequence[PublicKey] = ()
    """Keys of those who sign later."""

    @classmethod
    def of(cls, said: StatementOptions) -> "Terms":
        """Raises Problem."""
        if said.add and (said.audience or said.not_before or said.with_ or said.break_glass):
            raise Problem(
                "--add: the statement is there already; leave --audience, --not-before, --with, --break-glass out"
            )
        if said.break_glass is not None and not said.break_glass.strip():
            raise Problem("--break-glass: give the reason; it is signed, logged and shown")
        validity = timedelta(seconds=min(int(said.valid_for), 10**12))
        others = signers.public_keys(said.with_ or [])
        return cls(said.audience or [], validity, said.not_before, said.break_glass, others)


async def sign(
    target: Target, file: str, keys: SigningOptions, terms: Terms, *, add: bool, output: str | None, in_place: bool
) -> int:
    if in_place and (output is not None or file == "-"):
        raise Problem("--in-place: writes to the file of -f; leave --output out, and give -f a file")
    text = signable.read(file)
    objects, namespaces = _placed(target, text)
    for job in objects:
        _projection(job, _newest(job), text.origin)
        for line in signed_content.lines(job):  # before a passphrase is asked for
            note(line)
    parties = signers.signers(keys)
    if not add and not terms.audiences:
        terms = replace(terms, audiences=[await _own_cluster(target)])
    envelopes = {}
    for index, job in enumerate(objects):
        envelope = added(job, parties, text.origin) if add else signed(job, parties, terms, text.origin)
        envelopes[index] = envelope.encode()
    changed = text.with_annotations(envelopes, namespaces)
    if in_place or output is not None:
        write(output or file, changed.encode(), replace=True, what="--output", follow=in_place)
    for index, namespace in namespaces.items():
        name = printable(str(objects[index]["metadata"]["name"]))
        note(f"{name}: metadata.namespace: {printable(namespace)} was written into the manifest, for it is signed")
    for index, job in enumerate(objects):
        _tell(job, Envelope.decode(envelopes[index]))
    if not in_place and output is None:
        out(changed.removesuffix("\n"))
    return exits.OK


def signed(job: Object, parties: Sequence[Signer], terms: Terms, origin: str) -> Envelope:
    """A new envelope for the job, signed by all parties. Raises Problem."""
    if terms.validity > LONGEST:
        raise Problem(f"--valid-for: {terms.validity.days} days; no policy accepts more than {LONGEST.days} (365d)")
    profile = _newest(job)
    projection = _projection(job, profile, origin)
    key_ids = [*(party.public.key_id for party in parties), *(key.key_id for key in terms.others)]
    try:
        stated = statement(
            projection,
            profile.references(job),
            audiences=list(terms.audiences),
            key_ids=key_ids,
            now=datetime.now(UTC),
            validity=terms.validity,
            not_before=terms.not_before,
            reason=terms.reason,
        )
    except ValidationError as error:
        raise Problem(f"{origin}: this makes no statement to sign", details=explain(error)) from None
    except OverflowError:
        raise Problem("--not-before: is too late; give a time before the year 9999") from None
    makers = [(party.public.key_id, partial(party.sign, context=profile.context)) for party in parties]
    envelope = dsse.sign(profile.payload_type, stated.to_bytes(), makers)
    if len(envelope.encode()) > dsse.MAX_ENVELOPE_CHARS:
        raise Problem(f"{origin}: the signature takes {len(envelope.encode())} characters; split the job's circuits")
    return envelope


def added(job: Object, parties: Sequence[Signer], origin: str) -> Envelope:
    """The job's own envelope with the signatures of the parties, after its statement was compared. Raises Problem."""
    where = f"{origin}: {job['kind']} {job['metadata'].get('name')!r}"
    text = annotation(job)
    if not text:
        raise Problem(f"{where}: has no signature to add one to; leave --add out")
    try:
        envelope = Envelope.decode(text)
        stated = Statement.from_bytes(envelope.payload)
    except (EnvelopeProblem, StatementProblem) as error:
        raise Problem(f"{where}: its signature cannot be read: {error}; sign anew, without --add") from None
    profile = PROFILES[stated.profile]
    projection = _projection(job, profile, origin)
    if projection.digest != stated.subject.sha512:
        differs = projection.difference(stated.subject.fields) or "namespace, name, kind or apiVersion differ"
        raise Problem(f"{where}: is not what was signed: {differs}; have it signed anew")
    refers = profile.references(job) == [ref.model_dump() for ref in stated.refs]
    if not refers or envelope.payload_type != profile.payload_type:
        raise Problem(f"{where}: its statement is not about this object; have it signed anew")
    if stated.exp <= datetime.now(UTC):
        raise Problem(f"{where}: its statement expired at {stated.exp.isoformat()}; have it signed anew")
    for party in parties:
        if party.public.key_id not in stated.keyids:
            raise Problem(
                f"{where}: its statement does not name key {party.public.key_id}; "
                "the first signer names those who sign later with --with PUB"
            )
        value = party.sign(envelope.signed_bytes, profile.context)
        envelope = envelope.with_signature(Signature(party.public.key_id, value))
    return envelope


def namespace_of(target: Target) -> str:
    """The namespace that was named, else the context's. Asks no cluster. Raises Problem."""
    try:
        return target.own_namespace()
    except Problem:
        raise Problem(
            "metadata.namespace: is missing, and it is signed; write it into the manifest, or give -n NAMESPACE"
        ) from None


async def _own_cluster(target: Target) -> str:
    try:
        async with target.open() as cluster:
            return await cluster_uid(cluster.port)
    except (ApiError, Problem) as error:
        raise Problem(
            "--audience: the signature must say for which cluster it is, and none could be asked; give --audience UID, "
            "as `kubectl get namespace kube-system -o jsonpath={.metadata.uid}` shows it, or a name that the trust "
            "policies list",
            details=[error.message] if error.message else [],
        ) from None


def _placed(target: Target, text: signable.Text) -> tuple[list[Object], dict[int, str]]:
    """The jobs with their namespaces, and by index those that the manifest does not give."""
    objects: list[Object] = []
    written: dict[int, str] = {}
    for index, job in enumerate(text.jobs):
        own = job.value["metadata"].get("namespace")
        if own is not None and target.namespace is not None and own != target.namespace:
            raise Problem(
                f"{text.origin}: metadata.namespace: {own!r} is not --namespace {target.namespace!r}; "
                "leave one of them out"
            )
        if not own:
            written[index] = namespace_of(target)
        objects.append(signable.with_annotation(job.value, None, written.get(index)))
    return objects, written


def _newest(job: Object) -> Profile:
    return of_kind(str(job["kind"]))[-1]


def _projection(job: Object, profile: Profile, origin: str) -> Projection:
    """Raises Problem for what cannot be signed."""
    name = job["metadata"].get("name")
    if not name:
        raise Problem(
            f"{origin}: metadata.name: is missing, and it is signed; give a name in place of generateName, which the "
            "server would complete after the signature"
        )
    try:
        projection = profile.project(job)
    except ProjectionProblem as problem:
        raise Problem(f"{origin}: {job['kind']} {name!r} cannot be signed", details=_details(problem)) from None
    for reference in profile.references(job):
        if not reference["sha256"]:
            raise Problem(f"{origin}: {reference['name']}/{reference['key']}: give the sha256 of the circuit")
    return projection


def _details(problem: ProjectionProblem) -> list[str]:
    cause = problem.__cause__
    return explain(cause) if isinstance(cause, ValidationError) else [str(problem)]


def _tell(job: Object, envelope: Envelope) -> None:
    stated = Statement.from_bytes(envelope.payload)
    there = {signature.key_id for signature in envelope.signatures}
    meta = job["metadata"]
    shown = f"{printable(str(meta['namespace']))}/{printable(str(meta['name']))}"
    note(
        f"{shown}: signed with {', '.join(sorted(there))} for {printable(', '.join(stated.audiences))}, "
        f"to be created from {moments.write(stated.nbf)} until {moments.write(stated.exp)}"
    )
    if missing := sorted(set(stated.keyids) - there):
        note(f"{shown}: not complete, wants {', '.join(missing)} as well: qee sign --add --key ...")

"""Why a condition has its status: the machine-readable reasons, what each means, and what the user does next.

One table serves the controller, the runner's errors and the generated page "troubleshoot by reason".
Standard library only: the runner imports this.
"""

from enum import StrEnum

from qee.api.remedies import REMEDIES


class Reason(StrEnum):
    """A condition's `reason`. `meaning` and `remedy` are the text of the troubleshooting guide."""

    meaning: str

    # A default only for type checkers, which take `Reason("Queued")` for a call of this.
    def __new__(cls, value: str, meaning: str = "") -> "Reason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @property
    def remedy(self) -> str:
        return REMEDIES[self]

    # On the way
    PENDING = "Pending", "The operator has not acted on the job yet."
    NOT_REQUIRED = "NotRequired", "This installation does not ask for a signature."
    SIGNATURE_VERIFIED = "SignatureVerified", "Every trust policy of the namespace is satisfied."
    POLICY_WARN = "PolicyWarn", "A trust policy in mode Warn is not satisfied; the job runs all the same."
    POLICY_AUDIT = "PolicyAudit", "A trust policy in mode Audit is not satisfied; the job runs all the same."
    NO_POLICY = "NoPolicy", "No trust policy governs the namespace, so nobody's signature counts there."
    POLICY_INVALID = "PolicyInvalid", "A trust policy of the namespace cannot be read."
    SIGNATURE_MISSING = "SignatureMissing", "The job has no annotation qee.dev/signature."
    ENVELOPE_INVALID = (
        "EnvelopeInvalid",
        "The annotation qee.dev/signature holds no envelope with a statement of this version.",
    )
    KEY_UNKNOWN = "KeyUnknown", "No key that signed is in the trust policy."
    KEY_REVOKED = "KeyRevoked", "A key that signed is revoked."
    KEY_RETIRED = "KeyRetired", "The key is VerifyOnly: it admits no new jobs."
    KEY_NOT_YET_VALID = "KeyNotYetValid", "The key's notBefore is later."
    KEY_EXPIRED = "KeyExpired", "The key's notAfter is past."
    KEY_CONSTRAINED = "KeyConstrained", "The key may not sign for this backend, or for so many shots."
    SIGNATURE_INVALID = "SignatureInvalid", "A signature is not one of that key over this statement."
    LIBRARIES_DISAGREE = (
        "LibrariesDisagree",
        "Of the two implementations of ML-DSA only one takes the signature for valid.",
    )
    SIGNERS_INCOMPLETE = "SignersIncomplete", "The statement names other keys than have signed."
    WRONG_AUDIENCE = "WrongAudience", "The signature was made for another cluster."
    WRONG_SUBJECT = "WrongSubject", "The signature was made for another object."
    SPEC_MISMATCH = "SpecMismatch", "The job was changed after it was signed."
    SIGNATURE_NOT_YET_VALID = "SignatureNotYetValid", "The signature's time has not come."
    SIGNATURE_EXPIRED = "SignatureExpired", "The signature's time is over."
    VALIDITY_TOO_LONG = "ValidityTooLong", "The signature is valid for longer than the policy allows."
    THRESHOLD_NOT_MET = "ThresholdNotMet", "No rule of the trust policy holds for the keys that signed."
    BREAK_GLASS_REFUSED = "BreakGlassRefused", "The key is not one of the policy's breakGlass, or is only for that."
    SIGNATURE_USED = "SignatureUsed", "The signature admits one object only, and has admitted another one."
    NO_LEDGER = "NoLedger", "A signature admits one object only, and this operator has no ledger to remember it in."
    ACCEPTED = "Accepted", "The job passed every check and its pod was created."
    SUSPENDED = "Suspended", "spec.suspend is true, so nothing runs."
    NOT_SUSPENDED = "NotSuspended", "The job is not suspended."
    QUEUED = "Queued", "The pod waits for room, for its image, or for Kueue to admit it."
    RUNNING = "Running", "The circuits are being executed."
    WAITING_FOR_BACKEND = "WaitingForBackend", "The QuantumBackend named in spec.backendRef does not exist yet."
    WAITING_FOR_INPUT = "WaitingForInput", "A ConfigMap or key that a circuit refers to does not exist yet."
    WAITING_FOR_CLAIM = "WaitingForClaim", "The PersistentVolumeClaim named in spec.results does not exist yet."
    WAITING_FOR_RESULT_KEY = (
        "WaitingForResultKey",
        "The circuits ran, and the result waits for the operator's signing key: unsigned it is not stored.",
    )
    WAITING_FOR_DEVICE = "WaitingForDevice", "The device takes no jobs now, or its connector has not told of it."
    SUBMISSION_UNKNOWN = (
        "SubmissionUnknown",
        "The submission was interrupted, and the provider lists no such job: it may have been taken or not.",
    )
    RETRYING = "Retrying", "An attempt was lost and another one follows with the same seeds."

    # The end
    COMPLETED = "Completed", "The job ran and its result is stored."
    PARTIAL_RESULT = "PartialResult", "Some shards failed for good; a result is stored, and holds what the others gave."
    CANCELLED = "Cancelled", "spec.cancelRequested was set."
    DEADLINE_EXCEEDED = "DeadlineExceeded", "The job did not finish within spec.activeDeadlineSeconds."
    NOT_IN_THIS_BUILD = "NotInThisBuild", "The schema knows the field or value, this version cannot run it yet."
    REVOKED = "Revoked", "A key that the job needs was revoked after the job had started."
    NO_BUDGET = "NoBudget", "No QuantumBudget of the namespace is for the cloud backend."
    BUDGET_EXCEEDED = "BudgetExceeded", "A QuantumBudget of the namespace has no room for the job."
    COST_EXCEEDED = "CostExceeded", "The estimated cost is above spec.maxCost."
    NO_PRICE = "NoPrice", "A limit on cost is set, and the backend has no price for the device."
    NO_TASK_KEY = "NoTaskKey", "The operator has no key, and submits nothing without signing it."
    TASK_DENIED = "TaskDenied", "The backend's connector has verified the job again, and refuses it."
    PROVIDER_FAILED = "ProviderFailed", "The provider refused the job, or ended it as failed."
    PROVIDER_CANCELLED = "ProviderCancelled", "The provider, or somebody at its console, cancelled the job."
    PROVIDER_LOST = (
        "ProviderLost",
        "The provider does not know the job any more that it has taken. It is not submitted again.",
    )
    RESULT_NOT_FETCHED = "ResultNotFetched", "The provider has executed the job, and its result cannot be fetched."
    STATUS_REFUSED = (
        "StatusRefused",
        "The API server refused what the provider says of the job; it was left out. The connector's log has it.",
    )
    CANCEL_UNCONFIRMED = (
        "CancelUnconfirmed",
        "The provider has not confirmed that it cancelled the job: it may still run, and be charged.",
    )
    SECOND_PROVIDER_JOB = (
        "SecondProviderJob",
        "The provider has more than one job of one submission: the oldest is kept, the others are asked to end.",
    )
    INVALID_SPEC = "InvalidSpec", "Fields of the spec contradict one another."
    BACKEND_NOT_FOUND = "BackendNotFound", "The QuantumBackend did not appear in time."
    BACKEND_NOT_ALLOWED = "BackendNotAllowed", "The QuantumBackend does not admit jobs of this namespace."
    LIMIT_EXCEEDED = "LimitExceeded", "The job asks for more than the backend's spec.limits."
    INPUT_NOT_FOUND = "InputNotFound", "A ConfigMap or key that a circuit refers to did not appear in time."
    INPUT_DIGEST_MISMATCH = "InputDigestMismatch", "The bytes in the ConfigMap are not those that were promised."
    CLAIM_NOT_FOUND = "ClaimNotFound", "The PersistentVolumeClaim named in spec.results did not appear in time."
    CLAIM_NOT_DEDICATED = (
        "ClaimNotDedicated",
        "The PersistentVolumeClaim named in spec.results is not dedicated to results by its owner.",
    )
    INPUT_TOO_LARGE = "InputTooLarge", "The circuits together exceed what one ConfigMap holds."
    INVALID_CIRCUIT = "InvalidCircuit", "The circuit is not a program in the format that was named."
    UNSUPPORTED_CONSTRUCT = "UnsupportedConstruct", "The engine cannot run a construct of the circuit."
    CIRCUIT_TOO_LARGE = "CircuitTooLarge", "Expanding the circuit would exceed the bounds on qubits or operations."
    INSUFFICIENT_MEMORY = "InsufficientMemory", "The state does not fit into the memory that the job may have."
    OUT_OF_MEMORY = "OutOfMemory", "The kernel killed the runner at its memory limit."
    IMAGE_PULL_FAILED = "ImagePullFailed", "The node could not get the runner's image."
    POD_CONFIG_ERROR = "PodConfigError", "The kubelet refused to start the container."
    CHILD_REFUSED = "ChildRefused", "The API server refuses the child for now: a quota, a policy or a webhook."
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded", "Every attempt within spec.backoffLimit failed."
    RUNNER_FAILED = "RunnerFailed", "The runner stopped with an internal error."
    INPUT_MISMATCH = "InputMismatch", "The pod saw other input bytes than the operator wrote, and refused them."
    SANDBOX_FAILED = "SandboxFailed", "The runner could not deny itself the network, and refused to start."
    CHILD_CONFLICT = "ChildConflict", "An object with the child's name exists, and it is not what QEE would create."
    CHILD_LOST = "ChildLost", "The child of an unfinished job was deleted, and no attempt is left."
    RESULT_LOST = "ResultLost", "The pod ended, but its log was gone before the result could be read."
    RESULT_CORRUPT = "ResultCorrupt", "The pod's log held no whole result with a matching digest."
    RESULT_TOO_LARGE = "ResultTooLarge", "The result exceeds what can be carried and stored."
    RESULT_NOT_WRITTEN = "ResultNotWritten", "The runner could not write the result to the volume of spec.results."
    RESULT_CONFLICT = "ResultConflict", "The ConfigMap names for the result are taken by objects of someone else."
    RESULT_STORED = "ResultStored", "The result ConfigMap exists."
    RESULT_DELETED = "ResultDeleted", "The result ConfigMap was deleted after the job had finished."

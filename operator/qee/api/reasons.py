"""Why a condition has its status: the machine-readable reasons, what each means, and what the user does next.

One table serves the controller, the runner's errors and the generated page "troubleshoot by reason".
Standard library only: the runner imports this.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A condition's `reason`. `meaning` and `remedy` are the text of the troubleshooting guide."""

    meaning: str
    remedy: str

    # Defaults only for type checkers, which take `Reason("Queued")` for a call of this.
    def __new__(cls, value: str, meaning: str = "", remedy: str = "") -> "Reason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.remedy = remedy
        return member

    # On the way
    PENDING = "Pending", "The operator has not acted on the job yet.", "Wait; if it stays, look at the operator's log."
    NOT_REQUIRED = "NotRequired", "This installation does not ask for a signature.", "Nothing to do."
    SIGNATURE_VERIFIED = "SignatureVerified", "Every trust policy of the namespace is satisfied.", "Nothing to do."
    POLICY_WARN = (
        "PolicyWarn",
        "A trust policy in mode Warn is not satisfied; the job runs all the same.",
        "Sign the job (`qee sign`) before the policy is enforced; the message says what is missing.",
    )
    POLICY_AUDIT = (
        "PolicyAudit",
        "A trust policy in mode Audit is not satisfied; the job runs all the same.",
        "Sign the job (`qee sign`) before the policy is enforced; the message says what is missing.",
    )
    NO_POLICY = (
        "NoPolicy",
        "No trust policy governs the namespace, so nobody's signature counts there.",
        "Apply a QuantumTrustPolicy that governs the namespace.",
    )
    POLICY_INVALID = (
        "PolicyInvalid",
        "A trust policy of the namespace cannot be read.",
        "Correct the QuantumTrustPolicy; its status says what is wrong.",
    )
    SIGNATURE_MISSING = (
        "SignatureMissing",
        "The job has no annotation qee.dev/signature.",
        "Sign it: `qee sign job.yaml --key KEY`.",
    )
    ENVELOPE_INVALID = (
        "EnvelopeInvalid",
        "The annotation qee.dev/signature holds no envelope with a statement of this version.",
        "Sign the job anew with `qee sign`; do not edit the annotation.",
    )
    KEY_UNKNOWN = (
        "KeyUnknown",
        "No key that signed is in the trust policy.",
        "Sign with a key of the policy, or have the key added to it (`qee key show --public KEY`).",
    )
    KEY_REVOKED = "KeyRevoked", "A key that signed is revoked.", "Sign the job anew with another key."
    KEY_RETIRED = (
        "KeyRetired",
        "The key is VerifyOnly: it admits no new jobs.",
        "Sign the job anew with the key that replaces it.",
    )
    KEY_NOT_YET_VALID = "KeyNotYetValid", "The key's notBefore is later.", "Sign with another key, or wait."
    KEY_EXPIRED = "KeyExpired", "The key's notAfter is past.", "Sign the job anew with the key that replaces it."
    KEY_CONSTRAINED = (
        "KeyConstrained",
        "The key may not sign for this backend, or for so many shots.",
        "Stay within the key's constraints, or sign with another key.",
    )
    SIGNATURE_INVALID = (
        "SignatureInvalid",
        "A signature is not one of that key over this statement.",
        "Sign the job anew; if it persists, the private key is not the one of the policy.",
    )
    LIBRARIES_DISAGREE = (
        "LibrariesDisagree",
        "Of the two implementations of ML-DSA only one takes the signature for valid.",
        "Please report it, with the object; sign anew meanwhile.",
    )
    SIGNERS_INCOMPLETE = (
        "SignersIncomplete",
        "The statement names other keys than have signed.",
        "Have the missing ones sign with `qee sign --add`.",
    )
    WRONG_AUDIENCE = (
        "WrongAudience",
        "The signature was made for another cluster.",
        "Sign with `--audience` for this cluster; `qee verify` shows its id.",
    )
    WRONG_SUBJECT = (
        "WrongSubject",
        "The signature was made for another object.",
        "Sign the job under its final namespace and name.",
    )
    SPEC_MISMATCH = (
        "SpecMismatch",
        "The job was changed after it was signed.",
        "Restore the field that is named, or sign the job anew.",
    )
    SIGNATURE_NOT_YET_VALID = (
        "SignatureNotYetValid",
        "The signature's time has not come.",
        "Wait, or check the signer's clock.",
    )
    SIGNATURE_EXPIRED = "SignatureExpired", "The signature's time is over.", "Sign the job anew."
    VALIDITY_TOO_LONG = (
        "ValidityTooLong",
        "The signature is valid for longer than the policy allows.",
        "Sign with a shorter `--valid-for`.",
    )
    THRESHOLD_NOT_MET = (
        "ThresholdNotMet",
        "No rule of the trust policy holds for the keys that signed.",
        "Have the keys of one rule sign: `qee sign --with PUBLIC`, then `qee sign --add`.",
    )
    BREAK_GLASS_REFUSED = (
        "BreakGlassRefused",
        "The key is not one of the policy's breakGlass, or is only for that.",
        "Use a breakGlass key with `--break-glass REASON`, and another key for daily work.",
    )
    SIGNATURE_USED = (
        "SignatureUsed",
        "The signature admits one object only, and has admitted another one.",
        "Sign the job anew.",
    )
    NO_LEDGER = (
        "NoLedger",
        "A signature admits one object only, and this operator has no ledger to remember it in.",
        "Set ledgerNamespace in the operator's settings (the chart does), or the policy's replay mode to Window.",
    )
    ACCEPTED = "Accepted", "The job passed every check and its pod was created.", "Nothing to do."
    SUSPENDED = "Suspended", "spec.suspend is true, so nothing runs.", "Set spec.suspend to false to run it."
    NOT_SUSPENDED = "NotSuspended", "The job is not suspended.", "Nothing to do."
    QUEUED = (
        "Queued",
        "The pod waits for room, for its image, or for Kueue to admit it.",
        "The message names what it waits for: free resources, lower spec.resources, or raise the queue's quota.",
    )
    RUNNING = "Running", "The circuits are being executed.", "Wait; `qee logs` shows the runner's messages."
    WAITING_FOR_BACKEND = (
        "WaitingForBackend",
        "The QuantumBackend named in spec.backendRef does not exist yet.",
        "Apply the QuantumBackend, or correct the name: `kubectl get quantumbackends` lists them.",
    )
    WAITING_FOR_INPUT = (
        "WaitingForInput",
        "A ConfigMap or key that a circuit refers to does not exist yet.",
        "Apply the ConfigMap into the job's namespace.",
    )
    WAITING_FOR_CLAIM = (
        "WaitingForClaim",
        "The PersistentVolumeClaim named in spec.results does not exist yet.",
        "Apply the PersistentVolumeClaim into the job's namespace, with the label qee.dev/results=true.",
    )
    WAITING_FOR_RESULT_KEY = (
        "WaitingForResultKey",
        "The circuits ran, and the result waits for the operator's signing key: unsigned it is not stored.",
        "Whoever runs QEE: the operator's log names the file that it cannot read (Secret qee-result-key).",
    )
    WAITING_FOR_DEVICE = (
        "WaitingForDevice",
        "The device takes no jobs now, or its connector has not told of it.",
        "`kubectl get quantumbackends` shows Ready and the last error; wait, or choose another backend.",
    )
    SUBMISSION_UNKNOWN = (
        "SubmissionUnknown",
        "The submission was interrupted, and the provider lists no such job: it may have been taken or not.",
        "It is not submitted again. If the provider's console shows no such job, cancel this one and apply it anew.",
    )
    RETRYING = "Retrying", "An attempt was lost and another one follows with the same seeds.", "Wait."

    # The end
    COMPLETED = "Completed", "The job ran and its result is stored.", "`qee result NAME` shows it."
    PARTIAL_RESULT = (
        "PartialResult",
        "Some shards failed for good; a result is stored, and holds what the others gave.",
        "`qee result NAME` shows it and names what is missing; for the rest, correct the cause and run the job again.",
    )
    CANCELLED = "Cancelled", "spec.cancelRequested was set.", "Apply the job under another name to run it again."
    DEADLINE_EXCEEDED = (
        "DeadlineExceeded",
        "The job did not finish within spec.activeDeadlineSeconds.",
        "Raise spec.activeDeadlineSeconds, or make the job smaller.",
    )
    NOT_IN_THIS_BUILD = (
        "NotInThisBuild",
        "The schema knows the field or value, this version cannot run it yet.",
        "Remove the field that the message names, or upgrade QEE.",
    )
    REVOKED = (
        "Revoked",
        "A key that the job needs was revoked after the job had started.",
        "Sign the job anew with another key, under another name.",
    )
    NO_BUDGET = (
        "NoBudget",
        "No QuantumBudget of the namespace is for the cloud backend.",
        "Ask an administrator for a QuantumBudget in the namespace.",
    )
    BUDGET_EXCEEDED = (
        "BudgetExceeded",
        "A QuantumBudget of the namespace has no room for the job.",
        "Make the job smaller, wait for the next period, or ask who keeps the QuantumBudget.",
    )
    COST_EXCEEDED = (
        "CostExceeded",
        "The estimated cost is above spec.maxCost.",
        "Raise spec.maxCost (and sign anew), or make the job smaller.",
    )
    NO_PRICE = (
        "NoPrice",
        "A limit on cost is set, and the backend has no price for the device.",
        "Add the device to the backend's price list (spec.prices), or remove spec.maxCost.",
    )
    NO_TASK_KEY = (
        "NoTaskKey",
        "The operator has no key, and submits nothing without signing it.",
        "Set results.sign in the chart: the same key signs QuantumTasks.",
    )
    TASK_DENIED = (
        "TaskDenied",
        "The backend's connector has verified the job again, and refuses it.",
        "The message is the connector's verdict; a key may have been revoked meanwhile.",
    )
    PROVIDER_FAILED = (
        "ProviderFailed",
        "The provider refused the job, or ended it as failed.",
        "The message is the provider's; correct what it names, or ask the provider.",
    )
    PROVIDER_CANCELLED = (
        "ProviderCancelled",
        "The provider, or somebody at its console, cancelled the job.",
        "Apply the job under another name to run it again.",
    )
    PROVIDER_LOST = (
        "ProviderLost",
        "The provider does not know the job any more that it has taken. It is not submitted again.",
        "Ask the provider, with the handle in the QuantumTask's status.",
    )
    RESULT_NOT_FETCHED = (
        "ResultNotFetched",
        "The provider has executed the job, and its result cannot be fetched.",
        "`qee fetch NAME` has it fetched now, also long after the job has ended, as long as the provider keeps it.",
    )
    STATUS_REFUSED = (
        "StatusRefused",
        "The API server refused what the provider says of the job; it was left out. The connector's log has it.",
        "Report it: the connector should have made it fit.",
    )
    CANCEL_UNCONFIRMED = (
        "CancelUnconfirmed",
        "The provider has not confirmed that it cancelled the job: it may still run, and be charged.",
        "Look at the provider's console; the QuantumTask's status has the handle.",
    )
    SECOND_PROVIDER_JOB = (
        "SecondProviderJob",
        "The provider has more than one job of one submission: the oldest is kept, the others are asked to end.",
        "Look at the provider's console for what they cost, and report how it came about.",
    )
    INVALID_SPEC = "InvalidSpec", "Fields of the spec contradict one another.", "Correct the field that is named."
    BACKEND_NOT_FOUND = (
        "BackendNotFound",
        "The QuantumBackend did not appear in time.",
        "`kubectl get quantumbackends` lists the names; apply the job again under the right one.",
    )
    BACKEND_NOT_ALLOWED = (
        "BackendNotAllowed",
        "The QuantumBackend does not admit jobs of this namespace.",
        "Ask the backend's owner to add the namespace to spec.allowedNamespaces.",
    )
    LIMIT_EXCEEDED = (
        "LimitExceeded",
        "The job asks for more than the backend's spec.limits.",
        "Lower the value that is named, or choose another backend.",
    )
    INPUT_NOT_FOUND = (
        "InputNotFound",
        "A ConfigMap or key that a circuit refers to did not appear in time.",
        "Apply the ConfigMap first, then the job under a new name.",
    )
    INPUT_DIGEST_MISMATCH = (
        "InputDigestMismatch",
        "The bytes in the ConfigMap are not those that were promised.",
        "Set sha256 to the digest of the bytes you mean (`qee lint` prints it), or restore the ConfigMap.",
    )
    CLAIM_NOT_FOUND = (
        "ClaimNotFound",
        "The PersistentVolumeClaim named in spec.results did not appear in time.",
        "Apply the PersistentVolumeClaim first, then the job under a new name.",
    )
    CLAIM_NOT_DEDICATED = (
        "ClaimNotDedicated",
        "The PersistentVolumeClaim named in spec.results is not dedicated to results by its owner.",
        "Its owner says so with `kubectl label pvc NAME qee.dev/results=true`; then apply the job under a new name.",
    )
    INPUT_TOO_LARGE = (
        "InputTooLarge",
        "The circuits together exceed what one ConfigMap holds.",
        "Split the job, or use a more compact format.",
    )
    INVALID_CIRCUIT = (
        "InvalidCircuit",
        "The circuit is not a program in the format that was named.",
        "Correct the line that is named; `qee run --local` shows the same error in a second.",
    )
    UNSUPPORTED_CONSTRUCT = (
        "UnsupportedConstruct",
        "The engine cannot run a construct of the circuit.",
        "Rewrite it as the message says, or choose the other engine; the table of constructs is in the reference.",
    )
    CIRCUIT_TOO_LARGE = (
        "CircuitTooLarge",
        "Expanding the circuit would exceed the bounds on qubits or operations.",
        "Reduce the loop bounds, gate nesting or qubits that the message names.",
    )
    INSUFFICIENT_MEMORY = (
        "InsufficientMemory",
        "The state does not fit into the memory that the job may have.",
        "Use fewer qubits, precision single or another method, or raise spec.resources or the backend's limit.",
    )
    OUT_OF_MEMORY = (
        "OutOfMemory",
        "The kernel killed the runner at its memory limit.",
        "Raise spec.resources.limits.memory, or choose a leaner simulator.method.",
    )
    IMAGE_PULL_FAILED = (
        "ImagePullFailed",
        "The node could not get the runner's image.",
        "Check the image in the operator's settings and the node's access to its registry.",
    )
    POD_CONFIG_ERROR = (
        "PodConfigError",
        "The kubelet refused to start the container.",
        "The message is the kubelet's; it usually names a missing volume or a policy.",
    )
    CHILD_REFUSED = (
        "ChildRefused",
        "The API server refuses the child for now: a quota, a policy or a webhook.",
        "The message is the server's; the operator tries again until the deadline.",
    )
    BACKOFF_LIMIT_EXCEEDED = (
        "BackoffLimitExceeded",
        "Every attempt within spec.backoffLimit failed.",
        "`kubectl describe job` on status.child shows each failure.",
    )
    RUNNER_FAILED = (
        "RunnerFailed",
        "The runner stopped with an internal error.",
        "`qee logs NAME` shows the traceback; please report it.",
    )
    INPUT_MISMATCH = (
        "InputMismatch",
        "The pod saw other input bytes than the operator wrote, and refused them.",
        "Someone replaced the input ConfigMap: look at the audit log, then run the job again.",
    )
    SANDBOX_FAILED = (
        "SandboxFailed",
        "The runner could not deny itself the network, and refused to start.",
        "The node's kernel or runtime lacks seccomp filters; run on another node.",
    )
    CHILD_CONFLICT = (
        "ChildConflict",
        "An object with the child's name exists, and it is not what QEE would create.",
        "Someone forged or edited it: look at the audit log, delete it, and apply the job again.",
    )
    CHILD_LOST = (
        "ChildLost",
        "The child of an unfinished job was deleted, and no attempt is left.",
        "Someone or something deleted it: look at the audit log, and apply the job again under another name.",
    )
    RESULT_LOST = (
        "ResultLost",
        "The pod ended, but its log was gone before the result could be read.",
        "Run the job again; raise spec.backoffLimit to have this done for you.",
    )
    RESULT_CORRUPT = (
        "ResultCorrupt",
        "The pod's log held no whole result with a matching digest.",
        "Run the job again; if it recurs, something on the node alters logs.",
    )
    RESULT_TOO_LARGE = (
        "ResultTooLarge",
        "The result exceeds what can be carried and stored.",
        "Name a volume in spec.results (docs/guide/large-results.md), or ask for fewer outputs (drop memory or"
        " statevector), fewer circuits or fewer distinct outcomes.",
    )
    RESULT_NOT_WRITTEN = (
        "ResultNotWritten",
        "The runner could not write the result to the volume of spec.results.",
        "The message says why: make room on the volume, or let group 65532 write to it; then run the job again.",
    )
    RESULT_CONFLICT = (
        "ResultConflict",
        "The ConfigMap names for the result are taken by objects of someone else.",
        "Delete or rename the ConfigMaps that the message names, and run the job again; of a job at a provider"
        " `qee fetch NAME` stores the result that is there.",
    )
    RESULT_STORED = "ResultStored", "The result ConfigMap exists.", "`qee result NAME` shows it."
    RESULT_DELETED = (
        "ResultDeleted",
        "The result ConfigMap was deleted after the job had finished.",
        "status.result keeps its digest and summary; run the job again for the whole result.",
    )

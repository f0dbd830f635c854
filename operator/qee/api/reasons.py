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
    RETRYING = "Retrying", "An attempt was lost and another one follows with the same seeds.", "Wait."

    # The end
    COMPLETED = "Completed", "The job ran and its result is stored.", "`qee result NAME` shows it."
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
        "Ask for fewer outputs (drop memory or statevector), fewer circuits or fewer distinct outcomes.",
    )
    RESULT_CONFLICT = (
        "ResultConflict",
        "The ConfigMap names for the result are taken by objects of someone else.",
        "Delete or rename the ConfigMaps that the message names, and run the job again.",
    )
    RESULT_STORED = "ResultStored", "The result ConfigMap exists.", "`qee result NAME` shows it."
    RESULT_DELETED = (
        "ResultDeleted",
        "The result ConfigMap was deleted after the job had finished.",
        "status.result keeps its digest and summary; run the job again for the whole result.",
    )

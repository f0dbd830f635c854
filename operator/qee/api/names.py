"""Every name that more than one part of QEE must spell alike: API group, labels, files, formats.

Standard library only: the runner imports this, and its start-up time is part of every job.
"""

from typing import Literal, get_args

GROUP = "qee.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

KIND_JOB, PLURAL_JOB = "QuantumJob", "quantumjobs"
KIND_BACKEND, PLURAL_BACKEND = "QuantumBackend", "quantumbackends"

KIND_CHILD = "Job"  # batch/v1
KIND_TASK, PLURAL_TASK = "QuantumTask", "quantumtasks"
KIND_BUDGET, PLURAL_BUDGET = "QuantumBudget", "quantumbudgets"
KIND_TRUST_POLICY, PLURAL_TRUST_POLICY = "QuantumTrustPolicy", "quantumtrustpolicies"

# Labels of what QEE creates. Children get these and Kueue's, never the parent's labels wholesale: a copied
# `app.kubernetes.io/instance` makes Argo CD prune them.
LABEL_JOB_UID = f"{GROUP}/job-uid"
LABEL_JOB_NAME = f"{GROUP}/job-name"
LABEL_ATTEMPT = f"{GROUP}/attempt"
LABEL_COMPONENT = f"{GROUP}/component"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "qee"

COMPONENT_RUNNER = "runner"
COMPONENT_COMPILER = "compiler"
COMPONENT_TASK = "task"
COMPONENT_INPUT = "input"
COMPONENT_RESULT = "result"
COMPONENT_PART = "result-part"
COMPONENT_LEDGER = "ledger"

# Kueue reads these on the child Job (kueue.sigs.k8s.io, "Run a Kubernetes Job"); QEE only passes them on.
LABEL_QUEUE_NAME = "kueue.x-k8s.io/queue-name"
LABEL_PRIORITY_CLASS = "kueue.x-k8s.io/priority-class"
PASSED_ON_LABELS = (LABEL_QUEUE_NAME, LABEL_PRIORITY_CLASS)

# A backend's provider is one of both. An engine is a simulator in pods of this cluster.
Engine = Literal["aer", "cirq"]
CloudProvider = Literal["ibm", "braket", "azure", "google", "ionq"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

ANNOTATION_SIGNATURE = f"{GROUP}/signature"
FINALIZER_BACKEND = f"{GROUP}/in-use"  # on a QuantumBackend: its tasks need it
FINALIZER_TASK = f"{GROUP}/provider"  # on a QuantumTask: nothing of it may go on at the provider unseen
ANNOTATION_CANCEL_AT = f"{GROUP}/cancel-requested-at"
ANNOTATION_FETCH_AT = f"{GROUP}/fetch-requested-at"
ANNOTATION_IMAGE_ID = f"{GROUP}/image-id"

# Formats with a version of their own.
RUN_FORMAT = f"{GROUP}/run/v1"
RESULT_FORMAT = f"{GROUP}/result/v1"
PART_FORMAT = f"{GROUP}/part/v1"
REFERENCE_FORMAT = f"{GROUP}/result-reference/v1"
COMPILED_FORMAT = f"{GROUP}/compiled/v1"
PRICES_FORMAT = f"{GROUP}/prices/v1"
BIT_ORDER = "clbit0-right"

# The runner pod.
RUNNER_CONTAINER = "runner"
INPUT_VOLUME = "input"
INPUT_MOUNT = "/qee/input"
INPUT_KEY = "run.json"
INPUT_PATH = f"{INPUT_MOUNT}/{INPUT_KEY}"
TERMINATION_LOG = "/dev/termination-log"
# Set by the Job controller on every pod of an Indexed Job: a label, and the variable that is taken from it.
INDEX_LABEL = "batch.kubernetes.io/job-completion-index"
INDEX_ENV = "JOB_COMPLETION_INDEX"

# The mount of the volume that takes results which are too large for a ConfigMap.
RESULTS_VOLUME = "results"
RESULTS_MOUNT = "/qee/results"
# Its owner sets it on a PersistentVolumeClaim. Without it the operator would write to any volume on behalf of those who
# may not.
LABEL_RESULTS = f"{GROUP}/results"

# Keys of the result ConfigMap: exactly one of the four is there. The latter two say where the result lies.
RESULT_KEY = "result.json"
RESULT_KEY_GZIP = "result.json.gz"
REFERENCE_KEY = "result-reference.json"
REFERENCE_KEY_GZIP = "result-reference.json.gz"
# Beside it, where results are signed: the DSSE envelope.
RESULT_KEY_SIGNATURE = "result.json.dsse"

# Of the ConfigMap that keeps what one shard gave, beside one of the result's keys: which part of which run it is, and
# the envelope of that.
PART_KEY = "part.json"
PART_KEY_SIGNATURE = "part.json.dsse"

# Of the ConfigMap with a price list, in QEE's own namespace.
PRICES_KEY = "prices.json"

# Exit codes of the runner. The child Job's podFailurePolicy fails at once on a permanent one.
EXIT_OK = 0
EXIT_PERMANENT = 65  # EX_DATAERR (sysexits.h): the same input fails the same way again
EXIT_INTERNAL = 70  # EX_SOFTWARE: a bug or a broken node; counts towards backoffLimit
EXIT_OOM_KILLED = 137  # 128 + SIGKILL, what the kernel's OOM killer leaves

MAX_SAFE_INTEGER = 2**53 - 1  # integers beyond it do not survive JSON readers (RFC 8259 section 6)
MAX_CIRCUITS = 300
MAX_SUBMISSIONS = 300  # provider jobs of one attempt
MAX_INLINE_BYTES = 131_072  # all inline sources of one job together
MAX_SNAPSHOT_BYTES = 1_048_576  # the API server's limit for the data of one ConfigMap
MAX_FRAME_BYTES = 4 * 1_048_576  # the kubelet rotates container logs at 10 MiB
MAX_FRAMED_BYTES = 700 * 1024  # of a result as stored (gzip, base64), where a volume takes what is larger
MAX_FILE_BYTES = 2**30  # of a result document on a volume, uncompressed: who reads it holds it in memory
# The same as gzip: zlib adds 5 bytes to each 16 KiB of what it cannot compress, and gzip 18 to the whole.
MAX_STORED_FILE_BYTES = MAX_FILE_BYTES + MAX_FILE_BYTES // 1024 + 1024

"""The kinds that QEE talks about."""

from qee.api import names
from qee.kube.port import Resource

JOBS = Resource(names.GROUP, names.VERSION, names.PLURAL_JOB, names.KIND_JOB)
BACKENDS = Resource(names.GROUP, names.VERSION, names.PLURAL_BACKEND, names.KIND_BACKEND, namespaced=False)
TASKS = Resource(names.GROUP, names.VERSION, names.PLURAL_TASK, names.KIND_TASK)
BUDGETS = Resource(names.GROUP, names.VERSION, names.PLURAL_BUDGET, names.KIND_BUDGET)
TRUST_POLICIES = Resource(
    names.GROUP, names.VERSION, names.PLURAL_TRUST_POLICY, names.KIND_TRUST_POLICY, namespaced=False
)

CHILDREN = Resource("batch", "v1", "jobs", "Job")
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
PODS = Resource("", "v1", "pods", "Pod")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
LEDGER_ENTRIES = CONFIG_MAPS  # in QEE's own namespace, where other rights hold
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
EVENTS = Resource("", "v1", "events", "Event")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
NETWORK_POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
SECRETS = Resource("", "v1", "secrets", "Secret")
OF_KIND = {each.kind: each for each in (JOBS, TASKS, CHILDREN, PODS, CONFIG_MAPS)}
"""Of what status.child may name, and of jobs themselves."""
WEBHOOK_CONFIGURATIONS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)

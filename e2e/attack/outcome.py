"""How an attack ended: which layer stopped it, in whose words."""

import re
from dataclasses import dataclass

from e2e.cluster.steps import ClusterError

NOT_STOPPED = "NOT STOPPED"
WEBHOOK = "webhook"
POLICY = "admission policy"
SCHEMA = "schema"
RIGHTS = "RBAC"
OPERATOR = "operator"
NO_SUCH_KIND = "no such kind"
USER = "user's own check"

# What the API server says for whom, in the order in which it is looked for.
_WORDS = {
    "admission webhook": WEBHOOK,
    "ValidatingAdmissionPolicy": POLICY,
    "no matches for kind": NO_SUCH_KIND,
    "the server doesn't have a resource type": NO_SUCH_KIND,
    "is invalid": SCHEMA,
    "is forbidden": RIGHTS,
}


@dataclass(frozen=True)
class Outcome:
    """message: what the attacker, or who looks at the job, is told."""

    layer: str
    message: str

    @property
    def stopped(self) -> bool:
        return self.layer != NOT_STOPPED

    @property
    def brief(self) -> str:
        """The message without the preambles of kubectl and the API server, on one line."""
        text = " ".join(self.message.split())
        text = re.sub(r"^.*? exited with \d+\. ", "", text)
        text = re.sub(r"^.*?(?:denied (?:the )?request: |Error from server \(\w+\): |error: )", "", text)
        return text if len(text) <= 110 else f"{text[:109]}…"


def of_refusal(error: ClusterError) -> Outcome:
    text = str(error)
    layer = next((layer for words, layer in _WORDS.items() if words in text), "")
    if not layer:
        raise error  # neither stopped nor done: the attack itself is broken
    return Outcome(layer, text)

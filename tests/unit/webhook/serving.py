"""The webhook as a process of its own, on an API server in memory: `python -m tests.unit.webhook.serving FILE`.

FILE: the webhook's settings. What tests send is under the policy POLICY; the cluster is signed.CLUSTER.
"""

import asyncio
import sys
from pathlib import Path

from tests import builders, signed
from tests.fakes.port import FakeApiServer

from qee.kube.resources import BACKENDS, TRUST_POLICIES
from qee.signing.keys import PrivateKey
from qee.signing.libraries import Suite
from qee.webhook.process import serve
from qee.webhook.settings import Settings


def main() -> None:
    settings = Path(sys.argv[1])
    key = PrivateKey.from_pem(settings.with_name("ada.key").read_bytes())
    api = FakeApiServer()
    api.add_namespace("kube-system", uid=signed.CLUSTER)
    api.put(TRUST_POLICIES, signed.policy({"ada": key}))
    api.put(BACKENDS, builders.backend())
    asyncio.run(serve(Settings.load(settings), api, Suite.required(), asyncio.Event()))


if __name__ == "__main__":
    main()

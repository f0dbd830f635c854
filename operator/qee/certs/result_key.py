"""The key that signs results: made once, replaced when asked, its public half published before it signs anything.

To have it replaced: `kubectl annotate secret qee-result-key qee.dev/rotate=ANYTHING-NEW --overwrite`.
"""

import logging

from qee.api.names import GROUP
from qee.certs.objects import patch_data, value
from qee.kube.port import Port
from qee.kube.resources import CONFIG_MAPS, SECRETS
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey

logger = logging.getLogger(__name__)
SECRET, CONFIG_MAP = "qee-result-key", "qee-result-pub"
PRIVATE, PUBLIC = "result.key", "result.pub"
ALGORITHM = "ML-DSA-65"
ANNOTATION_ROTATE = f"{GROUP}/rotate"
ANNOTATION_ROTATED = f"{GROUP}/rotated"
"""The value of `rotate` that the present key answers."""


class ResultKey:
    def __init__(self, port: Port, namespace: str) -> None:
        self._port = port
        self._namespace = namespace

    async def round(self) -> list[str]:
        """Raises ApiError, after which the next round goes on; KeyProblem where the Secret holds what is no key."""
        secret = await self._port.get(SECRETS, self._namespace, SECRET)
        annotations = secret["metadata"].get("annotations") or {}
        asked = annotations.get(ANNOTATION_ROTATE, "")
        pem = value(secret, PRIVATE)
        present = self._read(pem) if pem else None
        if present is not None and asked == annotations.get(ANNOTATION_ROTATED, ""):
            return await self._publish(present.public)
        key = PrivateKey.generate(ALGORITHM)
        # A key whose public half is published and which is then lost does no harm; the other way round, results would
        # bear signatures that nobody can check.
        done = await self._publish(*([present.public] if present else []), key.public)
        mark = {ANNOTATION_ROTATED: asked} if asked else None
        await patch_data(self._port, SECRETS, secret, {PRIVATE: key.pem(None)}, mark)
        return [*done, f"results are signed with {key.public.key_id} from now on"]

    def _read(self, pem: bytes) -> PrivateKey:
        try:
            return PrivateKey.from_pem(pem)
        except KeyProblem as error:
            raise KeyProblem(f"Secret {self._namespace}/{SECRET}, {PRIVATE}: {error}") from error

    async def _publish(self, *keys: PublicKey) -> list[str]:
        """All keys ever used stay: results outlive keys."""
        config_map = await self._port.get(CONFIG_MAPS, self._namespace, CONFIG_MAP)
        text = value(config_map, PUBLIC).decode()
        new = [key for key in keys if key.pem().strip() not in text]
        if not new:
            return []
        joined = "".join([f"{text.rstrip()}\n" if text.strip() else "", *(key.pem() for key in new)])
        await patch_data(self._port, CONFIG_MAPS, config_map, {PUBLIC: joined.encode()})
        return [f"published the key {key.key_id}" for key in new]

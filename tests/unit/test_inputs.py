"""Programs and tables as they are read: inline, base64, and from ConfigMaps with their digests."""

import asyncio
import base64
import hashlib
from typing import Any

import pytest
from tests import builders

from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.cli.here import checking
from qee.cli.manifest import Manifest
from qee.core.checks.sources import Sources
from qee.core.refusal import Refused

QPY = b"QISKIT\x0d\x01\x03\x00"
TABLE = b'{"theta": ["0.1"]}'
MAPS = {
    "angles": {
        "metadata": {"name": "angles"},
        "data": {"sweep.json": TABLE.decode()},
        "binaryData": {"bell.qpy": base64.b64encode(QPY).decode()},
    }
}


def read(*circuits: dict[str, Any]) -> Sources:
    job = QuantumJob.model_validate(builders.job(circuits=list(circuits)))
    return asyncio.run(checking.sources(Manifest("stdin", config_maps=MAPS), job))


def swept(**place: Any) -> dict[str, Any]:
    reference = {
        "configMapKeyRef": {"name": "angles", "key": "sweep.json"},
        "sha256": hashlib.sha256(TABLE).hexdigest(),
    }
    return {"name": "a", "format": "openqasm3", "source": "x", "parametersFrom": {**reference, **place}}


def test_qpy_in_data_is_decoded_once() -> None:
    found = read({"name": "a", "format": "qpy", "data": base64.b64encode(QPY).decode()})
    assert found.programs == {"a": QPY}


def test_qpy_from_binary_data_has_the_same_bytes() -> None:
    circuit = builders.circuit_from("angles", "bell.qpy", QPY, name="a", format="qpy")
    assert read(circuit).programs == {"a": QPY}


def test_a_table_is_read_beside_the_program() -> None:
    assert read(swept()) == Sources({"a": b"x"}, {"a": TABLE})


@pytest.mark.parametrize(
    ("place", "reason", "says"),
    [
        ({"sha256": "0" * 64}, Reason.INPUT_DIGEST_MISMATCH, f"spec.circuits[0].parametersFrom.sha256: {'0' * 64} was"),
        (
            {"configMapKeyRef": {"name": "none", "key": "k"}},
            Reason.INPUT_NOT_FOUND,
            "spec.circuits[0].parametersFrom.configMapKeyRef.name: there is no ConfigMap 'none'",
        ),
        (
            {"configMapKeyRef": {"name": "angles", "key": "k"}},
            Reason.INPUT_NOT_FOUND,
            "spec.circuits[0].parametersFrom.configMapKeyRef.key: ConfigMap 'angles' has no key 'k'",
        ),
    ],
)
def test_a_table_that_is_not_what_was_promised_is_refused(place: dict[str, Any], reason: Reason, says: str) -> None:
    with pytest.raises(Refused) as refused:
        read(swept(**place))
    assert refused.value.reason is reason
    assert refused.value.message.startswith(says)

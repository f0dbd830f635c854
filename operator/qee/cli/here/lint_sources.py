"""What a manifest holds of a circuit's program and of its table, with digests told and compared, for `qee lint`."""

import base64
import binascii
import hashlib
from collections.abc import Callable

from qee.api.job_circuit import Circuit, ParametersFrom
from qee.cli.manifest import Manifest
from qee.cli.terminal import out
from qee.core.checks import tables
from qee.kube.port import Object


class Sources:
    def __init__(self, manifest: Manifest, error: Callable[[str], None]) -> None:
        """`error` is told of what is wrong."""
        self._manifest = manifest
        self._error = error

    def told(self, circuit: Circuit, path: str) -> bytes | None:
        """The circuit's program; None where the file does not hold it, which is said."""
        self._table(circuit, path)
        inline = circuit.inline_program
        return self._promised(circuit, circuit.name, path) if inline is None else inline

    def _table(self, circuit: Circuit, path: str) -> None:
        place = circuit.parameters_from
        if place is None or (data := self._promised(place, circuit.name, f"{path}.parametersFrom")) is None:
            return
        try:
            columns = tables.read(data, place.config_map_key_ref.key)
        except tables.TableProblem as problem:
            self._error(f"{path}.parametersFrom: {problem}")
            return
        rows = len(next(iter(columns.values())))
        out(f"  circuit {circuit.name}: {len(columns)} parameters, {rows} rows")

    def _promised(self, place: Circuit | ParametersFrom, circuit: str, path: str) -> bytes | None:
        """The bytes of a ConfigMap's key, where the file holds it; their digest is told, and compared."""
        reference = place.config_map_key_ref
        if reference is None:
            raise ValueError(f"{path} refers to no ConfigMap")
        where = f"ConfigMap {reference.name}, key {reference.key}"
        config_map = self._manifest.config_maps.get(reference.name)
        data = None if config_map is None else _bytes(config_map, reference.key)
        if data is None:
            out(f"  circuit {circuit}: {where} is not in the file, so it is not checked (--config-map FILE)")
            return None
        digest = hashlib.sha256(data).hexdigest()
        out(f"  sha256 of {where}: {digest}")
        if digest != place.sha256:
            self._error(f"{path}.sha256: {place.sha256} is not that of {where}; set it to {digest}")
        return data


def _bytes(config_map: Object, key: str) -> bytes | None:
    text = (config_map.get("data") or {}).get(key)
    if text is not None:
        return str(text).encode()
    try:
        binary = (config_map.get("binaryData") or {}).get(key)
        return None if binary is None else base64.b64decode(binary, validate=True)
    except binascii.Error:
        return None

"""What one submission to IBM carries: canonical JSON with the request's program and parameters. Standard library only.

    {"program": "sampler", "params": {...}, "pubs": [{"units": 1, "registers": [["c", 2]]}, ...], "memory": true, ...}

`params` are as the SDK encodes them, each PUB's circuit in QPY. `pubs` say of each how many units it has, and which
classical registers its result, in the order of the circuit's bits. `executions`: shots that the estimator is expected
to spend.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qee.api.compiled_document import Unit, Usage
from qee.api.json_fields import DocumentError, canonical_json


@dataclass(frozen=True)
class Shape:
    units: int
    registers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Payload:
    program: str
    params: Mapping[str, Any]
    pubs: tuple[Shape, ...]
    max_execution_time: int | None = None
    memory: bool = False
    executions: int | None = None

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "program": self.program,
                "params": dict(self.params),
                "pubs": [{"units": each.units, "registers": list(map(list, each.registers))} for each in self.pubs],
                "maxExecutionTime": self.max_execution_time,
                "memory": self.memory,
                "executions": self.executions,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Payload":
        import json

        try:
            value = json.loads(data)
            return cls(
                value["program"],
                value["params"],
                tuple(
                    Shape(each["units"], tuple((name, size) for name, size in each["registers"]))
                    for each in value["pubs"]
                ),
                value["maxExecutionTime"],
                value["memory"],
                value["executions"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DocumentError("the payload is none of provider ibm's") from error


def usage(payload: Payload, units: Sequence[Unit]) -> Usage:
    """IBM charges for the time on the QPU and stops a job at `maxExecutionTime`; gates cost nothing.

    ValueError where what is sent asks for other shots than the units, or for more than `executions`.
    """
    seconds = payload.max_execution_time
    shapes, pubs = payload.pubs, payload.params["pubs"]
    if [each.units for each in shapes] != [max(1, each.units) for each in shapes] or len(pubs) != len(shapes):
        raise ValueError("the payload's list of PUBs is not that of its parameters")
    if payload.executions is None:
        shots = sum(pub[2] * each.units for pub, each in zip(pubs, shapes, strict=True))
        if shots != sum(unit.shots for unit in units):
            raise ValueError(f"the payload asks for {shots} shots, its units for another number")
    else:
        shots = payload.executions
        least = sum(math.ceil(pub[3] ** -2 - 1e-9) * each.units for pub, each in zip(pubs, shapes, strict=True))
        if shots < least:
            raise ValueError(f"the payload states {shots} executions, its precision takes {least} at least")
    return Usage(
        tasks=1,
        shots=shots,
        qpu_milliseconds=None if seconds is None else seconds * 1000,
    )

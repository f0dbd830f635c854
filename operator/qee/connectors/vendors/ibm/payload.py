"""What one submission to IBM carries: canonical JSON with the request's program and parameters. Standard library only.

    {"program": "sampler", "params": {...}, "pubs": [{"units": 1, "registers": [["c", 2]]}, ...], "memory": true, ...}

`params` are as the SDK encodes them, each circuit in QPY. `pubs` say of each circuit how many units it has, and which
classical registers its result, in the order of the circuit's bits. `executions`: shots that the estimator is expected
to spend. Of program executor a circuit whose observables are measured has an item for each group of `measured`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qee.documents.canonical import DocumentError, canonical_json
from qee.documents.compiled import Unit, Usage

PROGRAMS = ("sampler", "estimator", "executor")
# Of one job, circuits as bound times shots, but for the estimator, whose jobs IBM splits: its guide "Job limits".
MAX_EXECUTIONS = 10_000_000
MAX_SECONDS = 10_800  # on the QPU, after which the service stops any job (its guide "Maximum execution time")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,36}")


@dataclass(frozen=True)
class Shape:
    """`measured`: of a circuit whose observables we compute, `constants` and `groups` as in qee.sdk.observables."""

    units: int
    registers: tuple[tuple[str, int], ...] = ()
    measured: Mapping[str, Any] | None = None

    @property
    def items(self) -> int:
        return len(self.measured["groups"]) if self.measured else 1


@dataclass(frozen=True)
class Payload:
    program: str
    params: Mapping[str, Any]
    pubs: tuple[Shape, ...]
    max_execution_time: int | None = None
    memory: bool = False
    executions: int | None = None
    session: str | None = None

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "program": self.program,
                "params": dict(self.params),
                "pubs": [_shape_json(each) for each in self.pubs],
                "maxExecutionTime": self.max_execution_time,
                "memory": self.memory,
                "executions": self.executions,
                "session": self.session,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Payload":
        import json

        try:
            value = json.loads(data)
            session = value.get("session")
            if value["program"] not in PROGRAMS or (session is not None and not is_session(session)):
                raise ValueError("program or session")
            return cls(
                value["program"],
                value["params"],
                tuple(
                    Shape(each["units"], tuple((name, size) for name, size in each["registers"]), each.get("measured"))
                    for each in value["pubs"]
                ),
                value["maxExecutionTime"],
                value["memory"],
                value["executions"],
                session,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DocumentError("the payload is none of provider ibm's") from error


def is_session(text: Any) -> bool:
    """Whether it can be the id of a session or batch (JobRunParamsBase of IBM's OpenAPI: 36 characters at most)."""
    return isinstance(text, str) and _SESSION.fullmatch(text) is not None


def usage(payload: Payload, units: Sequence[Unit]) -> Usage:
    """IBM charges for the time on the QPU and stops a job at `maxExecutionTime`; gates cost nothing.

    ValueError where what is sent asks for other shots than the units, or for more than `executions`.
    """
    if [each.units for each in payload.pubs] != [max(1, each.units) for each in payload.pubs]:
        raise ValueError("the payload has a circuit without units")
    wanted = sum(unit.shots for unit in units)
    shots = _executor_shots(payload) if payload.program == "executor" else _primitive_shots(payload)
    if payload.executions is None and shots != wanted:
        raise ValueError(f"the payload asks for {shots} shots, its units for another number")
    if payload.executions is not None and payload.executions < shots:
        raise ValueError(f"the payload states {payload.executions} executions, it takes {shots} at least")
    if payload.program != "estimator" and shots > MAX_EXECUTIONS:
        raise ValueError(f"the payload asks for {shots} executions, a job has {MAX_EXECUTIONS} at most")
    seconds = min(payload.max_execution_time or MAX_SECONDS, MAX_SECONDS)
    return Usage(
        tasks=1, shots=shots if payload.executions is None else payload.executions, qpu_milliseconds=seconds * 1000
    )


def _primitive_shots(payload: Payload) -> int:
    """The sampler's, or the least that the estimator's precision takes."""
    shapes, pubs = payload.pubs, payload.params["pubs"]
    if len(pubs) != len(shapes):
        raise ValueError("the payload's list of PUBs is not that of its parameters")
    if payload.program == "sampler":
        return sum(int(pub[2]) * each.units for pub, each in zip(pubs, shapes, strict=True))
    return sum(math.ceil(pub[3] ** -2 - 1e-9) * each.units for pub, each in zip(pubs, shapes, strict=True))


def _executor_shots(payload: Payload) -> int:
    program = payload.params["quantum_program"]
    rows = [_rows(item) for item in program["items"]]
    if rows != [each.units for each in payload.pubs for _ in range(each.items)]:
        raise ValueError("the payload's list of circuits is not that of its parameters")
    return int(program["shots"]) * sum(rows)


def _rows(item: Mapping[str, Any]) -> int:
    if item["item_type"] != "circuit" or item["shape"]:
        raise ValueError("the payload has an item that is no circuit")
    return math.prod(item["circuit_arguments"]["shape"][:-1])


def _shape_json(shape: Shape) -> dict[str, Any]:
    value = {"units": shape.units, "registers": list(map(list, shape.registers))}
    return value if shape.measured is None else {**value, "measured": dict(shape.measured)}

"""What is sent to IonQ, and what IonQ says of a job: its state, its price. Standard library only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.connectors.protocol import Charge, Phase, ProviderState, Rejected
from qee.connectors.vendors import program_gates
from qee.documents.compiled import Submission, Usage

SIMULATOR = "simulator"
BASIS = ("rx", "ry", "rz", "h", "x", "y", "z", "s", "sdg", "t", "tdg", "sx", "sxdg", "cx", "swap")
_PHASES: dict[str, Phase] = {
    "submitted": "queued",
    "ready": "queued",
    "started": "running",
    "running": "running",
    "completed": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}


@dataclass(frozen=True)
class Sent:
    """Of a submission. `noise`: the model that a simulator was asked for; empty: none. `qubits`: of each circuit."""

    backend: str
    qubits: int
    noise: str

    @classmethod
    def of(cls, submission: Submission) -> "Sent":
        body = json.loads(submission.payload)["body"]
        return cls(str(body["backend"]), int(body["input"]["qubits"]), str(body.get("noise", {}).get("model", "")))

    def other(self, job: Mapping[str, Any]) -> str:
        """Why a job is not the one that was submitted; empty where it is."""
        if job.get("backend") not in (None, self.backend):
            return f"IonQ ran the job on {job['backend']!s:.40}, it was submitted for {self.backend}"
        model = _of(job, "noise").get("model")
        if self.noise and model not in (None, self.noise):
            return f"IonQ ran the job with the noise model {model!s:.40}, it was submitted with {self.noise}"
        if job.get("dry_run") is True:
            return "IonQ calls the job a dry run, it was submitted to be run"
        return ""


def charge(job: Mapping[str, Any], told: Any) -> Charge:
    """What IonQ says that the job cost, and its time on the QPU. `told`: the answer of /jobs/ID/cost, or None.

    A QPU's job that is billed by its gates is shown with 0 microseconds billed: that is not what it used.
    Organisations that are billed in credits have no currency.
    """
    cost = _of(told, "cost")
    billed, took = _of(job, "stats").get("billed_quantum_compute_time_us"), job.get("execution_duration_ms")
    free = job.get("backend") == SIMULATOR
    time = -(-billed // 1000) if type(billed) is int and billed >= 0 else took
    return Charge(time if time or free else took or None, cost.get("value"), cost.get("unit"))


def _of(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def usage(submission: Submission) -> Usage:
    """Raises Rejected where the body asks for something else than the units."""
    body = json.loads(submission.payload)["body"]
    program = body["input"]
    circuits = [each["circuit"] for each in program.get("circuits", [program])]
    shots = [body["shots"]] * len(circuits)
    if shots != [unit.shots for unit in submission.units]:
        raise Rejected("the body has other circuits or shots than the submission's units")
    counted = [program_gates.ionq(each) for each in circuits]
    mitigation = body.get("settings", {}).get("error_mitigation", {})
    return Usage(
        tasks=1,
        programs=len(circuits) if len(circuits) > 1 else 0,
        mitigated_tasks=0 if body["backend"] == SIMULATOR or mitigation.get("debiasing") is False else 1,
        shots=sum(shots),
        one_qubit_gate_shots=sum(each[0] * number for each, number in zip(counted, shots, strict=True)),
        two_qubit_gate_shots=sum(each[1] * number for each, number in zip(counted, shots, strict=True)),
    )


def state(job: Mapping[str, Any]) -> ProviderState:
    failure = job.get("failure")
    told = failure if isinstance(failure, dict) else {"message": failure}
    words = (told.get("code"), told.get("message") or told.get("error"))
    said = " ".join(str(word) for word in words if word)
    return ProviderState(_PHASES.get(str(job.get("status")), "unknown"), said)

"""Hostile QuantumJobs: what is large in the object itself, as functions of a size in bytes."""

from collections.abc import Callable
from typing import Any

from tests import builders

from qee.api.names import API_VERSION, GROUP, PLURAL_JOB, VERSION

Job = dict[str, Any]
PLAIN = "OPENQASM 3.0; qubit q;"


def review(job: Job) -> dict[str, Any]:
    """The AdmissionReview of its creation."""
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "r-1",
            "operation": "CREATE",
            "namespace": "default",
            "resource": {"group": GROUP, "version": VERSION, "resource": PLURAL_JOB},
            "object": job,
        },
    }


def _circuits(size: int) -> Job:
    source = PLAIN + "U(0, 0, 0) q;" * (size // 300 // 13)
    return builders.job(
        circuits=[
            {"name": f"c{n}", "format": "openqasm3", "source": source[:430]} for n in range(min(300, size // 100))
        ]
    )


def _parameters(size: int) -> Job:
    source = (
        PLAIN + "".join(f"input float x{n};" for n in range(256)) + "".join(f"U(x{n}, 0, 0) q;" for n in range(256))
    )
    columns = {f"x{n}": ["0.1"] * (size // 256 // 6) for n in range(256)}
    return builders.job(circuits=[{"name": "c", "format": "openqasm3", "source": source, "parameters": columns}])


def _observables(size: int) -> Job:
    """Labels of 1,000 letters."""
    source = "OPENQASM 3.0; qubit[1000] q;"
    terms = {format(n, "01000b").replace("0", "I").replace("1", "Z"): "0.5" for n in range(min(512, size // 1010))}
    observables = [{"name": f"o{n}", "terms": terms} for n in range(max(1, min(8, size // 512_000)))]
    circuit = {"name": "c", "format": "openqasm3", "source": source, "observables": observables}
    return builders.job(circuits=[circuit], outputs=["expectation"], precision="0.5")


def _options(size: int) -> Job:
    return builders.job(providerOptions={f"k{n}": ["x"] * (size // 64 // 4) for n in range(64)})


def _deep_options(size: int) -> Job:
    value: Any = 1
    for _ in range(min(900, size // 8)):  # as deep as a reader of JSON goes
        value = {"a": value}
    return builders.job(providerOptions={"a": value})


def _labels(size: int) -> Job:
    return builders.job(labels={f"l{n}": "x" for n in range(size // 10)})


def _noise(size: int) -> Job:
    return builders.job(noise={"t1": "1", "gateTimes": {f"g{n}": "1" for n in range(size // 12)}})


def _layout(size: int) -> Job:
    return builders.job(transpile={"initialLayout": list(range(size // 7))})


def _resources(size: int) -> Job:
    return builders.job(resources={"limits": {"memory": "9" * size}})


def _patterns(size: int) -> Job:
    """What a field's pattern would go back and forth over."""
    text = "0." + "1" * 28 + "e1e"
    columns = {"x": [text] * (size // 36)}
    return builders.job(circuits=[{"name": "c", "format": "openqasm3", "source": PLAIN, "parameters": columns}])


def _names(size: int) -> Job:
    return builders.job(name="a-" * (size // 2))


def _base64(size: int) -> Job:
    return builders.job(
        circuits=[{"name": "c", "format": "qpy", "data": "A" * (min(size, 131_000) // 4 * 4 - 1) + "!"}]
    )


def _unknown_fields(size: int) -> Job:
    return builders.job(**{f"unknownField{n}": 1 for n in range(size // 20)})


def _unknown_fields_of_circuits(size: int) -> Job:
    """Each with names near a known one."""
    fields = {f"paramaters{n}": 1 for n in range(size // 300 // 20)}
    return builders.job(
        circuits=[{"name": f"c{n}", "format": "openqasm3", "source": PLAIN, **fields} for n in range(300)]
    )


JOBS: dict[str, Callable[[int], Job]] = {
    "circuits": _circuits,
    "parameters": _parameters,
    "observables": _observables,
    "options": _options,
    "deep options": _deep_options,
    "labels": _labels,
    "gate times": _noise,
    "a layout": _layout,
    "a long quantity": _resources,
    "numbers that do not fit": _patterns,
    "a long name": _names,
    "unknown fields": _unknown_fields,
    "unknown fields of each circuit": _unknown_fields_of_circuits,
    "base64 that ends badly": _base64,
    "annotations": lambda size: {
        **builders.job(),
        "metadata": {"name": "a", "namespace": "default", "annotations": {f"a{n}": "x" for n in range(size // 10)}},
    },
    "a long signature": lambda size: {
        "apiVersion": API_VERSION,
        **builders.job(),
        "metadata": {"name": "a", "namespace": "default", "annotations": {"qee.dev/signature": "A" * size}},
    },
}

"""What QuantumJob and QuantumBackend refuse and what they just accept: one table for the models and for the API server.

A case changes fields of a valid object. `blames` is the path that both must name. `model` and `server` are words of the
complaint, the value among them where the checker shows it.
"""

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from tests import builders

ABSENT = object()
DIGEST = "0" * 64
BIG = 2**53


@dataclass(frozen=True)
class Refused:
    """A change that must be refused. `kind`: job or backend."""

    changes: dict[str, Any]
    blames: str
    model: str
    server: str | None = None  # None: the same words as the model's; empty: only the models refuse it
    kind: str = "job"

    @property
    def id(self) -> str:
        return ",".join(f"{path}={_short(value)}" for path, value in self.changes.items())


@dataclass(frozen=True)
class Accepted:
    """A change that must be accepted."""

    changes: dict[str, Any]
    kind: str = "job"
    id: str = field(default="", compare=False)


def _short(value: Any) -> str:
    text = "absent" if value is ABSENT else repr(value)
    return text if len(text) < 40 else text[:37] + "..."


def changed(kind: str, changes: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """A valid object of `kind` with `changes` made: paths such as spec.circuits[0].shots; ABSENT removes."""
    obj = copy.deepcopy(builders.job() if kind == "job" else builders.backend())
    if name:
        obj["metadata"]["name"] = name
    for path, value in changes.items():
        *above, last = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", path)]
        node: Any = obj
        for part in above:
            if isinstance(part, int):
                while len(node) <= part:
                    node.append(copy.deepcopy(node[0]))
                node = node[part]
            else:
                node = node.setdefault(part, {})
        if value is ABSENT:
            node.pop(last, None)
        else:
            node[last] = copy.deepcopy(value)
    return obj


C = "spec.circuits[0]"


def job(blames: str, value: Any, model: str, server: str | None = None) -> Refused:
    return Refused({blames: value}, blames, model, server)


def circuits(number: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": f"c{i}", "format": "openqasm3", "source": "x", **fields} for i in range(number)]


REF = {f"{C}.source": ABSENT, f"{C}.configMapKeyRef": {"name": "m", "key": "k"}}
CLAIM = "spec.results.persistentVolumeClaim"
EXPECT = {"spec.outputs": ["expectation"]}
OBSERVABLE = f"{C}.observables"
TIMES = {"gateTimes": {"cx": "300"}}
FROM = f"{C}.parametersFrom"
TABLE = {FROM: {"configMapKeyRef": {"name": "m", "key": "k"}, "sha256": DIGEST}}

REFUSED = [
    # Names, references, enumerations
    Refused({"metadata.name": "a" * 64}, "", "is not a DNS label"),
    Refused({"metadata.name": "a.b"}, "", "metadata.name a.b is not a DNS label"),
    job("spec.backendRef", ABSENT, "is missing", "Required value"),
    job("spec.backendRef.name", ABSENT, "is missing", "Required value"),
    job("spec.backendRef.name", "Aer", '"Aer" does not fit; give at most 63 lower case', 'Invalid value: "Aer"'),
    job("spec.backendRef.name", "a" * 64, "64 characters; give 1 to 63", "Too long"),
    job("spec.backendRef.kind", "Backend", '"Backend" is not known; give QuantumBackend', '"Backend"'),
    job("spec.circuits", ABSENT, "is missing", "Required value"),
    job("spec.circuits", [], "0 entries; give 1 to 300", "should have at least 1 items"),
    job("spec.circuits", circuits(301), "301 entries; give 1 to 300", "must have at most 300 items"),
    Refused(
        {"spec.circuits": circuits(1) * 2}, "spec.circuits", "circuit c0 occurs twice", 'Duplicate value: {"name":"c0"}'
    ),
    job(f"{C}.name", "", "0 characters; give 1 to 63", "should be at least 1 chars long"),
    job(f"{C}.name", "bell state", '"bell state" does not fit; give letters', 'Invalid value: "bell state"'),
    job(f"{C}.name", "x" * 64, "64 characters; give 1 to 63", "Too long"),
    job(f"{C}.format", ABSENT, "is missing", "Required value"),
    job(f"{C}.format", "quil", '"quil" is not known; give openqasm3, openqasm2, qpy or cirq-json', '"quil"'),
    job("spec.circuitz", [], "is not a field; did you mean circuits?", "unknown field"),
    # Sources
    Refused({f"{C}.source": ABSENT}, C, "circuit bell has 0 of source", "circuit bell has 0 of source, data and"),
    Refused(
        {f"{C}.configMapKeyRef": {"name": "m", "key": "k"}, f"{C}.sha256": DIGEST},
        C,
        "circuit bell has 2 of source",
        "circuit bell has 2 of source, data and configMapKeyRef; give exactly one",
    ),
    Refused(REF, C, "circuit bell has configMapKeyRef without sha256"),
    Refused({f"{C}.sha256": DIGEST}, C, "circuit bell has sha256 without"),
    Refused({f"{C}.format": "qpy"}, C, "circuit bell has format qpy in source"),
    Refused(
        {f"{C}.source": ABSENT, f"{C}.data": "UUlTS0lU"},
        C,
        "circuit bell has format openqasm3 in data",
        "circuit bell has format openqasm3 in data; give it in source",
    ),
    Refused(
        {f"{C}.source": ABSENT, f"{C}.format": "qpy", f"{C}.data": "UUlT\nS0lU"},
        f"{C}.data",
        "the value does not fit; give padded base64",
        "should match",
    ),
    Refused({**REF, f"{C}.sha256": "ABC"}, f"{C}.sha256", "3 characters; give 64", "should be at least 64 chars long"),
    Refused({**REF, f"{C}.sha256": "A" * 64}, f"{C}.sha256", "give 64 lower case hexadecimal", "AAAA"),
    Refused(
        {**REF, f"{C}.sha256": DIGEST, f"{C}.configMapKeyRef": {"name": "../x", "key": "k"}},
        f"{C}.configMapKeyRef.name",
        '"../x" does not fit; give the name of an object',
        '"../x"',
    ),
    Refused(
        {**REF, f"{C}.sha256": DIGEST, f"{C}.configMapKeyRef": {"name": "m", "key": "a/b"}},
        f"{C}.configMapKeyRef.key",
        '"a/b" does not fit; give the key of a ConfigMap',
        '"a/b"',
    ),
    Refused(
        {**REF, f"{C}.sha256": DIGEST, f"{C}.configMapKeyRef": {"name": "m", "key": "k", "namespace": "other"}},
        f"{C}.configMapKeyRef.namespace",
        "is not a field",
        "unknown field",
    ),
    job(f"{C}.source", "", "0 characters; give 1 to 131072", "should be at least 1 chars long"),
    job(f"{C}.source", "x" * 131_073, "131073 characters; give 1 to 131072", "Too long"),
    Refused(
        {"spec.circuits": circuits(2, source="x" * 65_537)},
        "spec.circuits",
        "the inline circuits hold 131074 bytes, above 131072",
        "the inline circuits hold 131074 bytes, above 131072; move sources into a ConfigMap",
    ),
    # Bytes count; the API server can only afford to count characters.
    Refused({f"{C}.source": "é" * 65_537}, "spec.circuits", "the inline circuits hold 131074 bytes", ""),
    # Shots, seed, outputs, precision
    job("spec.shots", 0, "0 is below 1; give 1 to 10000000", "Invalid value: 0"),
    job("spec.shots", -1, "-1 is below 1; give 1 to 10000000", "Invalid value: -1"),
    job("spec.shots", 10_000_001, "10000001 is above 10000000; give 1 to 10000000", "Invalid value: 10000001"),
    job("spec.shots", "5", '"5" is not an integer; give an integer, 1 to 10000000', "must be of type integer"),
    job("spec.shots", 0.5, "0.5 is not an integer", "must be of type integer"),
    job(f"{C}.shots", 0, "0 is below 1; give 1 to 10000000", "Invalid value: 0"),
    job("spec.seed", -1, "-1 is below 0; give 0 to 9007199254740991", "Invalid value: -1"),
    job("spec.seed", BIG, f"{BIG} is above 9007199254740991", "should be less than or equal to"),
    job("spec.seed", True, "true is not an integer", "must be of type integer"),
    job("spec.outputs", [], "0 entries; give 1 to 5", "should have at least 1 items"),
    Refused({"spec.outputs": ["samples"]}, "spec.outputs[0]", '"samples" is not known; give counts,', '"samples"'),
    job("spec.outputs", ["counts", "counts"], "an output occurs twice"),
    job("spec.outputs", ["expectation"], "belong together", "observables and the output expectation belong together"),
    job("spec.precision", "0.01", "add expectation", "precision is that of expectation values; add expectation"),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"ZZ": "1"}}], "spec.precision": "0.0"},
        "spec.precision",
        "is 0.0; give a standard error above 0",
    ),
    job("spec.precision", 0.01, "0.01 is a number; give a string, in quotes", "must be of type string"),
    # Sweeps and observables
    Refused(
        {f"{C}.parameters": {"a": ["0.1", "0.2"], "b": ["1"]}},
        f"{C}.parameters",
        "the columns hold 1 to 2 values; give every parameter equally many",
    ),
    Refused({f"{C}.parameters": {"a": ["1e999"]}}, f"{C}.parameters", "a: 1e999 is beyond 1e+100; give a smaller", ""),
    Refused(
        {f"{C}.parameters": {"a": ["1"]}, **TABLE},
        C,
        "circuit bell has both parameters and parametersFrom; give one of them",
    ),
    job(f"{C}.parametersFrom", {}, "is missing", "Required value"),
    Refused(
        {f"{C}.parametersFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
        f"{C}.parametersFrom.sha256",
        "is missing",
        "Required value",
    ),
    Refused({**TABLE, f"{FROM}.sha256": "A" * 64}, f"{FROM}.sha256", "give 64 lower case hexadecimal", "AAAA"),
    Refused(
        {**TABLE, f"{FROM}.configMapKeyRef.name": "My Map"},
        f"{FROM}.configMapKeyRef.name",
        '"My Map" does not fit; give the name of an object',
        '"My Map"',
    ),
    Refused(
        {**TABLE, f"{FROM}.configMapKeyRef.key": "a/b"},
        f"{FROM}.configMapKeyRef.key",
        '"a/b" does not fit; give the key of a ConfigMap',
        '"a/b"',
    ),
    job(f"{C}.parameters", {}, "0 entries; give 1 to 256", "should have at least 1 properties"),
    job(f"{C}.parameters", {"a" * 65: ["1"]}, "longer than 64 characters"),
    Refused({f"{C}.parameters": {"a": ["1", "01"]}}, f"{C}.parameters.a[1]", '"01" does not fit', '"01"'),
    Refused({f"{C}.parameters": {"a": ["pi/2"]}}, f"{C}.parameters.a[0]", '"pi/2" does not fit', '"pi/2"'),
    Refused({f"{C}.parameters": {"a": ["NaN"]}}, f"{C}.parameters.a[0]", '"NaN" does not fit', '"NaN"'),
    Refused({f"{C}.parameters": {"a": ["1" * 33]}}, f"{C}.parameters.a[0]", "33 characters; give 1 to 32", "Too long"),
    Refused(
        {f"{C}.parameters": {"a": [0.5]}},
        f"{C}.parameters.a[0]",
        "0.5 is a number; give a string, in quotes",
        "must be of type string",
    ),
    Refused({f"{C}.parameters": {"a": []}}, f"{C}.parameters.a", "0 entries; give 1 to 10000", "at least 1 items"),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"ZQ": "1"}}]},
        f"{OBSERVABLE}[0].terms",
        "ZQ is not a Pauli string; give one letter I, X, Y or Z per qubit",
    ),
    # Beyond the API server's cost budget
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"Z": "1", "ZZ": "1"}}]},
        f"{OBSERVABLE}[0].terms",
        "the Pauli strings have 1 to 2 letters",
        "",
    ),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"ZZ": "one"}}]},
        f"{OBSERVABLE}[0].terms.ZZ",
        '"one" does not fit',
        '"one"',
    ),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"Z": "1"}}] * 2},
        OBSERVABLE,
        "observable e occurs twice",
        'Duplicate value: {"name":"e"}',
    ),
    Refused({OBSERVABLE: [{"name": "e", "terms": {"Z": "1"}}]}, "spec.outputs", "belong together"),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "<H>", "terms": {"Z": "1"}}]},
        f"{OBSERVABLE}[0].name",
        '"<H>" does not fit; give letters',
        '"<H>"',
    ),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"ZZ": "-1e999"}}]},
        f"{OBSERVABLE}[0].terms",
        "ZZ: -1e999 is beyond 1e+100; give a smaller",
        "",
    ),
    Refused(
        {**EXPECT, OBSERVABLE: [{"name": "e", "terms": {"ZZ": "1"}}], "spec.precision": "1e999"},
        "spec.precision",
        "1e999 is beyond 1e+100; give a smaller",
        "type conversion error",
    ),
    # Compiling, simulating, noise
    job("spec.transpile.optimizationLevel", 4, "4 is above 3; give 0 to 3", "Invalid value: 4"),
    job("spec.transpile.initialLayout", [0, 1, 0], "a qubit occurs twice"),
    Refused(
        {"spec.transpile.initialLayout": [-1]},
        "spec.transpile.initialLayout[0]",
        "-1 is below 0; give 0 to 99999",
        "Invalid value: -1",
    ),
    job("spec.transpile.seed", -7, "-7 is below 0; give 0 to 9007199254740991", "Invalid value: -7"),
    job("spec.transpile.verifyEquivalence", "yes", '"yes" is not true or false', "must be of type boolean"),
    job("spec.transpile.verbatim", "yes", '"yes" is not true or false', "must be of type boolean"),
    job("spec.simulator.method", "gpu", '"gpu" is not known; give automatic, statevector', '"gpu"'),
    job("spec.simulator.precision", "half", '"half" is not known; give double or single', '"half"'),
    Refused({"spec.noise": {}}, "spec.noise", "give either device or typed errors"),
    Refused(
        {"spec.noise": {"device": "fake_manila", "readout": "0.1"}},
        "spec.noise",
        "give either device or typed errors",
    ),
    Refused(
        {"spec.noise": {"readout": "1.5"}}, "spec.noise.readout", '"1.5" does not fit; give a probability', '"1.5"'
    ),
    Refused(
        {"spec.noise": {"device": "fake manila"}}, "spec.noise.device", '"fake manila" does not fit', '"fake manila"'
    ),
    Refused({"spec.noise": {"t1": "-1", **TIMES}}, "spec.noise.t1", '"-1" does not fit; give a decimal', '"-1"'),
    Refused({"spec.noise": {"t1": "0", **TIMES}}, "spec.noise.t1", "is 0; give a time above 0 in microseconds"),
    Refused({"spec.noise": {"t2": "0.0", **TIMES}}, "spec.noise.t2", "is 0.0; give a time above 0 in microseconds"),
    Refused({"spec.noise": {"t2": "1e101", **TIMES}}, "spec.noise.t2", "1e101 is beyond 1e+100; give a smaller", ""),
    Refused(
        {"spec.noise": {"t1": "5", "gateTimes": {"cx": "fast"}}},
        "spec.noise.gateTimes.cx",
        '"fast" does not fit; give a decimal',
        '"fast"',
    ),
    Refused(
        {"spec.noise": {"t1": "5", "gateTimes": {"cx": "1e101"}}},
        "spec.noise.gateTimes",
        "cx: 1e101 is beyond 1e+100; give a smaller",
        "",
    ),
    Refused({"spec.noise": {"oneQubit": "-0.1"}}, "spec.noise.oneQubit", '"-0.1" does not fit', '"-0.1"'),
    Refused({"spec.noise": {"twoQubit": "2e-0"}}, "spec.noise.twoQubit", '"2e-0" does not fit', '"2e-0"'),
    Refused(
        {"spec.noise": {"t1": "50", "t2": "101", "gateTimes": {"cx": "300"}}},
        "spec.noise",
        "t2 101 exceeds twice t1 50",
        "t2 101 exceeds twice t1 50; no qubit does that: lower t2",
    ),
    Refused({"spec.noise": {"t1": "50"}}, "spec.noise", "t1 and t2 act during gateTimes", "act during gateTimes"),
    Refused(
        {"spec.noise": {"t1": "50", "gateTimes": {"c x": "300"}}},
        "spec.noise.gateTimes",
        "does not fit; give the name of a gate",
        "give the name of a gate",
    ),
    # Bounds, cost, resources
    job("spec.shards", 0, "0 is below 1; give 1 to 1000", "Invalid value: 0"),
    job("spec.shards", 1001, "1001 is above 1000", "Invalid value: 1001"),
    Refused({"spec.maxCost": {"amount": "-1", "currency": "USD"}}, "spec.maxCost.amount", '"-1" does not fit', '"-1"'),
    Refused({"spec.maxCost": {"amount": "1", "currency": "usd"}}, "spec.maxCost.currency", '"usd" does not fit', "usd"),
    job("spec.activeDeadlineSeconds", 0, "0 is below 1; give 1 to 31536000", "Invalid value: 0"),
    job("spec.activeDeadlineSeconds", 31_536_001, "31536001 is above 31536000", "Invalid value: 31536001"),
    job("spec.backoffLimit", -1, "-1 is below 0; give 0 to 100", "Invalid value: -1"),
    job("spec.backoffLimit", 101, "101 is above 100", "Invalid value: 101"),
    job("spec.ttlSecondsAfterFinished", -1, "-1 is below 0; give 0 to 31536000", "Invalid value: -1"),
    job("spec.suspend", "true", '"true" is not true or false', "must be of type boolean"),
    job("spec.cancelRequested", 1, "1 is not true or false", "must be of type boolean"),
    job("spec.resources.limits.memory", "lots", "is lots, not a quantity above 0"),
    job("spec.resources.limits.memory", "0", "is 0, not a quantity above 0"),
    job("spec.resources.limits.cpu", -1, "is -1, not a quantity above 0"),
    job("spec.resources.limits.cpu", 0.5, "is neither a string nor an integer", "must be of type"),
    job("spec.resources.requests.memory", "few", "is few, not a quantity above 0"),
    job("spec.resources.requests.cpu", "few", "is few, not a quantity above 0"),
    job("spec.resources.requests.memory", "1" * 33, "longer than 32 characters", "Too long"),
    job("spec.resources.requests.gpu", 1, "is not a field", "unknown field"),
    Refused(
        {"spec.resources.requests.cpu": 2, "spec.resources.limits.cpu": "1500m"},
        "spec.resources",
        "requests.cpu 2 exceeds limits.cpu 1500m",
        "requests.cpu 2 exceeds limits.cpu 1500m; raise the limit or lower the request",
    ),
    Refused({"spec.results": {}}, CLAIM, "is missing", "Required value"),
    job(f"{CLAIM}.claimName", ABSENT, "is missing", "Required value"),
    job(f"{CLAIM}.claimName", "../x", '"../x" does not fit; give the name of an object', '"../x"'),
    job(f"{CLAIM}.claimName", "a" * 254, "254 characters; give 1 to 253", "Too long"),
    job(f"{CLAIM}.namespace", "other", "is not a field", "unknown field"),
    job("spec.providerOptions", {}, "0 entries; give 1 to 64", "should have at least 1 properties"),
    # Inside providerOptions the API server looks at nothing.
    job("spec.providerOptions", {"a": 0.5}, "0.5 is not an integer; give it as a string", ""),
    job("spec.providerOptions", {"a": [BIG]}, "is beyond 2^53-1", ""),
    job("spec.providerOptions", {"a": [0] * 5000}, "holds more than 4096 values; remove some", ""),
    # Backends
    Refused({"spec.provider": "rigetti"}, "spec.provider", '"rigetti" is not known; give aer', '"rigetti"', "backend"),
    Refused({"spec.provider": ABSENT}, "spec.provider", "is missing", "Required value", kind="backend"),
    Refused({"spec.provider": "ibm"}, "spec", "provider ibm has many devices", kind="backend"),
    Refused({"spec.device": "x"}, "spec", "provider aer is a simulator", kind="backend"),
    Refused(
        {"spec.credentialsSecretRef": {"name": "s"}},
        "spec",
        "provider aer needs no credentials",
        kind="backend",
    ),
    Refused(
        {"spec.allowedNamespaces": ABSENT}, "spec.allowedNamespaces", "is missing", "Required value", kind="backend"
    ),
    Refused(
        {"spec.allowedNamespaces": {}}, "spec.allowedNamespaces", "give one of all: true", "give one of all", "backend"
    ),
    Refused(
        {"spec.allowedNamespaces.names": ["a"]},
        "spec.allowedNamespaces",
        "give one of all",
        kind="backend",
    ),
    Refused(
        {"spec.allowedNamespaces": {"names": ["a", "a"]}},
        "spec.allowedNamespaces",
        "a namespace occurs twice",
        "Duplicate value",
        kind="backend",
    ),
    Refused(
        {"spec.allowedNamespaces": {"selector": {"matchExpressions": [{"key": "team", "operator": "In"}]}}},
        "spec.allowedNamespaces.selector.matchExpressions[0]",
        "operator In: values belong to In and NotIn",
        kind="backend",
    ),
    Refused(
        {"spec.allowedNamespaces": {"selector": {"matchLabels": {"a b": "c"}}}},
        "spec.allowedNamespaces.selector.matchLabels",
        "does not fit; give the key of a label",
        "give the key of a label",
        kind="backend",
    ),
    Refused({"spec.limits.maxQubits": 0}, "spec.limits.maxQubits", "0 is below 1", "Invalid value: 0", kind="backend"),
    Refused({"spec.limits.maxShots": 0}, "spec.limits.maxShots", "0 is below 1", "Invalid value: 0", kind="backend"),
    Refused({"spec.limits.maxCircuits": 301}, "spec.limits.maxCircuits", "301 is above 300", "301", kind="backend"),
    Refused({"spec.limits.memory": "x"}, "spec.limits.memory", "is x, not a quantity", kind="backend"),
    Refused(
        {"spec.limits.activeDeadlineSeconds": 0}, "spec.limits.activeDeadlineSeconds", "0 is below 1", "0", "backend"
    ),
    Refused(
        {"spec.options": {"a": 1}},
        "spec.options.a",
        "1 is a number; give a string, in quotes",
        "must be of type string",
        kind="backend",
    ),
    Refused(
        {"spec.prices.configMapRef": {}}, "spec.prices.configMapRef.name", "is missing", "Required value", "backend"
    ),
]

ACCEPTED = [
    Accepted({}, id="the plain job"),
    Accepted({"metadata.name": "a" * 63}, id="a name of 63 characters"),
    Accepted({"spec.circuits": circuits(300)}, id="300 circuits"),
    Accepted({f"{C}.source": "x" * 131_072}, id="131072 bytes of source"),
    Accepted({f"{C}.name": "QFT_5.v2-a"}, id="a vendor's circuit name"),
    Accepted({f"{C}.shots": 10_000_000, "spec.shots": 1}, id="shots at both ends"),
    Accepted({"spec.seed": BIG - 1}, id="the largest seed"),
    Accepted({**REF, f"{C}.sha256": DIGEST}, id="a circuit in a ConfigMap"),
    Accepted({f"{C}.source": ABSENT, f"{C}.format": "qpy", f"{C}.data": "UUlTS0lUDw=="}, id="QPY in data"),
    Accepted({f"{C}.parameters": {"θ": ["0.1", "-1e-3"], "x[0]": ["1e+05", "3.14159"]}}, id="a sweep"),
    Accepted(TABLE, id="a sweep in a ConfigMap"),
    Accepted(
        {
            "spec.outputs": ["counts", "expectation"],
            "spec.precision": "1e-2",
            OBSERVABLE: [{"name": "energy", "terms": {"ZI": "0.5", "ZZ": "-0.3"}}],
        },
        id="an observable",
    ),
    Accepted(
        {"spec.noise": {"oneQubit": "1e-05", "readout": "1.0", "t1": "50", "t2": "100", "gateTimes": {"cx": "300"}}},
        id="typed errors",
    ),
    Accepted({"spec.noise": {"device": "fake_manila"}}, id="a device's noise"),
    Accepted(
        {
            "spec.transpile": {"optimizationLevel": 3, "initialLayout": [4, 0], "seed": 1, "verbatim": False},
            "spec.simulator": {"method": "matrix_product_state", "precision": "single"},
            "spec.shards": 1000,
            "spec.maxCost": {"amount": "1.50", "currency": "USD"},
            "spec.activeDeadlineSeconds": 31_536_000,
            "spec.backoffLimit": 0,
            "spec.suspend": True,
            "spec.cancelRequested": False,
            "spec.ttlSecondsAfterFinished": 0,
            "spec.resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": 1, "memory": "1.5Gi"}},
            "spec.results": {"persistentVolumeClaim": {"claimName": "results.team-a"}},
            "spec.providerOptions": {"a": {"b": [1, True, "x"]}},
        },
        id="every option",
    ),
    Accepted({}, "backend", id="the plain backend"),
    Accepted({"spec.allowedNamespaces": {"all": False}}, "backend", id="a backend for nobody"),
    Accepted(
        {
            "spec.provider": "braket",
            "spec.device": "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1",
            "spec.region": "us-east-1",
            "spec.credentialsSecretRef": {"name": "braket"},
            "spec.options": {"bucket": "results"},
            "spec.limits": {"maxQubits": 36, "maxShots": 5000, "maxCircuits": 300, "memory": "8Gi", "cpu": 4},
            "spec.prices": {"configMapRef": {"name": "prices"}},
            "spec.allowedNamespaces": {
                "selector": {
                    "matchLabels": {"example.org/team": "physics"},
                    "matchExpressions": [{"key": "stage", "operator": "Exists"}],
                }
            },
            "spec.description": "IonQ Forte",
        },
        "backend",
        id="every field of a backend",
    ),
]

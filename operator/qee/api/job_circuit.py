"""The circuits of a QuantumJob: where a program comes from, its parameters and its observables."""

import base64
from collections import Counter
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from qee.api.cel import Rule, rules
from qee.api.declare import keyed, optional
from qee.api.fields import Base64, ConfigMapKey, DecimalString, DnsSubdomain, Name, Sha256, Shots, Source, refuse_huge
from qee.api.meta import Spec

Format = Literal["openqasm3", "openqasm2", "qpy", "cirq-json"]

MAX_PARAMETERS = 256
MAX_ROWS = 10_000
MAX_NAME = 64  # characters of a parameter's name
MAX_OBSERVABLES = 8
MAX_TERMS = 512


class ConfigMapKeyRef(Spec):
    """One key of a ConfigMap in the job's namespace."""

    name: DnsSubdomain = Field(description="Name of a ConfigMap in the job's own namespace.")
    key: ConfigMapKey = Field(description="The key in its data (text formats) or binaryData (qpy).")


class ParametersFrom(Spec):
    """A table of parameters that lies in a ConfigMap, with the digest that its bytes must have."""

    config_map_key_ref: ConfigMapKeyRef = Field(
        description="Where the table lies. A key that ends in .csv holds CSV, with the parameters' names in the first"
        ' line; any other a JSON object of columns, {"theta": ["0.1", "0.2"]}, where numbers are taken as they are'
        " written."
    )
    sha256: Sha256 = Field(
        description="SHA-256 of the table's bytes, 64 lower case hexadecimal digits. Other bytes are not run."
    )


_PAULI = Rule(
    "self.all(p, p.matches('^[IXYZ]+$'))",
    "%s is not a Pauli string; give one letter I, X, Y or Z per qubit, the highest qubit first",
    ("self.filter(p, !p.matches('^[IXYZ]+$'))[0]",),
)


class Observable(Spec):
    """A weighted sum of Pauli strings, measured on the state that the circuit prepares."""

    name: Name = Field(description="Name under which the result lists the observable; unique within the circuit.")
    terms: Annotated[dict[str, DecimalString], Field(min_length=1, max_length=MAX_TERMS)] = Field(
        description='Pauli strings with their real coefficients, for example {ZI: "0.5", ZZ: "0.3"}. A string has one'
        f" letter I, X, Y or Z per qubit; the leftmost letter is the highest qubit (Qiskit's order). 1 to {MAX_TERMS}"
        " terms.",
        json_schema_extra=rules(_PAULI),
    )

    @field_validator("terms")
    @classmethod
    def _pauli_strings(cls, terms: dict[str, str]) -> dict[str, str]:
        for label in terms:
            if not label or set(label) - set("IXYZ"):
                raise _PAULI.error(label[:40])
        lengths = {len(label) for label in terms}
        if len(lengths) > 1:
            # Beyond the API server's cost budget, so only here.
            raise ValueError(
                f"the Pauli strings have {min(lengths)} to {max(lengths)} letters; give every term one letter per qubit"
            )
        for label, coefficient in terms.items():
            refuse_huge(f"{label[:40]}: ", [coefficient])
        return terms


_SOURCES = {"source": "source", "data": "data", "configMapKeyRef": "config_map_key_ref"}
_COUNT = " + ".join(f"(has(self.{name}) ? 1 : 0)" for name in _SOURCES)

_ONE_SOURCE = Rule(
    f"{_COUNT} == 1", "circuit %s has %s of source, data and configMapKeyRef; give exactly one", ("self.name", _COUNT)
)
_DIGEST_MISSING = Rule(
    "!has(self.configMapKeyRef) || has(self.sha256)",
    "circuit %s has configMapKeyRef without sha256; add the SHA-256 of the bytes that are meant",
    ("self.name",),
)
_DIGEST_ALONE = Rule(
    "has(self.configMapKeyRef) || !has(self.sha256)",
    "circuit %s has sha256 without configMapKeyRef; remove it",
    ("self.name",),
)
_QPY_AS_TEXT = Rule(
    "self.format != 'qpy' || !has(self.source)",
    "circuit %s has format qpy in source; give it in data, base64-encoded",
    ("self.name",),
)
_TEXT_AS_DATA = Rule(
    "self.format == 'qpy' || !has(self.data)",
    "circuit %s has format %s in data; give it in source",
    ("self.name", "self.format"),
)
_COLUMNS = Rule(
    "self.map(p, size(self[p])).min() == self.map(p, size(self[p])).max()",
    "the columns hold %s to %s values; give every parameter equally many",
    ("self.map(p, size(self[p])).min()", "self.map(p, size(self[p])).max()"),
)
_ONE_TABLE = Rule(
    "!has(self.parameters) || !has(self.parametersFrom)",
    "circuit %s has both parameters and parametersFrom; give one of them",
    ("self.name",),
)
_PARAMETER_NAMES = Rule(
    f"self.all(p, size(p) >= 1 && size(p) <= {MAX_NAME})",
    f"a parameter's name is empty or longer than {MAX_NAME} characters; shorten it",
)


class Circuit(Spec):
    """One program with its own shots, parameter sweep and observables."""

    model_config = ConfigDict(
        json_schema_extra=rules(_ONE_SOURCE, _DIGEST_MISSING, _DIGEST_ALONE, _QPY_AS_TEXT, _TEXT_AS_DATA, _ONE_TABLE)
    )

    name: Name = Field(
        description="Name under which the result lists the circuit; unique within the job. 1 to 63 letters, digits,"
        " '-', '.' and '_', beginning and ending with a letter or digit."
    )
    format: Format = Field(
        description="Language of the program: openqasm3 (OpenQASM 3.0), openqasm2 (OpenQASM 2.0), qpy (Qiskit's binary"
        " format) or cirq-json (cirq.to_json)."
    )
    source: Source | None = optional(
        "The program as text, for every format but qpy. All source and data of a job together hold at most 131072"
        " bytes; larger programs go into a ConfigMap."
    )
    data: Base64 | None = optional("The program base64-encoded (RFC 4648, padded, one line), for format qpy only.")
    config_map_key_ref: ConfigMapKeyRef | None = optional(
        "The program lies in a ConfigMap of the job's namespace. Needs sha256 beside it."
    )
    sha256: Sha256 | None = optional(
        "SHA-256 of the bytes under configMapKeyRef, 64 lower case hexadecimal digits. Other bytes are not run."
        " Required with configMapKeyRef, refused without it."
    )
    parameters: (
        Annotated[
            dict[str, Annotated[list[DecimalString], Field(min_length=1, max_length=MAX_ROWS, fail_fast=True)]],
            Field(min_length=1, max_length=MAX_PARAMETERS),
        ]
        | None
    ) = optional(
        "A sweep: for each parameter of the program (OpenQASM 3 `input`, Qiskit Parameter, Cirq symbol) a column of"
        " decimal strings in the program's own unit (angles: radians). All columns are equally long; each row is run"
        " and gives one result. Up to 256 parameters of up to 10000 rows, names of up to 64 characters, 100000"
        " results in all. Absent: see parametersFrom; without both, run once.",
        rules(_COLUMNS, _PARAMETER_NAMES),
    )
    parameters_from: ParametersFrom | None = optional(
        "The same table in a ConfigMap of the job's namespace, for one that is too large to stand here; in place of"
        " parameters. Absent: none."
    )
    observables: Annotated[list[Observable], Field(min_length=1, max_length=MAX_OBSERVABLES)] | None = optional(
        "Observables whose expectation values are wanted; needs `expectation` in spec.outputs. 1 to 8 per circuit."
        " Absent: none.",
        keyed("name"),
    )
    shots: Shots | None = optional("Repetitions of this circuit, 1 to 10000000. Absent: spec.shots.")

    @model_validator(mode="after")
    def _one_source_in_the_right_field(self) -> "Circuit":
        given = sum(getattr(self, attribute) is not None for attribute in _SOURCES.values())
        if given != 1:
            raise _ONE_SOURCE.error(self.name, given)
        if self.config_map_key_ref is not None and self.sha256 is None:
            raise _DIGEST_MISSING.error(self.name)
        if self.config_map_key_ref is None and self.sha256 is not None:
            raise _DIGEST_ALONE.error(self.name)
        if self.format == "qpy" and self.source is not None:
            raise _QPY_AS_TEXT.error(self.name)
        if self.format != "qpy" and self.data is not None:
            raise _TEXT_AS_DATA.error(self.name, self.format)
        if self.parameters is not None and self.parameters_from is not None:
            raise _ONE_TABLE.error(self.name)
        return self

    @field_validator("parameters")
    @classmethod
    def _a_table(cls, parameters: dict[str, list[str]] | None) -> dict[str, list[str]] | None:
        if parameters is None:
            return None
        if not all(1 <= len(name) <= MAX_NAME for name in parameters):
            raise _PARAMETER_NAMES.error()
        lengths = {len(column) for column in parameters.values()}
        if len(lengths) > 1:
            raise _COLUMNS.error(min(lengths), max(lengths))
        for name, column in parameters.items():
            refuse_huge(f"{name}: ", column)
        return parameters

    @field_validator("observables")
    @classmethod
    def _named_apart(cls, observables: list[Observable] | None) -> list[Observable] | None:
        refuse_duplicates("observable", [o.name for o in observables or []])
        return observables

    @property
    def inline_program(self) -> bytes | None:
        """The program's bytes where they stand in the job itself; None where they lie in a ConfigMap."""
        if self.data is not None:
            return base64.b64decode(self.data)
        return None if self.source is None else self.source.encode()

    @property
    def inline_bytes(self) -> int:
        """Bytes that this circuit adds to the job object itself."""
        return len((self.source or "").encode()) + len(self.data or "")


def refuse_duplicates(what: str, names: list[str]) -> None:
    """Raises ValueError naming the first name that occurs twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]} occurs twice; give each {what} a name of its own")

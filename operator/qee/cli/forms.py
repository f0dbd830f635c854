"""What may be chosen by name on the command line."""

from enum import StrEnum


class Engine(StrEnum):
    AER = "aer"
    CIRQ = "cirq"


class ResultForm(StrEnum):
    HISTOGRAM = "histogram"
    TABLE = "table"
    CSV = "csv"
    NPZ = "npz"
    JSON = "json"
    YAML = "yaml"


class ListForm(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class CreatedForm(StrEnum):
    TEXT = "text"
    NAME = "name"


class KeyForm(StrEnum):
    PEM = "pem"
    DER = "der"


class KeyAlgorithm(StrEnum):
    ML_DSA_44 = "ML-DSA-44"
    ML_DSA_65 = "ML-DSA-65"
    ML_DSA_87 = "ML-DSA-87"
    ED25519 = "Ed25519"


class VerdictForm(StrEnum):
    TEXT = "text"
    JSON = "json"

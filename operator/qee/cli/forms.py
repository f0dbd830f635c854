"""What may be chosen by name on the command line."""

from enum import StrEnum

Engine = StrEnum("Engine", ["AER", "CIRQ"])
ResultForm = StrEnum("ResultForm", ["HISTOGRAM", "TABLE", "CSV", "NPZ", "JSON", "YAML"])
ListForm = StrEnum("ListForm", ["TABLE", "JSON", "YAML", "NAME"])
CreatedForm = StrEnum("CreatedForm", ["TEXT", "NAME"])
KeyForm = StrEnum("KeyForm", ["PEM", "DER"])
VerdictForm = StrEnum("VerdictForm", ["TEXT", "JSON"])


class KeyAlgorithm(StrEnum):
    ML_DSA_44 = "ML-DSA-44"
    ML_DSA_65 = "ML-DSA-65"
    ML_DSA_87 = "ML-DSA-87"
    ED25519 = "Ed25519"

"""What may be chosen by name on the command line."""

from enum import StrEnum


class Engine(StrEnum):
    AER = "aer"
    CIRQ = "cirq"


class ResultForm(StrEnum):
    HISTOGRAM = "histogram"
    TABLE = "table"
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

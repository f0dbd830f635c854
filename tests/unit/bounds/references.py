"""Jobs that refer to much: a few bytes of reference, again and again, as functions of the size of one ConfigMap."""

import hashlib
from collections.abc import Callable

from tests import builders

from qee.kube.port import Object

ConfigMaps = Callable[[str], Object]


def _circuit(number: int, data: str, config_map: str = "a", key: str = "k") -> Object:
    return builders.circuit_from(config_map, key, data.encode(), name=f"c{number}")


def _one_program(size: int) -> tuple[Object, ConfigMaps]:
    """Every circuit is the same large program."""
    program = "OPENQASM 3.0; qubit q;" + "U(0, 0, 0) q;" * (size // 13)
    circuits = [_circuit(number, program) for number in range(300)]
    return builders.job(circuits=circuits), lambda name: {"data": {"k": program}}


def _one_table(size: int) -> tuple[Object, ConfigMaps]:
    """Every circuit has the same large table."""
    row = ",".join(["0.1"] * 60) + "\n"
    table = ",".join(f"x{n}" for n in range(60)) + "\n" + row * (size // len(row))
    place = {"configMapKeyRef": {"name": "a", "key": "t.csv"}, "sha256": hashlib.sha256(table.encode()).hexdigest()}
    source = "OPENQASM 3.0; qubit q;" + "".join(f"input float x{n}; U(x{n}, 0, 0) q;" for n in range(60))
    circuits = [
        {"name": f"c{n}", "format": "openqasm3", "source": source, "parametersFrom": place}
        for n in range(131_072 // len(source))
    ]
    return builders.job(circuits=circuits), lambda name: {"data": {"t.csv": table}}


def _many_programs(size: int) -> tuple[Object, ConfigMaps]:
    """Every circuit is a large program of its own."""
    program = "OPENQASM 3.0; qubit q;" + "U(0, 0, 0) q;" * (size // 13)
    circuits = [_circuit(number, program, f"m{number}") for number in range(300)]
    return builders.job(circuits=circuits), lambda name: {"data": {"k": program}, "metadata": {"name": name}}


def _small_keys_of_large_config_maps(size: int) -> tuple[Object, ConfigMaps]:
    """Every circuit is a small program beside a large value that nobody names."""
    small = "OPENQASM 3.0; qubit q;"
    circuits = [_circuit(number, small, f"m{number}") for number in range(300)]
    return builders.job(circuits=circuits), lambda name: {"data": {"k": small, "large": name * (size // len(name))}}


def _large_keys_named_last(size: int) -> tuple[Object, ConfigMaps]:
    """First the small value of each ConfigMap is named, and the large one only once all are read."""
    small, large = "OPENQASM 3.0; qubit q;", "x" * size
    circuits = [_circuit(number, small, f"m{number}") for number in range(150)]
    circuits += [_circuit(150 + number, large, f"m{number}", "large") for number in range(150)]
    return builders.job(circuits=circuits), lambda name: {"data": {"k": small, "large": "".join(["x"] * size)}}


REFERENCES: dict[str, Callable[[int], tuple[Object, ConfigMaps]]] = {
    "one program for every circuit": _one_program,
    "one table for every circuit": _one_table,
    "a program for each circuit": _many_programs,
    "small keys of large ConfigMaps": _small_keys_of_large_config_maps,
    "large keys named last": _large_keys_named_last,
}

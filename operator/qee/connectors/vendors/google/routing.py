"""Where a circuit's qubits are on the processor, and its gates on neighbours only. By Cirq, without random choices."""

from collections.abc import Mapping, Sequence
from typing import Any

import cirq
import networkx as nx

from qee.connectors.vendors.google.device import Device
from qee.sdk.cirq.program import Program
from qee.sdk.errors import circuit_too_large, invalid_spec, unsupported_construct


def routed(
    gates: Any, logical: Sequence[Any], device: Device, layout: Mapping[Any, Any] | None
) -> tuple[Any, dict[Any, Any]]:
    """The circuit on the processor's qubits, gates on neighbours only, and where each qubit is in the end."""
    room = max(nx.connected_components(device.graph), key=lambda part: (len(part), -min(map(_order(device), part))))
    graph = device.graph.subgraph(sorted(room)) if layout is None else device.graph
    if len(logical) > len(graph):
        raise circuit_too_large(
            f"it uses {len(logical)} qubits, processor {device.processor} has {len(graph)} connected ones; use fewer"
        )
    try:
        small = cirq.Circuit(
            cirq.decompose(_by_cz(gates), keep=lambda each: len(each.qubits) <= 2, on_stuck_raise=ValueError("stuck"))
        )
    except ValueError:
        raise unsupported_construct("a gate on three or more qubits that Cirq cannot decompose; write it out") from None
    numbered = {qubit: cirq.LineQubit(number) for number, qubit in enumerate(logical)}
    small = small.transform_qubits(numbered)
    place = _placed(small, numbered, graph, layout)
    _check_joined(small, place, graph)
    router, mapper = cirq.RouteCQC(graph), cirq.HardCodedInitialMapper(place)
    try:
        routed, _, moved = router.route_circuit(small, initial_mapper=mapper)
    except IndexError:
        # Cirq 1.7 breaks on a tie between swaps where no two of them are disjoint, as on a line of three qubits.
        # Looking ahead beyond the end, it takes the first of the best ones.
        beyond = sum(1 for _ in small.all_operations()) + 1
        routed, _, moved = router.route_circuit(small, initial_mapper=mapper, lookahead_radius=beyond)
    return routed, {qubit: moved.get(place[number], place[number]) for qubit, number in numbered.items()}


def _check_joined(small: Any, place: Mapping[Any, Any], graph: Any) -> None:
    """Swaps move over the placed qubits only. Of the three ways to place, a layout alone may keep two apart."""
    parts = nx.connected_components(graph.subgraph(place.values()))
    part = {qubit: number for number, each in enumerate(parts) for qubit in each}
    for operation in small.all_operations():
        if len({part[place[qubit]] for qubit in operation.qubits}) > 1:
            raise invalid_spec(
                "spec.transpile.initialLayout: a gate joins qubits between which the layout's own qubits make no path;"
                " choose neighbouring qubits, or leave it out"
            )


def _order(device: Device) -> Any:
    return {qubit: number for number, qubit in enumerate(device.all_qubits)}.__getitem__


def layout_of(program: Program, device: Device, layout: tuple[int, ...] | None) -> dict[Any, Any] | None:
    """The processor's qubit for each that is declared."""
    if layout is None:
        return None
    if len(layout) != len(program.qubits):
        raise invalid_spec(
            f"spec.transpile.initialLayout: has {len(layout)} qubits, the circuit {len(program.qubits)};"
            " give one for each"
        )
    return {qubit: device.all_qubits[number] for qubit, number in zip(program.qubits, layout, strict=True)}


def _placed(small: Any, numbered: Mapping[Any, Any], graph: Any, layout: Mapping[Any, Any] | None) -> dict[Any, Any]:
    """By the layout; else as the circuit's own grid qubits say, where the processor has them; else by Cirq."""
    if layout is not None:
        return {number: layout[qubit] for qubit, number in numbered.items()}
    own = {number: qubit for qubit, number in numbered.items()}
    if set(own.values()) <= set(graph) and nx.is_connected(graph.subgraph(own.values())):
        return own
    # A gate that does nothing shows the mapper the qubits that are only measured.
    shown = small + cirq.Circuit(cirq.I(qubit) for qubit in numbered.values())
    found: dict[Any, Any] = cirq.LineInitialMapper(graph).initial_mapping(shown)
    return found


def _by_cz(gates: Any) -> Any:
    """Powers of CZ with a symbol as gates that every set has: Z^(t/2) on both, and Z^(-t/2) on their parity."""

    def parted(operation: Any) -> Any:
        if not cirq.is_parameterized(operation) or len(operation.qubits) != 2:
            return NotImplemented
        if not isinstance(operation.gate, cirq.CZPowGate):
            return NotImplemented
        one, two = operation.qubits
        half = operation.gate.exponent / 2
        return [
            cirq.Z(one) ** half,
            cirq.Z(two) ** half,
            cirq.CNOT(one, two),
            cirq.Z(two) ** (-half),
            cirq.CNOT(one, two),
        ]

    def kept(operation: Any) -> bool:
        return not (cirq.is_parameterized(operation) and len(operation.qubits) == 2)

    return cirq.Circuit(
        cirq.decompose(each, intercepting_decomposer=parted, keep=kept, on_stuck_raise=None) if not kept(each) else each
        for each in gates.all_operations()
    )

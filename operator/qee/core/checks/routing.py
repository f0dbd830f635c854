"""How many qubits of a device routing takes besides the circuit's own, told without compiling.

Gates on qubits that are not coupled are brought together by swaps over the qubits between them; the runner simulates
those too, and leaves out only what nothing happens to. Where a circuit's qubits are placed is known at level 0, where
qubit i is physical qubit i, and with an initial layout. Tried with Qiskit 2.6 on all snapshots, circuits of 3 to 28
qubits and many kinds of pairs: at level 0 swaps stayed on shortest paths between the places, but for one size in 20; a
layout that the transpiler chose itself took up to 7 qubits more, mostly none.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import combinations

from qee import devices
from qee.api.job_options import Noise, Transpile
from qee.circuits import Scan

CHOSEN = 7  # qubits that a layout of the transpiler's own choice takes more, at most
WIDE = 40  # a circuit of more qubits has a state that fits nowhere


def added(noise: Noise | None, transpile: Transpile | None, found: Scan) -> tuple[int, int]:
    """Qubits that are simulated besides the circuit's own: those that it surely takes, and those that it may take.

    (0, 0) also where other checks refuse the job: a circuit or a layout that the device has no room for.
    """
    if noise is None or noise.device is None or not found.multi_qubit_operations or found.qubits > WIDE:
        return 0, 0
    qubits = devices.snapshot(noise.device).qubits
    layout = transpile.initial_layout if transpile else None
    if (transpile and transpile.verbatim) or found.qubits > qubits:
        return 0, 0
    if layout is None and transpile and transpile.optimization_level:
        return 0, min(CHOSEN, qubits - found.qubits)
    places = tuple(layout or range(found.qubits))
    if len(places) != found.qubits or max(places) >= qubits:
        return 0, 0
    taken = set(places)
    for group in _groups(found.links):
        taken |= _joined(noise.device, [places[qubit] for qubit in group])
    least = len(taken) - len(places)
    return least, max(least, len(_between(noise.device, places)) - len(places))


def _groups(links: Iterable[tuple[int, int]]) -> list[set[int]]:
    """The qubits of the circuit that gates connect, directly or over others."""
    groups: list[set[int]] = []
    for pair in links:
        joined = set(pair)
        apart = []
        for group in groups:
            if group.isdisjoint(joined):
                apart.append(group)
            else:
                joined |= group
        groups = [*apart, joined]
    return groups


def _joined(device: str, places: list[int]) -> set[int]:
    """Nearly the fewest qubits that connect these: the nearest is joined by a shortest path, again and again."""
    near = _neighbours(device)
    joined, left = {places[0]}, set(places[1:])
    while left:
        path = _path(near, joined, left)
        if not path:
            break  # a device in two parts
        joined |= path
        left -= path
    return joined


def _path(near: Mapping[int, tuple[int, ...]], start: set[int], ends: set[int]) -> set[int]:
    """A shortest one from any of `start` to any of `ends`, its own start left out; empty where there is none."""
    before: dict[int, int] = {each: each for each in sorted(start)}
    waiting = deque(before)
    while waiting:
        at = waiting.popleft()
        if at in ends:
            path = set()
            while at not in start:
                path.add(at)
                at = before[at]
            return path
        for each in near[at]:
            if each not in before:
                before[each] = at
                waiting.append(each)
    return set()


@lru_cache(maxsize=64)
def _between(device: str, places: tuple[int, ...]) -> frozenset[int]:
    """Every qubit on any shortest path between two of these, and these."""
    far = _distances(device)
    found = set(places)
    for one, other in combinations(places, 2):
        from_one, from_other = far[one], far[other]
        if (whole := from_one.get(other)) is not None:
            found.update(each for each, distance in from_one.items() if distance + from_other[each] == whole)
    return frozenset(found)


@cache
def _distances(device: str) -> Mapping[int, Mapping[int, int]]:
    near = _neighbours(device)
    distances = {}
    for start in near:
        found, waiting = {start: 0}, deque([start])
        while waiting:
            each = waiting.popleft()
            for other in near[each]:
                if other not in found:
                    found[other] = found[each] + 1
                    waiting.append(other)
        distances[start] = found
    return distances


@cache
def _neighbours(device: str) -> Mapping[int, tuple[int, ...]]:
    snapshot = devices.snapshot(device)
    near: dict[int, set[int]] = {qubit: set() for qubit in range(snapshot.qubits)}
    for one, other in snapshot.coupling:
        near[one].add(other)
        near[other].add(one)
    return {qubit: tuple(sorted(others)) for qubit, others in near.items()}

"""From a circuit as it is given to what Aer gets: compiled, with noise, lowered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit import QuantumCircuit

from qee.runner.engines.aer.compiled import Compiled, as_written
from qee.runner.engines.aer.simulation import Simulation
from qee.sdk.outcomes import Options

if TYPE_CHECKING:  # their imports take a quarter of a second, and most jobs need none of them
    from qee.runner.engines.aer.channels import Noise
    from qee.runner.engines.aer.transpile import Compiler


@dataclass(frozen=True)
class Executable:
    """`circuit` is what Aer gets, noise included; `compiled` the same before noise and without its translation.

    `readout` is the part of the noise that Aer itself applies.
    """

    circuit: QuantumCircuit
    compiled: Compiled
    readout: Any = None


class Pipeline:
    """`noise` is None without noise. `memory`: what checking a compilation may have, in bytes."""

    def __init__(self, options: Options, simulation: Simulation, memory: int) -> None:
        self._simulation = simulation
        self.noise: Noise | None = None
        self._compiler: Compiler | None = None
        if options.noise is not None or options.transpile is not None:
            from qee.runner.engines.aer import noise, transpile

            self.noise = noise.noise_of(options.noise)
            self._compiler = transpile.Compiler(options.transpile, self.noise, options.seed, memory)

    def compiled(self, circuit: QuantumCircuit) -> Compiled:
        if self._compiler is None:
            return as_written(circuit)
        return self._compiler.compile(circuit, self._simulation.basis())

    def turned(self, state: QuantumCircuit, compiled: Compiled, basis: str) -> Compiled:
        """`state`, which was compiled to `compiled`, with every qubit measured in its letter's basis.

        On a device the turns follow the compiled circuit: each group compiled for itself might find other qubits.
        """
        from qee.runner.engines.aer.states import rotated

        if self._compiler is None or compiled.physical is None:
            return self.compiled(rotated(state, basis))
        return self._compiler.turned(compiled, basis)

    def executable(self, compiled: Compiled, method: str, added: QuantumCircuit | None = None) -> Executable:
        """With noise, lowered. `added` stands in for the compiled circuit: the same with instructions that save."""
        circuit = added or compiled.circuit
        if self.noise is None:
            return Executable(self._simulation.lowered(circuit, method), compiled)
        noisy = self.noise.applied(circuit, compiled.physical)
        readout = self.noise.model(circuit.num_qubits, compiled.physical)
        return Executable(self._simulation.lowered(noisy, method), compiled, readout)

    def readout(self, compiled: Compiled) -> list[tuple[float, float]] | None:
        """p(0|1) and p(1|0) of each qubit of the compiled circuit; None without noise."""
        if self.noise is None:
            return None
        return self.noise.readout(compiled.circuit.num_qubits, compiled.physical)

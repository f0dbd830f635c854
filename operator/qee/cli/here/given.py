"""What a command is given: a manifest, or a circuit's file, of which a job is made as by `qee init`."""

from collections.abc import Sequence

from qee.cli import manifest
from qee.cli.here import scaffold
from qee.cli.manifest import Manifest
from qee.cli.options import JobOptions
from qee.cli.problem import Problem
from qee.kube.port import Object

SHOTS = 1024  # of a circuit's file, as in `qee init`


def read(path: str, config_maps: Sequence[str] = (), *, values: bool = True) -> Manifest:
    """Raises Problem.

    values: a circuit with parameters is refused, for a sweep needs its values; else examples stand for them.
    """
    data = b"" if path == "-" else scaffold.read(path, manifest.MAX_BYTES)
    format_ = scaffold.format_of(path, data) if path.endswith(scaffold.PYTHON) else scaffold.recognised(path, data)
    if format_ is None:
        return manifest.read(path, config_maps)
    backend = "cirq" if format_ == "cirq-json" else "aer"
    made = manifest.of(scaffold.manifest(data, format_, scaffold.job_name(path), backend, SHOTS), path)
    free = made.jobs[0]["spec"]["circuits"][0].get("parameters")
    if values and free:
        raise Problem(
            f"{path}: the circuit has the parameters {', '.join(list(free)[:8])}; make a job of it with "
            f"`qee init {path} -o job.yaml`, and put their values there"
        )
    return made


def with_options(job: Object, choice: JobOptions) -> Object:
    """The job with --shots, for all of its circuits, and --seed in place of its own."""
    spec = dict(job["spec"])
    if choice.shots is not None:
        spec["shots"] = choice.shots
        spec["circuits"] = [
            {name: value for name, value in circuit.items() if name != "shots"}
            if isinstance(circuit, dict)
            else circuit
            for circuit in spec.get("circuits") or []
        ]
    if choice.seed is not None:
        spec["seed"] = choice.seed
    return {**job, "spec": spec}

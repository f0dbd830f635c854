"""Run a source through the runner's own code, in this process and without its sandbox."""

from qee.documents import CircuitRun, JobReference, ResultDocument, RunDocument, SimulatorOptions, check_result
from qee.runner.process import execute

JOB = JobReference("default", "physics", "00000000-0000-0000-0000-000000000000")


def run_document(
    source: str,
    format: str,
    engine: str,
    shots: int,
    seed: int = 7,
    method: str = "automatic",
    precision: str = "double",
) -> RunDocument:
    circuit = CircuitRun("circuit", format, source, shots)
    options = SimulatorOptions(method, precision)
    return RunDocument(JOB, engine, engine, seed, False, (circuit,), simulator=options)


def run(source: str, format: str, engine: str, shots: int = 1024, **options: object) -> ResultDocument:
    """The checked result; raises RunnerError. Options are those of `run_document`."""
    document = run_document(source, format, engine, shots, **options)  # type: ignore[arg-type]
    result = execute(document, 0, "none", 0.0)
    check_result(result, document)
    return result


def counts(source: str, format: str, engine: str, shots: int = 1024, **options: object) -> dict[str, int]:
    return dict(run(source, format, engine, shots, **options).results[0].counts)

"""What every vendor's compiler refuses alike, and the document that it ends with. No SDK in it.

Runs in the pod that compiles.
"""

import hashlib
from collections.abc import Collection, Sequence
from importlib.metadata import version

from qee import __version__
from qee.api.names import MAX_SUBMISSIONS
from qee.api.reasons import Reason
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.provenance import CompiledCircuit
from qee.documents.run import RunDocument
from qee.sdk.errors import RunnerError, invalid_spec, limit_exceeded


def document(
    run: RunDocument,
    target: bytes,
    provider: str,
    submissions: Sequence[Submission],
    circuits: Sequence[CompiledCircuit],
    *,
    simulated: bool,
    packages: Sequence[str],
) -> CompiledDocument:
    """`target`: the snapshot that was compiled for. `packages`: those whose versions decide what came of it."""
    return CompiledDocument(
        job=run.job,
        backend=run.backend,
        provider=provider,
        target_sha256=hashlib.sha256(target).hexdigest(),
        simulated=simulated,
        submissions=tuple(submissions),
        circuits=tuple(circuits),
        versions={"qee": __version__, **{name: version(name) for name in packages}},
    )


def invalid_option(path: str, message: str) -> RunnerError:
    return invalid_spec(f"spec.providerOptions.{path}: {message}")


def unknown_snapshot(what: str) -> RunnerError:
    return RunnerError(Reason.RUNNER_FAILED, f"the snapshot of the {what} is not of this version of the adapter")


def refuse_transpile(*fields: tuple[str, object, str], of: str = "") -> None:
    """Of each field of spec.transpile: its name, whether it is given although it may not be, and why not.

    `of`: whose rule it is, with a colon.
    """
    for field, given, why in fields:
        if given:
            raise invalid_spec(f"spec.transpile.{field}: {of}{why}")


def refuse_outputs(outputs: Sequence[str], given: Collection[str], device: str) -> None:
    for output in outputs:
        if output not in given:
            raise invalid_spec(f"spec.outputs: {device} does not give {output}; ask for {' or '.join(given)}")


def refuse_many(run: RunDocument, jobs: str) -> None:
    """Where each circuit with each row of its parameters is one of the provider's `jobs`."""
    number = sum(each.parameter_sets for each in run.circuits)
    if number > MAX_SUBMISSIONS:
        raise limit_exceeded(
            f"circuits and rows of parameters make {number} {jobs}, at most {MAX_SUBMISSIONS} go; split the job"
        )

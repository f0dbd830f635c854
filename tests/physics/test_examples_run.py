"""Every computed example, executed by the runner's own code, gives what its comment says and what the books say."""

import asyncio
from typing import cast

import pytest
import yaml
from tests.physics.example_checks import CHECKS, EXAMPLES

from qee.api.job import QuantumJob
from qee.controller.jobs import inputs
from qee.core.checks.prepare import run_document
from qee.documents import ResultDocument, check_result
from qee.kube.port import Port
from qee.runner.process import execute


@pytest.mark.parametrize("name", CHECKS)
def test_an_example_gives_what_the_books_say(name: str) -> None:
    manifest = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    manifest["metadata"] |= {"namespace": "default", "uid": "00000000-0000-0000-0000-000000000000"}
    job = QuantumJob.model_validate(manifest)
    sources = asyncio.run(inputs.sources(cast(Port, None), job))  # all inline: nobody is asked
    run = run_document(job, job.spec.backend_ref.name, sources)
    result = execute(run, 0, "none", 0.0)
    check_result(result, run)
    CHECKS[name](ResultDocument.from_bytes(result.to_bytes()))

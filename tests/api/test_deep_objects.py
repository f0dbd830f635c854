"""An object that is nested deeper than Python's reader of JSON goes by itself: the API server takes 10,000 levels."""

import json
import time
from collections.abc import Iterator

import pytest
from e2e.cluster.apiserver import ApiServer
from e2e.operator_process import OperatorProcess
from tests import builders
from tests.api.definitions import defined

DEPTH = 9900


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    server = ApiServer()
    try:
        server.start()
        defined(server)
        server.kubectl("apply", "-f", "-", input=json.dumps(builders.backend()))
        yield server
    finally:
        server.stop()


def deep(server: ApiServer, name: str) -> None:
    job = json.dumps(builders.job(name, providerOptions={"a": "?"}))
    job = job.replace('"?"', '{"a":' * DEPTH + "1" + "}" * DEPTH)
    server.kubectl("create", "--raw", "/apis/qee.dev/v1alpha1/namespaces/default/quantumjobs", "-f", "-", input=job)


def reason(server: ApiServer, name: str) -> str:
    path = '{.status.conditions[?(@.type=="Succeeded")].reason}'
    return server.kubectl("get", "quantumjob", name, "-o", f"jsonpath={path}")


def test_a_job_that_is_nested_ten_thousand_levels_deep_fails_alone(server: ApiServer) -> None:
    """Listed as the operator starts, and told by the watch afterwards."""
    deep(server, "before")
    with OperatorProcess(server.kubeconfig, {"aer": "qee-runner-aer:1"}):
        deep(server, "meanwhile")
        server.kubectl("create", "-f", "-", input=json.dumps(builders.job("ordinary")))
        end = time.monotonic() + 15
        while time.monotonic() < end:
            time.sleep(0.2)
            failed = [reason(server, name) for name in ("before", "meanwhile")]
            runs = server.kubectl("get", "jobs.batch", "-l", "qee.dev/job-name=ordinary", "-o", "name")
            if failed == ["InvalidSpec"] * 2 and runs:
                return
    raise AssertionError((failed, runs))

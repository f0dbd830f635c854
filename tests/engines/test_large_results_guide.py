"""What docs/guide/large-results.md shows, done: claim and job, the operator in memory, the real runner, `qee result`.

The volume is a directory; the pod's paths are replaced by the test's.
"""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from tests.cluster_simulation import Simulation
from tests.fakes.cli import Cli

from qee.api.names import INPUT_KEY, INPUT_PATH, RESULTS_MOUNT, RUNNER_CONTAINER
from qee.cli.show import references
from qee.documents.frame import decode
from qee.documents.reference import ResultReference
from qee.kube.port import Object
from qee.kube.resources import CLAIMS, PODS
from qee.kube.runner_pod import RUN_AS_USER

GUIDE = Path(__file__).parents[2] / "docs/guide/large-results.md"
KEY = ("default", "coins")


@pytest.fixture(scope="module")
def manifests() -> dict[str, Object]:
    """By kind."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    return {found["kind"]: found for found in map(yaml.safe_load, blocks)}


def placed(manifest: Object) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": "default"}}


def run_pod(simulation: Simulation, folder: Path) -> bytes:
    """What the kubelet does: the container's own command and arguments, where only paths are the test's. Its log."""
    (snapshot,) = simulation.config_maps("input")
    (folder / "run.json").write_text(snapshot["data"][INPUT_KEY])
    (container,) = simulation.child()["spec"]["template"]["spec"]["containers"]
    places = {
        f"--input={INPUT_PATH}": f"--input={folder}/run.json",
        f"--results={RESULTS_MOUNT}": f"--results={folder}/volume",
    }
    assert set(places) <= set(container["args"])
    words = [places.get(word, word) for word in container["args"]]
    done = subprocess.run(
        [sys.executable, "-m", *container["command"][3:], *words, f"--termination-log={folder}/termination-log"],
        capture_output=True,
        timeout=120,
        env={**os.environ, "JOB_COMPLETION_INDEX": "0"},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_the_guides_job_ends_on_the_guides_claim_and_qee_reads_it(
    manifests: dict[str, Object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = Simulation()
    simulation.api.put(CLAIMS, placed(manifests["PersistentVolumeClaim"]))
    simulation.given(placed(manifests["QuantumJob"]))
    asyncio.run(simulation.step(KEY))
    log = run_pod(simulation, tmp_path)
    pod = simulation.make_pod(phase="Succeeded", containerStatuses=[builders.container(builders.terminated(0))])
    simulation.api.set_log("default", pod["metadata"]["name"], RUNNER_CONTAINER, log)
    asyncio.run(simulation.step(KEY))

    status: Any = simulation.job("coins")["status"]
    assert status["phase"] == "Succeeded"
    uid = simulation.job("coins")["metadata"]["uid"]
    path = f"{uid}/1/result-0.json.gz"
    assert status["result"]["persistentVolumeClaim"]["files"] == [path]
    file = tmp_path / "volume" / path
    assert file.stat().st_size > 1_048_576
    reference = ResultReference.from_bytes(decode(log, f"{uid}.1", 0))
    assert reference.files[0].stored == file.stat().st_size

    qee = Cli(simulation.api, monkeypatch)
    told = qee("result", "coins").stdout
    assert f"kubectl cp -n default {references.POD}:{references.MOUNT}/{path} result-0.json.gz" in told
    kept = file.rename(tmp_path / "result-0.json.gz")
    done = qee("result", "coins", "--file", str(kept))
    assert done.exit_code == 0, done.stderr
    assert "500000 shots on aer (simulated)" in done.stdout
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    assert reference.files[0].sha256 in qee("result", "coins", "--file", str(kept)).stderr


def test_the_guides_pod_is_the_one_of_the_commands_and_may_read_what_the_runner_wrote(
    manifests: dict[str, Object],
) -> None:
    pod = manifests["Pod"]
    assert pod["metadata"]["name"] == references.POD
    (mount,) = pod["spec"]["containers"][0]["volumeMounts"]
    assert (mount["mountPath"], mount["readOnly"]) == (references.MOUNT, True)
    assert pod["spec"]["securityContext"]["fsGroup"] == RUN_AS_USER
    assert pod["spec"]["securityContext"]["supplementalGroups"] == [RUN_AS_USER]
    claim = manifests["PersistentVolumeClaim"]["metadata"]["name"]
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": claim}
    assert manifests["QuantumJob"]["spec"]["results"] == builders.results_on(claim)
    assert PODS.kind == pod["kind"]

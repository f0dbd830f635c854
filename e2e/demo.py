"""`make demo`: from nothing to the histogram of a signed Bell job on a real cluster. Run again, it goes on from there.

The key is a throwaway: it lies in build/demo without a passphrase, and is trusted in two namespaces of this cluster.
"""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from e2e import chart
from e2e.cluster.binaries import clients
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.choice import Cluster, cluster
from e2e.cluster.clients import kubectl
from e2e.cluster.images import PROGRAMS
from e2e.cluster.steps import ClusterError, say, span, step

NAMESPACE = "qee-demo"
FIRST = "bell"
PATIENCE = "240s"
HOME = Path("build/demo")
KEY, POLICY, RESULT_KEY = HOME / "key.pem", HOME / "policy.yaml", HOME / "result.pub"


class Demo:
    """The steps that a newcomer could type; each command is shown before its output."""

    def __init__(self, chosen: Cluster) -> None:
        self.cluster = chosen
        self.kubeconfig = chosen.kubeconfig

    def run(self) -> None:
        self._here()
        with step(f"Cluster ({self.cluster.name})"):
            self.cluster.up()
        with step("Images"):
            references = self.cluster.images(PROGRAMS)
        with step("Installing the CRDs (helm, charts/qee-crds)"):
            chart.install_crds(self.kubeconfig)
        with step("Installing QEE (helm, charts/qee)"):
            ours = () if self.cluster.name == "given" else chart.TAKE_OVER
            chart.install(self.kubeconfig, chart.image_values(references), *ours)
        with step(f"Making room in namespace {NAMESPACE}"):
            self._make_room()
        self._trust()
        self._refused()
        self._bell()
        self._others()
        self._how_to_go_on()

    def _here(self) -> None:
        """A result before the cluster, which takes minutes the first time."""
        self._qee("run", "--local", "-f", f"examples/{FIRST}.yaml")
        say("\nThat was this machine alone: the same runner, without admission. Now the same job on a cluster.\n")

    def _make_room(self) -> None:
        """Finished jobs are immutable: those of an earlier run are deleted, and their results with them."""
        namespace = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        kubectl(self.kubeconfig, "apply", "--filename=-", input=namespace)
        kubectl(self.kubeconfig, "delete", "quantumjobs", "--all", "--namespace", NAMESPACE, "--wait", "--timeout=60s")

    def _trust(self) -> None:
        """A key, and a policy that makes its signatures count."""
        HOME.mkdir(parents=True, exist_ok=True)
        if not KEY.exists():
            self._qee("key", "generate", "--out", str(KEY), "--no-passphrase")
        names = [word for namespace in (NAMESPACE, "default") for word in ("--namespace", namespace)]
        self._qee("key", "show", str(KEY), "--policy", "--name", NAMESPACE, "--holder", "demo", *names, into=POLICY)
        self._show("apply", "--filename", str(POLICY))

    def _refused(self) -> None:
        """The same job without a signature, for comparison."""
        words = ("apply", "--filename", f"examples/{FIRST}.yaml", "--namespace", NAMESPACE)
        say(f"\n$ kubectl {shlex.join(words)}")
        try:
            kubectl(self.kubeconfig, *words)
        except ClusterError as refusal:
            print(str(refusal).partition("\n")[2].strip(), flush=True)
            return
        raise ClusterError("A job without a signature was stored: this is a bug in QEE.")

    def _sign(self, name: str) -> Path:
        """The example, signed for this namespace."""
        out = HOME / f"{name}.yaml"
        self._qee("sign", "-f", f"examples/{name}.yaml", "--key", str(KEY), "-n", NAMESPACE, "-o", str(out))
        return out

    def _bell(self) -> None:
        self._show("apply", "--filename", str(self._sign(FIRST)))
        with step("From apply to Finished"):
            self._wait(f"quantumjob/{FIRST}")
        self._show("get", "quantumjob", FIRST)
        self._succeeded()
        name = self._query("get", "quantumjob", FIRST, "--output=jsonpath={.status.result.configMap}")
        document = self._query("get", "configmap", name, "--output=jsonpath={.data.result\\.json}")
        say(f"\nThe result, from ConfigMap {name}:")
        print(json.dumps(json.loads(document), indent=2), flush=True)
        (result,) = json.loads(document)["results"]
        if sum(result["counts"].values()) != result["shots"]:
            raise ClusterError(f"The counts of {FIRST} do not add up to {result['shots']} shots: this is a bug in QEE.")
        self._qee("result", FIRST, "--namespace", NAMESPACE)
        self._verified()

    def _verified(self) -> None:
        """The result's own signature. Who installs QEE hands its public key on; here that is us."""
        words = ("get", "configmap", "qee-result-pub", "--output=jsonpath={.data.result\\.pub}")
        RESULT_KEY.write_text(kubectl(self.kubeconfig, *words, f"--namespace={chart.NAMESPACE}"))
        self._qee("result", FIRST, "--verify", "--trust", str(RESULT_KEY), "--namespace", NAMESPACE)

    def _others(self) -> None:
        names = [path.stem for path in sorted((CHECKOUT / "examples").glob("*.yaml")) if path.stem != FIRST]
        say("\nThe other examples:")
        signed = [self._sign(name) for name in names]
        self._show("apply", *(f"--filename={path}" for path in signed))
        with step(f"{len(names)} more jobs"):
            self._wait("quantumjobs", "--all")
        self._show("get", "quantumjobs")
        self._succeeded()

    def _wait(self, *which: str) -> None:
        self._query("wait", "--for=condition=Finished", f"--timeout={PATIENCE}", *which)

    def _succeeded(self) -> None:
        """Raises ClusterError with what QEE says of the jobs that did not."""
        jobs = json.loads(self._query("get", "quantumjobs", "--output=json"))["items"]
        phases = Counter(job["status"]["phase"] for job in jobs)
        if set(phases) != {"Succeeded"}:
            lines = [
                f"{job['metadata']['name']}: {condition['reason']}: {condition['message']}"
                for job in jobs
                for condition in job["status"]["conditions"]
                if condition["type"] == "Succeeded" and condition["status"] != "True"
            ]
            raise ClusterError("Not every job succeeded.\n" + "\n".join(lines))

    def _query(self, *words: str) -> str:
        return kubectl(self.kubeconfig, *words, "--namespace", NAMESPACE)

    def _show(self, *words: str) -> None:
        say(f"\n$ kubectl {shlex.join([*words, '--namespace', NAMESPACE])}")
        print(self._query(*words).rstrip(), flush=True)

    def _qee(self, *words: str, into: Path | None = None) -> None:
        """Its output goes to the terminal, or into a file."""
        say(f"\n$ qee {shlex.join(words)}{f' > {into}' if into else ''}")
        command = [sys.executable, "-m", "qee.cli.main", *words]
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        with into.open("w") if into else contextlib.nullcontext() as out:
            done = subprocess.run(command, env=environment, stdout=out, check=False)
        if done.returncode:
            raise ClusterError(f"qee {words[0]} exited with {done.returncode}.")

    def _how_to_go_on(self) -> None:
        path = f'  export PATH="{clients()}:$PATH"\n' if shutil.which("kubectl") is None else ""
        given = self.cluster.name == "given"
        clean = (
            f"  kubectl delete namespace {NAMESPACE}\n  helm uninstall qee --namespace {chart.NAMESPACE}"
            if given
            else "  make clean    # the cluster is stopped and removed; caches stay"
        )
        export = f"export KUBECONFIG={self.kubeconfig}" if given else "export KUBECONFIG=$(make -s kubeconfig)"
        say(
            f"\nTo go on:\n{path}  {export}\n"
            f"  kubectl get quantumjobs --namespace {NAMESPACE}\n"
            f"  .venv/bin/qee run examples/bell.yaml --key {KEY} -n default\n"
            "  .venv/bin/qee result bell                       # .venv/bin/qee --help tells the rest\n"
            f"To clean up:\n{clean}"
        )


def main() -> None:
    started = time.monotonic()
    os.chdir(Path(CHECKOUT))
    try:
        Demo(cluster()).run()
    except ClusterError as failure:
        say(f"error: {failure}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("Interrupted. Run it again to go on from here, or `make clean`.")
        sys.exit(130)
    say(f"The demo took {span(time.monotonic() - started)}.")


if __name__ == "__main__":
    main()

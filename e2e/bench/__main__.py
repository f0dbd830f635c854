"""`python -m e2e.bench [--only PART ...] [--pairs N ...]`: writes build/bench.json and docs/benchmarks.md.

Figures of parts that are left out stay as they were.
"""

import argparse
import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from e2e import chart
from e2e.bench import admission, audit, connector, measure, programs, report, requests, rest, verification
from e2e.bench.statistics import percentile
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.choice import cluster
from e2e.cluster.images import PROGRAMS
from e2e.cluster.steps import say, step
from e2e.signing import Signer
from qee.api.names import RESULT_KEY
from qee.kube.client import KubeClient, connect
from qee.kube.port import AlreadyExists
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS, NAMESPACES, PODS

NAMESPACE = "qee-bench"


class Bench:
    """All measurements of one run, on one cluster."""

    def __init__(self, port: KubeClient, image: str, log: Path, signer: Signer) -> None:
        self.port = port
        self.signer = signer
        self.image = image
        self.log = log
        self.pid = measure.operator_pid()

    async def pairs(self, number: int) -> dict[str, Any]:
        """Alternating single runs. One pair before them warms the page cache and is not counted."""
        bare, quantum, ends, runner, script = [], [], [], [], []
        operator_writes: list[str] = []
        cpu = 0.0
        for index in range(-1, number):
            name = f"pair-{index + 1}"
            resource, body, done = measure.bare(name, NAMESPACE, self.image)
            seconds_bare = await measure.one(self.port, resource, body, done)
            usage = await self._script_usage(name)
            await measure.gone(self.port, CHILDREN, NAMESPACE, [name])

            mark, cpu_before = audit.Position.now(self.log), measure.cpu_seconds(self.pid)
            resource, body, done = measure.quantum(name, NAMESPACE, self.signer)
            seconds = await measure.one(self.port, resource, body, done)
            provenance = await self._provenance(name)
            await asyncio.sleep(1.0)  # what the operator may still write for this job counts as well
            entries = list(mark.entries())
            await measure.gone(self.port, JOBS, NAMESPACE, [name])
            if index < 0:
                continue
            bare.append(seconds_bare)
            quantum.append(seconds)
            script.append(usage)
            runner.append(provenance)
            cpu += measure.cpu_seconds(self.pid) - cpu_before
            operator_writes += audit.writes(entries)
            ended, told = audit.container_ends(entries), audit.job_ends(entries)
            ends.append((told[name] - min(ended.values())).total_seconds())
            say(f"pair {index + 1:2}: bare Job {seconds_bare:5.2f} s, QuantumJob {seconds:5.2f} s")
        ratios = {p: percentile(quantum, s) / percentile(bare, s) for p, s in (("p50", 0.5), ("p95", 0.95))}
        return {
            "overhead": {
                "pairs": number,
                "bare_p50_s": percentile(bare, 0.5),
                "bare_p95_s": percentile(bare, 0.95),
                "quantumjob_p50_s": percentile(quantum, 0.5),
                "quantumjob_p95_s": percentile(quantum, 0.95),
                "p50_ratio": ratios["p50"],
                "p95_ratio": ratios["p95"],
                "finished_after_termination_p50_s": percentile(ends, 0.5),
                "finished_after_termination_p95_s": percentile(ends, 0.95),
            },
            "operator_writes_per_job": len(operator_writes) / number,
            "operator_writes": sorted({w: operator_writes.count(w) / number for w in set(operator_writes)}.items()),
            "operator_cpu_ms_per_job": 1000 * cpu / number,
            "runner_cpu_ms": percentile([1000 * float(p["cpuSeconds"]) for p in runner], 0.5),
            "runner_rss_mib": percentile([p["maxRssMiB"] for p in runner], 0.5),
            "script_cpu_ms": percentile([s["cpu_ms"] for s in script], 0.5),
            "script_rss_mib": percentile([s["rss_mib"] for s in script], 0.5),
        }

    async def crowd(self, number: int) -> dict[str, Any]:
        """As many at once, of each kind in turn."""
        jobs = [measure.bare(f"crowd-{i}", NAMESPACE, self.image) for i in range(number)]
        with step(f"{number} bare Jobs at once"):
            bare = await measure.crowd(self.port, CHILDREN, [body for _, body, _ in jobs], jobs[0][2])
        names = [f"crowd-{i}" for i in range(number)]
        await measure.gone(self.port, CHILDREN, NAMESPACE, names)
        quantum_jobs = [measure.quantum(f"crowd-{i}", NAMESPACE, self.signer) for i in range(number)]
        mark, cpu = audit.Position.now(self.log), measure.cpu_seconds(self.pid)
        with step(f"{number} QuantumJobs at once"):
            quantum = await measure.crowd(self.port, JOBS, [body for _, body, _ in quantum_jobs], quantum_jobs[0][2])
        await asyncio.sleep(1.0)
        found = {
            "crowd": {
                "jobs": number,
                "bare_s": bare,
                "quantumjob_s": quantum,
                "operator_writes_per_job": len(audit.writes(mark.entries())) / number,
                "operator_cpu_ms_per_job": 1000 * (measure.cpu_seconds(self.pid) - cpu) / number,
            },
            "jobs_per_second_ratio": bare / quantum,
            "operator_rss_mib": measure.rss_mib(self.pid),
        }
        await measure.gone(self.port, JOBS, NAMESPACE, names)
        return found

    async def quiescent(self, seconds: int) -> dict[str, Any]:
        """The operator's object writes while nothing happens."""
        name = "quiet"
        resource, body, done = measure.quantum(name, NAMESPACE, self.signer)
        await measure.one(self.port, resource, body, done)
        await asyncio.sleep(40)  # past the look at what lingers, 30 s after the end
        mark = audit.Position.now(self.log)
        await asyncio.sleep(seconds)
        found = audit.writes(mark.entries())
        await measure.gone(self.port, JOBS, NAMESPACE, [name])
        return {"quiescent_writes": len(found), "quiescent_seconds": seconds}

    async def _provenance(self, name: str) -> dict[str, Any]:
        stored = await self.port.get(CONFIG_MAPS, NAMESPACE, f"{name}-result")
        provenance: dict[str, Any] = json.loads(stored["data"][RESULT_KEY])["provenance"]
        return provenance

    async def _script_usage(self, name: str) -> dict[str, Any]:
        pods = [pod async for pod in self.port.list(PODS, NAMESPACE, labels=f"batch.kubernetes.io/job-name={name}")]
        log = await self.port.log(NAMESPACE, pods[0]["metadata"]["name"], "circuit")
        usage: dict[str, Any] = json.loads(log.decode().strip().splitlines()[-1])
        if sum(usage["counts"].values()) != 4096:
            raise RuntimeError(f"the bare Job's counts do not add up: {usage}")
        return usage


async def on_a_node(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What needs pods: `jobs`, `requests` or `programs`."""
    chosen = cluster()
    with step(f"Cluster ({chosen.name})"):
        chosen.up()
    log = chosen.audit_log
    if log is None:
        raise SystemExit("The figures come from the API server's audit log, which this cluster keeps out of reach.")
    with step("Images"):
        references = chosen.images(PROGRAMS)
        installs = requests.installs(chosen.kubeconfig, references, arguments.baseline if part == "requests" else None)
    with step("QEE"):
        chart.install_crds(chosen.kubeconfig)
        chart.install(chosen.kubeconfig, chart.image_values(references), *chart.TAKE_OVER)
    port = await connect(str(chosen.kubeconfig), user_agent="qee-bench")
    signer = Signer(chosen.kubeconfig, NAMESPACE, [NAMESPACE])
    try:
        with contextlib.suppress(AlreadyExists):
            await port.create(NAMESPACES, None, {"metadata": {"name": NAMESPACE}})
        signer.install()
        if part == "programs":
            with step("Programs"):
                compared = programs.Programs(port, NAMESPACE, references["runner-aer"], signer)
                return {"programs": await compared.measured(arguments.large)}
        if part == "requests":
            counted = requests.Requests(port, NAMESPACE, log, signer)
            return {"requests": await requests.measured(counted, installs, arguments.rounds)}
        bench = Bench(port, references["runner-aer"], log, signer)
        with step(f"{arguments.pairs} alternating pairs"):
            figures = await bench.pairs(arguments.pairs)
        with step(f"Nothing for {arguments.quiet} s"):
            figures |= await bench.quiescent(arguments.quiet)
        figures |= await bench.crowd(arguments.crowd)
        return figures
    finally:
        signer.remove()
        await port.close()


def measured(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The part's figures, with when and how busy the machine was before."""
    context = {"date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "load": os.getloadavg()[0]}
    if part == "verification":
        with step("Verification"):
            found: dict[str, Any] = {"verification_ms": verification.measured()}
    elif part == "rest":
        found = {"rest": asyncio.run(rest.measured(arguments.jobs, arguments.quiet, arguments.baseline))}
    elif part == "connector":
        found = asyncio.run(connector.measured())
    elif part == "admission":
        found = {"admission": asyncio.run(admission.measured(arguments.slices))}
    else:
        found = asyncio.run(on_a_node(part, arguments))
    return found | {"measured": {part: context}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m e2e.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=report.PARTS, help="this part; may be given again")
    parser.add_argument("--pairs", type=int, default=30, help="alternating pairs of single runs (default 30)")
    parser.add_argument("--crowd", type=int, default=200, help="jobs at once (default 200)")
    parser.add_argument("--large", type=int, default=7, help="alternating pairs of a 20-qubit circuit (default 7)")
    parser.add_argument("--quiet", type=int, default=60, help="seconds of watching an idle operator (default 60)")
    parser.add_argument(
        "--slices", type=int, default=10, help="slices of 3 s with and without the webhook (default 10)"
    )
    parser.add_argument("--rounds", type=int, default=2, help="of 20 jobs in turn and 50 at once (default 2)")
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs of each kind beside an operator at rest")
    parser.add_argument(
        "--baseline", type=Path, help="an older checkout with its .venv, whose operator is measured beside this one's"
    )
    arguments = parser.parse_args()
    stored = CHECKOUT / "build/bench.json"
    stored.parent.mkdir(exist_ok=True)
    figures: dict[str, Any] = json.loads(stored.read_text()) if arguments.only and stored.exists() else {}
    for part in arguments.only or report.PARTS:
        found = measured(part, arguments)
        figures |= found | {"measured": figures.get("measured", {}) | found["measured"]}
        stored.write_text(json.dumps(figures, indent=1) + "\n")
    (CHECKOUT / "docs/benchmarks.md").write_text(report.page(figures))
    say(report.verdict(figures))


if __name__ == "__main__":
    main()

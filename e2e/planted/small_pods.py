"""An operator that gives a job named out-of-memory a pod in which its runner cannot even start."""

from typing import Any

from qee.app import main
from qee.core.checks import prepare, sizing

resources = sizing.resources


def small(job: Any, *others: Any) -> dict[str, Any]:
    found = resources(job, *others)
    if job.metadata.name != "out-of-memory":
        return found
    return {"requests": {**found["requests"], "memory": "48Mi"}, "limits": {**found["limits"], "memory": "48Mi"}}


prepare.sizing.resources = small

if __name__ == "__main__":
    main()

"""An operator whose child names are no function of the attempt: what a kill makes it forget, it creates a second time."""

import secrets
from typing import Any

from qee.app import main
from qee.kube import manifests

child_job = manifests.child_job


def unnamed(*arguments: Any, **options: Any) -> Any:
    child = child_job(*arguments, **options)
    child["metadata"]["name"] = f"{child['metadata']['name']}-{secrets.token_hex(2)}"
    return child


manifests.child_job = unnamed

if __name__ == "__main__":
    main()

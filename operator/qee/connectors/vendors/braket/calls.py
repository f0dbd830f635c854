"""The calls to Amazon Braket and S3, each one request.

botocore is what AwsSession of Braket's SDK calls, too; asked directly it takes a clientToken and starts in a tenth of
the time. Its retries are off by its own public setting.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.credentials import AssumeRoleWithWebIdentityProvider, ContainerProvider, CredentialResolver
from botocore.session import Session

from qee.connectors.answers import same
from qee.connectors.protocol import Ambiguous, Gone, Rejected, Unreachable
from qee.connectors.vendors.braket.device import KEY_TAG
from qee.connectors.vendors.braket.errors import mapped
from qee.connectors.vendors.braket.settings import Access

CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"total_max_attempts": 1, "mode": "standard"},
    ignore_configured_endpoint_urls=True,
    user_agent_extra="qee",
)
_CLOCKS = timedelta(minutes=15)  # by which ours and AWS's may differ; beyond it AWS refuses signatures
_AT_ONCE = 10  # values of a filter
_TASK = re.compile(r"arn:aws[a-z-]*:braket:[a-z0-9-]+:\d{12}:quantum-task/[A-Za-z0-9-]{1,128}")
_PAGE = 100


def _session(access: Access) -> Session:
    """One that reads neither AWS's files in the home directory nor its variables but those of workload identity."""
    nothing = dict.fromkeys(("profile", "region"), (None, None, None, None))
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = Session(session_vars={**nothing, **files})
    if access.key_id:
        session.set_credentials(access.key_id, access.secret, access.token or None)
        return session

    def sts(service: str, config: Config) -> Any:
        return session.create_client(
            service, region_name=access.region, endpoint_url=access.endpoint or None, config=CONFIG.merge(config)
        )

    providers = [AssumeRoleWithWebIdentityProvider(dict, sts, profile_name="default"), ContainerProvider()]
    session.register_component("credential_provider", CredentialResolver(providers))
    return session


class Service:
    """Braket, and S3 for results, in the device's region."""

    def __init__(self, access: Access) -> None:
        self._access = access
        with mapped("open"):
            session = _session(access)
            place = {"region_name": access.region, "endpoint_url": access.endpoint or None}
            self._braket = session.create_client("braket", config=CONFIG, **place)
            style = Config(s3={"addressing_style": "path"} if access.endpoint else {})
            self._s3 = session.create_client("s3", config=CONFIG.merge(style), **place)

    def device(self) -> Mapping[str, Any]:
        with mapped("describe", absent=Rejected):
            found: Mapping[str, Any] = self._braket.get_device(deviceArn=self._access.device)
            return found

    def create(self, key: str, payload: bytes) -> str:
        content = json.loads(payload)
        if content["deviceArn"] != self._access.device:
            raise Rejected(
                f"the submission is for {content['deviceArn']}, the backend's device is {self._access.device}"
            )
        with mapped("submit", absent=Ambiguous):
            answer = self._braket.create_quantum_task(
                **content,
                clientToken=key,
                outputS3Bucket=self._access.bucket,
                outputS3KeyPrefix=f"{self._access.prefix}/{key}",
                tags={KEY_TAG: key},
            )
            return _arn(answer["quantumTaskArn"])

    def since(self, moment: str) -> Iterator[Mapping[str, Any]]:
        """The device's tasks since then. The search has no filter on tags."""
        start = (datetime.fromisoformat(moment) - _CLOCKS).isoformat(timespec="seconds").replace("+00:00", "Z")
        created = {"name": "createdAt", "operator": "GTE", "values": [start]}
        device = {"name": "deviceArn", "operator": "EQUAL", "values": [self._access.device]}
        return self._search("find", [device, created])

    def listed(self, handles: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for first in range(0, len(handles), _AT_ONCE):
            values = list(handles[first : first + _AT_ONCE])
            tasks = self._search("status", [{"name": "quantumTaskArn", "operator": "EQUAL", "values": values}])
            found.update({task["quantumTaskArn"]: task for task in tasks if task["quantumTaskArn"] in values})
        return found

    def _search(self, call: str, filters: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
        more: dict[str, str] = {}
        while True:
            with mapped(call):
                page = self._braket.search_quantum_tasks(filters=filters, maxResults=_PAGE, **more)
                tasks, following = page["quantumTasks"], page.get("nextToken")
                for task in tasks:
                    _arn(task["quantumTaskArn"])
            yield from tasks
            if not following:
                return
            more = {"nextToken": following}

    def task(self, handle: str, *, queue: bool) -> Mapping[str, Any] | None:
        """None: Braket does not know it."""
        asked = {"additionalAttributeNames": ["QueueInfo"]} if queue else {}
        try:
            with mapped("status" if queue else "fetch"):
                found: Mapping[str, Any] = self._braket.get_quantum_task(quantumTaskArn=handle, **asked)
                found["status"]  # as in `cancel`
                same("status" if queue else "fetch", "the task", found["quantumTaskArn"], handle)
                return found
        except Gone:
            return None

    def ended(self, handle: str) -> Mapping[str, Any]:
        task = self.task(handle, queue=False)
        if task is None:
            raise Gone("fetch: Amazon Braket does not know the task")
        return task

    def result(self, task: Mapping[str, Any], most: int) -> bytes | None:
        """The result document of a task that has ended, as it lies in S3; None where it has more than `most` bytes."""
        with mapped("fetch", absent=Unreachable):
            place = f"{task['outputS3Directory']}/results.json"
            answer = self._s3.get_object(Bucket=task["outputS3Bucket"], Key=place)
            content: bytes = answer["Body"].read(most + 1)
            return content if len(content) <= most else None

    def cancel(self, handle: str) -> None:
        with mapped("cancel"):
            answer = self._braket.cancel_quantum_task(quantumTaskArn=handle)
            answer["cancellationStatus"]  # botocore takes what is no JSON for an empty answer


def _arn(value: Any) -> str:
    """Raises ValueError where it is the ARN of no task."""
    if not isinstance(value, str) or not _TASK.fullmatch(value):
        raise ValueError
    return value

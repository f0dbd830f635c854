"""The calls to one workspace of Azure Quantum, by azure-quantum's generated REST client.

The SDK's `Workspace` is not used: it reads a dozen environment variables, asks the resource manager for what the
options say already, and takes neither timeouts nor retries. `WorkspaceClient` is the client that it wraps.
"""

import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.core.pipeline.policies import AzureKeyCredentialPolicy, RedirectPolicy, RetryPolicy
from azure.identity import WorkloadIdentityCredential
from azure.quantum._client import WorkspaceClient
from azure.quantum._client.models import BlobDetails, JobDetails
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from qee.connectors.protocol import Ambiguous, Gone, Rejected, Unauthorized, Unreachable
from qee.connectors.vendors.azure.errors import mapped
from qee.connectors.vendors.azure.settings import Access

KEY_HEADER = "x-ms-quantum-api-key"
NAME = "qee-"  # what the names of QEE's jobs begin with
_TRANSPORT: dict[str, Any] = {
    "connection_timeout": 10,  # seconds; the SDK's are 300, a call's deadline is 60
    "read_timeout": 30,
    "connection_verify": os.environ.get("SSL_CERT_FILE") or True,  # requests does not look for it by itself
}
_NO_RETRIES = {"retry_total": 0, **_TRANSPORT}
_PAGE = 100
_PAGES = 20  # of a listing
_AT_ONCE = 8  # requests: 300 jobs one after the other would take longer than a call may


class Service:
    """One workspace. Raises ProviderErrors."""

    def __init__(self, access: Access) -> None:
        self._scope, self._key = access.scope, access.key
        self._client = _client(access)

    def targets(self) -> dict[str, tuple[str, Any]]:
        """Every target of the workspace: its provider's id and its status, by its name."""
        with mapped("describe", self._key, absent=Rejected):
            providers = list(self._client.services.providers.list(*self._scope, **_purpose("target")))
            return {each.id: (provider.id, each) for provider in providers for each in provider.targets}

    def create(self, name: str, key: str, content: Mapping[str, Any]) -> None:
        """Nothing is taken before the last of three calls: a blob's address, the blob, the job."""
        with mapped("submit", self._key):
            container = self._blob_address("upload", _container(name))
            job = JobDetails(
                name=f"{NAME}{key}",
                provider_id=content["providerId"],
                target=content["target"],
                container_uri=container,
                input_data_uri=_upload(container, content["inputData"].encode(), content["contentType"]),
                input_data_format=content["inputDataFormat"],
                output_data_format=content["outputDataFormat"],
                input_params=content["inputParams"],
                priority=content.get("priority"),
                metadata={"qee.dev/key": key},
            )
            taken = self._client.services.jobs.create(*self._scope, name, job, **_purpose("submit"))
            if taken.id != name:
                raise Ambiguous("submit: Azure Quantum's answer names another job")

    def job(self, name: str, call: str) -> Any:
        """None: the service does not know it. `call`: what it is asked for."""
        try:
            with mapped(call, self._key):
                job = self._client.services.jobs.get(*self._scope, name, **_purpose(call))
                if job.id != name:
                    raise Unreachable(f"{call}: Azure Quantum's answer names another job")
                return job
        except Gone:
            return None

    def jobs(self, names: Collection[str], call: str) -> dict[str, Any]:
        """Each by its id, for the service has no call for several; without those that it does not know."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip(names, pool.map(lambda name: self.job(name, call), names), strict=True))
        return {name: job for name, job in found.items() if job is not None}

    def listed(self, wanted: set[str]) -> dict[str, Any]:
        """Those jobs that the listing shows, the newest first, read until all are found."""
        found: dict[str, Any] = {}
        with mapped("status", self._key, absent=Unreachable):
            pages = self._client.services.jobs.list(
                *self._scope,
                filter=f"startswith(Name, '{NAME}')",
                orderby="CreationTime desc",
                top=_PAGE,
                **_purpose("status"),
            ).by_page()
            for _, page in zip(range(_PAGES), pages, strict=False):
                found.update({job.id: job for job in page if job.id in wanted})
                if len(found) == len(wanted):
                    break
        return found

    def output(self, job: Any, most: int) -> bytes | None:
        """What its provider has written; None where that is longer than `most` bytes."""
        with mapped("fetch", self._key, absent=Unreachable):
            place = BlobClient.from_blob_url(job.output_data_uri)
            if place.container_name != _container(job.id):
                raise Unreachable("fetch: Azure Quantum names a result that is in the container of another job")
            address = self._blob_address("fetch", place.container_name, place.blob_name)
            found = BlobClient.from_blob_url(address, **_NO_RETRIES).download_blob(0, most + 1).readall()
            return bytes(found) if len(found) <= most else None

    def cancel(self, name: str) -> None:
        with mapped("cancel", self._key):
            try:
                self._client.services.jobs.cancel(*self._scope, name, **_purpose("cancel"))
            except HttpResponseError as error:
                if error.status_code != 204:  # what the service answers; the SDK expects 200, and says so
                    raise

    def _blob_address(self, call: str, container: str, blob: str | None = None) -> str:
        """With a token in it. The service makes the container where there is none."""
        details = BlobDetails(container_name=container, blob_name=blob)
        answer = self._client.services.storage.get_sas_uri(*self._scope, blob_details=details, **_purpose(call))
        return str(answer.sas_uri)


def _container(name: str) -> str:
    """Where the job's program is, and its result will be."""
    return f"job-{name}"


def _client(access: Access) -> WorkspaceClient:
    """Without retries and redirects: a second PUT is QEE's to decide, and a redirect would carry the key elsewhere."""
    os.environ["NETRC"] = os.devnull  # or requests would add what ~/.netrc has for the host
    options: dict[str, Any] = {
        "retry_policy": RetryPolicy.no_retries(),
        "redirect_policy": RedirectPolicy.no_redirects(),
        **_TRANSPORT,
    }
    if not access.key:
        return WorkspaceClient(endpoint=access.endpoint, credential=_workload_identity(access), **options)
    credential = AzureKeyCredential(access.key)
    options["authentication_policy"] = AzureKeyCredentialPolicy(credential, KEY_HEADER)
    return WorkspaceClient(endpoint=access.endpoint, credential=credential, **options)


def _workload_identity(access: Access) -> WorkloadIdentityCredential:
    given = {name: value for name, value in (("tenant_id", access.tenant), ("client_id", access.client)) if value}
    try:
        return WorkloadIdentityCredential(**given, **_NO_RETRIES)
    except ValueError:
        raise Unauthorized(
            "no credential: the backend names no Secret, and the pod has no Azure workload identity; add one of them"
        ) from None


def _purpose(call: str) -> dict[str, str]:
    """Tells Azure's support, and the tests' stand-in, what a request is for: several calls read the same address."""
    return {"user_agent": f"qee-{call}"}


def _upload(container: str, data: bytes, content_type: str) -> str:
    """The blob's URL, without the token. One that is there stays: the container's name comes from the bytes' key."""
    blob = ContainerClient.from_container_url(container, **_NO_RETRIES).get_blob_client("inputData")
    try:
        blob.upload_blob(data, overwrite=False, content_settings=ContentSettings(content_type=content_type))
    except ResourceExistsError as error:
        if getattr(error, "error_code", None) != "BlobAlreadyExists":
            raise
    return str(blob.url).partition("?")[0]

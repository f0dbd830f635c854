"""Errors of botocore in words of the protocol."""

from contextlib import AbstractContextManager
from functools import partial

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from qee.api.messages import one_line
from qee.connectors.protocol import Gone, ProviderError, Rejected, Unauthorized
from qee.connectors.vendors import errors
from qee.connectors.vendors.errors import says
from qee.connectors.wording import clean

_NOT_RECOGNISED = (
    "AccessDenied",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_TABLE: tuple[errors.Row, ...] = (
    (
        (
            CredentialRetrievalError,
            InvalidConfigError,
            MetadataRetrievalError,
            NoCredentialsError,
            PartialCredentialsError,
        ),
        says("no credential ({error}); give the backend a Secret or its pod a role", Unauthorized),
    ),
    (
        ParamValidationError,
        says("the SDK refuses the request before it is sent; the adapter and the SDK differ", Rejected),
    ),
    (BotoCoreError, says("no answer from AWS that can be read ({error}); see its status")),
    ((ValueError, TypeError, KeyError, AttributeError, OSError), says("the answer of AWS cannot be read ({error})")),
)


def mapped(call: str, *, absent: type[ProviderError] = Gone) -> AbstractContextManager[None]:
    """`absent`: what a 404 is. AWS answers a wrong signature with the text that should have been signed, token
    included: of an answer only code and message are told.
    """
    return errors.mapped(call, (ClientError, partial(_answered, absent)), *_TABLE)


def _answered(absent: type[ProviderError], call: str, error: ClientError) -> ProviderError:
    told, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode", 0))
    code = one_line(told.get("Code", ""))[:64]
    said = f"{call}: AWS says HTTP {status} {code}"
    if (
        status in (401, 403)
        or code in _NOT_RECOGNISED
        or (error.operation_name == "AssumeRoleWithWebIdentity" and 400 <= status < 500)
    ):
        status = 401
    elif message := clean(told.get("Message", ""), 200):
        said = f"{said}: {message}"
    if code == "ThrottlingException" and status != 401:
        status = 429
    credential = f"check the keys or the role, and that its policy allows {error.operation_name}"
    return errors.of_status(
        call, status, said, credential, about.get("HTTPHeaders", {}).get("retry-after"), {404: absent}
    )

"""The SDK's HTTP session with what it lacks: an end to every wait, a bound on every answer, and no second POST."""

import time
from collections.abc import Callable
from typing import Any

from ibm_cloud_sdk_core import ApiException, IAMTokenManager
from qiskit_ibm_runtime.api.session import RetrySession
from requests import ConnectionError, PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from qee.connectors.protocol import Throttled, Unauthorized, Unreachable
from qee.documents.canonical import DocumentError, check_structure

TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two bytes of an answer
BRIEF = (5.0, 5.0)  # of an answer that we can do without
MAX_ANSWER = 16 * 2**20  # bytes, unpacked; a device of 156 qubits takes 0.6 MB
_CHUNK = 16 * 1024  # a packed chunk of it unpacks to 16 MiB at most


class TooLarge(RequestException):  # type: ignore[misc]
    """An answer beyond its bound."""


class Session(RetrySession):  # type: ignore[misc]
    """The SDK's session, without its retries, and never without a timeout. `limit`: bytes of an answer."""

    def __init__(self, base_url: str, auth: AuthBase) -> None:
        super().__init__(base_url, auth=auth, timeout=TIMEOUT)
        self.limit = MAX_ANSWER
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Bounded(self))

    def request(self, method: str, url: str, bare: bool = False, **arguments: Any) -> Response:
        if arguments.get("timeout") is not BRIEF:
            arguments["timeout"] = TIMEOUT  # Runtime.program_run asks for 900 s
        if method.upper() != "GET":
            arguments["allow_redirects"] = False  # 307 and 308 repeat a POST
        return super().request(method, url, bare, **arguments)


class _Bounded(HTTPAdapter):  # type: ignore[misc]
    """Reads an answer whole, however it is packed, up to the session's limit."""

    def __init__(self, session: Session) -> None:
        super().__init__(max_retries=0)
        self._session = session

    def send(self, request: PreparedRequest, stream: bool = False, **arguments: Any) -> Response:
        response = super().send(request, stream=True, **arguments)
        end = time.monotonic() + 2 * arguments["timeout"][1]
        parts: list[bytes] = []
        size = 0
        try:
            while part := _next(response):
                parts.append(part)
                size += len(part)
                if size > self._session.limit:
                    raise TooLarge(f"the answer has more than {self._session.limit} bytes")
                if time.monotonic() > end:
                    raise TooLarge("the answer does not come to an end")
            content = b"".join(parts)
            check_structure(content, "answer")
        except (TooLarge, DocumentError) as error:
            response.close()
            raise TooLarge(str(error)) from None
        response._content, response._content_consumed = content, True
        return response


def _next(response: Response) -> bytes:
    """What has come of the answer meanwhile, unpacked; empty at its end."""
    try:
        part: bytes = response.raw.read1(_CHUNK, decode_content=True)
    except (HTTPError, OSError) as error:
        raise ConnectionError(str(error), response=None) from error
    return part


class Token(AuthBase):  # type: ignore[misc]
    """Access tokens for an API key. Where none can be had the request is not made; the key goes to IAM only."""

    def __init__(self, key: str, instance: str, url: str) -> None:
        self._make: Callable[[], IAMTokenManager] = lambda: IAMTokenManager(key, url=url)
        self._instance = instance
        self._tokens = self._make()

    def forget(self) -> None:
        self._tokens = self._make()

    def get(self) -> str:
        try:
            return str(self._tokens.get_token())
        except ApiException as error:
            if error.status_code in (400, 401, 403):
                raise Unauthorized(
                    f"IBM Cloud IAM refuses the API key ({error.status_code}); replace `token` in the backend's Secret"
                ) from None
            if error.status_code == 429:
                raise Throttled("IBM Cloud IAM answers 429") from None
            raise Unreachable(f"IBM Cloud IAM answers {error.status_code}") from None
        except (RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable(f"IBM Cloud IAM gives no token: {type(error).__name__}") from None
        except Exception as error:  # PyJWT's own, for what is no token
            raise Unreachable(f"IBM Cloud IAM gives no token that can be read: {type(error).__name__}") from None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update({"Service-CRN": self._instance, "Authorization": f"Bearer {self.get()}"})
        return request

"""The compiler of a provider's adapter, as it is installed."""

from qee.api.reasons import Reason
from qee.sdk.adapters import Compiler, NoAdapter, adapter
from qee.sdk.errors import RunnerError


def compiler(provider: str) -> type[Compiler]:
    """Raises RunnerError where the provider's adapter is not installed."""
    try:
        found: type[Compiler] = adapter(provider)
    except NoAdapter:
        message = f"the adapter of provider {provider} is not installed in this image"
        raise RunnerError(Reason.RUNNER_FAILED, message) from None
    return found

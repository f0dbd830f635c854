"""The price list of a backend: a ConfigMap in QEE's own namespace, where no tenant writes."""

from qee.api.backend import QuantumBackend
from qee.api.names import PRICES_KEY
from qee.api.reasons import Reason
from qee.core.money import cost
from qee.core.money.cost import PriceList
from qee.core.refusal import refused
from qee.kube.port import NotFound, Port
from qee.kube.resources import CONFIG_MAPS


async def prices(port: Port, namespace: str | None, backend: QuantumBackend) -> PriceList | None:
    """The list that the backend names; None where it names none. Raises `Refused` where it cannot be read."""
    if backend.spec.prices is None or namespace is None:
        return None
    name = backend.spec.prices.config_map_ref.name
    where = f"QuantumBackend {backend.metadata.name!r}, spec.prices: ConfigMap {namespace}/{name}"
    try:
        text = (await port.get(CONFIG_MAPS, namespace, name))["data"][PRICES_KEY]
        return cost.read(text)
    except (NotFound, KeyError):
        raise refused(Reason.NO_PRICE, f"{where} has no key {PRICES_KEY}.") from None
    except cost.PriceProblem as problem:
        raise refused(Reason.NO_PRICE, f"{where}, {PRICES_KEY}: {problem}.") from None

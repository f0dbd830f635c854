"""How the client of the API server is made."""

from typing import Any

import pytest

from qee.kube import client


async def test_in_a_pod_no_request_looks_for_proxies_or_a_netrc(monkeypatch: pytest.MonkeyPatch) -> None:
    def incluster(client_configuration: Any) -> None:
        client_configuration.host = "https://10.96.0.1"

    monkeypatch.setattr(client.kube_config, "load_incluster_config", incluster)
    port = await client.connect()
    session = port.transport.rest_client._create_pool_manager()
    try:
        assert session.trust_env is False
    finally:
        await session.close()
        await port.close()

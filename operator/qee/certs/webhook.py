"""The webhook's certificate and who signs it, round by round.

Three objects, always written in this order, each write bound to what was read: the authority's Secret, `caBundle` of
the webhook's configuration, the certificate's Secret. Killed between any two of them, or run twice at a time, the next
round goes on from what is there. API servers never meet a certificate that their `caBundle` does not cover:

- an authority that replaces another is trusted beside it until that one expires, and what it signed ends before that;
- a certificate is replaced long before it ends, since the kubelet takes a minute or two to bring the new one;
- a new authority signs only when API servers have had `settleSeconds` to hear of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from qee.certs.authority import (
    Pair,
    Unreadable,
    bundle_pem,
    covered,
    due,
    expired,
    fingerprint,
    is_for,
    issue,
    joined,
    new_authority,
    read_bundle,
)
from qee.certs.objects import patch_data, trusted, trusting, value
from qee.certs.settings import Settings
from qee.kube.port import Object, Port
from qee.kube.resources import SECRETS, WEBHOOK_CONFIGURATIONS

AUTHORITY_CERTIFICATE, AUTHORITY_KEY = "ca.crt", "ca.key"
CERTIFICATE, KEY = "tls.crt", "tls.key"


@dataclass(frozen=True)
class Expiry:
    """When the authority and the certificate end; None: there is none (yet)."""

    authority: datetime | None = None
    leaf: datetime | None = None


class WebhookCertificates:
    """`round` does what is to be done now, and tells what it did. `expiry` is what the last round found."""

    def __init__(self, port: Port, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._settings = settings
        self._clock = clock
        self._trusted_since: dict[str, float] = {}
        self.expiry = Expiry()

    async def round(self, now: datetime) -> list[str]:
        """Raises ApiError, after which the next round goes on."""
        done: list[str] = []
        authority, bundle = await self._authority(now, done)
        bundle = await self._trust(bundle, now, done)
        leaf = await self._leaf(authority, bundle, now, done)
        self.expiry = Expiry(authority.certificate.not_valid_after_utc, leaf.certificate.not_valid_after_utc)
        return done

    async def _authority(self, now: datetime, done: list[str]) -> tuple[Pair, list[x509.Certificate]]:
        secret = await self._secret("ca")
        known = read_bundle(value(secret, AUTHORITY_CERTIFICATE))
        pair = _read(secret, AUTHORITY_CERTIFICATE, AUTHORITY_KEY)
        if pair is not None and not due(pair.certificate, now):
            return pair, joined(known, [], now)
        pair = new_authority(now, self._settings.authority_lifetime)
        bundle = joined([pair.certificate], known, now)
        data = {AUTHORITY_CERTIFICATE: bundle_pem(bundle), AUTHORITY_KEY: pair.key_pem}
        await patch_data(self._port, SECRETS, secret, data)
        done.append(
            f"made the authority {fingerprint(pair.certificate)}, beside {len(bundle) - 1} that are still trusted"
        )
        return pair, bundle

    async def _trust(self, bundle: list[x509.Certificate], now: datetime, done: list[str]) -> list[x509.Certificate]:
        """What API servers trust from now on: the bundle, and what they have trusted and has not expired."""
        name = self._settings.webhook
        configuration = await self._port.get(WEBHOOK_CONFIGURATIONS, None, name)
        found = [read_bundle(pem) for pem in trusted(configuration)]
        wanted = joined(bundle, [each for one in found for each in one], now)
        if any(one != wanted for one in found):
            await self._port.patch(WEBHOOK_CONFIGURATIONS, None, name, trusting(configuration, bundle_pem(wanted)))
            done.append(f"caBundle of {name} holds {', '.join(map(fingerprint, wanted))}")
        was = {fingerprint(each) for each in wanted if all(each in one for one in found)}
        now_trusted = [fingerprint(each) for each in wanted]
        since = self._trusted_since
        self._trusted_since = {
            mark: since[mark] if mark in was and mark in since else self._clock() for mark in now_trusted
        }
        return wanted

    async def _leaf(self, authority: Pair, bundle: list[x509.Certificate], now: datetime, done: list[str]) -> Pair:
        secret = await self._secret("tls")
        leaf = _read(secret, CERTIFICATE, KEY)
        good = leaf is not None and self._good(leaf, bundle, now)
        if leaf is not None and good and not (due(leaf.certificate, now) and self._settled(authority)):
            return leaf
        leaf = issue(authority, self._settings.names, now, self._settings.leaf_lifetime)
        data = {CERTIFICATE: leaf.certificate_pem, KEY: leaf.key_pem, AUTHORITY_CERTIFICATE: bundle_pem(bundle)}
        await patch_data(self._port, SECRETS, secret, data)
        signer = fingerprint(authority.certificate)
        done.append(f"made the certificate {fingerprint(leaf.certificate)}, signed by {signer}")
        return leaf

    def _good(self, leaf: Pair, bundle: list[x509.Certificate], now: datetime) -> bool:
        found = leaf.certificate
        return not expired(found, now) and is_for(found, self._settings.names) and covered(found, bundle, now)

    def _settled(self, authority: Pair) -> bool:
        since = self._trusted_since.get(fingerprint(authority.certificate))
        return since is not None and self._clock() - since >= self._settings.settle_seconds

    async def _secret(self, which: str) -> Object:
        return await self._port.get(SECRETS, self._settings.namespace, f"{self._settings.webhook}-{which}")


def _read(secret: Object, certificate: str, key: str) -> Pair | None:
    try:
        return Pair.read(value(secret, certificate), value(secret, key))
    except Unreadable:
        return None

"""POST /validate over TLS. Whatever goes wrong, the answer is no."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from qee.core.times import utc_now
from qee.signing.libraries import Suite
from qee.webhook.metrics import Metrics
from qee.webhook.review import FAILED, NOT_SYNCED, Answer, Facts, Malformed, Request, answer, parse

logger = logging.getLogger(__name__)
MAX_BODY = 3 * 1024 * 1024  # bytes; what the API server accepts itself
READ_SECONDS = 10.0


class Admission:
    """`facts` gives None while something is not known; `missing` says what."""

    def __init__(
        self,
        facts: Callable[[], Facts | None],
        missing: Callable[[], str],
        suite: Suite,
        metrics: Metrics,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._facts = facts
        self._missing = missing
        self._suite = suite
        self._metrics = metrics
        self._now = now

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/validate", self.validate)
        return app

    async def validate(self, http: web.Request) -> web.Response:
        """400 for what is no AdmissionReview: the API server takes that for a refusal, as all but a whole answer."""
        if http.headers.getall("Content-Encoding", ["identity"]) != ["identity"]:
            return web.Response(status=415, text="send the review as it is, without Content-Encoding")
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await http.read()
        except TimeoutError:
            return web.Response(status=408, text=f"the body did not arrive within {READ_SECONDS:.0f} s")
        started = time.perf_counter()
        try:
            request = parse(body)
        except Malformed as error:
            self._metrics.malformed.inc()
            logger.warning("refused what is no review: %s", error)
            return web.Response(status=400, text=str(error))
        found = self.decide(request)
        response = web.json_response(found.review(request.uid))
        self._metrics.seconds.observe(time.perf_counter() - started)
        return response

    def decide(self, request: Request) -> Answer:
        """The answer, counted and logged. Raises nothing."""
        try:
            facts = self._facts()
            if facts is None:
                what = self._missing()
                found = Answer(False, NOT_SYNCED, f"not known (yet): {what}. Try again in a moment", code=503)
            else:
                found = answer(request, facts, self._suite, self._now())
        except Exception:
            logger.exception("review of %s %s/%s", request.operation, request.namespace, request.name)
            found = Answer(False, FAILED, "the webhook failed; its log says how", code=500)
        self._metrics.reviews.labels(request.operation, str(found.allowed).lower(), found.reason).inc()
        self._tell(request, found)
        return found

    def _tell(self, request: Request, found: Answer) -> None:
        job, dry = f"{request.namespace}/{request.name}", " (dry run)" if request.dry_run else ""
        if found.break_glass and found.allowed:
            if not request.dry_run:
                self._metrics.broken_glass.inc()
            told = "BREAK GLASS%s: QuantumJob %s of user %s admitted, reason given: %s. %s"
            logger.warning(told, dry, job, request.user, found.break_glass, found.message)
        elif not found.allowed:
            logger.info("denied%s %s of %s by %s: %s", dry, request.operation, job, request.user, found.reason)
        else:
            logger.debug("allowed%s %s of %s by %s: %s", dry, request.operation, job, request.user, found.reason)

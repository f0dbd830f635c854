"""`python -m qee.webhook --config FILE`: the admission server."""

import logging
import sys

from qee import __version__, process
from qee.webhook.process import serve
from qee.webhook.settings import Settings

logger = logging.getLogger("qee")


def main(argv: list[str] | None = None) -> None:
    settings = process.configured("qee-webhook", "Answer AdmissionReviews of QuantumJobs.", Settings.load, argv)
    suite = process.libraries(complaint="")
    logger.info("qee-webhook %s, signatures checked by %s", __version__, " and ".join(suite.lattice))
    try:
        process.run("qee-webhook", lambda port, stop: serve(settings, port, suite, stop))
    except OSError as error:
        sys.exit(f"cannot serve: {error}")


if __name__ == "__main__":
    main()

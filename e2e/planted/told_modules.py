"""The operator as it is; on SIGUSR1 it logs the names of all modules that it has imported."""

import signal
import sys

from qee.app import main

MARK = "modules: "


def tell(*_: object) -> None:
    print(MARK + " ".join(sorted(sys.modules)), flush=True)


signal.signal(signal.SIGUSR1, tell)

if __name__ == "__main__":
    main()

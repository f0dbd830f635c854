"""Where the command `qee` starts: it names the extra of the package that is not installed."""

import sys

from qee.cli.extras import extra_of


def main() -> None:
    try:
        from qee.cli.main import app

        app()
    except ModuleNotFoundError as missing:
        if (name := extra_of(missing)) is None:
            raise
        sys.exit(f"qee: the module {missing.name} is not installed; it comes with: pip install 'qee[{name}]'")

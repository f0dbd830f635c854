"""`python -m qee.runner --input=PATH --sha256=HEX --run=UID.ATTEMPT`: what the runner container executes."""

import sys

from qee.runner.process import main

main(sys.argv[1:])

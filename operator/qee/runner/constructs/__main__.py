import sys

from qee.runner.constructs.page import main

sys.exit(main(sys.argv[1:]))

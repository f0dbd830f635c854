"""The exit codes of `qee`, which pipelines branch on."""

OK = 0
FAILED = 1  # the job failed or was cancelled; it would fail (`lint`); a signature does not hold
USAGE = 2  # bad arguments or files, not found, refused by the API server, or the server is out of reach
GATE = 3  # reserved: the job ran and a gate on its result did not pass
TIMEOUT = 4  # --timeout is over and the job is not finished
INCONCLUSIVE = 5  # reserved: too few shots to decide a gate
BUG = 70  # EX_SOFTWARE (sysexits.h): an error in qee itself
INTERRUPTED = 128  # plus the number of the signal, as shells report it

MEANINGS = {
    OK: "Done; `run` and `wait`: the job succeeded.",
    FAILED: "The job failed or was cancelled. `lint`: the job would fail. `verify`, `result --verify`: refused.",
    USAGE: "Wrong usage, a file that cannot be used, an object that is not there, or the API server refused.",
    GATE: "Reserved: a gate on the result did not pass.",
    TIMEOUT: "The time of `--timeout` is over; the job goes on.",
    INCONCLUSIVE: "Reserved: the statistics do not suffice to decide a gate.",
    BUG: "An error in qee itself; `QEE_DEBUG=1` shows the traceback.",
}

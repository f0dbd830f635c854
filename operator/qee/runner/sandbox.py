"""The runner denies itself the network before it reads a circuit.

NetworkPolicies bind only where the CNI enforces them; a seccomp filter binds wherever there is Linux. It cannot be
undone, and children inherit it. Everything stays allowed but the system calls that lead to a network:

- `socket` and `socketpair` of any family but AF_UNIX, and `socketcall`, which bundles them where it exists;
- io_uring, whose operations open and connect sockets without those system calls;
- taking a socket, or the memory of a program that has one, from another process.

libseccomp kills callers of a foreign architecture's system calls (32-bit or x32 entry points on x86_64), so they are no
way around it.
"""

import errno
import os
import resource

from qee.api.reasons import Reason
from qee.sdk.errors import RunnerError

_AF_UNIX = 1
_AF_INET = 2
_SOCK_STREAM = 1

_UNIX_ONLY = ("socket", "socketpair")
_DENIED = (
    "socketcall",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "pidfd_getfd",
    "ptrace",
    "process_vm_writev",
)
_UNKNOWN_SYSCALL = -1  # __NR_SCMP_ERROR: libseccomp does not know the name; other negative numbers mean "not here"

_FILE_BYTES = 64 * 1_048_576  # the runner writes a frame and an error, nothing else
_OPEN_FILES = 1024


def deny_network(required: bool) -> str:
    """Load the filter; returns `seccomp`, or `none` where it is not `required` and cannot be had.

    Raises RunnerError SandboxFailed when it is required, or when it was loaded and does not hold.
    """
    try:
        _load_filter()
    except (ImportError, OSError, RuntimeError) as error:
        if not required:
            return "none"
        raise RunnerError(
            Reason.SANDBOX_FAILED,
            "the network could not be denied by a seccomp filter; run on a node whose kernel and runtime have it "
            f"({type(error).__name__})",
        ) from error
    if _can_open_internet_socket():
        raise RunnerError(Reason.SANDBOX_FAILED, "the seccomp filter was loaded but an internet socket can be opened")
    return "seccomp"


def limit_resources(file_bytes: int = _FILE_BYTES) -> None:
    """No core dumps (they would hold the circuit), no file above `file_bytes`, few open files."""
    for kind, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _, hard = resource.getrlimit(kind)
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


def _load_filter() -> None:
    import pyseccomp as seccomp  # finds libseccomp when imported, RuntimeError where there is none

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.CTL_NNP, 1)
    rules.set_attr(seccomp.Attr.CTL_TSYNC, 1)
    refused = seccomp.ERRNO(errno.EPERM)
    for name in _UNIX_ONLY:
        # The comparison is of 64 bits where the kernel looks at 32: what it denies in addition are no valid families.
        rules.add_rule(refused, _number(seccomp, name), seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    for name in _DENIED:
        rules.add_rule(refused, _number(seccomp, name))
    rules.load()


def _number(seccomp: object, name: str) -> int:
    number: int = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)  # type: ignore[attr-defined]
    if number == _UNKNOWN_SYSCALL:
        raise OSError(errno.ENOSYS, f"libseccomp is too old to know {name}")
    return number


def _can_open_internet_socket() -> bool:
    import _socket  # the C module alone: `socket` costs milliseconds in every pod

    try:
        _socket.socket(_AF_INET, _SOCK_STREAM, 0).close()
    except PermissionError:
        return False
    except OSError:  # no IPv4 here at all
        return False
    return True


def close_inherited_files() -> None:
    """File descriptors beyond the standard three: a socket among them would need no system call to be opened."""
    os.closerange(3, _OPEN_FILES)

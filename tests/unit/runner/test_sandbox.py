"""After the sandbox is on there is no way to a network, in this process, its threads and its children."""

import platform
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

PRELUDE = """
    import errno, os, socket, subprocess, sys, threading
    from qee.runner import sandbox
    def refused(*arguments):
        try:
            socket.socket(*arguments).close()
        except PermissionError:
            return True
        return False
    assert sandbox.deny_network(required=True) == "seccomp"
"""


def in_child(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `body` in a fresh interpreter with the sandbox on: a filter cannot be taken off again."""
    code = textwrap.dedent(PRELUDE) + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_loopback_connection_fails_that_succeeds_without_the_sandbox(listener: int) -> None:
    connect = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=5)"
    free = subprocess.run([sys.executable, "-c", connect, str(listener)], check=False, capture_output=True)
    assert free.returncode == 0
    denied = in_child(connect, str(listener))
    assert denied.returncode == 1
    assert "PermissionError" in denied.stderr


@pytest.mark.parametrize(
    "family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_BLUETOOTH", "AF_TIPC"]
)
@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"])
def test_no_other_family_of_socket_can_be_opened(family: str, kind: str) -> None:
    if not hasattr(socket, family):
        pytest.skip(f"this Python has no {family}")
    assert in_child(f"assert refused(socket.{family}, socket.{kind})").returncode == 0


def test_unix_sockets_still_work() -> None:
    done = in_child(
        """
        a, b = socket.socketpair()
        a.sendall(b"x")
        assert b.recv(1) == b"x"
        server = socket.socket(socket.AF_UNIX)
        server.bind("\\0qee-test-%d" % os.getpid())
        """
    )
    assert done.returncode == 0, done.stderr


def test_children_and_threads_inherit_the_filter() -> None:
    done = in_child(
        """
        probe = "import socket\\ntry: socket.socket()\\nexcept PermissionError: raise SystemExit(7)"
        assert subprocess.run([sys.executable, "-c", probe]).returncode == 7
        seen = []
        thread = threading.Thread(target=lambda: seen.append(refused()))
        thread.start()
        thread.join()
        assert seen == [True]
        """
    )
    assert done.returncode == 0, done.stderr


def test_a_thread_that_runs_already_is_bound_too() -> None:
    code = """
    import socket, threading
    from qee.runner import sandbox
    ready, go, seen = threading.Event(), threading.Event(), []
    def later():
        ready.set()
        go.wait()
        try:
            socket.socket()
        except PermissionError:
            seen.append("refused")
    thread = threading.Thread(target=later)
    thread.start()
    ready.wait()
    sandbox.deny_network(required=True)
    go.set()
    thread.join()
    assert seen == ["refused"]
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_privileges_cannot_be_regained() -> None:
    done = in_child(
        """
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        assert status["NoNewPrivs"].strip() == "1"
        assert status["Seccomp"].strip() == "2"
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["io_uring_setup", "io_uring_enter", "io_uring_register", "pidfd_getfd", "ptrace"])
def test_ways_around_socket_are_closed(name: str) -> None:
    done = in_child(
        """
        import ctypes, pyseccomp
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, sys.argv[1])
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.syscall(number, 0, 0, 0, 0, 0, 0) == -1
        assert ctypes.get_errno() == errno.EPERM, os.strerror(ctypes.get_errno())
        """,
        name,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(platform.machine() != "x86_64", reason="entry points of x86_64")
@pytest.mark.parametrize(
    ("entry", "code"),
    [
        # mov eax, 359 (i386's socket); mov ebx, 2; mov ecx, 1; xor edx, edx; int 0x80; ret
        ("i386", "b867010000 bb02000000 b901000000 31d2 cd80 c3"),
        # mov eax, 0x40000029 (x32's socket); mov edi, 2; mov esi, 1; xor edx, edx; syscall; ret
        ("x32", "b829000040 bf02000000 be01000000 31d2 0f05 c3"),
    ],
)
def test_entry_points_of_other_architectures_open_no_socket(entry: str, code: str) -> None:
    done = in_child(
        """
        import ctypes, mmap
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(bytes.fromhex(sys.argv[1]))
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        descriptor = call()
        raise SystemExit(3 if descriptor >= 0 else 0)
        """,
        code,
    )
    # refused, killed by the filter, or unknown to this kernel
    assert done.returncode in (0, -signal.SIGSYS, -signal.SIGSEGV), f"{entry}: {done.returncode} {done.stderr}"


def test_limits_leave_no_core_dump_and_small_files() -> None:
    done = in_child(
        """
        import resource
        sandbox.limit_resources()
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
        assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == 64 * 2**20
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 1024
        """
    )
    assert done.returncode == 0, done.stderr


WITHOUT_LIBSECCOMP = """
    import sys
    sys.modules["pyseccomp"] = None
    from qee.runner import sandbox
    from qee.sdk.errors import RunnerError
    try:
        print(sandbox.deny_network(required=sys.argv[1] == "required"))
    except RunnerError as error:
        print(error.reason, error.exit_code)
"""


@pytest.mark.parametrize(("wanted", "said"), [("required", "SandboxFailed 70"), ("best-effort", "none")])
def test_without_libseccomp_a_pod_does_not_start_and_a_laptop_is_told(wanted: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WITHOUT_LIBSECCOMP), wanted],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == said, done.stderr


def test_a_filter_that_does_not_hold_is_noticed() -> None:
    code = """
    from qee.runner import sandbox
    from qee.sdk.errors import RunnerError
    sandbox._load_filter = lambda: None
    try:
        sandbox.deny_network(required=False)
    except RunnerError as error:
        print(error.reason)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "SandboxFailed", done.stderr

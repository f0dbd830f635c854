"""Two independent implementations of ML-DSA that must agree: `cryptography` and liboqs (through liboqs-python).

What is wrong with a library is found at start, by `Suite.required`. liboqs-python without its library clones and builds
one as it is imported; that never happens here: the library is looked for first. It also takes truncated keys for whole
ones, so lengths are checked before any call.
"""

import ctypes
import ctypes.util
import importlib.util
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature

from qee.signing.algorithms import ALGORITHMS, Algorithm, Family
from qee.signing.keys import PUBLIC, PrivateKey
from qee.signing.trials import CONTEXT, MESSAGE, trials

Check = Callable[[Algorithm, bytes, bytes, bytes, bytes], bool]
"""(algorithm, public key, message, signature, context) -> whether the signature is valid."""

LATTICE = [name for name, algorithm in ALGORITHMS.items() if algorithm.family is Family.LATTICE]
OLDEST_LIBOQS = (0, 13)
_FILE = "liboqs.dylib" if sys.platform == "darwin" else "liboqs.so"


class LibraryProblem(RuntimeError):
    """A library is missing, too old, without a mechanism, or gives wrong answers. The message says what to do."""


class Disagreement(Exception):
    """One library takes the signature for valid, the other does not."""


def by_cryptography(algorithm: Algorithm, public: bytes, message: bytes, signature: bytes, context: bytes) -> bool:
    try:
        bound = () if algorithm.family is Family.CLASSICAL else (context,)
        PUBLIC[algorithm.name].from_public_bytes(public).verify(signature, message, *bound)
    except InvalidSignature:
        return False
    return True


def by_liboqs(algorithm: Algorithm, public: bytes, message: bytes, signature: bytes, context: bytes) -> bool:
    with _oqs().Signature(algorithm.name) as verifier:
        return bool(verifier.verify_with_ctx_str(message, signature, context, public))


@cache
def _oqs() -> Any:
    """The module oqs. Raises LibraryProblem rather than let it fetch a library."""
    if importlib.util.find_spec("oqs") is None:
        raise LibraryProblem("liboqs-python is not installed; pip install liboqs-python")
    _loadable()
    disabled = logging.root.manager.disable
    logging.disable(logging.INFO)  # it greets on standard output
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of every version but its own; ours is checked below
            import oqs
    except (SystemExit, Exception) as error:
        raise LibraryProblem(f"liboqs cannot be loaded: {error}") from error
    finally:
        logging.disable(disabled)
    found = tuple(int(part) for part in re.findall(r"\d+", oqs.oqs_version())[:2])
    if found < OLDEST_LIBOQS:
        oldest = ".".join(map(str, OLDEST_LIBOQS))
        raise LibraryProblem(f"liboqs is {oqs.oqs_version()}; {oldest} or newer is needed for contexts of ML-DSA")
    missing = [name for name in LATTICE if name not in oqs.get_enabled_sig_mechanisms()]
    if missing:
        raise LibraryProblem(f"liboqs {oqs.oqs_version()} lacks {', '.join(missing)}; build it with them")
    return oqs


def _loadable() -> None:
    """Raises LibraryProblem where liboqs-python would find no library that it can load, and so would build one."""
    prefix, system = os.environ.get("OQS_INSTALL_PATH"), ctypes.util.find_library("oqs")
    names = [Path(prefix, folder, _FILE).absolute() for folder in ("lib", "lib64")] if prefix else []
    found = [system] if system else []
    found += [str(path) for path in names if path.exists()]
    if not found:
        raise LibraryProblem("liboqs is not installed; install it and run ldconfig, or set OQS_INSTALL_PATH to it")
    problems = []
    for path in found:
        try:
            ctypes.CDLL(path)
        except OSError as error:
            problems.append(str(error))
        else:
            return
    raise LibraryProblem(f"liboqs cannot be loaded: {'; '.join(problems)}; install one for this machine")


@dataclass(frozen=True)
class Suite:
    """The libraries that a process checks ML-DSA with. All of them must say yes."""

    lattice: Mapping[str, Check]

    @classmethod
    def required(cls) -> "Suite":
        """Both libraries, tried. Raises LibraryProblem. For processes that decide: webhook and operator."""
        suite = cls({"cryptography": by_cryptography, "liboqs": by_liboqs})
        suite.try_out()
        return suite

    @classmethod
    def available(cls) -> "Suite":
        """`cryptography`, and liboqs where it is installed. For people's machines.

        Raises LibraryProblem where one of them gives wrong answers.
        """
        try:
            _oqs()
        except LibraryProblem:
            suite = cls({"cryptography": by_cryptography})
            suite.try_out()
            return suite
        return cls.required()

    def verify(self, algorithm: Algorithm, public: bytes, message: bytes, signature: bytes, context: bytes) -> bool:
        """Whether every library takes the signature for valid. Raises Disagreement where they differ.

        Wrong lengths are no signature, whatever a library makes of them; so is an error inside one.
        """
        if len(public) != algorithm.public_key or len(signature) != algorithm.signature:
            return False
        if algorithm.family is Family.CLASSICAL:
            return _answer(by_cryptography, algorithm, public, message, signature, context)
        question = (algorithm, public, message, signature, context)
        answers = {name: _answer(check, *question) for name, check in self.lattice.items()}
        if len(set(answers.values())) > 1:
            yes = ", ".join(name for name, valid in answers.items() if valid)
            raise Disagreement(f"{algorithm.name}: only {yes} takes the signature for valid; report this")
        return all(answers.values())

    def try_out(self) -> None:
        """What is signed now must be valid for all libraries, what was altered for none; and each must be right about
        the signatures that tell a careful verifier from another (`trials`). Raises LibraryProblem.
        """
        for library, check in self.lattice.items():
            for name in LATTICE:
                key = PrivateKey.generate(name)
                signature = key.sign(MESSAGE, CONTEXT)
                asked = partial(_ask, library, check, key.public.algorithm, key.public.raw)
                good = asked(MESSAGE, signature, CONTEXT)
                bad = asked(b"eeq", signature, CONTEXT)
                other = asked(MESSAGE, signature, b"another")
                if (good, bad, other) != (True, False, False):
                    raise LibraryProblem(f"{library} gives wrong answers for {name}: {good}, {bad}, {other}")
            for trial in trials():
                asked = partial(_ask, library, check, trial.algorithm, trial.public)
                if asked(trial.message, trial.signature, trial.context) != trial.valid:
                    wrong = "refuses a valid signature" if trial.valid else "accepts an invalid signature"
                    raise LibraryProblem(
                        f"{library} gives wrong answers for {trial.algorithm.name}: it {wrong} ({trial.what}); install"
                        " a newer one, or build it without code for single processors (OQS_OPT_TARGET=generic)"
                    )


def _ask(
    library: str, check: Check, algorithm: Algorithm, public: bytes, message: bytes, signature: bytes, context: bytes
) -> bool:
    """As asked at start, where an error in a library ends the start."""
    try:
        return check(algorithm, public, message, signature, context)
    except LibraryProblem:
        raise
    except Exception as error:
        raise LibraryProblem(f"{library} cannot verify {algorithm.name}: {error}") from error


def _answer(
    check: Check, algorithm: Algorithm, public: bytes, message: bytes, signature: bytes, context: bytes
) -> bool:
    try:
        return check(algorithm, public, message, signature, context) is True
    except Exception:
        return False

"""`qee key`: files of keys, their modes, their forms, and that no passphrase ever shows."""

import getpass
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from qee.cli.main import app
from qee.cli.sign import secret
from qee.signing.algorithms import ALGORITHMS, JOB_CONTEXT
from qee.signing.external import mu
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey
from qee.signing.policy import TrustPolicy

WORD = "correct horse battery"
KEY_ID = re.compile("sha256:[0-9a-f]{64}")


def qee(*words: str, env: dict[str, str] | None = None) -> Any:
    return CliRunner().invoke(app, list(words), env=env, catch_exceptions=False)


def test_a_key_is_written_encrypted_with_its_public_part_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "ada"
    done = qee("key", "generate", "--out", str(path), env={"QEE_KEY_PASSPHRASE": WORD})
    assert done.exit_code == 0
    assert KEY_ID.fullmatch(done.stdout.strip())
    assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = PrivateKey.from_pem(path.read_bytes(), WORD.encode())
    assert key.public.algorithm.name == "ML-DSA-65"
    public = PublicKey.from_pem((tmp_path / "ada.pub").read_bytes())
    assert public == key.public
    assert public.key_id == done.stdout.strip()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ada", "ada.pub"]
    assert WORD not in done.output


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_every_algorithm_makes_files_that_cryptography_reads(tmp_path: Path, algorithm: str) -> None:
    path = tmp_path / "key"
    assert qee("key", "generate", "--algorithm", algorithm, "--no-passphrase", "--out", str(path)).exit_code == 0
    private: Any = serialization.load_pem_private_key(path.read_bytes(), None)
    public: Any = serialization.load_pem_public_key((tmp_path / "key.pub").read_bytes())
    assert private.public_key().public_bytes_raw() == public.public_bytes_raw()


def test_cnsa_is_ml_dsa_87_and_nothing_else(tmp_path: Path) -> None:
    assert qee("key", "generate", "--cnsa", "--no-passphrase", "--out", str(tmp_path / "k")).exit_code == 0
    assert "ML-DSA-87 (NIST category 5)" in qee("key", "show", str(tmp_path / "k")).stdout
    done = qee("key", "generate", "--cnsa", "--algorithm", "Ed25519", "--no-passphrase", "--out", str(tmp_path / "l"))
    assert done.exit_code == 2
    assert "--cnsa is ML-DSA-87" in done.stderr


@pytest.mark.parametrize("taken", ["k", "k.pub"])
def test_no_file_is_overwritten_without_force(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    done = qee("key", "generate", "--no-passphrase", "--out", str(tmp_path / "k"))
    assert (done.exit_code, (tmp_path / taken).read_text()) == (2, "mine")
    assert "is there already; give another name, or --force" in done.stderr
    assert len(list(tmp_path.iterdir())) == 1
    assert qee("key", "generate", "--no-passphrase", "--force", "--out", str(tmp_path / "k")).exit_code == 0
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600


def test_without_terminal_and_passphrase_nothing_is_made(tmp_path: Path) -> None:
    done = qee("key", "generate", "--out", str(tmp_path / "k"))
    assert done.exit_code == 2
    assert (
        "there is no terminal to ask on; give --passphrase-file, --passphrase-fd or QEE_KEY_PASSPHRASE" in done.stderr
    )
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_the_passphrase_is_asked_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    answers = iter([WORD, WORD, WORD, "another"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    asked = secret.Passphrase()
    assert asked.read("p", twice=True) == WORD.encode()
    with pytest.raises(secret.Problem, match="the two passphrases differ"):
        asked.read("p", twice=True)


def test_a_passphrase_comes_from_a_file_or_a_descriptor_and_loses_one_line_break(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(f"{WORD}\n")
    path = tmp_path / "k"
    assert qee("key", "generate", "--passphrase-file", str(tmp_path / "word"), "--out", str(path)).exit_code == 0
    PrivateKey.from_pem(path.read_bytes(), WORD.encode())
    descriptor = os.open(tmp_path / "word", os.O_RDONLY)
    assert qee("key", "show", str(path), "--passphrase-fd", str(descriptor)).exit_code == 0
    done = qee("key", "show", str(path), "--passphrase-fd", "0")
    assert "--passphrase-fd 0: is taken; give 3 or above" in done.stderr


def test_an_empty_passphrase_is_none(tmp_path: Path) -> None:
    done = qee("key", "generate", "--out", str(tmp_path / "k"), env={"QEE_KEY_PASSPHRASE": ""})
    assert done.exit_code == 2
    assert "the passphrase is empty" in done.stderr


def test_no_option_takes_a_passphrase_itself() -> None:
    for words in (("key", "generate"), ("key", "show"), ("key", "convert"), ("sign",)):
        options = re.findall(r"--[a-z-]*passphrase[a-z-]*", qee(*words, "--help").stdout)
        assert set(options) <= {
            *("--passphrase-file", "--passphrase-fd", "--no-passphrase"),
            *("--new-passphrase-file", "--new-passphrase-fd"),
        }


def test_a_wrong_passphrase_is_told_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "k"
    qee("key", "generate", "--out", str(path), env={"QEE_KEY_PASSPHRASE": WORD})
    done = qee("key", "show", str(path), env={"QEE_KEY_PASSPHRASE": "wrong-word"})
    assert done.exit_code == 2
    assert "wrong passphrase" in done.stderr
    assert "wrong-word" not in done.output


def test_a_trust_policy_is_ready_to_apply(tmp_path: Path) -> None:
    path = tmp_path / "ada"
    qee("key", "generate", "--no-passphrase", "--out", str(path))
    done = qee("key", "show", f"{path}.pub", "--policy", "--namespace", "demo", "--holder", "Ada")
    policy = TrustPolicy.of(yaml.safe_load(done.stdout))
    assert (policy.name, policy.problem, policy.unreadable) == ("ada", "", {})
    assert policy.governs("demo")
    assert not policy.governs("other")
    assert qee("key", "show", f"{path}.pub", "--policy").exit_code == 2
    done = qee("key", "show", f"{path}.pub", "--policy", "--namespace", "No Name", "--holder", "Ada")
    assert "spec.namespaces.names" in done.stderr


@pytest.mark.parametrize("algorithm", ["ML-DSA-65", "Ed25519"])
def test_a_key_survives_every_form(tmp_path: Path, algorithm: str) -> None:
    path, der, back, public = (tmp_path / name for name in ("k", "k.der", "back", "public.der"))
    word, new = {"QEE_KEY_PASSPHRASE": WORD}, {"QEE_KEY_NEW_PASSPHRASE": "another one"}
    qee("key", "generate", "--algorithm", algorithm, "--out", str(path), env=word)
    key_id = qee("key", "show", str(path), env=word).stdout
    assert qee("key", "convert", str(path), "--form", "der", "--out", str(der), env=word | new).exit_code == 0
    assert stat.S_IMODE(der.stat().st_mode) == 0o600
    serialization.load_der_private_key(der.read_bytes(), b"another one")
    new_word = {"QEE_KEY_PASSPHRASE": "another one"}
    assert qee("key", "convert", str(der), "--no-passphrase", "--out", str(back), env=new_word).exit_code == 0
    assert qee("key", "show", str(back)).stdout == key_id
    assert qee("key", "convert", str(back), "--public", "--form", "der", "--out", str(public)).exit_code == 0
    assert qee("key", "show", str(public)).stdout == key_id
    assert qee("key", "show", str(back), "--public").stdout == (tmp_path / "k.pub").read_text()


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x30", b"\x30\x03\x02\x01", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"]
)
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "k").write_bytes(data)
    done = qee("key", "show", str(tmp_path / "k"))
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert "c2VjcmV0" not in done.output


def test_a_key_in_expanded_form_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n")
    done = qee("key", "show", str(tmp_path / "k"))
    assert "openssl pkey -in KEY -provparam ml-dsa.output_formats=seed-only -out NEW" in done.stderr


def test_openssl_reads_our_keys_and_writes_such_that_we_read(openssl: str, tmp_path: Path) -> None:
    program = openssl
    ours, theirs, seed = (tmp_path / name for name in ("ours", "theirs", "seed"))
    qee("key", "generate", "--no-passphrase", "--out", str(ours))
    public = subprocess.run([program, "pkey", "-in", str(ours), "-pubout"], capture_output=True, check=True).stdout
    assert public.decode() == (tmp_path / "ours.pub").read_text()
    subprocess.run([program, "genpkey", "-algorithm", "ML-DSA-65", "-out", str(theirs)], check=True)
    assert "seed-only" in qee("key", "show", str(theirs)).stderr
    convert = [program, "pkey", "-in", str(theirs), "-provparam", "ml-dsa.output_formats=seed-only", "-out", str(seed)]
    subprocess.run(convert, check=True)
    assert qee("key", "show", str(seed)).exit_code == 0


@pytest.mark.parametrize("algorithm", ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
@pytest.mark.parametrize("message", [b"", b"m" * 5000])
def test_mu_is_what_cryptography_signs_and_verifies(algorithm: str, message: bytes) -> None:
    key = PrivateKey.generate(algorithm)
    computed = mu(key.public, message, JOB_CONTEXT)
    raw: Any = serialization.load_pem_private_key(key.pem(None), None)
    raw.public_key().verify(raw.sign_mu(computed), message, JOB_CONTEXT)
    raw.public_key().verify_mu(key.sign(message, JOB_CONTEXT), computed)


def test_mu_is_for_ml_dsa_alone() -> None:
    with pytest.raises(KeyProblem, match="has no mu"):
        mu(PrivateKey.generate("Ed25519").public, b"", JOB_CONTEXT)
    with pytest.raises(ValueError, match="at most 255 bytes"):
        mu(PrivateKey.generate("ML-DSA-44").public, b"", b"c" * 256)

"""The wheel, installed alone into an empty environment: each extra suffices for what its guide shows."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.cluster.binaries import LOCKS, uv
from e2e.cluster.cache import CHECKOUT

QASM = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'
NOTEBOOK = """
import qee.results
result = qee.results.load("bell.json")
print(sorted(result.counts()), len(result.to_pandas()))
"""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel and some extras, and a folder to work in, outside the checkout."""

    place: Path
    folder: Path

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Without anything of this checkout, of the user's or of a liboqs that happens to be here."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OQS", "QEE", "LD_"))
        }
        home = {"HOME": str(self.folder), "NO_COLOR": "1", "OQS_INSTALL_PATH": str(self.folder / "none")}
        command = [str(self.place / "bin" / words[0]), *words[1:]]
        return subprocess.run(
            command, cwd=self.folder, env={**kept, **home, **(env or {})}, capture_output=True, text=True, check=False
        )

    def qee(self, *words: str) -> str:
        done = self.run("qee", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    build = [uv(), "build", "-q", "--wheel", "--no-create-gitignore", "--out-dir", place, CHECKOUT]
    subprocess.run([*build, "--build-constraints", LOCKS / "build.txt"], check=True)
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Installed]:
    """By extras, such as `cli,aer`; made once each. The versions are those that everything else is tested with."""
    made: dict[str, Installed] = {}

    def install(extras: str) -> Installed:
        if extras not in made:
            place = tmp_path_factory.mktemp("environment")
            subprocess.run([uv(), "venv", "-q", "--python", sys.executable, "--allow-existing", place], check=True)
            pins = place / "pins.txt"
            lines = (LOCKS / "dev.txt").read_text().splitlines()
            pins.write_text("\n".join(line.removesuffix(" \\") for line in lines if not line.startswith(" ")))
            what = f"qee[{extras}] @ {wheel.as_uri()}" if extras else str(wheel)
            python = place / "bin/python"
            subprocess.run([uv(), "pip", "install", "-q", "--python", python, "-c", pins, what], check=True)
            made[extras] = Installed(place, tmp_path_factory.mktemp("folder"))
            (made[extras].folder / "bell.qasm").write_text(QASM)
        return made[extras]

    return install


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_an_engine_and_the_command_run_a_circuits_file(installed: Callable[[str], Installed], engine: str) -> None:
    here = installed(f"cli,{engine}")
    where = "aer" if engine == "aer" else "cirq for aer"
    said = here.qee("run", "bell.qasm", "--local", "--engine", engine, "--seed", "7")
    assert said.startswith(f"bell: 1024 shots on {where} (simulated)")
    assert "error" not in here.qee("lint", "bell.qasm")
    here.qee("init", "bell.qasm", "-o", "bell.yaml")
    assert f"on {where} (simulated)" in here.qee("run", "bell.yaml", "--local", "--engine", engine)


def test_the_command_alone_signs_and_verifies_and_names_what_a_local_run_needs(
    installed: Callable[[str], Installed],
) -> None:
    here = installed("cli")
    assert here.qee("--version").startswith("qee ")
    here.qee("key", "generate", "--out", "ada.key", "--no-passphrase")
    policy = here.qee("key", "show", "ada.key", "--policy", "--namespace", "demo", "--holder", "Ada")
    (here.folder / "policy.yaml").write_text(policy)
    here.qee("init", "bell.qasm", "-o", "bell.yaml")
    here.qee("sign", "bell.yaml", "-n", "demo", "--key", "ada.key", "--audience", "here", "-o", "signed.yaml")
    words = ("verify", "signed.yaml", "--no-cluster", "--policy", "policy.yaml", "--cluster", "here")
    assert "passes: SignatureVerified" in here.qee(*words)
    done = here.run("qee", "run", "bell.qasm", "--local")
    assert done.returncode == 2
    assert "engine aer is not installed: pip install 'qee[aer]'" in done.stderr


def test_pictures_come_with_their_extra(installed: Callable[[str], Installed]) -> None:
    done = installed("cli,aer").run("qee", "run", "bell.qasm", "--local", "--png", "bell.png")
    assert "pip install 'qee[plot]'" in done.stderr
    here = installed("cli,aer,plot")
    here.qee("run", "bell.qasm", "--local", "--png", "bell.png")
    assert (here.folder / "bell.png").read_bytes().startswith(b"\x89PNG")


def test_a_notebook_reads_a_result_without_the_command(installed: Callable[[str], Installed]) -> None:
    document = installed("cli,aer").qee("run", "bell.qasm", "--local", "-o", "json")
    here = installed("notebook")
    (here.folder / "bell.json").write_text(document)
    done = here.run("python", "-c", NOTEBOOK)
    assert done.stdout == "['00', '11'] 2\n", done.stderr
    done = here.run("qee", "--help")
    assert done.returncode == 1
    assert done.stderr == "qee: the module typer is not installed; it comes with: pip install 'qee[cli]'\n"

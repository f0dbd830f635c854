"""`qee result` and `qee.results.load` of a result on a volume: the summary, where the files are, what is in them."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests import builders, sharded, signed
from tests.fakes.cli import Cli, circuits, moved, run_of
from tests.fakes.port import FakeApiServer

from qee import results
from qee.api.conditions import Phase
from qee.api.names import REFERENCE_KEY, RESULT_KEY_SIGNATURE
from qee.api.reasons import Reason
from qee.controller.jobs.answers import gist
from qee.documents import ResultDocument
from qee.documents.merge import merged
from qee.documents.reference import files as result_file
from qee.documents.reference import of_result
from qee.documents.reference.merge import merged_reference
from qee.documents.result import Missing
from qee.kube.port import Object
from qee.kube.resources import CONFIG_MAPS, JOBS
from qee.signing.attestation import attest

KEY = signed.key("results")
LOST = Missing(1, "OutOfMemory", "it took too much")


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(api, monkeypatch)


class Large:
    """A job of three shards whose result is on a volume. `paths`: the files; `reference`, `result`: documents."""

    def __init__(self, api: FakeApiServer, volume: Path, missing: bool = False, job: Object | None = None) -> None:
        api.put(JOBS, job or sharded.job(3, results=builders.results_on()))
        live = api.find(JOBS, "default", "bell")
        assert live is not None
        run = run_of(live)
        indices = [0, 2] if missing else [0, 1, 2]
        documents = {index: ResultDocument.from_bytes(sharded.of_shard(run, index)) for index in indices}
        found, self.paths = {}, []
        for index, document in documents.items():
            file = result_file.write(volume, run.job.uid, 1, index, document.to_bytes())
            found[index] = of_result(document, "data", 1, file)
            self.paths.append(str(volume / file.path))
        reference = merged_reference(found, run, 1, [LOST] if missing else [])
        self.reference = reference.to_bytes()
        self.result = merged(documents, run, [LOST] if missing else []).to_bytes()
        self.envelope = attest(self.reference, REFERENCE_KEY, {"job": self.job(run.job)}, KEY)
        data = {REFERENCE_KEY: self.reference.decode(), RESULT_KEY_SIGNATURE: self.envelope.decode()}
        api.put(CONFIG_MAPS, {"metadata": {"name": "bell-result"}, "immutable": True, "data": data})
        status = {
            "configMap": "bell-result",
            "key": REFERENCE_KEY,
            "sha256": hashlib.sha256(self.reference).hexdigest(),
            "bytes": len(self.reference),
            **gist(reference),
        }
        phase, reason = (Phase.FAILED, Reason.PARTIAL_RESULT) if missing else (Phase.SUCCEEDED, Reason.COMPLETED)
        moved("bell", phase, reason, "", result=status)(api)

    @staticmethod
    def job(job: Any) -> dict[str, str]:
        return {"namespace": job.namespace, "name": job.name, "uid": job.uid}

    @property
    def files(self) -> list[str]:
        return [word for path in self.paths for word in ("--file", path)]


@pytest.fixture
def large(api: FakeApiServer, tmp_path: Path) -> Large:
    return Large(api, tmp_path / "volume")


def test_without_files_the_summary_is_shown_and_how_to_get_them(qee: Cli, large: Large) -> None:
    done = qee("result", "bell")
    assert done.exit_code == 0
    uid = json.loads(large.reference)["job"]["uid"]
    lines = done.stdout.splitlines()
    assert lines[0] == "bell: summary of the result on aer (simulated)"
    assert "The result is on PersistentVolumeClaim data in namespace default" in done.stdout
    for index in range(3):
        source = f"qee-results:/results/{uid}/1/result-{index}.json.gz"
        assert f"  kubectl cp -n default {source} result-{index}.json.gz" in lines
    names = " ".join(f"--file result-{n}.json.gz" for n in range(3))
    assert lines[-1] == f"  qee result bell -n default {names}"


def test_the_summary_has_the_counts_of_circuits_that_no_shards_share(
    qee: Cli, api: FakeApiServer, tmp_path: Path
) -> None:
    Large(api, tmp_path, job=builders.job(shards=3, circuits=circuits("a", "b", "c"), results=builders.results_on()))
    rows = [line.split() for line in qee("result", "bell").stdout.splitlines() if line.startswith("  ")]
    assert rows[0] == ["CIRCUIT", "SET", "SHOTS", "WHAT", "NUMBER"]
    assert ["b", "0", "100", "11", "1"] in rows
    chosen = qee("result", "bell", "--circuit", "a").stdout
    assert "  a " in chosen
    assert "  b " not in chosen


def test_with_its_files_the_result_is_shown_in_each_form(qee: Cli, large: Large, tmp_path: Path) -> None:
    assert qee("result", "bell", *large.files, "-o", "json").stdout.encode().rstrip(b"\n") == large.result
    assert "bell: 100 shots on aer (simulated)" in qee("result", "bell", *large.files).stdout
    target = tmp_path / "kept.json"
    assert qee("result", "bell", *large.files, "--output-file", str(target)).exit_code == 0
    assert target.read_bytes() == large.result
    assert qee("result", "--file", str(target), "-o", "csv").stdout.startswith("circuit,")


@pytest.mark.parametrize("words", [("-o", "csv"), ("-o", "table"), ("--plot",), ("--png", "x.png")])
def test_what_needs_all_of_the_result_asks_for_its_files(qee: Cli, large: Large, words: tuple[str, ...]) -> None:
    done = qee("result", "bell", *words)
    assert done.exit_code == 2
    assert "that of 'bell' is on a volume: give its files with --file" in done.stderr
    assert large.files


@pytest.mark.usefixtures("large")
def test_as_json_the_reference_is_printed_as_stored(qee: Cli, large: Large, tmp_path: Path) -> None:
    assert qee("result", "bell", "-o", "json").stdout.encode().rstrip(b"\n") == large.reference
    kept = tmp_path / "reference.json"
    assert qee("result", "bell", "--output-file", str(kept)).exit_code == 0
    assert kept.read_bytes() == large.reference


def test_a_wrong_file_is_named_with_the_digest_expected(qee: Cli, large: Large, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gz"
    wrong.write_bytes(b"something else")
    done = qee("result", "bell", *large.files[:4], "--file", str(wrong))
    assert done.exit_code == 2
    assert str(wrong) in done.stderr
    assert json.loads(large.reference)["files"][2]["sha256"] in done.stderr
    assert "cannot be read" in qee("result", "bell", "--file", str(tmp_path / "absent")).stderr
    assert "2 of 3 files are missing" in qee("result", "bell", *large.files[:2]).stderr


def test_a_partial_result_says_so_with_files_and_without(qee: Cli, api: FakeApiServer, tmp_path: Path) -> None:
    large = Large(api, tmp_path, missing=True)
    for words in ((), tuple(large.files)):
        done = qee("result", "bell", *words)
        assert done.exit_code == 1
        assert "PARTIAL RESULT: 1 of 3 shards failed" in done.stderr


def test_the_reference_is_what_is_verified_and_the_files_follow(
    qee: Cli, api: FakeApiServer, large: Large, tmp_path: Path
) -> None:
    trust = tmp_path / "result.pub"
    trust.write_text(KEY.public.pem())
    verify = ("--verify", "--trust", str(trust))
    done = qee("result", "bell", *verify, *large.files, "-o", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["result"] == json.loads(large.result)
    reference, envelope = tmp_path / "reference.json", tmp_path / "reference.dsse"
    reference.write_bytes(large.reference)
    envelope.write_bytes(large.envelope)
    kept = ("--file", str(reference), *large.files, "--signature", str(envelope), *verify)
    assert qee("result", *kept).exit_code == 0
    Path(large.paths[0]).write_bytes(Path(large.paths[1]).read_bytes())
    assert qee("result", *kept).exit_code == 2


def test_kept_files_are_shown_after_the_reference_that_belongs_to_them(qee: Cli, large: Large, tmp_path: Path) -> None:
    reference = tmp_path / "reference.json"
    reference.write_bytes(large.reference)
    assert "bell: 100 shots" in qee("result", "--file", str(reference), *large.files).stdout
    assert "copy the 3 files" in qee("result", "--file", str(reference)).stderr


def test_load_takes_a_reference_with_its_files(api: FakeApiServer, large: Large, tmp_path: Path) -> None:
    kept = tmp_path / "reference.json"
    kept.write_bytes(large.reference)
    config_map = api.find(CONFIG_MAPS, "default", "bell-result")
    assert config_map is not None
    for source in (kept, large.reference, json.loads(large.reference), config_map):
        assert results.load(source, files=large.paths).document.to_bytes() == large.result
    with pytest.raises(results.ResultError, match="this says where the result lies"):
        results.load(large.reference)
    with pytest.raises(results.ResultError, match="leave them out"):
        results.load(large.result, files=large.paths)
    with pytest.raises(results.ResultError, match="cannot be read"):
        results.load(kept, files=[tmp_path / "absent"])
    other = dataclasses.replace(ResultDocument.from_bytes(large.result), backend="other").to_bytes()
    (tmp_path / "other").write_bytes(other)
    with pytest.raises(results.ResultError, match=r"other is not the result's file"):
        results.load(kept, files=[tmp_path / "other"])

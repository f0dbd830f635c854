"""Manifests: what is read, and what is refused with its place."""

import json
from pathlib import Path

import pytest
import yaml
from tests import builders

from qee.cli import manifest
from qee.cli.manifest import Manifest, read
from qee.cli.problem import Problem
from qee.kube.port import Object

HEAD = "apiVersion: qee.dev/v1alpha1\nkind: QuantumJob\nmetadata: {name: bell}\n"


def reading(tmp_path: Path, text: str | bytes) -> Manifest:
    path = tmp_path / "job.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(str(path))


def config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}


def test_documents_and_lists_are_sorted_by_kind(tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [builders.job("two"), builders.backend()]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    found = reading(tmp_path, yaml.safe_dump_all([builders.job("one"), None, config_map("c"), listed, service]))
    assert [job["metadata"]["name"] for job in found.jobs] == ["one", "two"]
    assert (list(found.config_maps), list(found.backends), found.others) == (["c"], ["aer"], ["Service/web"])


def test_json_is_read_too(tmp_path: Path) -> None:
    assert reading(tmp_path, json.dumps(builders.job())).one_job() == builders.job()


def test_dates_stay_strings_as_in_kubernetes(tmp_path: Path) -> None:
    assert reading(tmp_path, HEAD + "spec: {when: 2026-01-01}\n").one_job()["spec"] == {"when": "2026-01-01"}


def test_an_alias_is_a_copy(tmp_path: Path) -> None:
    assert reading(tmp_path, HEAD + "spec: {a: &x [1], b: *x}\n").one_job()["spec"] == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "spec: {shots: 1, shots: 2}\n", "line 4, column 18: not YAML: the key shots occurs twice; keep one"),
        (HEAD + "spec: {1: 2}\n", "line 4, column 8: not YAML: a key is not a string"),
        (HEAD + "spec: {[a]: 2}\n", "a key is not a string"),
        (HEAD + "spec: [\n", "not YAML"),
        (HEAD + "spec: !!python/object:os.system {}\n", "not YAML"),
        (HEAD + "spec: !!binary aGk=\n", "a value is a bytes"),
        (HEAD + "spec: &x {y: *x}\n", "nested too deeply"),
        ("just text", "a document is no Kubernetes object"),
        ("kind: QuantumJob", "a document is no Kubernetes object"),
        ("", "holds no QuantumJob (apiVersion: qee.dev/v1alpha1, kind: QuantumJob)"),
        (HEAD.replace("v1alpha1", "v9"), "QuantumJob bell has apiVersion qee.dev/v9; give qee.dev/v1alpha1"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(Problem) as problem:
        reading(tmp_path, text)
    assert message in problem.value.message
    assert problem.value.message.startswith(str(tmp_path))


def test_a_few_bytes_do_not_expand_to_billions_of_values(tmp_path: Path) -> None:
    levels = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(Problem, match="once aliases are expanded"):
        reading(tmp_path, f"{HEAD}spec:\n  l0: &l0 [x, x, x, x, x, x, x, x, x]\n{levels}")


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_BYTES", 100)
    with pytest.raises(Problem, match="more than 100 bytes"):
        reading(tmp_path, HEAD + "#" * 100)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Problem, match=r"nope.yaml: cannot be read: No such file or directory"):
        read("nope.yaml")

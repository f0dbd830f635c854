"""Reading manifests: YAML with several documents, as kubectl takes them, but stricter than PyYAML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from qee.api.names import API_VERSION, GROUP, KIND_BACKEND, KIND_JOB
from qee.cli import files
from qee.cli.plain_text import READ_APART, READ_APART_FIRST, READ_APART_TAG, check_text, not_yaml, read_apart
from qee.cli.problem import Problem, listed
from qee.kube.port import Object

MAX_BYTES = 8 * 1_048_576  # far above what an API server stores in one object (1.5 MiB)
MAX_NODES = 1_000_000  # values after aliases are expanded: a few hundred bytes of YAML can stand for billions


@dataclass(frozen=True)
class Manifest:
    """The objects of a file, sorted by what QEE does with them."""

    origin: str
    jobs: Sequence[Object] = ()
    config_maps: Mapping[str, Object] = field(default_factory=dict)
    backends: Mapping[str, Object] = field(default_factory=dict)
    others: Sequence[str] = ()
    """Kind/name of what is none of these."""

    def one_job(self, name: str | None = None) -> Object:
        """The job of that name, or the only one. Raises Problem."""
        names = [job["metadata"].get("name") or job["metadata"].get("generateName", "") for job in self.jobs]
        if name is not None:
            if name not in names:
                raise Problem(f"{self.origin}: --job {name}: there is no such QuantumJob; found {listed(names)}")
            return self.jobs[names.index(name)]
        if len(self.jobs) > 1:
            raise Problem(f"{self.origin}: {len(self.jobs)} QuantumJobs ({listed(names)}); name one with --job")
        return self.jobs[0]

    def require_names(self) -> None:
        """Raises Problem for a job without a name."""
        for number, job in enumerate(self.jobs, 1):
            if not job["metadata"].get("name") and not job["metadata"].get("generateName"):
                which = f"QuantumJob {number} of the file: " if len(self.jobs) > 1 else ""
                remedy = "give a name, or generateName for a new one each time"
                raise Problem(f"{self.origin}: {which}metadata.name: is missing; {remedy}")


def read(path: str, config_maps: Sequence[str] = ()) -> Manifest:
    """The manifest in a file ("-": stdin), with the ConfigMaps of further files. Raises Problem."""
    return _sorted([each for file in (path, *config_maps) for each in _objects(*text_of(file))], _origin(path))


def of(text: str, origin: str) -> Manifest:
    """The same of a text that is no file's. Raises Problem."""
    return _sorted(_objects(text, origin), origin)


def _sorted(objects: Sequence[Object], origin: str) -> Manifest:
    jobs: list[Object] = []
    maps: dict[str, Object] = {}
    backends: dict[str, Object] = {}
    others: list[str] = []
    for obj in objects:
        kind, name = (obj["apiVersion"], obj["kind"]), obj["metadata"].get("name", "")
        if kind == (API_VERSION, KIND_JOB):
            jobs.append(obj)
        elif kind == (API_VERSION, KIND_BACKEND):
            _put(backends, obj, origin)
        elif kind == ("v1", "ConfigMap"):
            _put(maps, obj, origin)
        elif str(obj["apiVersion"]).startswith(f"{GROUP}/") and obj["kind"] == KIND_JOB:
            raise Problem(f"{origin}: {obj['kind']} {name} has apiVersion {obj['apiVersion']}; give {API_VERSION}")
        elif str(obj["kind"]).lower() == KIND_JOB.lower():
            raise Problem(f"{origin}: kind {obj['kind']} with apiVersion {obj['apiVersion']}; give kind: {KIND_JOB}")
        else:
            others.append(f"{obj['kind']}/{name}")
    named_apart(jobs, origin)
    if not jobs:
        raise Problem(f"{origin}: holds no QuantumJob (apiVersion: {API_VERSION}, kind: {KIND_JOB})")
    return Manifest(origin, jobs, maps, backends, others)


def _put(there: dict[str, Object], obj: Object, origin: str) -> None:
    """Raises Problem for another object of the same name, of which nobody could tell the right one."""
    name = obj["metadata"].get("name", "")
    if there.setdefault(name, obj) != obj:
        raise Problem(f"{origin}: two {obj['kind']}s are named {name}; give each a name of its own")


def named_apart(jobs: Sequence[Object], origin: str) -> None:
    """Raises Problem for two jobs of one name, of which the cluster would take the first."""
    seen = set()
    for job in jobs:
        called = (job["metadata"].get("namespace"), job["metadata"].get("name"))
        if called[1] and called in seen:
            raise Problem(f"{origin}: two QuantumJobs are named {called[1]}; give each a name of its own")
        seen.add(called)


def _origin(path: str) -> str:
    return "stdin" if path == "-" else path


def _objects(text: str, origin: str) -> list[Object]:
    import yaml

    check_text(text, origin)
    try:
        budget = _Budget(origin)
        loader = _loader()(text)
        documents = []
        while loader.check_data():
            documents.append(_plain(loader.get_data(), budget))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        tab = "; indent with spaces, not with tabs" if mark and _at(text, mark).startswith("\t") else ""
        raise not_yaml(error, origin, tab) from None
    except RecursionError:
        raise Problem(f"{origin}: nested too deeply; flatten it") from None
    except (ValueError, IndexError, TypeError):  # PyYAML's own on `!!int x`
        raise Problem(f"{origin}: a value does not fit its tag; remove the tag, and put text in quotes") from None
    if loader.read_apart:
        raise Problem(f"{origin}, {loader.read_apart[0]}")
    objects: list[Object] = []
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "List":
            objects += document.get("items") or []
        elif document is not None:
            objects.append(document)
    for obj in objects:
        whole = isinstance(obj, dict) and isinstance(obj.get("apiVersion"), str) and isinstance(obj.get("kind"), str)
        if not whole or not isinstance(obj.setdefault("metadata", {}), dict):
            raise Problem(f"{origin}: a document is no Kubernetes object; give apiVersion, kind and metadata")
    return objects


def _at(text: str, mark: Any) -> str:
    lines = text.split("\n")
    return lines[mark.line][mark.column :] if mark.line < len(lines) else ""


def text_of(path: str, encoding: str = "utf-8-sig") -> tuple[str, str]:
    """What is in a file ("-": stdin), and what to call it. Raises Problem."""
    origin = _origin(path)
    try:
        return files.read(path, MAX_BYTES, origin, "; give a manifest", stdin=True).decode(encoding), origin
    except UnicodeDecodeError as error:
        raise Problem(f"{origin}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


@cache
def _loader() -> Any:
    """SafeLoader that refuses doubled keys, and leaves dates alone: to Kubernetes they are strings.

    `read_apart` of a loader has what kubectl reads otherwise, with place and remedy.
    """
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self.read_apart: list[str] = []

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if key.tag == "tag:yaml.org,2002:merge":
                    continue
                if key.tag not in ("tag:yaml.org,2002:str", READ_APART_TAG):
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key is not a string; put it in quotes", key.start_mark
                    )
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value[:40]} occurs twice; keep one", key.start_mark
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep)

        def apart(self, node: Any) -> str:
            mark = node.start_mark
            self.read_apart.append(f"line {mark.line + 1}, column {mark.column + 1}: {read_apart(node.value)}")
            return str(node.value)

    Loader.add_implicit_resolver(READ_APART_TAG, READ_APART, list(READ_APART_FIRST))
    for first in READ_APART_FIRST:
        Loader.yaml_implicit_resolvers[first].reverse()  # ours is asked first
    Loader.add_constructor(READ_APART_TAG, Loader.apart)
    return Loader


class _Budget:
    def __init__(self, origin: str) -> None:
        self.left = MAX_NODES
        self.origin = origin

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Problem(f"{self.origin}: more than {MAX_NODES} values once aliases are expanded; give a manifest")


def _plain(value: Any, budget: _Budget) -> Any:
    """A copy without aliases, of what JSON has."""
    budget.spend()
    match value:
        case dict():
            return {key: _plain(item, budget) for key, item in value.items()}
        case list():
            return [_plain(item, budget) for item in value]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            raise Problem(f"{budget.origin}: a value is a {type(value).__name__}; Kubernetes objects hold JSON's types")

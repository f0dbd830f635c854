"""What QEE signs is what kubectl sends, and what is seen: kubectl itself is asked, offline."""

import json
import random
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.cluster.clients import kubectl
from e2e.cluster.steps import ClusterError

from qee.cli import manifest
from qee.cli.plain_text import check_text
from qee.cli.problem import Problem
from qee.cli.sign import signable
from qee.cli.yaml_text import dumped

HEAD = "apiVersion: qee.dev/v1alpha1\nkind: QuantumJob\nmetadata: {name: a}\n"
BLOCK = (
    "# a job\n"
    + HEAD
    + """spec:
  shots: 100
  circuits:
  - name: bell
    source: |
      OPENQASM 3.0;
        h q[0];
    parameters: {theta: ["0.1", '0.2']}
  maxCost: {amount: "1.50", currency: USD}
"""
)
FLOW = (
    HEAD
    + "spec: {shots: 100, a: [1, two, \"three\"], b: plain text, c: 'it''s\n    x'}\n---\n# next\n"
    + HEAD.replace("name: a", "name: b")
)
JSON = json.dumps({"apiVersion": "qee.dev/v1alpha1", "kind": "QuantumJob", "metadata": {"name": "a"}, "spec": {"x": 7}})
NUMBERS = r"""0_x1 0_b1 1e_3 010 0o7 0O7 1_000 -0 +5 1:30 190:20:30.15 .inf .NaN 1. .5 1e3 1E+3 0x1F 0X1f 0b11 -010 08
0_ -_1 ._1 1__0 2024-01-01 2001-12-14t21:59:43.10-05:00 9223372036854775808 1.0.0 1-2 0x_1 0o8 1e 1e1000 inf"""
WORDS = r"""yes No ON off y n N ~ null Null TRUE true << = !!str !!int ! &a *a > |- |2 - -- --- ... ?x x: @a #a a#b []
{a:b} "\L" "\x41" "\/" """
VALUES = [*NUMBERS.split(), *WORDS.split()]
APART = "0_x1 0_b1 1e_3 010 0o7 1:30 1e3 0X1f 0b11 08 -_1 y n N 00 1E5 0x1F"
TOKENS = [
    *VALUES,
    *(
        "\n",
        "\t",
        " ",
        "\r",
        "\x85",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\xa0",
        "\u202e",
        "\u200b",
        "#",
        ", ",
        ": ",
        '"',
        "'",
    ),
    *("\n---\n", "\n--- # c\n", "\n--- {a: b}\n", "\n...\n", "%YAML 1.1\n---\n", "<<: {shots: 3}\n", "shots: 3\n"),
    *("? shots\n: 3\n", '"<<": {a: 3}', "!!merge <<: {shots: 9}", "|\n", ">\n", "[", "]", "{", "}", "- ", "\\\n"),
]
CASES = 150


def mutated(seed: int) -> str:
    choose = random.Random(seed)
    text = choose.choice([BLOCK, FLOW, JSON])
    for _ in range(choose.choice([1, 1, 2])):
        places = list(re.finditer(r"(?<=: )[^\s,{}\[\]]+|\b100\b", text))
        if places and choose.random() < 0.5:
            place, value = choose.choice(places), choose.choice(VALUES)
            if choose.random() < 0.4:
                value = "".join(choose.choice("0123456789_+-.eExXoOb:") for _ in range(choose.randint(1, 6)))
            text = text[: place.start()] + value + text[place.end() :]
        else:
            at = choose.randrange(len(text) + 1)
            text = text[:at] + choose.choice(TOKENS) + text[at + choose.choice([0, 0, 1]) :]
    return text


def sent(text: str, folder: Path) -> list[Any] | None:
    """The QuantumJobs that kubectl makes of a text; None where it refuses the text."""
    try:
        told = kubectl(folder / "none", "label", "--local", "-f", "-", "-o", "json", "seen=by-kubectl", input=text)
    except ClusterError:
        return None
    found, at = [], 0
    while at < len(told):
        value, at = json.JSONDecoder().raw_decode(told, at)
        at += len(told[at:]) - len(told[at:].lstrip())
        found.append(value)
    return [plain(each) for each in found if is_job(each)]


def is_job(value: Any) -> bool:
    return value.get("kind") == "QuantumJob" and str(value.get("apiVersion")).startswith("qee.dev/")


def plain(job: Any) -> Any:
    """Without the label, and without metadata that is null or empty, which kubectl leaves out."""
    meta = {key: value for key, value in job["metadata"].items() if value}
    labels = {key: value for key, value in meta.pop("labels", {}).items() if key != "seen"}
    return {**job, "metadata": {**meta, **({"labels": labels} if labels else {})}}


@pytest.mark.parametrize("part", range(5))
def test_what_is_signed_is_what_kubectl_sends(part: int, tmp_path: Path) -> None:
    compared = 0
    for seed in range(part, CASES, 5):
        text = mutated(seed)
        try:
            own = [plain(job.value) for job in signable.parsed(text, "here").jobs]
        except Problem:
            continue
        if (found := sent(text, tmp_path)) is not None:
            assert own == found, repr(text)
            compared += 1
    assert compared > CASES / 5 / 10  # the others are refused by one of the two


@pytest.mark.parametrize("value", [each for each in VALUES if each not in ("&a", "*a", "x:", "?x", "{a:b}", "[]")])
def test_a_value_is_signed_as_kubectl_sends_it_or_refused(value: str, tmp_path: Path) -> None:
    text = f"{HEAD}spec: {{a: {value}, b: x}}\n"
    try:
        (job,) = signable.parsed(text, "here").jobs
    except Problem:
        return
    found = sent(text, tmp_path)
    assert found is None or found == [plain(job.value)]


@pytest.mark.parametrize("value", APART.split())
def test_what_kubectl_reads_otherwise_is_refused_by_lint_too(value: str) -> None:
    with pytest.raises(Problem, match=r"here, line 4, column 15: .*in quotes if it is text") as caught:
        manifest.of(f"{HEAD}spec: {{shots: {value}}}\n", "here")
    assert value in caught.value.message


def test_an_octal_number_is_told_with_both_readings() -> None:
    with pytest.raises(Problem, match=r"010, which is octal 8 to kubectl, .*; write 8 or 10, or in quotes"):
        manifest.of(f"{HEAD}spec: {{shots: 010}}\n", "here")


UNSEEN = [
    "\u2028",
    "\u2029",
    "\x85",
    "\r",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "\u200b",
    "\u2060",
    "\xad",
    "\U000e0041",
]


@pytest.mark.parametrize("character", UNSEEN)
@pytest.mark.parametrize(
    "text", ["# harmless{}  shots: 1000000\n", "spec:\n  note: a{}b\n", 'spec: {{note: "a{}b"}}\n', "spec: |\n  a{}b\n"]
)
def test_a_character_that_is_not_seen_is_refused_wherever_it_stands(character: str, text: str) -> None:
    whole = HEAD + text.format(character)
    for read in (signable.parsed, manifest.of):
        with pytest.raises(Problem, match=r"here, line [45], column \d+: ") as caught:
            read(whole, "here")
        assert character not in caught.value.message


def test_every_control_format_and_separator_of_unicode_is_refused() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character not in "\t\n":
            with pytest.raises(Problem):
                check_text(f"a{character}b", "here")


def test_letters_marks_and_an_escape_are_taken() -> None:
    text = HEAD + 'spec: {a: "\\u2028\\u202e", b: "Zoë κλμ 量子 😀 é", c: "a\u00a0b"}\r\n'
    (job,) = signable.parsed("\ufeff" + text, "here").jobs
    assert job.value["spec"] == {"a": "\u2028\u202e", "b": "Zoë κλμ 量子 😀 é", "c": "a\u00a0b"}


@pytest.mark.parametrize("mark", ["--- {a: b}", "---a", "--- a: 1", "...", "%YAML 1.2", "--- # c\n--- |", "--- !!map"])
def test_marks_at_which_readers_part_are_refused(mark: str) -> None:
    for read in (signable.parsed, manifest.of):
        with pytest.raises(Problem, match="separate documents by a line --- alone"):
            read(f"{HEAD}{mark}\n{HEAD}", "here")


def test_what_qee_writes_is_read_alike(tmp_path: Path) -> None:
    words = [
        *VALUES,
        *TOKENS,
        "a\n b\n",
        "\tx\n\ty \n",
        "q\u2028q\n",
        "  lead\n",
        "\n\nx",
        "x\n\n",
        "ü\n",
        "a: b\n# c\n",
    ]
    job = {**yaml.safe_load(HEAD), "spec": {"words": words, "keys": {word: 1 for word in words if word.strip()}}}
    for flow in (None, False):
        text = dumped(job, flow=flow)
        assert sent(text, tmp_path) == [job]
        assert [each.value for each in signable.parsed(text, "here").jobs] == [job]
        assert list(manifest.of(text, "here").jobs) == [job]


def test_two_objects_of_one_name_are_refused() -> None:
    spec = "spec: {shots: 1}\n"
    for read in (signable.parsed, manifest.of):
        with pytest.raises(Problem, match="two QuantumJobs are named a; give each a name of its own"):
            read(f"{HEAD}{spec}---\n{HEAD}{spec}", "here")
    table = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}\ndata: {a: 'X'}\n"
    assert list(manifest.of(f"{HEAD}---\n{table}---\n{table}", "here").config_maps) == ["t"]
    with pytest.raises(Problem, match="two ConfigMaps are named t"):
        manifest.of(f"{HEAD}---\n{table}---\n{table.replace('X', 'y')}", "here")

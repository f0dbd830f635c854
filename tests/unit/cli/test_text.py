"""Histograms, escapes, durations: what `qee` makes of numbers and strings."""

import io
import itertools
import sys
import unicodedata
from collections.abc import Mapping

import pytest

from qee.cli import durations, terminal
from qee.cli.cluster.progress import Progress
from qee.cli.show.histogram import columns
from qee.cli.show.showing import shown as as_text
from qee.documents import CircuitResult, JobReference, Provenance, Register, ResultDocument


def result(counts: Mapping[str, int], *registers: Register, circuit: str = "bell") -> CircuitResult:
    width = len(next(iter(counts)))
    return CircuitResult(circuit, 0, sum(counts.values()), registers or (Register("c", width),), counts, {})


def shown(
    counts: Mapping[str, int], *registers: Register, width: int = 80, blocks: bool = True, simulated: bool = True
) -> list[str]:
    one = result(counts, *registers)
    provenance = Provenance("aer", {}, "double", "none", 1, (), "", "", "0", 1)
    document = ResultDocument(JobReference("default", "bell", "1"), "aer", simulated, (one,), 7, False, provenance)
    return as_text(document, [one], width, blocks).splitlines()


def test_the_title_says_circuit_shots_backend_and_whether_it_was_simulated() -> None:
    assert shown({"0": 3, "1": 1})[0] == "bell: 4 shots on aer (simulated)"
    assert shown({"0": 3, "1": 1}, simulated=False)[0] == "bell: 4 shots on aer (on hardware)"


def test_outcomes_are_ordered_by_count_and_then_by_bits() -> None:
    lines = shown({"11": 5, "00": 5, "01": 80, "10": 10})
    assert [line.split()[0] for line in lines[1:]] == ["01", "10", "00", "11"]
    assert [line.split()[-1] for line in lines[1:]] == ["80.0%", "10.0%", "5.0%", "5.0%"]


def test_bars_are_proportional_to_counts_to_an_eighth_of_a_character() -> None:
    lines = shown({"0": 400, "1": 205})
    assert lines[1].split()[1] == "█" * 40
    assert lines[2].split()[1] == "█" * 20 + "▌"


def test_without_block_characters_bars_are_plain() -> None:
    lines = shown({"0": 400, "1": 200}, blocks=False)
    assert [line.split()[1] for line in lines[1:]] == ["#" * 40, "#" * 20]
    assert all(line.isascii() for line in lines)


def test_only_the_sixteen_most_frequent_outcomes_are_shown_and_the_rest_is_summed() -> None:
    counts = {f"{n:05b}": 100 - n for n in range(20)}
    lines = shown(counts)
    assert len(lines) == 1 + 16 + 1
    rest = 84 + 83 + 82 + 81
    assert lines[-1] == f"  and 4 more: {rest} shots, {100 * rest / sum(counts.values()):.1f}%"


def test_sixteen_outcomes_leave_no_rest() -> None:
    assert "more" not in shown({f"{n:04b}": 1 for n in range(16)})[-1]


def test_several_registers_are_named_in_the_order_of_the_bits() -> None:
    assert shown({"101": 1}, Register("low", 2), Register("high", 1))[1].split(": ")[1] == "high[1]  low[2]"


def test_bars_shrink_on_narrow_terminals_so_that_lines_do_not_wrap() -> None:
    assert max(map(len, shown({"0000000000": 400, "1111111111": 205}, width=60))) <= 60


@pytest.mark.parametrize(
    "character",
    ["\x1b", "\n", "\r", "\x07", "\x7f", "\x9b", "\xad", "\u202e", "\u2028", "\u200b", "\ufeff", "\U000e0041"],
)
def test_what_a_terminal_acts_on_is_escaped(character: str) -> None:
    escaped = terminal.printable(f"a{character}b")
    assert character not in escaped
    assert escaped.isascii()
    assert escaped.encode().decode("unicode_escape") == f"a{character}b"


def test_every_control_and_format_character_of_unicode_is_escaped() -> None:
    unsafe = [
        chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    ]
    assert [c for c in unsafe if terminal.printable(c) == c] == []


@pytest.mark.parametrize("text", ["Grüße", "量子", "θ=π/2", "tab-free text, (1.5)"])
def test_other_text_is_left_alone(text: str) -> None:
    assert terminal.printable(text) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_only_and_obey_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.coloured("x", "red", Terminal()) == "\x1b[31mx\x1b[0m"
    assert terminal.coloured("x", "red", io.StringIO()) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.coloured("x", "red", Terminal()) == "x"
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.coloured("x", "red", Terminal()) == "x"


def test_what_the_encoding_cannot_say_is_replaced_and_does_not_end_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    assert not terminal.draws(sys.stdout)
    terminal.out("θ")
    assert buffer.getvalue() == b"?\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172800), ("500ms", 0.5), ("1.5h", 5400)],
)
def test_durations_are_written_as_in_kubectl(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5s", "10x", "m", "1h 30m", "nan", "1e3", "٣s"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 90s"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d"), (-3, "0s")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert durations.short(seconds) == text


def test_columns_line_up() -> None:
    assert columns([["NAME", "X"], ["a", "1"], ["longer", ""]]) == "NAME     X\na        1\nlonger"


def test_on_a_terminal_progress_is_one_live_line_with_the_seconds_and_logs_stay_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    clock = itertools.chain([0.0], itertools.repeat(42.0))
    queued = {"type": "Finished", "status": "False", "reason": "Queued", "message": "waits [bold]for\x1b[2J room"}
    with Progress("bell", clock=lambda: next(clock)) as progress:
        progress.show({"metadata": {}, "status": {"phase": "Queued", "conditions": [queued]}})
        progress.line("from the log: [red]not markup")
    written = stream.getvalue()
    assert "bell: Queued: waits [bold]for\\x1b[2J room (42s)" in written
    assert "from the log: [red]not markup\n" in written
    assert "\x1b[2J" not in written

"""Every output as text, table, plot, picture and export; bit order and numbers as they are printed."""

import io
import itertools
import json
import math
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fakes.documents import computed, counted, document, expected, stored, sweep
from typer.testing import CliRunner

from qee.cli.main import app
from qee.cli.show.curves import Axis, curves
from qee.cli.show.showing import shown
from qee.documents import CircuitResult, Register, ResultDocument
from qee.documents.result import Missing

LOST = [Missing(1, "DeadlineExceeded", "shard 1 ran too long")]
THETA = tuple(f"{math.pi * step / 8:.6f}" for step in range(17))


def qee(*words: str) -> Any:
    return CliRunner().invoke(app, ["result", *words], prog_name="qee", catch_exceptions=False)


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    """Keeps a document in a file and returns its path."""

    def keep(found: ResultDocument) -> str:
        path = tmp_path / "result.json"
        path.write_bytes(stored(found))
        return str(path)

    return keep


def text(found: ResultDocument, blocks: bool = True) -> list[str]:
    return shown(found, found.results, 80, blocks).splitlines()


def cosine(shots: int = 100) -> ResultDocument:
    """Counts of 0 and 1 with P(0) = cos^2(theta/2)."""
    rows = []
    for row, theta in enumerate(THETA):
        zeros = round(shots * math.cos(float(theta) / 2) ** 2)
        counts = {key: count for key, count in (("0", zeros), ("1", shots - zeros)) if count}
        rows.append(counted(counts, circuit="wave", row=row))
    return document(*rows, parameters={"wave": {"theta": THETA, "phi": ("1",) * 17}})


def everything() -> ResultDocument:
    rows = sweep()
    return document(
        counted({"001": 2, "110": 1}, Register("low", 2), Register("high", 1), memory=("110", "001", "001")),
        computed([0.1, 0.2, 0.3, 0.4], (0.6, 0, 0, 0.8j)),
        *rows.results,
        CircuitResult("nothing", 0, 0, seeds=(1,)),
        parameters=rows.parameters,
    )


def test_expectation_values_of_a_sweep_are_a_line_for_each_parameter_set() -> None:
    assert text(sweep()) == [
        "energy: expectation values of 3 parameter sets on aer (simulated)",
        "  SET   theta   phi   even             exact",
        "  0     0       1     1.250 ± 0.062    0 (exact)",
        "  1     0.5     1     0.250 ± 0.062    0.1 (exact)",
        "  2     1.0     1     -1.250 ± 0.062   0.2 (exact)",
    ]


def test_expectation_values_of_one_circuit_show_two_digits_of_the_error() -> None:
    values = {"a": ("-1.137238", "0.00213", 400), "b": ("12", "31.4", 7), "c": ("1", "0", 20), "d": ("0.1", "0", 0)}
    assert text(document(expected(values)), blocks=False) == [
        "energy: expectation values on aer (simulated)",
        "  OBSERVABLE   VALUE                SHOTS",
        "  a            -1.1372 +/- 0.0021   400",
        "  b            12 +/- 31            7",
        "  c            1 +/- 0              20",
        "  d            0.1 (exact)          0",
    ]


def test_a_long_sweep_is_shortened_with_a_count_of_what_is_left_out() -> None:
    lines = text(cosine())
    assert lines[0] == "wave: 100 shots each, 17 parameter sets, on aer (simulated)"
    assert lines[1].split() == ["SET", "theta", "phi", "LEADING", "OUTCOMES"]
    assert lines[4].split() == ["2", "0.785398", "1", "0", "85.0%", "1", "15.0%"]
    assert lines[-1] == "  and 1 more parameter sets: -o table shows all, --plot draws them"


def test_a_statevector_shows_its_largest_amplitudes_with_their_phase() -> None:
    lines = text(document(computed(statevector=(0, 0.6j, 0, -0.8))))
    assert lines == [
        "state: statevector before the measurements on aer (simulated)",
        "  STATE   AMPLITUDE             PROBABILITY   PHASE",
        "  11      -0.800000+0.000000i   0.640000      1.000π",
        "  01      +0.000000+0.600000i   0.360000      0.500π",
    ]


def test_probabilities_show_the_largest_and_sum_the_rest() -> None:
    lines = text(document(computed([2 / 32] * 8 + [1 / 32] * 16 + [0.0] * 8)))
    assert lines[0] == "state: exact probabilities on aer (simulated)"
    assert [line.split()[0] for line in lines[1:9]] == [f"{n:05b}" for n in range(8)]
    assert lines[-1] == "  and 8 more: 25.0%"


def test_memory_shows_the_first_shots_and_how_many_more() -> None:
    lines = text(document(counted({"01": 9, "10": 1}, memory=("10", *["01"] * 9))))
    assert lines[-1] == "  10 01 01 01 01 01 01 01  and 2 more"


def test_many_circuits_are_shortened_too() -> None:
    lines = text(document(*(counted({"0": 1}, circuit=f"c{n}") for n in range(20))))
    assert lines[-1] == "and 4 more circuits: --circuit NAME shows one, -o table all"
    assert sum("shots on" in line for line in lines) == 16


def test_a_plot_of_many_circuits_is_shortened_too(kept: Any) -> None:
    many = document(*(counted({"0": 1}, circuit=f"c{n}") for n in range(20)))
    lines = qee("--file", kept(many), "--plot").stdout.splitlines()
    assert lines[-1] == "and 4 more circuits: --circuit NAME shows one"


@pytest.mark.parametrize("form", ["histogram", "table", "csv", "json", "yaml"])
def test_no_output_crashes_any_form(kept: Any, form: str) -> None:
    done = qee("--file", kept(everything()), "-o", form)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("form", ["histogram", "table", "csv", "json", "yaml"])
def test_a_partial_result_warns_on_stderr_in_every_form(kept: Any, form: str) -> None:
    done = qee("--file", kept(sweep(rows=(0, 2), missing=LOST)), "-o", form)
    assert done.exit_code == 0
    assert "PARTIAL RESULT: 1 of 1 shards failed for good" in done.stderr
    assert "shard 1: DeadlineExceeded: shard 1 ran too long" in done.stderr
    assert ("PARTIAL" in done.stdout) == (form == "histogram")


def test_the_table_has_every_number_of_every_output(kept: Any) -> None:
    rows = [line.split() for line in qee("--file", kept(everything()), "-o", "table").stdout.splitlines()]
    assert ["bell", "0", "-", "-", "001", "2", "0.666667"] in rows
    assert ["bell", "0", "-", "-", "0", "110"] in rows  # the first shot
    assert ["state", "0", "-", "-", "01", "0.2"] in rows
    assert ["state", "0", "-", "-", "11", "0", "0.8", "0.64"] in rows
    assert ["energy", "2", "1", "1.0", "even", "-1.25", "0.0625", "100"] in rows


def test_csv_is_tidy(kept: Any) -> None:
    import pandas

    done = qee("--file", kept(everything()), "-o", "csv")
    frame = pandas.read_csv(io.StringIO(done.stdout), dtype={"outcome": str})
    assert list(frame.columns[:4]) == ["circuit", "parameterSet", "phi", "theta"]
    even = frame[frame.observable == "even"]
    assert list(zip(even.theta, even.value, even.standardError, strict=True)) == [
        (0, 1.25, 0.0625),
        (0.5, 0.25, 0.0625),
        (1.0, -1.25, 0.0625),
    ]
    counts = frame[frame.output == "counts"]
    assert dict(zip(counts.outcome, counts["count"], strict=True)) == {"001": 2, "110": 1}


def test_csv_goes_to_the_file_in_place_of_the_document(kept: Any, tmp_path: Path) -> None:
    path = kept(everything())
    done = qee("--file", path, "-o", "csv", "--output-file", str(tmp_path / "x.csv"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / "x.csv").read_text() == qee("--file", path, "-o", "csv").stdout


def test_npz_holds_arrays_over_the_sweep_with_gaps_where_shards_failed(kept: Any, tmp_path: Path) -> None:
    target = str(tmp_path / "x.npz")
    partial = sweep(rows=(0, 2), missing=LOST)
    state = computed([0.25, 0.75], (0.6, 0.8j))
    parameters = {**partial.parameters, **cosine().parameters}
    found = document(*partial.results, *cosine().results, state, parameters=parameters)
    assert qee("--file", kept(found), "-o", "npz", "--output-file", target).exit_code == 0
    held = np.load(target, allow_pickle=False)
    np.testing.assert_array_equal(held["energy.expectation.even"], [1.25, np.nan, -1.25])
    np.testing.assert_array_equal(held["energy.present"], [True, False, True])
    np.testing.assert_array_equal(held["energy.parameters.theta"], [0, 0.5, 1])
    assert held["wave.counts"].shape == (17, 2)
    assert list(held["wave.outcomes"]) == ["0", "1"]
    assert list(held["wave.counts"][2]) == [85, 15]
    np.testing.assert_array_equal(held["state.statevector"], [[0.6, 0.8j]])
    assert "npz is for programs" in qee("--file", kept(partial), "-o", "npz").stderr


def test_a_sweep_is_plotted_with_error_bars_against_the_parameter_that_varies(kept: Any) -> None:
    lines = qee("--file", kept(cosine()), "--plot", "--outcome", "1").stdout.splitlines()
    assert lines[0] == "wave: probability of 1 on aer (simulated), bars: one standard error"
    assert len(lines) == 1 + 16 + 2
    assert lines[-1].split() == ["0", "theta", "6.28318"] or lines[-1].split() == ["0", "theta", "6.28319"]
    drawn = [line.partition("┤")[2] for line in lines[1:17]]
    assert all(0x2800 < ord(mark) <= 0x28FF for line in drawn for mark in line if mark != " ")
    middle = len(max(drawn, key=len)) // 2
    assert abs(len(drawn[0].rstrip()) - middle) < 12  # the probability of 1 is largest at pi, in the middle
    assert not drawn[0][: middle - 12].strip()
    assert drawn[-1][0] != " "  # and none at 0


def test_without_block_characters_a_plot_is_plain() -> None:
    from qee.cli.show.plotting import plotted
    from qee.cli.show.showing import by_circuit

    found = cosine(shots=10)
    drawn = plotted(found, by_circuit(found.results), Axis(outcome="0"), 60, blocks=False)
    assert drawn.isascii()
    assert max(map(len, drawn.splitlines()[1:])) <= 60
    assert drawn.count("*") >= 9
    assert "|" in drawn


def test_curves_have_the_values_and_errors_of_the_sweep() -> None:
    found = sweep()
    even, exact = curves(found, found.results, Axis())
    assert (even.x_label, even.x, even.y, even.errors) == ("theta", (0, 0.5, 1), (1.25, 0.25, -1.25), (0.0625,) * 3)
    assert exact.errors == (0, 0, 0)
    wave = cosine()
    zero, one = curves(wave, wave.results, Axis())
    assert (zero.name, one.name) == ("0", "1")
    assert zero.y[2] == 0.85
    assert zero.errors[2] == pytest.approx(math.sqrt(0.85 * 0.15 / 100), rel=0.02)
    assert zero.errors[0] > 0  # 100 of 100 shots do not prove a probability of 1


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--plot", "--parameter", "x"), "no such parameter; it has phi, theta"),
        (("--plot", "--outcome", "00"), "outcomes of 1 bits"),
        (("--plot", "-o", "json"), "leave out -o json"),
        (("--outcome", "0"), "give one of these, too"),
        (("--plot", "--circuit", "nope"), "it has wave"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(kept: Any, words: tuple[str, ...], remedy: str) -> None:
    done = qee("--file", kept(cosine()), *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert remedy in done.stderr


def test_axes_are_for_sweeps(kept: Any) -> None:
    assert "are for sweeps" in qee("--file", kept(document(counted({"0": 1}))), "--plot", "--outcome", "0").stderr


def test_a_picture_of_everything_is_written(kept: Any, tmp_path: Path) -> None:
    found, wave = everything(), cosine()
    both = document(*found.results, *wave.results, parameters={**found.parameters, **wave.parameters}, missing=LOST)
    done = qee("--file", kept(both), "--png", str(tmp_path / "x.png"))
    assert done.exit_code == 0
    data = (tmp_path / "x.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", data[16:24])) > 1000
    assert "wrote " in done.stderr


def test_a_picture_says_backend_shots_and_what_its_axes_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    from qee.cli.show import pictures
    from qee.cli.show.showing import by_circuit

    drawn: list[Any] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: drawn.extend(self.axes))
    found = document(counted({"01": 3, "10": 1}, circuit="$a$"), *sweep().results, parameters=sweep().parameters)
    pictures.png(found, by_circuit(found.results), Axis())
    bars, curve = drawn
    assert bars.get_title() == "$a$ on aer (simulated), 4 shots"
    assert not bars.title.get_parse_math()  # a name is no formula
    assert [label.get_text() for label in bars.get_xticklabels()] == ["01", "10"]
    assert [bar.get_height() for bar in bars.patches] == [3, 1]
    assert (curve.get_xlabel(), curve.get_ylabel()) == ("theta", "expectation value")
    assert [label.get_text() for label in curve.get_legend().get_texts()] == ["even", "exact"]
    assert curve.get_title() == "energy on aer (simulated), 100 shots each"


def drawn_of(found: ResultDocument, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The axes of the picture of a result, after layout."""
    from matplotlib.figure import Figure

    from qee.cli.show import pictures
    from qee.cli.show.showing import by_circuit

    axes: list[Any] = []

    def kept(figure: Any, *_: Any, **__: Any) -> None:
        figure.canvas.draw()
        axes.extend(figure.axes)

    monkeypatch.setattr(Figure, "savefig", kept)
    pictures.png(found, by_circuit(found.results), Axis())
    return axes


@pytest.mark.parametrize("bits", [1, 8, 11, 40, 127, 300])
def test_no_label_is_cut_however_long_its_outcome(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {f"{n:0{bits}b}": n + 1 for n in range(min(2**bits, 40))}
    (axes,) = drawn_of(document(counted(counts)), monkeypatch)
    labels = axes.get_yticklabels() if bits > 10 else axes.get_xticklabels()
    page = axes.figure.bbox
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    assert all(box.x0 >= page.x0 and box.y0 >= page.y0 and box.y1 <= page.y1 for box in boxes)
    whole = [label.get_text().replace("\n", "") for label in labels]
    assert max(counts, key=lambda key: counts[key]) in whole
    values = [patch.get_width() if bits > 10 else patch.get_height() for patch in axes.patches]
    assert sum(values) == sum(counts.values())  # what has no bar of its own is in that of the others
    beside = [label.get_window_extent() for label in axes.get_yticklabels()] if bits > 10 else []
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in itertools.pairwise(beside))


def test_one_outcome_fills_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    (axes,) = drawn_of(document(counted({"1": 7})), monkeypatch)
    left, right = axes.get_xlim()
    (bar,) = axes.patches
    assert bar.get_width() / (right - left) > 0.3


def test_a_sweep_over_two_parameters_is_a_map_of_each_value(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"a": ("0", "0", "1", "1"), "b": ("0", "2", "0", "2"), "fixed": ("5", "5", "5", "5")}
    results = [counted({"0": 4 - n, "1": n}, row=n) for n in range(4)]
    found = document(*results, parameters={results[0].circuit: table})
    first, *_ = drawn_of(found, monkeypatch)
    (mesh,) = first.collections
    assert (first.get_xlabel(), first.get_ylabel()) == ("a", "b")
    assert first.get_title().endswith("0 on aer (simulated), 4 shots each")
    assert mesh.get_array().tolist() == [[1.0, 0.5], [0.75, 0.25]]  # rows are b, columns a


def test_shots_that_differ_between_observables_are_told_from_least_to_most() -> None:
    from qee.cli.show.pictures import _each

    assert _each({0}) == ", exact"
    assert _each({100}, " each") == ", 100 shots each"
    assert _each({0, 100}) == ", 100 shots"  # what is exact has none
    assert _each({100, 7}) == ", 7 to 100 shots"


def test_without_matplotlib_the_command_that_installs_it_is_named(
    kept: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = qee("--file", kept(cosine()), "--png", str(tmp_path / "x.png"))
    assert done.exit_code == 2
    assert "pip install 'qee[plot]'" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_a_file_that_contradicts_itself_is_refused_in_one_line(kept: Any) -> None:
    path = kept(sweep())
    value = json.loads(Path(path).read_text())
    value["results"][0]["parameterSet"] = 99
    Path(path).write_text(json.dumps(value))
    done = qee("--file", path)
    assert done.exit_code == 2
    assert "contradicts itself" in done.stderr


def test_a_file_is_shown_without_a_signature_but_not_with_half_of_one(kept: Any) -> None:
    path = kept(document(counted({"0": 1})))
    assert qee("--file", path).stdout.startswith("bell: 1 shots")
    assert "give all three, or --file alone" in qee("--file", path, "--signature", path).stderr
    assert "cannot be read" in qee("--file", path + "x").stderr

"""From a circuit's file to numbers in a notebook: qee init, qee run --local and qee.results.load on a real engine."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests import builders
from typer.testing import CliRunner

from qee.cli.main import app
from qee.results import Result, load

RY = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\nqubit[2] q;\nry(theta) q[0];\ncx q[0], q[1];\n'
THETA = ["0", "0.5", "1.5707963267948966", "3"]


def ran(tmp_path: Path, job: Any) -> tuple[str, Result]:
    """What the command printed, and the loaded result."""
    path, kept = tmp_path / "job.yaml", tmp_path / "result.json"
    path.write_text(yaml.safe_dump(job))
    words = ["run", "--local", str(path), "--output-file", str(kept)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout, load(kept)


def sweep(source: str, **more: Any) -> Any:
    return [{"name": "ry", "format": "openqasm3", "source": source, "parameters": {"theta": THETA}, **more}]


def test_exact_outputs_of_a_sweep_are_the_analytic_ones(tmp_path: Path) -> None:
    observables = [{"name": "zz", "terms": {"ZZ": "1"}}, {"name": "zi", "terms": {"ZI": "1"}}]
    outputs = ["probabilities", "statevector", "expectation"]
    text, result = ran(tmp_path, builders.job(circuits=sweep(RY, observables=observables), outputs=outputs))
    theta = result.parameters()["theta"]
    np.testing.assert_allclose(result.expectation(observable="zi").value, np.cos(theta), atol=1e-9)
    np.testing.assert_allclose(result.expectation(observable="zz").value, 1, atol=1e-9)
    np.testing.assert_array_equal(result.expectation(observable="zi").standard_error, 0)
    for row, angle in enumerate(theta):
        c, s = math.cos(angle / 2), math.sin(angle / 2)
        np.testing.assert_allclose(result.probabilities(parameter_set=row), [c * c, 0, 0, s * s], atol=1e-9)
        state = result.statevector(parameter_set=row)
        assert abs(np.vdot([c, 0, 0, s], state)) == pytest.approx(1, abs=1e-9)
    assert "ry: expectation values of 4 parameter sets on aer (simulated)" in text
    pub = result.to_primitive_result()[0]
    column = pub.metadata["observables"].index("zi")
    np.testing.assert_allclose(pub.data.evs[:, column], np.cos(theta), atol=1e-9)


def test_counts_and_memory_reach_qiskits_bit_arrays_with_the_right_register(tmp_path: Path) -> None:
    source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[2] low;\nbit[1] high;\nx q[0];\nh q[2];\n'
    source += "low[0] = measure q[0];\nlow[1] = measure q[1];\nhigh[0] = measure q[2];\n"
    circuit = [{"name": "registers", "format": "openqasm3", "source": source}]
    text, result = ran(tmp_path, builders.job(circuits=circuit, outputs=["counts", "memory"], shots=200, seed=3))
    data = result.to_primitive_result()[0].data
    assert data.low.get_counts() == {"01": 200}
    assert data.high.get_counts() == result.counts(register="high")
    assert [h + low for h, low in zip(data.high.get_bitstrings(), data.low.get_bitstrings(), strict=True)] == (
        result.memory()
    )
    assert "registers, left to right: high[1]  low[2]" in text
    frame = result.to_pandas()
    assert frame[frame.output == "counts"]["count"].sum() == 200


def test_what_init_makes_runs(tmp_path: Path) -> None:
    source, manifest, kept = tmp_path / "ry.qasm", tmp_path / "job.yaml", tmp_path / "result.json"
    source.write_text(RY)
    for words in (
        ["init", str(source), "-o", str(manifest)],
        ["run", "--local", str(manifest), "--output-file", str(kept), "--plot", "--outcome", "11"],
    ):
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("ry: probability of 11 on aer (simulated), exact")
    np.testing.assert_allclose(load(kept).probabilities(parameter_set=2), [0.5, 0, 0, 0.5], atol=1e-9)


def test_sampled_expectation_values_show_their_errors(tmp_path: Path) -> None:
    observables = [{"name": "zi", "terms": {"ZI": "1"}}]
    job = builders.job(circuits=sweep(RY, observables=observables), outputs=["expectation"], precision="0.02", seed=11)
    text, result = ran(tmp_path, job)
    value, error = result.expectation()
    assert "±" in text
    assert (error[1:3] > 0).all()
    assert (error <= 0.03).all()
    # 5 standard errors at two points that have one: a false alarm in about 1 of 900,000 runs, and the seed is fixed.
    assert (np.abs(value - np.cos(result.parameters()["theta"]))[1:3] <= 5 * error[1:3]).all()

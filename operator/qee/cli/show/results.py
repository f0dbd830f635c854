"""A result in the form that was asked for, and the files that are written beside."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qee.cli import exits, terminal
from qee.cli.files import write
from qee.cli.forms import ResultForm
from qee.cli.problem import Problem, listed
from qee.cli.show import figures
from qee.cli.show.curves import Axis
from qee.documents import CircuitResult, DocumentError, ResultDocument
from qee.documents.reference import ResultReference, is_reference

_OWN_FILE = (ResultForm.CSV, ResultForm.NPZ)  # what --output-file holds itself, in place of the document


@dataclass(frozen=True)
class View:
    """How a result is shown: the form, of one circuit or all, and the files that are written beside.

    `file` gets the document byte for byte, or what `form` makes of it where that is for programs (CSV, npz). `plot`:
    sweeps as curves on the terminal; `png`: a picture of the same. `axis`: what the curves are of.
    """

    form: ResultForm = ResultForm.HISTOGRAM
    circuit: str | None = None
    file: str | None = None
    plot: bool = False
    png: str | None = None
    axis: Axis = field(default_factory=Axis)


def show_files(paths: Sequence[str], view: View) -> int:
    """What somebody kept: the document or its ConfigMap, or those of a reference and then its files.

    Nothing proves where they are from.
    """
    from qee.results import ResultError, load

    path, *files = paths
    try:
        data = load(path, files=files).document.to_bytes()
    except ResultError as error:
        raise Problem(f"--file {error}" if str(error).startswith(path) else f"--file {path}: {error}") from None
    present(data, view)
    return exits.OK


def whole(data: bytes, files: Sequence[str]) -> bytes:
    """The result document in these files of a volume, which `data` refers to. Raises Problem."""
    from qee.cli.show import references

    if not is_reference(data):
        raise Problem(
            "--file with a NAME is for results on a volume, and this one is in its ConfigMap; leave out --file, or the "
            "NAME to see a file as it is"
        )
    return references.result_in(data, files)


def present(data: bytes, view: View) -> None:
    """Print the document as the view says, and write what belongs beside it. Raises Problem.

    On stdout, too, JSON is the document as stored, unless one circuit was chosen or a terminal needs escapes.
    """
    text = rendered(data, view)
    beside(data, view)
    if text is not None:
        terminal.out(text)


def beside(data: bytes, view: View) -> None:
    """The files of the view, and a warning on stderr where the result is partial. Raises Problem."""
    if view.form not in _OWN_FILE:
        save(data, view.file)
    if view.png is not None:
        from qee.cli.show import pictures, references

        if is_reference(data):
            raise references.needs_files(data, "--png")
        picture, left = pictures.png(*_chosen(data, view.circuit), view.axis)
        write(view.png, picture, replace=True, what="--png")
        more = f"; {left} more plots have no room in it: choose a circuit with --circuit" if left else ""
        terminal.note(f"wrote {terminal.printable(view.png)}{more}")
    for line in _missing(data):
        terminal.note(terminal.coloured(line, "red", sys.stderr))


def save(data: bytes, file: str | None) -> None:
    """Write the document to the file, where one is given. Raises Problem."""
    if file is None:
        return
    write(file, data, replace=True, what="--output-file")


def rendered(data: bytes, view: View) -> str | None:
    """The document as text, without a line break at its end; None where a file has it instead. Raises Problem."""
    form, circuit = view.form, view.circuit
    if is_reference(data) and (circuit is not None or form not in (ResultForm.JSON, ResultForm.YAML)):
        return _told(data, view)
    if form in (ResultForm.JSON, ResultForm.YAML):
        return _dumped(data, form, circuit)
    document, groups = _chosen(data, circuit)
    results = [each for group in groups for each in group]
    from qee.cli.show import export, plotting, showing, tables

    width = terminal.width(80)
    blocks = terminal.draws(sys.stdout)
    try:
        if form is ResultForm.TABLE:
            return tables.table(document, results)
        if form is ResultForm.NPZ:
            save(export.as_npz(document, results), view.file)
            return None
        if form is ResultForm.CSV:
            text = export.as_csv(document, results)
            if view.file is None:
                return text
            save(f"{text}\n".encode(), view.file)
            return None
        if view.plot:
            return plotting.plotted(document, groups, view.axis, width, blocks)
        return showing.shown(document, results, width, blocks)
    except (DocumentError, IndexError):  # its fields are there, and do not fit together
        raise Problem("the result contradicts itself; was it edited? -o json prints it as it is") from None


def _told(reference: bytes, view: View) -> str:
    """What can be said of a result without its files. Raises Problem."""
    from qee.cli.show import references

    if view.plot or view.form is not ResultForm.HISTOGRAM:
        raise references.needs_files(reference, "--plot" if view.plot else f"-o {view.form}")
    return references.shown(reference, view.circuit)


def _chosen(data: bytes, circuit: str | None) -> tuple[ResultDocument, list[list[CircuitResult]]]:
    """The document, and the results of the circuit or of all, circuit by circuit. Raises Problem."""
    from qee.cli.show.showing import by_circuit

    try:
        document = ResultDocument.from_bytes(data)
    except DocumentError as error:
        raise Problem(f"this version of qee cannot read the result: {error}; -o json prints it as it is") from None
    groups = by_circuit([each for each in document.results if circuit in (None, each.circuit)])
    if not groups:
        raise _no_circuit(circuit, [each.circuit for each in document.results])
    return document, groups


def _missing(data: bytes) -> list[str]:
    try:
        document = ResultReference.from_bytes(data) if is_reference(data) else ResultDocument.from_bytes(data)
        return figures.missing(document)
    except DocumentError:
        return []  # of a later version, printed as it is


def _dumped(data: bytes, form: ResultForm, circuit: str | None) -> str:
    if form is ResultForm.JSON and circuit is None:
        text = data.decode(errors="replace")
        return terminal.printable_json(text) if terminal.is_terminal(sys.stdout) else text
    return dumped(parsed(data, circuit), yaml=form is ResultForm.YAML)


def parsed(data: bytes, circuit: str | None = None) -> dict[str, Any]:
    """The document as plain values, of one circuit where it is given. Raises Problem."""
    try:
        value: dict[str, Any] = json.loads(data)
    except ValueError:
        raise Problem("the result is not JSON; -o json prints it as it is") from None
    if circuit is not None:
        chosen = [each for each in value.get("results", []) if each.get("circuit") == circuit]
        if not chosen:
            raise _no_circuit(circuit, [str(each.get("circuit")) for each in value.get("results", [])])
        value = {**value, "results": chosen}
    return value


def dumped(value: Any, *, yaml: bool) -> str:
    """JSON or YAML for people and programs, with nothing in it that a terminal would act on."""
    if not yaml:
        return terminal.printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    from qee.cli import yaml_text

    return yaml_text.dumped(value, ascii_only=True).rstrip("\n")


def _no_circuit(circuit: str | None, there: list[str]) -> Problem:
    return Problem(f"--circuit {circuit}: the result has no such circuit; it has {listed(there)}")

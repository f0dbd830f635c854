"""One reference from those of the shards: all files, and what is shown of them without reading one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qee.documents.canonical import DocumentError
from qee.documents.merge import joined_provenance
from qee.documents.reference import ResultReference
from qee.documents.reference.check import check_reference, cut
from qee.documents.result import Missing
from qee.documents.run import RunDocument
from qee.documents.status import SUMMARY_RESULTS


def merged_reference(
    references: Mapping[int, ResultReference], run: RunDocument, attempt: int, missing: Sequence[Missing] = ()
) -> ResultReference:
    """The reference of the run. `references` are the shards' by index, each checked by `check_shard_reference`.

    Raises DocumentError where none is there, or they do not make up the run.
    """
    if not references:
        raise DocumentError("no shard gave a result")
    ordered = [references[index] for index in sorted(references)]
    position = {circuit.name: number for number, circuit in enumerate(run.circuits)}
    reference = replace(
        ordered[0],
        attempt=attempt,
        files=tuple(file for each in ordered for file in each.files),
        summary=_summary(ordered, run, position),
        provenance=joined_provenance([each.provenance for each in ordered], position),
        parameters={name: columns for each in ordered for name, columns in each.parameters.items() if name in position},
        missing=tuple(sorted(missing, key=lambda lost: lost.index)),
    )
    check_reference(reference, run, attempt)
    return reference


def _summary(ordered: Sequence[ResultReference], run: RunDocument, position: Mapping[str, int]) -> dict[str, Any]:
    """Of shards that share shots neither counts nor values are known without their files: only how many shots."""
    if not cut(run):
        shown = [entry for each in ordered for entry in each.summary["results"]]
        truncated = len(shown) > SUMMARY_RESULTS or any(each.summary["truncated"] for each in ordered)
        return {"results": shown[:SUMMARY_RESULTS], "truncated": truncated}
    shots: dict[tuple[str, int], int] = {}
    for each in ordered:
        for entry in each.summary["results"]:
            unit = (entry["circuit"], entry["parameterSet"])
            shots[unit] = shots.get(unit, 0) + entry.get("shots", 0)
    units = sorted(shots, key=lambda unit: (position[unit[0]], unit[1]))
    return {
        "results": [
            {"circuit": circuit, "parameterSet": row, **({"shots": number} if number else {})}
            for (circuit, row), number in ((unit, shots[unit]) for unit in units[:SUMMARY_RESULTS])
        ],
        "truncated": True,
    }

"""A processor as its snapshot tells it."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cirq_google
import networkx as nx
from cirq_google.api import v2
from google.protobuf.message import DecodeError

from qee.connectors.vendors.compilation import unknown_snapshot
from qee.connectors.vendors.google.payload import TARGET_FORMAT


@dataclass(frozen=True)
class Device:
    """`grid` is Cirq's device, `graph` joins neighbours; `all_qubits` are sorted, as a layout counts them."""

    processor: str
    selector: Mapping[str, str]
    grid: Any
    all_qubits: tuple[Any, ...]
    graph: Any


def read_device(target: bytes) -> Device:
    specification = v2.device_pb2.DeviceSpecification()
    try:
        snapshot = json.loads(target)
        if snapshot["apiVersion"] != TARGET_FORMAT:
            raise ValueError
        specification.ParseFromString(base64.b64decode(snapshot["deviceSpecification"], validate=True))
        grid = cirq_google.GridDevice.from_proto(specification)
        processor, selector = str(snapshot["processor"]), dict(snapshot["selector"])
    except (ValueError, KeyError, TypeError, binascii.Error, DecodeError):
        raise unknown_snapshot("target") from None
    graph = nx.Graph()
    graph.add_nodes_from(sorted(grid.metadata.qubit_set))
    graph.add_edges_from(sorted(tuple(sorted(pair)) for pair in grid.metadata.qubit_pairs))
    return Device(processor, selector, grid, tuple(graph), graph)

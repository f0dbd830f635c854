"""What the API server stores can be read: 10,000 levels of JSON; and what is deeper is an error, not a crash."""

import subprocess
import sys

import pytest

READ = """
import json
from qee.kube.deep_json import read_deep_json
read_deep_json()
read_deep_json()
def depth(text):
    value, levels = json.loads(text), 0
    while isinstance(value, (dict, list)):
        value, levels = value["a"] if isinstance(value, dict) else value[0], levels + 1
    return levels
assert depth('{"a":' * 10_002 + "1" + "}" * 10_002) == 10_002
assert depth("[" * 10_002 + "1" + "]" * 10_002) == 10_002
assert json.loads('{"a": [1.5, "x", null, true]}') == {"a": [1.5, "x", None, True]}
for text in ("[" * 10**6, '{"a":' * 10**6, "[1,", '{"a" 1}', "nonsense"):
    for hooks in ({}, {"object_pairs_hook": dict}):
        try:
            json.loads(text, **hooks)
        except (RecursionError, ValueError):
            continue
        raise AssertionError(text[:10])
print("read")
"""


def test_json_as_deep_as_the_api_server_takes_it_is_read() -> None:
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=False)
    assert done.stdout == "read\n", done.stderr[-2000:]


def test_without_it_python_stops_at_a_thousand_levels_or_some_more() -> None:
    """Should this fail, the module can go."""
    bare = "import json; json.loads('{\"a\":' * 10_002 + '1' + '}' * 10_002)"
    done = subprocess.run([sys.executable, "-c", bare], capture_output=True, text=True, check=False)
    if sys.version_info >= (3, 14):
        pytest.skip("not tried")
    assert "RecursionError" in done.stderr

"""Load the drawing libraries that an SDK imports only when something draws.

Cirq imports matplotlib for its plots: a fifth of its start-up, in a pod that never draws. A module on the list is
really found and registered, but its code runs on the first use of one of its names (as in PEP 810).
`importlib.util.LazyLoader` does not serve: the second `import` of a module reads its `__spec__`, and that ends its
laziness.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

OF_CIRQ = (
    *("matplotlib.pyplot", "matplotlib.collections", "matplotlib.lines", "matplotlib.patches"),
    *("mpl_toolkits.mplot3d", "mpl_toolkits.axes_grid1"),
)


class _Lazy(ModuleType):
    """A module whose code has not run."""

    def __getattr__(self, name: str) -> Any:  # called for names that the module does not have, so far
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        loader = self.__spec__.loader if self.__spec__ else None
        object.__setattr__(self, "__class__", ModuleType)
        if isinstance(loader, _LazyLoader):
            loader.load(self)
        return getattr(self, name)


class _LazyLoader(Loader):
    def __init__(self, real: Loader) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        object.__setattr__(module, "__class__", _Lazy)

    def load(self, module: ModuleType) -> None:
        module.__loader__ = self._real
        if module.__spec__:
            module.__spec__.loader = self._real
        self._real.exec_module(module)


class LazyImports(MetaPathFinder):
    """While in the `with` block, imports of the named modules are lazy. They stay so afterwards, until used."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)

    def __enter__(self) -> "LazyImports":
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _LazyLoader(spec.loader)
                return spec
        return None

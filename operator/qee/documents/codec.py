"""One table for each document: a dataclass whose annotations say what its JSON is.

    @dataclass(frozen=True)
    class Register(Document):
        name: str                                       # a non-empty string
        size: Positive                                  # an integer from 1 to 2^53-1
        seeds: tuple[int, ...] = ()                     # a list of integers from 0; required, the default is Python's
        source: Size | None = None                      # another document; absent where it is None
        terms: OmitEmpty[Mapping[str, Number]] = ...    # an object of somebody's names; absent where it is empty

A key is the field's name in camelCase, unless `Key` says another. A document is refused as a whole, by the path of the
field, where one is unknown, missing or of another type; null is no value.

Standard library only: the runner imports this before its sandbox is on.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from inspect import get_annotations  # dataclasses imports it anyway
from types import UnionType
from typing import Annotated, Any, ClassVar, NamedTuple, Self, TypeVar, Union, get_args, get_origin

from qee.api.names import MAX_SAFE_INTEGER
from qee.documents.canonical import DocumentError, canonical_json, strict_object

_T = TypeVar("_T")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BITS = re.compile(r"[01]+")


class Fault(DocumentError):
    """What is wrong, and where: each document, list and object that it passes on its way out adds its step."""

    def __init__(self, where: str, what: str, before: str = "") -> None:
        super().__init__(where, what, before)
        self.where, self.what, self.before = where, what, before

    def within(self, step: str) -> "Fault":
        self.where = step + self.where
        return self

    def at(self, path: str) -> DocumentError:
        """The error for users. `path` is where the outermost document stands, ended by a dot."""
        return DocumentError(f"{self.before}{path}{self.where[1:]}{self.what}")


def missing(key: str) -> Fault:
    return Fault(f".{key}", " is missing")


def unknown(key: str) -> Fault:
    return Fault(f".{key}", ": written by another version of QEE?", "unknown field ")


class Kind(NamedTuple):
    """What a field's JSON is: of exactly this type (True is no integer), and `test` holds.

    `expected` and `plural` complete "must be ..." and "must be a list of ...". `read` turns the JSON into Python's
    value, `write` the other way round; None: they are the same.
    """

    expected: str
    type: type
    test: Callable[[Any], object] | None = None
    plural: str = ""
    read: Callable[[Any], Any] | None = None
    write: Callable[[Any], Any] | None = None

    def taken(self, value: Any) -> Any:
        if type(value) is not self.type or not (self.test is None or self.test(value)):
            raise Fault("", f" must be {self.expected}")
        return value if self.read is None else self.read(value)


class Key(NamedTuple):
    """The key of a field whose name is another one."""

    name: str


def integer(at_least: int = 0) -> Kind:
    test = range(at_least, MAX_SAFE_INTEGER + 1).__contains__
    return Kind(f"an integer from {at_least} to 2^53-1", int, test, f"integers from {at_least} to 2^53-1")


def one_of(*choices: str) -> Kind:
    return Kind(f"one of {', '.join(choices)}", str, choices.__contains__)


def _are_counts(value: dict[str, Any]) -> bool:
    return all(
        _BITS.fullmatch(key) and type(count) is int and 1 <= count <= MAX_SAFE_INTEGER for key, count in value.items()
    )


TEXT = Kind("a non-empty string", str, bool, "non-empty strings")
DECIMAL = Kind("a decimal number as a string", str, _DECIMAL.fullmatch)
_BOOLEAN = Kind("true or false", bool)
_VALUES = Kind("an object", dict, write=dict)

Positive = Annotated[int, integer(1)]
Sha256 = Annotated[str, Kind("a SHA-256 digest of 64 lowercase hexadecimal digits", str, _SHA256.fullmatch)]
DecimalText = Annotated[str, DECIMAL]
# As users write them in a spec: with an exponent, too.
Number = Annotated[str, Kind("a decimal number as a string", str, _NUMBER.fullmatch, "decimal numbers as strings")]
# Outcomes, each with how often it occurred.
Counts = Annotated[
    Mapping[str, int], Kind("an object from bit strings to integers from 1 to 2^53-1", dict, _are_counts, write=dict)
]
Sweeps = Mapping[str, Mapping[str, tuple[Number, ...]]]  # columns by parameter, of each circuit that has some

_OMIT_EMPTY = object()
OmitEmpty = Annotated[_T, _OMIT_EMPTY]


class _Field(NamedTuple):
    attribute: str
    key: str
    kind: Kind
    optional: bool
    omit_empty: bool


class Document:
    """Base of the dataclasses. `check` is for what lies between fields."""

    _fields: ClassVar[tuple[_Field, ...]] = ()
    # The same, flat, as the loops need it: a sweep is 20,000 results, each a document with documents in it.
    _reads: ClassVar[tuple[tuple[Any, ...], ...]]
    _writes: ClassVar[tuple[tuple[Any, ...], ...]]

    def __init_subclass__(cls) -> None:
        own = get_annotations(cls).items()
        fields = (_field(*each) for each in own if getattr(each[1], "__origin__", None) is not ClassVar)
        cls._fields = (*cls._fields, *fields)
        cls._reads = tuple((f.attribute, f.key, f.optional, *f.kind[:3], f.kind.read) for f in cls._fields)
        cls._writes = tuple((f.attribute, f.key, f.optional, f.omit_empty, f.kind.write) for f in cls._fields)

    def as_json(self) -> dict[str, Any]:
        values, found = vars(self), {}
        for attribute, key, optional, omit_empty, write in self._writes:
            value = values[attribute]
            if optional and (value is None or (omit_empty and not value)):
                continue
            found[key] = value if write is None else write(value)
        return found

    @classmethod
    def from_json(cls, value: dict[str, Any], path: str = "") -> Self:
        """`path` is where the document stands, ended by a dot. Raises DocumentError."""
        try:
            return cls.read(value)
        except Fault as fault:
            raise fault.at(path) from None

    @classmethod
    def read(cls, value: dict[str, Any]) -> Self:
        """Raises DocumentError; Fault, where it has a place."""
        found = {}
        try:
            for attribute, key, optional, expected, kind, test, read in cls._reads:
                if key in value:
                    given = value[key]
                    if type(given) is not kind or not (test is None or test(given)):
                        raise Fault("", f" must be {expected}")
                    found[attribute] = given if read is None else read(given)
                elif not optional:
                    raise Fault("", " is missing")
        except Fault as fault:
            raise fault.within(f".{key}") from None
        if len(found) != len(value):
            raise unknown(min(value.keys() - {field.key for field in cls._fields}))
        document = cls(**found)
        document.check()
        return document

    def check(self) -> None:
        """Raises DocumentError where the fields do not fit together."""


def _field(attribute: str, annotation: Any) -> _Field:
    optional = get_origin(annotation) in (Union, UnionType)
    if optional:
        (annotation,) = (each for each in get_args(annotation) if each is not type(None))
    marks = getattr(annotation, "__metadata__", ())
    first, *rest = attribute.split("_")
    key = next((mark.name for mark in marks if isinstance(mark, Key)), first + "".join(map(str.capitalize, rest)))
    return _Field(attribute, key, _kind(annotation), optional or _OMIT_EMPTY in marks, _OMIT_EMPTY in marks)


def _kind(annotation: Any) -> Kind:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return next((mark for mark in arguments if isinstance(mark, Kind)), None) or _kind(arguments[0])
    if origin is tuple:
        return list_of(_kind(arguments[0]))
    if origin is Mapping:
        return _VALUES if arguments[1] is Any else _of_mapping(_kind(arguments[1]))
    if issubclass(annotation, Document):
        return Kind("an object", dict, None, "objects", annotation.read, annotation.as_json)
    return {str: TEXT, int: integer(), bool: _BOOLEAN}[annotation]


def list_of(kind: Kind) -> Kind:
    _, of_type, test, _, read, write = kind
    only = {of_type}.issuperset

    def are_all(values: list[Any]) -> bool:
        return only(map(type, values)) and (test is None or all(map(test, values)))

    return Kind(
        f"a list of {kind.plural}",
        list,
        are_all,
        read=tuple if read is None else partial(_read_list, read),
        write=list if write is None else lambda values: list(map(write, values)),
    )


def _read_list(read: Callable[[Any], Any], values: list[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    try:
        found.extend(map(read, values))
    except Fault as fault:
        raise fault.within(f"[{len(found)}]") from None
    return tuple(found)


def _of_mapping(kind: Kind) -> Kind:
    write = kind.write
    return Kind(
        "an object",
        dict,
        read=partial(_read_mapping, kind),
        write=dict if write is None else lambda values: {name: write(each) for name, each in values.items()},
    )


def _read_mapping(kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    found = {}
    try:
        for name, each in values.items():
            found[name] = kind.taken(each)
    except Fault as fault:
        raise fault.within(f".{name}") from None
    return found


class Message(Document):
    """A document that travels by itself. `what` is its name in errors, `constants` are keys with one value each."""

    _what: ClassVar[str]
    _constants: ClassVar[Mapping[str, str]]

    def __init_subclass__(cls, what: str, **constants: str) -> None:
        super().__init_subclass__()
        cls._what, cls._constants = what, constants

    def to_bytes(self) -> bytes:
        return canonical_json({**self._constants, **self.as_json()})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises DocumentError with the path of the field that is wrong."""
        value = strict_object(data, cls._what)
        for key, constant in cls._constants.items():
            if value.get(key, constant) != constant:
                raise DocumentError(f"{key} must be one of {constant}")
            if value.pop(key, None) is None:
                raise DocumentError(f"{key} is missing")
        return cls.from_json(value)

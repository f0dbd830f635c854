"""Rules that the API server checks in CEL and the Python models check in Python, in the same words.

Cost is estimated by the API server from the bounds in the schema when the CRD is applied. `'..%s..'.format([..])` is
affordable; `'..' + string(x)` is not, since the length of string(x) counts as unbounded.
"""

from dataclasses import dataclass
from typing import Any


class Violation(ValueError):
    """A rule broken; `field` as in the rule."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Rule:
    """What must hold: `cel` is true of a valid value.

    message: what is wrong and the remedy, with `%s` for each of `values`, which are CEL expressions.
    field: the field that is blamed, as a path below the rule's place (".seed"); empty: the place itself.
    """

    cel: str
    message: str
    values: tuple[str, ...] = ()
    field: str = ""

    def as_crd(self) -> dict[str, str]:
        """The rule as an entry of x-kubernetes-validations."""
        quoted = self.message.replace("\\", "\\\\").replace("'", "\\'")
        told = (
            {"messageExpression": f"'{quoted}'.format([{', '.join(self.values)}])"}
            if self.values
            else {"message": self.message}
        )
        return {"rule": self.cel, **told, **({"fieldPath": self.field} if self.field else {})}

    def error(self, *values: object) -> Violation:
        """The same complaint from Python; `values` stand for the CEL expressions, in order."""
        return Violation(self.message % values if values else self.message, self.field)


def rules(*rules: Rule) -> dict[str, Any]:
    """Rules of a field or model, for pydantic's json_schema_extra."""
    return {"x-kubernetes-validations": [rule.as_crd() for rule in rules]}

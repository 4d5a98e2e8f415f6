"""What of the standard library a Mac does not have, read from the stubs that mypy checks with."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import mypy

STUBS = Path(mypy.__file__).parent / "typeshed/stdlib"
MODULES = ("fcntl", "mmap", "os", "resource", "select", "signal", "socket", "time")
_OPERATORS = {ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.GtE: "__ge__", ast.Gt: "__gt__", ast.LtE: "__le__", ast.Lt: "__lt__"}


def only_on_linux() -> dict[str, list[str]]:
    """For each module the names that stubs give it on Linux and not on macOS."""
    return {module: sorted(_names(module, "linux") - _names(module, "darwin")) for module in MODULES}


def _names(module: str, platform: str) -> set[str]:
    path = STUBS / f"{module}.pyi"
    tree = ast.parse((path if path.exists() else STUBS / module / "__init__.pyi").read_text())
    return {name for statement in _holding(tree.body, platform) for name in _defined(statement)}


def _holding(body: list[ast.stmt], platform: str) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _holding(statement.body if _is_true(statement.test, platform) else statement.orelse, platform)
        else:
            yield statement


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names)


def _is_true(test: ast.expr, platform: str) -> bool:
    """The few forms that stubs are written in."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_is_true(value, platform) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_is_true(value, platform) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _is_true(operand, platform)
        case ast.Compare(left=ast.Attribute(attr=left), ops=[operator], comparators=[right]):
            known = platform if left == "platform" else sys.version_info[:2]
            return bool(getattr(known, _OPERATORS[type(operator)])(ast.literal_eval(right)))
        case ast.Name(id="TYPE_CHECKING"):
            return True
    raise ValueError(ast.unparse(test))


if __name__ == "__main__":
    print(json.dumps(only_on_linux()))  # noqa: T201 -- for a person who wonders

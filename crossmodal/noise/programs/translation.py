"""Translate the functions of operations to GLSL, the shading language of OpenGL.

The functions may contain assignments, loops over ``range``, calls of each other and of
`crossmodal.noise.programs.arithmetic`, and one return at the end. Anything else raises TypeError.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from crossmodal.noise.programs import arithmetic
from crossmodal.noise.programs.operation import kind_of

#: Definitions that translated functions need; the other functions of `arithmetic` are built into GLSL.
PRELUDE = """\
float square_root(float x) { return sqrt(max(x, 0.0)); }
float sine(float turns) { return sin(6.2831853 * (turns - floor(turns + 0.5))); }
float cosine(float turns) { return sine(turns + 0.25); }
float arctangent(float y, float x) { return x == 0.0 && y == 0.0 ? 0.0 : atan(y, x) / 6.2831853; }
float exponential(float x) { return exp(clamp(x, -60.0, 60.0)); }
float logarithm(float x) { return log(max(x, 1e-12)); }
float unit(float x) { return clamp(x, 0.0, 1.0); }
float ease(float x) { return x * x * (3.0 - 2.0 * x); }
uint lattice(float x) { return uint(int(clamp(x, -4194304.0, 4194304.0))); }

// A random number in [0, 1) for each whole x, y and salt.
float lattice_random(float x, float y, float salt) {
    uint word = lattice(x) * 0x9E3779B1u + lattice(y) * 0x85EBCA77u + lattice(salt) * 0xC2B2AE3Du;
    word = (word ^ (word >> 16)) * 0x85EBCA6Bu;
    word = (word ^ (word >> 13)) * 0xC2B2AE35u;
    return float((word ^ (word >> 16)) >> 8) / 16777216.0;
}
"""

_BUILT_IN: dict[Callable[..., Any], str] = {
    arithmetic.floor: "floor",
    arithmetic.fraction: "fract",
    arithmetic.absolute: "abs",
    arithmetic.minimum: "min",
    arithmetic.maximum: "max",
    arithmetic.mix: "mix",
}
_TYPES = {"field": "float", "number": "float", "vec2": "vec2", "vec3": "vec3", "count": "int"}
# Reserved words of GLSL that are likely names in Python.
_RESERVED = frozenset(
    """
    active buffer cast common discard double filter fixed flat half in inline inout input int long out output packed
    partition precise public resource sample shared short smooth static superp switch template this typedef uniform
    union unsigned using varying void
    """.split()  # noqa: SIM905
)
_OPERATORS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", 1),
    ast.Sub: ("-", 1),
    ast.Mult: ("*", 2),
    ast.Div: ("/", 2),
    ast.FloorDiv: ("/", 2),
    ast.Mod: ("%", 2),
}
_COMPARISONS: dict[type[ast.AST], str] = {ast.Lt: "<", ast.Gt: ">"}
_ATOM, _SIGN = 4, 3


def spell(name: str) -> str:
    """Return a Python name in a form that is valid in GLSL."""
    return f"{name}_" if name in _RESERVED else name


@cache
def translate(function: Callable[..., Any]) -> str:
    """Return one function in GLSL.

    Raises:
        TypeError: a part of the function has no translation.
    """
    return _Translator(function).text()


@cache
def functions_called(function: Callable[..., Any]) -> tuple[Callable[..., Any], ...]:
    """Return the functions that one calls, in order of definition, itself last."""
    found: dict[Callable[..., Any], None] = {}
    names = [node.id for line in _tree(function).body for node in ast.walk(line) if isinstance(node, ast.Name)]
    for called in map(function.__globals__.get, names):
        if inspect.isfunction(called) and called.__module__ != arithmetic.__name__ and called is not function:
            found.update(dict.fromkeys(functions_called(called)))
    return (*found, function)


def _tree(function: Callable[..., Any]) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


class _Translator:
    """Translates one function."""

    def __init__(self, function: Callable[..., Any]):
        self.function, self.tree = function, _tree(function)
        signature = inspect.signature(function, eval_str=True)
        self.result = _TYPES[kind_of(signature.return_annotation)]
        self.arguments = {name: _TYPES[kind_of(argument.annotation)] for name, argument in signature.parameters.items()}

    def text(self) -> str:
        arguments = ", ".join(f"{kind} {spell(name)}" for name, kind in self.arguments.items())
        comment = (inspect.getdoc(self.function) or "").split("\n")[0]
        body = self._block(self.tree.body[1:], dict(self.arguments))
        lines = textwrap.indent("\n".join(body), "    ")
        return f"// {comment}\n{self.result} {spell(self.tree.name)}({arguments}) {{\n{lines}\n}}\n"

    def _block(self, statements: list[ast.stmt], known: dict[str, str]) -> Iterator[str]:
        for statement in statements:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield self._assign(name, self._kind(value, known), self._value(value), known)
                case ast.Assign(targets=[ast.Tuple(elts=elements)], value=ast.Name(id=source)):
                    for element, component in zip(elements, "xyz", strict=False):
                        yield self._assign(self._name(element), "float", f"{spell(source)}.{component}", known)
                case ast.For(target=ast.Name(id=name), iter=ast.Call(args=[limit]), body=inner):
                    counter = "k" if name == "_" else spell(name)
                    yield f"for (int {counter} = 0; {counter} < {self._value(limit)}; {counter}++) {{"
                    # Names declared inside are unknown outside.
                    yield from (f"    {line}" for line in self._block(inner, dict(known)))
                    yield "}"
                case ast.Return(value=ast.Tuple() | ast.expr() as value):
                    yield f"return {self._value(value)};"
                case _:
                    raise self._refusal(statement)

    def _assign(self, name: str, kind: str, value: str, known: dict[str, str]) -> str:
        declared = name in known
        known[name] = kind
        return f"{spell(name)} = {value};" if declared else f"{kind} {spell(name)} = {value};"

    def _kind(self, value: ast.expr, known: dict[str, str]) -> str:
        match value:
            case ast.Compare():
                return "bool"
            case ast.Name(id=name):
                return known[name]
            case ast.Call(func=ast.Name(id=name)):
                called = self.function.__globals__.get(name)
                if inspect.isfunction(called) and called.__module__ != arithmetic.__name__:
                    return _TYPES[kind_of(inspect.signature(called, eval_str=True).return_annotation)]
        return "float"

    def _value(self, value: ast.expr, outside: int = 0) -> str:
        """Return an expression, in parentheses where the outer operator binds more tightly."""
        text, own = self._bare(value)
        return f"({text})" if own < outside else text

    def _bare(self, value: ast.expr) -> tuple[str, int]:  # noqa: PLR0911
        match value:
            case ast.Name(id=name):
                return spell(name), _ATOM
            case ast.Constant(value=int() | float() as number):
                return repr(number), _ATOM
            case ast.Tuple(elts=elements):
                return f"vec{len(elements)}({', '.join(map(self._value, elements))})", _ATOM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-{self._value(operand, _SIGN)}", _SIGN
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                sign, own = _OPERATORS[type(operator)]
                return f"{self._value(left, own)} {sign} {self._value(right, own + 1)}", own
            case ast.Compare(left=left, ops=[comparison], comparators=[right]) if type(comparison) in _COMPARISONS:
                return f"{self._value(left, 1)} {_COMPARISONS[type(comparison)]} {self._value(right, 1)}", 0
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, [self._value(argument) for argument in arguments]), _ATOM
        raise self._refusal(value)

    def _call(self, name: str, arguments: list[str]) -> str:
        called = self.function.__globals__.get(name)
        if called is arithmetic.pick:
            return f"({arguments[0]} ? {arguments[1]} : {arguments[2]})"
        if inspect.isfunction(called):
            name = _BUILT_IN.get(called, spell(called.__name__))
        return f"{name}({', '.join(arguments)})"

    def _name(self, element: ast.expr) -> str:
        if isinstance(element, ast.Name):
            return element.id
        raise self._refusal(element)

    def _refusal(self, node: ast.AST) -> TypeError:
        return TypeError(f"{self.function.__name__}: {ast.unparse(node)!r} has no translation to GLSL")

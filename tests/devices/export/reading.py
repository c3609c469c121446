"""Reads exported netlists and modules back and computes what they say: a second pair of eyes, without a simulator.

The grammar is that of the expressions of ngspice and Verilog-A, with the trap of ngspice in it: pow(a, b) is |a|^b.
"""

import math
import re

_TOKEN = re.compile(
    r"\s*(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|<=|>=|[-+*/()<>?:,])"
)
_FUNCTIONS = {
    "exp": math.exp,
    "ln": math.log,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asin": math.asin,
    "atan": math.atan,
    "atanh": math.atanh,
    "sin": math.sin,
    "cos": math.cos,
    "sqrt": math.sqrt,
    "abs": abs,
    "min": min,
    "max": max,
}


def value_of(text, names, *, magnitude):
    """Value of the expression `text`; `names` gives variables and "V(x)"; `magnitude` makes pow that of |a|."""
    tokens = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        assert match, f"cannot read '{text[position : position + 30]}'"
        tokens.append(match[1])
        position = match.end()
    tokens.append("")
    result, rest = _ternary(tokens, 0, names, magnitude)
    assert tokens[rest] == "", f"left over: {tokens[rest:]}"
    return result


def _ternary(tokens, k, names, magnitude):
    condition, k = _comparison(tokens, k, names, magnitude)
    if tokens[k] != "?":
        return condition, k
    # As a simulator: only the branch taken may be out of range, so the other is tried and its error dropped.
    yes, after = _branch(tokens, k + 1, names, magnitude)
    assert tokens[after] == ":"
    no, end = _branch(tokens, after + 1, names, magnitude)
    chosen = yes if condition else no
    if isinstance(chosen, Exception):
        raise chosen
    return chosen, end


def _branch(tokens, k, names, magnitude):
    try:
        return _ternary(tokens, k, names, magnitude)
    except (ArithmeticError, ValueError) as error:
        depth = 0
        while depth > 0 or tokens[k] not in (":", ")", ",", ""):
            depth += {"(": 1, "?": 1, ")": -1, ":": -1}.get(tokens[k], 0)
            k += 1
        return error, k


def _comparison(tokens, k, names, magnitude):
    left, k = _sum(tokens, k, names, magnitude)
    if tokens[k] in ("<", "<=", ">", ">="):
        sign = tokens[k]
        right, k = _sum(tokens, k + 1, names, magnitude)
        outcome = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
        return float(outcome[sign]), k
    return left, k


def _sum(tokens, k, names, magnitude):
    left, k = _product(tokens, k, names, magnitude)
    while tokens[k] in ("+", "-"):
        sign = tokens[k]
        right, k = _product(tokens, k + 1, names, magnitude)
        left = left + right if sign == "+" else left - right
    return left, k


def _product(tokens, k, names, magnitude):
    left, k = _unary(tokens, k, names, magnitude)
    while tokens[k] in ("*", "/"):
        sign = tokens[k]
        right, k = _unary(tokens, k + 1, names, magnitude)
        left = left * right if sign == "*" else left / right
    return left, k


def _unary(tokens, k, names, magnitude):
    if tokens[k] == "-":
        inner, k = _unary(tokens, k + 1, names, magnitude)
        return -inner, k
    return _atom(tokens, k, names, magnitude)


def _atom(tokens, k, names, magnitude):
    token = tokens[k]
    if token == "(":
        inner, k = _ternary(tokens, k + 1, names, magnitude)
        assert tokens[k] == ")", tokens[k:]
        return inner, k + 1
    if tokens[k + 1] == "(":
        if token in ("V", "I"):
            end = tokens.index(")", k)
            return names[f"{token}({''.join(tokens[k + 2 : end])})"], end + 1
        arguments = []
        k += 2
        while True:
            argument, k = _ternary(tokens, k, names, magnitude)
            arguments.append(argument)
            k += 1
            if tokens[k - 1] == ")":
                break
            assert tokens[k - 1] == ","
        if token == "pow":
            base, exponent = arguments
            return (abs(base) if magnitude else base) ** exponent, k
        return _FUNCTIONS[token](*arguments), k
    if token[0].isdigit() or token[0] == ".":
        return float(token), k + 1
    return names[token], k + 1


def subcircuit_lines(text):
    """The lines of a netlist with continuations joined and comments dropped."""
    joined = re.sub(r"\n\+\s*", " ", text)
    return [line for line in joined.splitlines() if line and not line.startswith("*")]


class Subcircuit:
    """A subcircuit that was written, as numbers."""

    def __init__(self, text):
        lines = subcircuit_lines(text)
        head = next(line for line in lines if line.startswith(".subckt"))
        self.parameters = {
            key: float(value) for key, value in (word.split("=") for word in head.split("params:")[1].split())
        }
        self.sources = {}
        for line in lines:
            match = re.match(r"(B\w+) (\w+) (\w+) ([VI])=\{(.*)\}$", line)
            if match:
                self.sources[match[1]] = (match[2], match[3], match[4], match[5])

    def at(self, voltage, shares, current=None):
        """(rate of each share per tau, current or residual) at `voltage`, `shares` {state: value} and `current`."""
        names = dict(self.parameters)
        names |= {"V(p,n)": voltage, "TIME": 1.0}
        if current is not None:
            names["V(c)"] = current / self.parameters["current_scale"]
        for state, share in shares.items():
            names[f"V(x_{state})"] = share
        for name, (node, _, kind, text) in self.sources.items():
            if re.fullmatch(r"B[is]\d+", name):
                assert kind == "V"
                names[f"V({node})"] = value_of(text, names, magnitude=True)
        rates = [value_of(self.sources[f"Brate_{state}"][3], names, magnitude=True) for state in shares]
        closure = "Bc" if "Bc" in self.sources else "Bdevice"
        return rates, value_of(self.sources[closure][3], names, magnitude=True)

    def charge(self, state, y, rate):
        """Current (A) into the capacitor of `state` at its voltage `y` and speed `rate`."""
        names = self.parameters | {f"V(y_{state})": y, f"V(rate_{state})": rate, "TIME": 1.0}
        return value_of(self.sources[f"By_{state}"][3], names, magnitude=True)


class Module:
    """A Verilog-A module that was written, as numbers."""

    def __init__(self, text):
        self.text = text
        self.parameters = {
            m[1]: float(m[2]) for m in re.finditer(r"parameter real (\w+) = (\S+?)(?: from|;)", text)
        }
        body = text.split("analog begin")[1].split("  end\n")[0]
        self.statements = [line.strip() for line in body.strip().splitlines()]

    def at(self, voltage, shares, current=None):
        """(rate of each share per tau, current or residual over current_scale) at `voltage`, `shares`, `current`."""
        names = dict(self.parameters) | {"V(d,n)": voltage}
        if current is not None:
            names["V(c)"] = current / self.parameters["current_scale"]
        names |= {f"V(y_{state})": share for state, share in shares.items()}
        found = None
        for statement in self.statements:
            assigned = re.fullmatch(r"(\w+) = (.*);", statement)
            if assigned:
                names[assigned[1]] = value_of(assigned[2], names, magnitude=False)
            given = re.fullmatch(r"I\((c|d, n)\) <\+ (.*);", statement)
            if given and found is None:
                found = value_of(given[2], names, magnitude=False)
        return [names[f"rate_{state}"] for state in shares], found

"""YAML as people and programs write it, and worse: one text per seed, for tests that compare two readings."""

from __future__ import annotations

from random import Random
from typing import Any

NASTY = [
    *("a", "b c", "train", "busybox:1", "{{ x }}", "{{x}}", "x == 1", "x != 1", "a && b", "$(x)", "http://x.y/z?a=b#c"),
    *(
        "a: b",
        "a:b",
        "a #b",
        "a#b",
        "#c",
        "a:#b",
        "- a",
        "-",
        "-a",
        "--",
        "---",
        "...",
        "?",
        "? a",
        "?a",
        ":",
        "a:",
        ":a",
    ),
    *(
        "~",
        "null",
        "Null",
        "true",
        "True",
        "yes",
        "no",
        "on",
        "12",
        "1.5",
        "1e3",
        "1e-3",
        "-1",
        "+1",
        ".5",
        "5.",
        "0.5",
    ),
    *("5.0", "012", "0x1F", "0o7", "1_000", ".inf", "inf", ".NaN", "nan", "-.5", "0e5", "1.e3", "1e400", "1" * 450),
    *(
        "",
        " ",
        "a ",
        " a",
        "a\nb",
        "a\n\nb\n",
        "a\n",
        "\na",
        "a\n  b\n c",
        "*a",
        "&a",
        "!a",
        "!",
        "& b",
        "%a",
        "@a",
        "`a",
    ),
    *(
        "|",
        ">",
        "|-",
        ">+",
        "'",
        "''",
        '"',
        "\\",
        "\\n",
        "it's",
        'say "hi"',
        "a'b",
        "'a",
        '"a',
        "a'",
        "a: 'b'",
        "[a, b",
    ),
    *("a,b", "a, b", "[a]", "{a}", "a]", "a}", "[", "]", "{", "}", ",", "{ a", "é", "😀", "a\u00a0b", "\ufeff", "x\ty"),
    *("0 0 * * *", "*/5 * * * *", "<<", "=", "a=b", "1:30", "2020-01-01", "a - b", "- ", "1,2", "\u2028", "\x7f"),
]
LETTERS = "ab1 :#-,[]{}'\"\\&*!|>%@?~.\n0e+é_xn/"
FRAGMENTS = [
    *(
        b"\n",
        b"\n\n",
        b"  ",
        b" ",
        b": ",
        b":",
        b"- ",
        b"-",
        b"#",
        b" # ",
        b"'",
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b", ",
    ),
    *(b"|", b">", b"|\n", b"\\", b"&a", b"*a", b"!", b"? ", b"~", b"---\n", b"...\n", b"%", b"@", b".5", b"5.", b"012"),
    *(
        b"<<",
        b"\t",
        b"null",
        b"True",
        b"0e1",
        b"inf",
        b"+1",
        b"''",
        b'""',
        b"{}",
        b"[]",
        b"a: b",
        b"\n  a: b",
        b"\n- a",
    ),
]

SPELLED = [
    *(b"yes", b"true", b"'true'", b"null", b"~", b"5", b"'5'", b"-0", b"012", b"1.10", b"0.50", b"1e3", b"1" * 410),
    *(b"''", b"[a, b]", b"[]", b"{a: b}", b"{}", b"{{ x }}", b"'{{ x }}'", b"a b", b"|-\n      a"),
]


def generated(seed: int) -> bytes:
    """A document of all styles; not each one is valid."""
    return _Writer(Random(seed)).document().encode("utf-8")


def mutated(data: bytes, seed: int) -> bytes:
    """The text with a few small things put in, taken out, doubled or indented otherwise."""
    random = Random(seed)
    for _ in range(random.choice([1, 1, 1, 2, 3, 5])):
        place = random.randrange(len(data) + 1)
        lines = data.split(b"\n")
        line = random.randrange(len(lines))
        match random.randrange(5):
            case 0:
                data = data[:place] + random.choice(FRAGMENTS) + data[place:]
            case 1:
                data = data[:place] + data[place + random.randint(1, 4) :]
            case 2:
                lines[line] = b" " * random.randint(0, 6) + lines[line].lstrip()
                data = b"\n".join(lines)
            case 3:
                lines.insert(random.randrange(len(lines) + 1), lines[line])
                data = b"\n".join(lines)
            case _:
                data = data[:place] + data[line : line + random.randint(1, 40)] + data[place:]
    return data


def respelled(data: bytes, seed: int) -> bytes:
    """The text with other values after some of its keys."""
    random = Random(seed)
    lines = data.split(b"\n")
    for _ in range(random.choice([1, 1, 2, 3])):
        line = random.randrange(len(lines))
        key, colon, _old = lines[line].partition(b": ")
        lines[line] = key + colon + random.choice(SPELLED) if colon else key
    return b"\n".join(lines)


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def document(self) -> str:
        data = {self.key(): self.value(0) for _ in range(self.random.randint(1, 5))}
        text = self.flow(data, 0) + "\n" if self.chance(0.05) else self.mapping(data, 0)
        start = self.random.choice([*[""] * 9, "---\n", "# c\n", "\n", "--- # c\n"])
        end = self.random.choice([*[""] * 9, "---\na: b\n", "...\n", "# e\n", "  \n", "#"])
        return start + text + end

    def text(self) -> str:
        if self.chance(0.75):
            return self.random.choice(NASTY)
        return "".join(self.random.choices(LETTERS, k=self.random.randint(1, 8)))

    def key(self) -> str:
        return self.random.choice(["name", "run", "ops", "a", "b", "c d", "value"]) if self.chance(0.8) else self.text()

    def value(self, depth: int) -> Any:
        draw = self.random.random()
        if depth > 4 or draw < 0.45:
            return self.text()
        size = self.random.randrange(5)
        if draw < 0.75:
            return {self.key(): self.value(depth + 1) for _ in range(size)}
        return [self.value(depth + 1) for _ in range(size)]

    def scalar(self, text: str, indent: int) -> str:
        newline = "\n" + " " * self.random.choice([indent, indent + 1, 0])
        match self.random.randrange(4):
            case 0:
                quoted = text.replace("\\", "\\\\").replace('"', '\\"')
                quoted = quoted.replace("\n", "\\n" if self.chance(0.7) else newline)
                return '"' + quoted + self.random.choice([*[""] * 76, "\\t", "\\x41", "\\/", "\\N"]) + '"'
            case 1:
                return "'" + text.replace("'", "''").replace("\n", newline) + "'"
            case _:
                return text if self.chance(0.8) else text.replace("\n", "\n" + " " * indent)

    def blank(self, indent: int) -> str:
        return "\n" + " " * indent if self.chance(0.03) else self.random.choice(["", "", " ", "  "])

    def flow(self, data: Any, indent: int) -> str:
        if not isinstance(data, (dict, list)):
            return self.scalar(data, indent)
        if isinstance(data, dict):
            colons = [": ", ": ", ": ", ":", " : ", ":  "]
            items = [
                self.scalar(key, indent)
                + ("" if self.chance(0.05) else self.random.choice(colons) + self.flow(item, indent))
                for key, item in data.items()
            ]
        else:
            items = ["k: v" if self.chance(0.04) else self.flow(item, indent) for item in data]
        inner = f"{self.blank(indent)},{self.blank(indent)}".join(items) + ("," if self.chance(0.05) else "")
        inner = f"{self.blank(indent)}{inner}{self.blank(indent)}"
        return f"{{{inner}}}" if isinstance(data, dict) else f"[{inner}]"

    def comment(self) -> str:
        return self.random.choice([*[""] * 12, " # c", " #", "  # a: b", "#x", " "])

    def between(self, indent: int) -> str:
        return self.random.choice([*[""] * 16, "\n", "\n\n", " " * indent + "# c\n", "# c\n", "   # odd: [\n"])

    def literal(self, text: str, indent: int) -> str:
        head = self.random.choice(["|", "|", "|-", "|+", ">", ">", ">-", ">+", "|2"])
        body = text + self.random.choice(["", "", "", "\n", "\n\n", "\n  y\n\n z"])
        lines = [" " * indent + line if line or self.chance(0.1) else "" for line in body.split("\n")]
        return f" {head}{self.comment()}\n" + "\n".join(lines) + "\n"

    def block(self, data: Any, indent: int) -> str:
        """What follows `key:` or `-`."""
        if isinstance(data, (dict, list)) and (not data or self.chance(0.35)):
            return f" {self.flow(data, indent + 1)}{self.comment()}\n"
        if isinstance(data, dict):
            return f"{self.comment()}\n{self.mapping(data, indent + self.random.choice([1, 2, 2, 2, 4]))}"
        if isinstance(data, list):
            return f"{self.comment()}\n{self.sequence(data, indent + self.random.choice([0, 2, 2, 3]))}"
        if self.chance(0.6 if "\n" in data else 0.05):
            return self.literal(data, indent + self.random.choice([1, 2, 2, 4]))
        return f" {self.scalar(data, indent + 2)}{self.comment()}\n"

    def mapping(self, data: dict[str, Any], indent: int, begun: bool = False) -> str:
        lines = []
        for key, item in data.items():
            lines.append("" if begun else self.between(indent) + " " * indent)
            begun = False
            lines.append(self.scalar(key, indent) if self.chance(0.3) else key)
            tag = self.random.choice([" &x", " !t"]) if self.chance(0.005) else ""
            lines.append(":" + tag + (self.block(item, indent) if self.chance(0.97) else self.comment() + "\n"))
        return "".join(lines)

    def sequence(self, data: list[Any], indent: int) -> str:
        lines = []
        for item in data:
            lines.append(self.between(indent) + " " * indent + "-")
            if isinstance(item, dict) and item and self.chance(0.7):
                lines.append(" " + self.mapping(item, indent + 2, begun=True))
            else:
                lines.append(self.block(item, indent) if self.chance(0.97) else "\n")
        return "".join(lines)

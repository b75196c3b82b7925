"""The public headers as hawkmoth wants them, and the page that lists them.

The headers are written for people who read headers: plain comments before a declaration or behind
it, code indented, no markup. `prepare` writes copies in which each comment is a documentation
comment in reStructuredText, placed before what it speaks of; declarations that share the comment
above them get an empty one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

# `code`, our names, constants; the rest is prose.
_TOKEN = re.compile(r"`([^`]+)`|\b(boc_[a-z0-9_]+|BOC_[A-Z0-9_]+)\b")
_LABEL = re.compile(r"([A-Z]\w+) {2,}(\S.*)")
_TITLE = re.compile(r"(\w+)\.h - (.*)")
_DECLARATION = re.compile(r"(BOC_API|typedef|enum \{|static inline|#define BOC_\w+ )")


def _escape(prose: str) -> str:
    return re.sub(r"_\b(?!\w)", r"\\_", re.sub(r"([\\*|])", r"\\\1", prose))


def _markup(text: str, functions: set[str]) -> str:
    """One paragraph of a comment as reStructuredText."""
    parts, end = [], 0
    for token in _TOKEN.finditer(text):
        parts.append(_escape(text[end : token.start()]))
        name = token[1] or token[2]
        if name in functions:
            parts.append(f":c:func:`{name}`")
        elif re.fullmatch(r"boc_\w+_t", name):
            parts.append(f":c:type:`{name}`")
        else:
            parts.append(f"``{name}``")
        end = token.end()
    return "".join(parts) + _escape(text[end:])


def _labelled(lines: list[str], functions: set[str]) -> list[str]:
    """A block of `Label   text` entries: paragraphs, or a literal block if it has columns."""
    entries: list[list[str]] = []
    for line in lines:
        match = _LABEL.match(line)
        if match:
            entries.append([match[1], match[2]])
        elif line.startswith(" ") and entries:
            entries[-1][1] += " " + line.strip() if "   " not in line.strip() else "   "
        else:
            return []
    if any("   " in text for _, text in entries):
        return ["::", "", *("    " + line for line in lines), ""]
    out = []
    for label, text in entries:
        out += [f"**{label}** " + _markup(text, functions), ""]
    return out


def to_rst(lines: list[str], functions: set[str]) -> list[str]:
    """The lines of a comment as lines of reStructuredText."""
    out: list[str] = []
    blocks = re.split(r"\n(?: *\n)+", "\n".join(lines).strip("\n"))
    for block in blocks:
        rows = block.split("\n")
        if all(row.startswith("    ") for row in rows):
            out += ["::", "", *rows, ""]
        elif _LABEL.match(rows[0]) and (labelled := _labelled(rows, functions)):
            out += labelled
        else:
            out += [_markup(" ".join(row.strip() for row in rows), functions), ""]
    return out[:-1]


def _comment_lines(comment: str) -> list[str]:
    body = comment.strip()[2:-2]
    lines = [re.sub(r"^ *\* ?", "", line) for line in body.split("\n")[1:]]
    return [line.rstrip() for line in [body.split("\n")[0].strip(), *lines]]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield (comment, line of code) pairs; a comment behind code comes with that code."""
    comment, rest = "", text
    while rest:
        line, _, rest = rest.partition("\n")
        code, mark, _ = line.partition("/*")
        if mark:
            whole = line[len(code) :] + "\n" + rest
            end = whole.index("*/") + 2
            found, rest = whole[:end], whole[end:].partition("\n")[2]
            if not code.strip():
                comment = found
                continue
            comment = found
        yield comment, code.rstrip()
        comment = ""


def _is_undocumented(code: str, place: str, is_continued: bool) -> bool:
    """Whether a line without a comment begins something that the page shows."""
    if is_continued or not code or place == "function":
        return False
    return (place == "members" and code[0] == " ") or bool(_DECLARATION.match(code))


def _prepared(text: str, functions: set[str]) -> str:
    out: list[str] = []
    place, is_continued = "", False
    for comment, code in _pieces(text.replace('extern "C" {\n', "")):
        if comment and not comment.startswith("/* --") and code.strip():
            rst = to_rst(_comment_lines(comment), functions)
            out += ["/**", *(f" * {line}".rstrip() for line in rst), " */"]
        elif _is_undocumented(code, place, is_continued):
            out += ["/**", " * \\", " */"]
        out.append(code)
        if code.startswith("}"):
            place = ""
        elif code.endswith("{") and code[0] != " ":
            place = "function" if "(" in code else "members"
        is_continued = bool(code) and code[0] != "#" and not code.endswith((";", ",", "{", "}"))
    return "\n".join(out) + "\n"


def _split(header: Path) -> tuple[str, str, list[str], str]:
    """Title, summary, and body of the comment a header starts with; the text behind it."""
    text = header.read_text(encoding="utf-8")
    end = text.index("*/") + 2
    first, _, body = "\n".join(_comment_lines(text[:end])).partition("\n\n")
    match = _TITLE.match(first.replace("\n", " "))
    if match is None:
        raise ValueError(f"{header}: the first line does not say what the header is")
    return match[1], match[2], body.split("\n"), text[end:]


def functions_of(include: Path) -> set[str]:
    """The names that the headers mark as exported."""
    declarations = " ".join(_everything(include).split()).split(";")
    found = (re.search(r"BOC_API [^(]*?(boc_\w+)\(", text) for text in declarations)
    return {match[1] for match in found if match}


def _everything(include: Path) -> str:
    headers = sorted((include / "boc").glob("*.h"))
    return "".join(header.read_text(encoding="utf-8") for header in headers)


def prepare(include: Path, out: Path) -> str:
    """Write the headers of *include*/boc to *out*/boc; the page about them."""
    headers = sorted((include / "boc").glob("*.h"))
    functions = set(re.findall(r"\b(boc_[a-z0-9_]+)\(", _everything(include)))
    page: list[str] = []
    (out / "boc").mkdir(parents=True, exist_ok=True)
    for header in headers:
        name, summary, body, text = _split(header)
        (out / "boc" / header.name).write_text(_prepared(text, functions), encoding="utf-8")
        if name == "boc":
            continue
        title = f"boc/{name}.h"
        page += ["", title, "-" * len(title), ""]
        page += [_markup(summary[0].upper() + summary[1:], functions), ""]
        page += [*to_rst(body, functions), "", f".. c:autodoc:: boc/{header.name}", ""]
    return "\n".join(page)

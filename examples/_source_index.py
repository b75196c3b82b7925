"""The index of Python source trees: what is called, defined and imported, and what does not parse.

Plain single-threaded Python that knows nothing of how it is run: the sequential run below, the one
in processes and the one in behaviors all call the same functions. Everything these exchange is made
of builtin containers, so it is cheap to move between interpreters and processes.
"""

import ast
import os
import sysconfig
import time
import warnings
from collections.abc import Callable, Iterable, Iterator

#: A file to index: path, module name, name of the package it is in, size in bytes.
type Source = tuple[str, str, str, int]

#: How often each name occurs.
type Table = dict[str, int]

#: The names of one shard: calls, definitions, imports, each counted per name.
type Shard = tuple[Table, Table, Table]

#: Files, lines and bytes seen, and (path, reason) for each file that could not be indexed.
type Summary = tuple[int, int, int, list[tuple[str, str]]]

#: What a run produces: every shard, the summary, and the seconds it took.
type Outcome = tuple[list[Shard], Summary, float]

#: Names are spread over this many shards, which can be merged independently.
SHARD_COUNT = 8

#: Directories that hold no source of the tree they are in.
SKIPPED = frozenset({"__pycache__", "site-packages", "dist-packages", "node_modules"})

#: Directories of tests, left out of the default tree.
TESTS = frozenset({"test", "tests", "idle_test"})


def standard_library() -> list[str]:
    """Return the folders of the running interpreter's standard library."""
    folders = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
    return list(dict.fromkeys(folder for folder in folders if os.path.isdir(folder)))


def find_sources(paths: Iterable[str], skipped: frozenset[str] = SKIPPED) -> list[Source]:
    """List the Python files at and below *paths*, each real file once, in a fixed order.

    Links to directories are not followed, so a loop of links ends. Hidden directories and those
    named in *skipped* are left out, except where a path names them itself.

    Raises:
        FileNotFoundError: if one of *paths* does not exist.
    """
    found: dict[str, Source] = {}
    for path in paths:
        if not os.path.exists(path):
            raise FileNotFoundError(path)
        root = os.path.abspath(path)
        if os.path.isdir(root):
            files = list(walk_sources(root, skipped))
        else:
            files, root = [root], os.path.dirname(root)
        prefix = package_of(root)
        for file in files:
            name = module_of(os.path.relpath(file, root), prefix)
            inside = os.path.basename(file) != "__init__.py"
            package = name.rpartition(".")[0] if inside else name
            found.setdefault(os.path.realpath(file), (file, name, package, size_of(file)))
    return sorted(found.values())


def walk_sources(root: str, skipped: frozenset[str]) -> Iterator[str]:
    """Yield the Python files below the directory *root*, broken links included."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in skipped and name[0] != "."]
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and (os.path.isfile(path) or os.path.islink(path)):
                yield path


def package_of(folder: str) -> str:
    """Return the dotted name of the package that *folder* is, or an empty string."""
    names: list[str] = []
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        names.insert(0, name)
    return ".".join(names)


def module_of(path: str, prefix: str) -> str:
    """Return the dotted module name of the file at relative *path* in the package *prefix*."""
    names = path.removesuffix(".py").split(os.sep)
    if names[-1] == "__init__":
        names.pop()
    return ".".join([prefix, *names] if prefix else names)


def size_of(path: str) -> int:
    """Return the size of a file in bytes; an unreadable one counts as empty."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def make_batches(sources: list[Source], count: int) -> list[list[Source]]:
    """Deal *sources* into at most *count* batches of about the same number of bytes."""
    batches: list[list[Source]] = [[] for _ in range(max(1, min(count, len(sources))))]
    loads = [0] * len(batches)
    for source in sorted(sources, key=lambda source: (-source[3], source[0])):
        lightest = loads.index(min(loads))
        batches[lightest].append(source)
        loads[lightest] += source[3] + 500  # opening a file costs about as much as 500 bytes of it
    return batches


def module_names(batches: list[list[Source]]) -> frozenset[str]:
    """Return the names of all modules in *batches*."""
    return frozenset(name for batch in batches for _, name, _, _ in batch)


def new_shards() -> list[Shard]:
    """Return one empty shard of each number."""
    return [({}, {}, {}) for _ in range(SHARD_COUNT)]


def index_batch(batch: list[Source], modules: frozenset[str]) -> tuple[list[Shard], Summary]:
    """Read and index the files of *batch*; *modules* are the names of all modules of the trees.

    A file that cannot be read or parsed is reported in the summary and counts nothing else.
    """
    calls: Table = {}
    definitions: Table = {}
    imports: Table = {}
    lines = size = 0
    failures: list[tuple[str, str]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the indexed code is warned about is not our concern
        for path, module, package, _ in batch:
            try:
                with open(path, "rb") as file:
                    text = file.read()
                size += len(text)
                lines += text.count(b"\n") + (text[-1:] not in b"\n")
                tree = ast.parse(text)
            except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
                failures.append((path, describe(error)))
                continue
            imported = scan(tree, package, modules, calls, definitions)
            imported.discard(module)
            for name in imported:
                imports[name] = imports.get(name, 0) + 1
    shards = new_shards()
    for kind, table in enumerate((calls, definitions, imports)):
        for name, count in table.items():
            shards[shard_of(name)][kind][name] = count
    return shards, (len(batch), lines, size, failures)


def scan(
    tree: ast.AST, package: str, modules: frozenset[str], calls: Table, definitions: Table
) -> set[str]:
    """Count the calls and definitions of one module by name, and return what it imports."""
    imported: set[str] = set()
    for node in ast.walk(tree):
        kind = type(node)
        if kind is ast.Call:
            function = node.func  # type: ignore[attr-defined]
            if type(function) is ast.Attribute:
                name = function.attr
            elif type(function) is ast.Name:
                name = function.id
            else:
                continue  # the result of a call or a subscript: it has no name
            calls[name] = calls.get(name, 0) + 1
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            definitions[node.name] = definitions.get(node.name, 0) + 1
        elif isinstance(node, ast.Import):
            for alias in node.names:
                add_import(imported, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, package)
            if base:
                add_import(imported, base)
                imported.update(
                    name for alias in node.names if (name := f"{base}.{alias.name}") in modules
                )
    return imported


def add_import(imported: set[str], name: str) -> None:
    """Add the module *name* and the packages that importing it imports."""
    while name and name not in imported:
        imported.add(name)
        name = name.rpartition(".")[0]


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the absolute name that ``from ... import`` in *package* names, or nothing."""
    if node.level == 0:
        return node.module or ""
    parents = package.split(".") if package else []
    if node.level > len(parents):
        return ""  # beyond the top of the tree: the import would fail
    base = parents[: len(parents) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def describe(error: BaseException) -> str:
    """Say in one line why a file was not indexed."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}" if error.lineno else error.msg
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}".splitlines()[0]


def shard_of(name: str) -> int:
    """Return the shard of *name*; the same in every process, unlike ``hash``."""
    return (ord(name[0]) + 3 * ord(name[-1]) + 7 * len(name)) % SHARD_COUNT


def merge_shard(into: Shard, part: Shard) -> None:
    """Add the counts of *part* to *into*."""
    for total, table in zip(into, part, strict=True):
        for name, count in table.items():
            total[name] = total.get(name, 0) + count


def merge_summaries(summaries: Iterable[Summary]) -> Summary:
    """Return the sum of *summaries*; failures in the order of their paths."""
    files = lines = size = 0
    failures: list[tuple[str, str]] = []
    for more_files, more_lines, more_size, more_failures in summaries:
        files += more_files
        lines += more_lines
        size += more_size
        failures += more_failures
    return files, lines, size, sorted(failures)


def tell(report: int) -> None:
    """Report a finished batch by a byte to the file descriptor *report*, if that is one."""
    if report >= 0:
        os.write(report, b".")


def index_batches(
    batches: list[list[Source]], modules: frozenset[str], done: Callable[[], None]
) -> tuple[list[Shard], Summary]:
    """Index *batches* one after the other and merge them, calling *done* after each."""
    shards = new_shards()
    summaries = []
    for batch in batches:
        parts, summary = index_batch(batch, modules)
        summaries.append(summary)
        for shard, part in zip(shards, parts, strict=True):
            merge_shard(shard, part)
        done()
    return shards, merge_summaries(summaries)


def run_sequential(batches: list[list[Source]], report: int = -1) -> Outcome:
    """Index *batches* here, in one thread, after a warm-up by the first one."""
    modules = module_names(batches)
    index_batch(batches[0], modules)
    began = time.perf_counter()
    shards, summary = index_batches(batches, modules, lambda: tell(report))
    return shards, summary, time.perf_counter() - began

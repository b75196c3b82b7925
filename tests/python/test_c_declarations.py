"""The declarations for Cython and Rust say what the header says, and the guide's programs run."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import bocpy

PACKAGE = Path(bocpy.__file__).parent
INCLUDE = Path(bocpy.get_include())
PAGE = Path(__file__).parents[2] / "docs" / "guide" / "c_abi.md"


def code_of(path: Path, comment: str) -> str:
    return re.sub(comment, " ", path.read_text(encoding="utf-8"), flags=re.S | re.M)


# without comments
HEADER = code_of(INCLUDE / "bocpy" / "bocpy.h", r"/\*.*?\*/")
CYTHON = code_of(PACKAGE / "capi.pxd", r"#.*?$")
RUST = code_of(INCLUDE / "bocpy" / "bocpy.rs", r"//.*?$")

# -- names ----------------------------------------------------------------------------------------


def fields_of_header() -> dict[str, list[str]]:
    """Return the members of each struct in the header, in order."""
    found = re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", HEADER, re.S)
    member = re.compile(r"\(\*(\w+)\)\(|(\w+)$")
    return {
        name: [
            next(filter(None, match.groups()))
            for part in body.replace("PyObject_HEAD", "").split(";")
            if (match := member.search(part.strip()))
        ]
        for body, name in found
    }


def names_of_header() -> set[str]:
    """Return everything the header offers, less what it has for itself."""
    names = set(re.findall(r"^#define (BOCPY_[A-Z_0-9]+) ", HEADER, re.M))
    names |= set(re.findall(r"\b(BOCPY_[A-Z_0-9]+) = ", HEADER))
    names |= {a or b for a, b in re.findall(r"^typedef struct \w+ (\w+);|^\} (\w+);", HEADER, re.M)}
    names |= set(re.findall(r"\(\*(bocpy_\w+_fn)\)", HEADER))
    names |= set(re.findall(r"^static inline [\w ]+?\**(bocpy_\w+)\(", HEADER, re.M))
    names |= set(re.findall(r"using std::(atomic_\w+);", HEADER))
    return {name for name in names if "__" not in name and name != "BOCPY_BOCPY_H"}


def fields_of_cython() -> dict[str, list[str]]:
    found = re.findall(r"^    ctypedef struct (\w+):\n((?:        .*\n|\s*\n)+)", CYTHON, re.M)
    member = re.compile(r"^        \w.*?(?:\(\*(\w+)\)\(|\b(\w+)$)", re.M)
    return {name: [a or b for a, b in member.findall(body)] for name, body in found}


def names_of_cython() -> set[str]:
    block = CYTHON[CYTHON.index('cdef extern from "<bocpy/bocpy.h>":') :]
    names = set(re.findall(r"^    ctypedef struct (\w+)", block, re.M))
    names |= set(re.findall(r"^    ctypedef .*?\(\*(\w+)\)\(", block, re.M))
    names |= set(re.findall(r"^    (?!ctypedef)\w[\w ]*?[ *](\w+)(?:\(|$)", block, re.M))
    names |= set(re.findall(r"^        (BOCPY_[A-Z_0-9]+)$", block, re.M))
    return names


def fields_of_rust() -> dict[str, list[str]]:
    found = re.findall(r"^pub struct (bocpy_\w+) \{\n(.*?)^\}", RUST, re.M | re.S)
    return {name: re.findall(r"^    pub (\w+):", body, re.M) for name, body in found}


def names_of_rust() -> set[str]:
    names = set(re.findall(r"^pub (?:const|type|struct|(?:unsafe )?fn) (\w+)", RUST, re.M))
    for group in re.findall(r"^opaque!\((.*?)\);", RUST, re.M):
        names |= {name.strip() for name in group.split(",")}
    return names


def test_reader_of_the_header_finds_what_is_known() -> None:
    names, fields = names_of_header(), fields_of_header()
    assert {
        *["BOCPY_ABI", "BOCPY_EFULL", "BOCPY_RESULT", "atomic_load", "bocpy_api_t", "bocpy_body_t"],
        *["bocpy_box_move_in", "bocpy_call_fn", "bocpy_import", "bocpy_interpid"],
    } <= names
    assert fields["bocpy_request_t"] == ["cown", "access"]
    assert fields["bocpy_box_t"] == ["data", "pins"]
    assert {"abi", "cown_new", "xidata_init", "noticeboard"} <= set(fields["bocpy_api_t"])
    assert len(fields["bocpy_api_t"]) > 60


def test_cython_declares_the_names_of_the_header() -> None:
    assert names_of_cython() == names_of_header()
    assert fields_of_cython() == fields_of_header()


def test_rust_declares_the_names_of_the_header() -> None:
    of_c = {"BOCPY_NO_OWNER", "bocpy_interpid", "bocpy_main_interpid"}
    python = {"PyObject", "PyThreadState", "PyTypeObject"}
    header = {n for n in names_of_header() if not n.startswith(("atomic_", "bocpy_box_"))}
    assert names_of_rust() - python == header - of_c
    expected = fields_of_header()
    del expected["bocpy_box_t"]
    assert fields_of_rust() == expected


# -- programs -------------------------------------------------------------------------------------


def block(language: str, containing: str) -> tuple[str, str]:
    """Return a program of the guide and, for Python, its output."""
    pattern = rf"^```{language}\n((?:(?!^```).)*?{containing}.*?)^```\n(?:```text\n(.*?)^```)?"
    ((code, output),) = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return code, output


def run(*command: str | Path, folder: Path) -> str:
    path = os.pathsep.join([str(folder), str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "BOCPY_WORKERS": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def compile_cython(source: Path) -> None:
    """Compile a module of Cython in its folder, with the package found as users find it."""
    run(sys.executable, "-m", "cython", "-3", source.name, folder=source.parent)
    compiler = shutil.which("cc")
    assert compiler is not None, "these tests need a C compiler"
    flags = ["-std=c11", "-O0", "-fPIC", "-shared", "-Werror=incompatible-pointer-types"]
    if sys.platform == "darwin":
        flags += ["-undefined", "dynamic_lookup"]
    built = source.with_suffix(str(sysconfig.get_config_var("EXT_SUFFIX")))
    roots = [f"-I{INCLUDE}", f"-I{sysconfig.get_paths()['include']}"]
    run(compiler, *flags, *roots, source.with_suffix(".c"), "-o", built, folder=source.parent)


def test_cython_of_the_guide_works(tmp_path: Path) -> None:
    source = tmp_path / "_squares.pyx"
    source.write_text(block("cython", "add_squares")[0], encoding="utf-8")
    compile_cython(source)
    code, output = block(r"\{code-block\} python", "import _squares")
    script = tmp_path / "program.py"
    script.write_text(code, encoding="utf-8")
    assert run(sys.executable, script, folder=tmp_path) == output


def test_every_name_for_cython_compiles_as_the_header_has_it(tmp_path: Path) -> None:
    lines = ["cimport cython", "from bocpy.capi cimport *", "@cython.infer_types(True)"]
    lines += ["def use():", "    api = bocpy_import()"]
    for struct, fields in fields_of_cython().items():
        lines += [f"    cdef {struct} s_{struct}"]
        lines += [f"    f_{struct}_{name} = s_{struct}.{name}" for name in fields]
    simple = [n for n in sorted(names_of_cython()) if n.startswith("BOCPY_")]
    lines += [f"    v_{name} = {name}" for name in simple]
    ops = ["move_out", "move_in", "rollback"]
    lines += [f"    s_bocpy_type_ops_t.{name} = bocpy_box_{name}" for name in ops]
    lines += ["    return api.abi"]
    source = tmp_path / "_names.pyx"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    compile_cython(source)


# -- Rust, where it is installed ------------------------------------------------------------------

RUSTC = shutil.which("rustc")
need_rust = pytest.mark.skipif(RUSTC is None, reason="no rustc")
LAYOUT_C = """
#include <bocpy/bocpy.h>
#include <stdio.h>
int main(void) {
%s    return 0;
}
"""
LAYOUT_RUST = """
#[path = "bocpy.rs"]
mod bocpy;
use bocpy::*;

macro_rules! place {
    ($type:ty, $field:ident) => {{
        let memory = std::mem::MaybeUninit::<$type>::uninit();
        let start = memory.as_ptr();
        let field = unsafe { std::ptr::addr_of!((*start).$field) };
        format!("{} {}", field as usize - start as usize, size(field))
    }};
}

fn size<T>(_: *const T) -> usize {
    std::mem::size_of::<T>()
}

fn main() {
%s}
// what an executable needs to link without Python
mod python {
    use std::ptr::null_mut;
    #[no_mangle]
    pub static mut PyExc_ImportError: usize = 0;
    #[no_mangle]
    pub extern "C" fn PyCapsule_GetPointer() -> *mut u8 { null_mut() }
    #[no_mangle]
    pub extern "C" fn PyErr_SetString() {}
    #[no_mangle]
    pub extern "C" fn PyImport_ImportModule() -> *mut u8 { null_mut() }
    #[no_mangle]
    pub extern "C" fn PyObject_GetAttrString() -> *mut u8 { null_mut() }
    #[no_mangle]
    pub extern "C" fn Py_DecRef() {}
}
"""


def rustc(source: Path, *options: str | Path) -> None:
    shutil.copy(INCLUDE / "bocpy" / "bocpy.rs", source.parent)
    assert RUSTC is not None
    run(RUSTC, "--edition", "2021", *options, source, folder=source.parent)


@need_rust
def test_rust_has_the_layout_and_the_constants_of_c(tmp_path: Path) -> None:
    c, rust = [], []
    for struct, fields in fields_of_rust().items():
        c += [f'    printf("{struct} %zu\\n", sizeof({struct}));\n']
        rust += [f'    println!("{struct} {{}}", std::mem::size_of::<{struct}>());\n']
        for field in fields:
            place = f"offsetof({struct}, {field}), sizeof((({struct} *)0)->{field})"
            c += [f'    printf("{struct}.{field} %zu %zu\\n", {place});\n']
            rust += [f'    println!("{struct}.{field} {{}}", place!({struct}, {field}));\n']
    for name in sorted(n for n in names_of_rust() if n.startswith("BOCPY_")):
        if name != "BOCPY_CAPSULE":
            c += [f'    printf("{name} %llu\\n", (unsigned long long){name});\n']
            rust += [f'    println!("{name} {{}}", {name});\n']
    c += ['    printf("BOCPY_CAPSULE %s\\n", BOCPY_CAPSULE);\n']
    rust += ["    let name = std::ffi::CStr::from_bytes_with_nul(BOCPY_CAPSULE).unwrap();\n"]
    rust += ['    println!("BOCPY_CAPSULE {}", name.to_str().unwrap());\n']
    source = tmp_path / "layout.c"
    source.write_text(LAYOUT_C % "".join(c), encoding="utf-8")
    compiler = shutil.which("cc")
    assert compiler is not None, "these tests need a C compiler"
    roots = [f"-I{INCLUDE}", f"-I{sysconfig.get_paths()['include']}"]
    by_c = tmp_path / "by_c"
    run(compiler, "-std=c11", *roots, source, "-o", by_c, folder=tmp_path)
    source = tmp_path / "layout.rs"
    source.write_text(LAYOUT_RUST % "".join(rust), encoding="utf-8")
    by_rust = tmp_path / "by_rust"
    rustc(source, "-o", by_rust)
    said = run(by_rust, folder=tmp_path)
    assert said == run(by_c, folder=tmp_path)
    assert len(said.splitlines()) > 120


@need_rust
def test_rust_of_the_guide_works(tmp_path: Path) -> None:
    source = tmp_path / "squares.rs"
    source.write_text(block("rust", "add_squares")[0], encoding="utf-8")
    library = tmp_path / "squares.so"
    options: list[str | Path] = ["-D", "warnings", "--crate-type", "cdylib", "-o", library]
    if sys.platform == "darwin":
        options += ["-C", "link-arg=-undefined", "-C", "link-arg=dynamic_lookup"]
    rustc(source, *options)
    code, output = block(r"\{code-block\} python", "import ctypes")
    script = tmp_path / "program.py"
    script.write_text(code, encoding="utf-8")
    assert run(sys.executable, script, library, folder=tmp_path) == output

"""Writes rollcall/v1 (the stubs) and gateway/comments.json from proto/: `make generate`.

`--check` writes nothing and fails if they are not current.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
TARGET = ROOT / "rollcall"
# The contract's comments by full name: descriptors at run time have lost them, and the OpenAPI document needs them.
COMMENTS = ROOT / "gateway/comments.json"
HEADER = '"""Generated from proto/; never edited. `make generate` writes it anew."""\n'
# The validation rules' own schema is generated beside ours, under a name that no other package can take.
_VALIDATE = re.compile(r"\b(from|import) buf\.validate\b|(?<![\w.\"'/])buf\.validate\.validate_pb2")


def _rename(match: re.Match[str]) -> str:
    return match.group(0).replace("buf.validate", "rollcall.third_party.buf.validate")


def _name(file: FileDescriptorProto, path: tuple[int, ...]) -> str:
    """The full name of what a source location's path points to; `path` is pairs of field number and index."""
    names = [file.package]
    at: FileDescriptorProto | DescriptorProto | EnumDescriptorProto = file
    for number, index in zip(path[::2], path[1::2], strict=True):
        at = getattr(at, at.DESCRIPTOR.fields_by_number[number].name)[index]
        names.append(at.name)
    return ".".join(names)


def _comments(files: FileDescriptorSet) -> dict[str, str]:
    """The comment above each element of rollcall.v1."""
    found = {}
    for file in files.file:
        if file.package != "rollcall.v1":
            continue
        for location in file.source_code_info.location:
            if location.leading_comments and location.path and len(location.path) % 2 == 0:
                lines = [line.strip() for line in location.leading_comments.strip().splitlines()]
                found[_name(file, tuple(location.path))] = "\n".join(lines)
    return found


def generate(out: Path) -> None:
    """Writes all stubs below `out`; raises SystemExit with protoc's own message where the contract does not compile."""
    ours = sorted(str(p.relative_to(PROTO)) for p in (PROTO / "rollcall").rglob("*.proto"))
    include = Path(protoc.__file__).parent / "_proto"
    common = [f"-I{PROTO}", f"-I{PROTO / 'third_party'}", f"-I{include}"]
    runs = (
        [f"--python_out={out}", f"--grpc_python_out={out}", f"--mypy_out=quiet:{out}", f"--mypy_grpc_out=quiet:{out}", *ours],
        [f"--python_out={out}", f"--mypy_out=quiet:{out}", "buf/validate/validate.proto"],
        [f"--descriptor_set_out={out / 'contract.binpb'}", "--include_source_info", *ours],
    )
    for run in runs:
        if protoc.main(["protoc", *common, *run]) != 0:
            sys.exit("protoc failed: correct the .proto file that it names above")
    contract = out / "contract.binpb"
    comments = _comments(FileDescriptorSet.FromString(contract.read_bytes()))
    contract.unlink()
    (out / COMMENTS.name).write_text(json.dumps(comments, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    (out / "rollcall/third_party").mkdir(parents=True, exist_ok=True)
    shutil.move(str(out / "buf"), str(out / "rollcall/third_party/buf"))
    for path in out.rglob("*.py*"):
        path.write_text(_VALIDATE.sub(_rename, path.read_text()))
    for stub in (out / "rollcall/v1").glob("*_pb2_grpc.py"):
        if "class " not in stub.read_text():  # a file without a service
            stub.unlink()
    for hints in (out / "rollcall/v1").glob("*_pb2_grpc.pyi"):
        if not hints.with_suffix(".py").exists():
            hints.unlink()
    for package in ("v1", "third_party", "third_party/buf", "third_party/buf/validate"):
        (out / "rollcall" / package / "__init__.py").write_text(HEADER)


def _files(root: Path) -> set[Path]:
    return {p.relative_to(root) for d in ("v1", "third_party") for p in (root / d).rglob("*.py*") if "__pycache__" not in p.parts}


def main() -> None:
    """Writes the stubs, or compares them."""
    # protoc finds its plugins on PATH: they are beside this very interpreter, also where the environment is not activated.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = Path(folder) / "rollcall"
        if "--check" in sys.argv:
            differ = _files(fresh) ^ _files(TARGET) | {
                f for f in _files(fresh) & _files(TARGET) if not filecmp.cmp(fresh / f, TARGET / f, shallow=False)
            }
            if not COMMENTS.exists() or COMMENTS.read_bytes() != (Path(folder) / COMMENTS.name).read_bytes():
                differ.add(COMMENTS.relative_to(ROOT))
            if differ:
                sys.exit(f"stubs are not current (run `make generate`): {', '.join(sorted(map(str, differ)))}")
            return
        for package in ("v1", "third_party"):
            shutil.rmtree(TARGET / package, ignore_errors=True)
            shutil.copytree(fresh / package, TARGET / package)
        shutil.copy(Path(folder) / COMMENTS.name, COMMENTS)


if __name__ == "__main__":
    main()

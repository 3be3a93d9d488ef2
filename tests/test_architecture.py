"""The layers, held: an import goes down, never up or round in a circle."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = {
    "domain": set(),
    "settings": set(),
    "logs": set(),
    "certificate": {"storage"},
    "resources": set(),
    "storage": {"domain"},
    "outside": {"domain"},
    "services": {"domain", "storage", "outside", "settings", "resources"},
    "web": {"domain", "services", "settings", "resources"},
    "upload_loop": set(),
    "live_loop": {"domain", "services", "web"},
    "worker": {"services", "web", "upload_loop", "live_loop"},
    "server": {"domain", "services", "settings", "web", "worker"},
    "wsgi": {"logs", "services", "settings", "web"},
    "doctor": {"domain", "storage", "outside", "services", "settings"},
    "cli": {
        "certificate",
        "doctor",
        "domain",
        "logs",
        "services",
        "settings",
        "resources",
        "server",
        "wshub",
    },
    "wshub": {"domain", "outside", "services", "settings", "web"},
    "wshub.__main__": {"cli"},
    "__main__": {"cli"},
    "__init__": set(),
}
PACKAGES = ("mozchat", "wshub")
PURE = {
    "abc",
    "collections",
    "contextlib",
    "dataclasses",
    "datetime",
    "difflib",
    "functools",
    "hashlib",
    "io",
}
PURE |= {
    "itertools",
    "json",
    "math",
    "re",
    "struct",
    "typing",
    "unicodedata",
    "__future__",
    "bisect",
    "enum",
    "ipaddress",
}
PURE |= {"base64", "heapq", "hmac", "operator", "string", "urllib.parse"}


def modules():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.module, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None


def layer_of(module):
    parts = module.split(".")
    if parts[0] == "wshub":
        return "wshub.__main__" if parts[1:] == ["__main__"] else "wshub"
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize(
    ("path", "module"), list(modules()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_module_imports_only_from_its_own_layer_and_those_below(path, module):
    here = layer_of(module)
    for target, name in imports_of(path):
        if target.split(".")[0] not in PACKAGES:
            continue
        there = layer_of(f"{target}.{name}" if target == "mozchat" else target)
        if target == "mozchat" and name == "__version__":
            continue
        assert there == here or there in LAYERS[here], f"{module} imports {target}"


def test_the_domain_is_pure():
    for path, module in modules():
        if layer_of(module) == "domain":
            targets = {target for target, _ in imports_of(path)} - PURE
            outside = {target.split(".")[0] for target in targets} - set(PACKAGES)
            assert outside <= PURE, f"{module} imports {outside - PURE}"
            called = {
                n.func.id
                for n in ast.walk(ast.parse(path.read_text()))
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
            }
            assert "open" not in called, module


def test_only_the_web_layer_and_what_starts_it_know_flask():
    for path, module in modules():
        if layer_of(module) not in ("web", "server"):
            assert "flask" not in {target.split(".")[0] for target, _ in imports_of(path)}, module


def test_there_is_no_import_circle():
    known = {module for _, module in modules()}
    graph = {}
    for path, module in modules():
        targets = set()
        for target, name in imports_of(path):
            targets.add(f"{target}.{name}" if f"{target}.{name}" in known else target)
        graph[module] = (targets & known) - {module, "mozchat"}
    done, path_now = set(), []

    def visit(module):
        assert module not in path_now, " -> ".join([*path_now, module])
        if module not in done:
            path_now.append(module)
            for target in graph[module]:
                visit(target)
            path_now.pop()
            done.add(module)

    for module in graph:
        visit(module)


def scripts():
    return [path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts]


def test_scripts_never_make_markup_from_text():
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment"
    )
    assert scripts()
    for path in scripts():
        assert not sinks.search(path.read_text()), path


def test_pages_have_no_inline_script_or_style():
    for path in (ROOT / "mozchat" / "web" / "templates").glob("*.html"):
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), path
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or 'type="application/json"' in tag, path


def test_nothing_is_loaded_from_another_host():
    for path in [
        *scripts(),
        *(ROOT / "static").rglob("*.css"),
        *(ROOT / "mozchat" / "web" / "templates").glob("*.html"),
    ]:
        for url in re.findall(r"https?://[^\s\"')]+", path.read_text()):
            assert url.startswith(("http://www.w3.org/", "https://www.w3.org/", "http://localhost")), (
                f"{path}: {url}"
            )

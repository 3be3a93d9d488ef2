"""Static files: read once, compressed once, served under a path that changes with their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flask import Blueprint, Response, abort, request

_COMPRESSED = frozenset({".js", ".css", ".svg", ".json", ".html"})
_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b(?:[^"'();]*?\bfrom)?\s*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE
)
"""What a script cannot run without; what it loads later, by `import()`, is not meant."""
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file, as it is sent."""

    content: bytes
    compressed: bytes | None
    media_type: str


class Assets:
    """All files below a folder. `version` is a hash of them all, so a page never mixes two releases."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _load(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.content + b"\0")
        self.version = digest.hexdigest()[:10]

    def get(self, name: str) -> Asset | None:
        """One file, by its path below the folder."""
        return self._files.get(name)

    def url(self, name: str) -> str:
        """Where a file is served, below the site's root."""
        return f"/static/{self.version}/{name}"

    def stages(self, *entries: str) -> list[list[str]]:
        """The modules of scripts that run one after another: a list each, of what was in none before."""
        stages: list[list[str]] = []
        for entry in entries:
            known = {name for stage in stages for name in stage}
            stages.append([name for name in self.modules(entry) if name not in known])
        return stages

    def modules(self, entry: str) -> list[str]:
        """The paths of all modules that a script imports, itself first: to be fetched at once."""
        found: list[str] = []
        waiting = [entry]
        while waiting:
            name = waiting.pop(0)
            asset = self._files.get(name)
            if name in found or asset is None:
                continue
            found.append(name)
            for target in _IMPORT.findall(asset.content.decode()):
                waiting.append(_resolve(name, target))
        return found


def assets_blueprint(assets: Assets) -> Blueprint:
    """The route that serves them."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/static/<version>/<path:name>")
    def asset(version: str, name: str) -> Response:
        found = assets.get(name)
        if found is None:
            abort(404)
        compress = found.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "")
        response = Response(found.compressed if compress else found.content, content_type=found.media_type)
        if compress:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        fresh = version == assets.version
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
        response.set_etag(assets.version + ("-gzip" if compress else ""))
        response.make_conditional(request)
        return response

    return blueprint


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    compressed = gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None
    if compressed is not None and len(compressed) >= len(content):
        compressed = None
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(content, compressed, media_type)


def _resolve(importer: str, target: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(importer).parent / target).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)

"""The manifest: what a build made, each file with its size and SHA-256, signed where it can be."""

import json
from collections.abc import Sequence
from pathlib import Path

from edge.flash.signature import sign_manifest, signature_path
from edge.mandate.keys import is_protected, load_private_pem
from firmware.building import Build, sha256_of
from firmware.slot import Slot


def write_manifest(build: Build, slot: Slot, files: Sequence[Path]) -> Path:
    """Write `NAME.manifest.json`: the slot's names and the hashes of everything handed over."""
    record = {
        "board": build.board.name,
        "version": build.version,
        "epoch": build.epoch,
        "proof": build.board.proof,
        "has_console": build.has_console,
        "provision_key": build.keys.provision_public.read_text().strip(),
        "slot": {
            "root_hash": slot.root_hash,
            "root_uuid": slot.root_uuid,
            "hash_offset_bytes": slot.hash_offset,
            "root": _fact(slot.root),
            "boot": _fact(slot.boot),
        },
        "files": {path.name: _fact(path) for path in files},
    }
    manifest = build.out / f"{build.name}.manifest.json"
    manifest.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    _sign(build, manifest)
    return manifest


def _sign(build: Build, manifest: Path) -> None:
    """With the fleet's key, where the build has it; a city signs later, where its key lies."""
    signature_path(manifest).unlink(missing_ok=True)
    private = build.keys.provision_key
    pem = private.read_bytes() if private.is_file() else b""
    if not pem or is_protected(pem):
        build.steps.note(
            f"not signed yet: vigie provision sign {manifest.name} --key provision.key"
        )
        return
    key = load_private_pem("provision", pem)
    signature_path(manifest).write_bytes(sign_manifest(manifest.read_bytes(), key))


def _fact(path: Path) -> dict[str, int | str]:
    return {"size_bytes": path.stat().st_size, "sha256": sha256_of(path)}

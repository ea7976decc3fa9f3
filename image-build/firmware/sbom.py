"""The bill of materials: every package, wheel and model of the root, in CycloneDX.

It stands in the root and beside the image. The notices themselves stay in the root: Debian's
under /usr/share/doc/*/copyright, the wheels' beside their metadata.
"""

import datetime as dt
import email
import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from email.message import Message
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from edge.errors import Kind, VigieError
from edge.eye.detector.reading import read_card
from edge.site.model import DEFAULT_DETECTOR
from firmware.building import PACKAGES, REPOSITORY, SHARE, Build, sha256_of
from firmware.mirror import SUITE
from firmware.run import run
from firmware.slot import NAMESPACE
from firmware.tree import REMOVED_PACKAGES

SCHEMA = SchemaVersion.V1_6
_LICENCE_LINE = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)


def write_sbom(
    build: Build, packages: Path, kernel_package: Path | None, brought: Path | None
) -> Path:
    """Write the bill into the root and beside the image; returns the latter.

    packages: dpkg's status file; brought: the folder that a person gave. Raises VigieError when
    the bill breaks its own schema.
    """
    components = [
        *debian_components(packages.read_text(), build.root),
        *([_kernel(kernel_package)] if kernel_package else []),
        *(given_components(brought) if brought else []),
        *wheel_components(build.packages),
        _model(build),
    ]
    text = render_bill(build, components)
    bill = build.out / f"{build.name}.cdx.json"
    bill.write_text(text)
    (build.root / SHARE / "sbom.cdx.json").write_text(text)
    build.steps.note(f"{len(components)} components")
    return bill


def render_bill(build: Build, components: list[Component]) -> str:
    """The bill as JSON, the same text for the same parts. Raises VigieError(INTERNAL)."""
    image = _component("vigie-image", build.version, ComponentType.FIRMWARE, None)
    bill = Bom(components=components)
    bill.metadata.component = image
    bill.metadata.timestamp = dt.datetime.fromtimestamp(build.epoch, tz=dt.UTC)
    bill.metadata.properties.add(Property(name="vigie:board", value=build.board.name))
    said = " ".join(sorted(str(component.bom_ref.value) for component in components))
    bill.serial_number = uuid.uuid5(NAMESPACE, f"{build.name} {said}")
    bill.register_dependency(image, components)
    text: str = make_outputter(bill, OutputFormat.JSON, SCHEMA).output_as_string(indent=1)
    wrong = JsonStrictValidator(SCHEMA).validate_str(text)
    if wrong is not None:
        raise VigieError(Kind.INTERNAL, f"the bill of materials breaks its schema: {wrong}")
    return text + "\n"


def debian_components(status: str, root: Path) -> Iterator[Component]:
    """Debian's packages that are still in the root, each with the licences its notices name."""
    for stanza in status.strip().split("\n\n"):
        fields: Message = email.message_from_string(stanza)
        name = str(fields["Package"])
        is_here = "ok installed" in str(fields["Status"])
        if is_here and name not in REMOVED_PACKAGES:
            yield _component(
                name,
                str(fields["Version"]),
                ComponentType.LIBRARY,
                _debian_url(fields),
                licences=_debian_licences(root, name),
            )


def wheel_components(packages: Path) -> Iterator[Component]:
    """Python's packages, from the metadata that pip installed."""
    for metadata in sorted(packages.glob("*.dist-info/METADATA")):
        fields = email.message_from_string(metadata.read_text())
        name, version = str(fields["Name"]), str(fields["Version"])
        said = fields.get("License-Expression") or fields.get("License") or "see its notices"
        yield _component(
            name,
            version,
            ComponentType.LIBRARY,
            PackageURL("pypi", None, name.lower().replace("_", "-"), version),
            licences=(str(said).strip().splitlines()[0],),
        )


def given_components(folder: Path) -> Iterator[Component]:
    """What a person brought: it tells no versions, so each part has its files' hash for one."""
    for part in ("boot", "lib/modules", "usr/lib/modules", "root"):
        files = [path for path in sorted((folder / part).rglob("*")) if path.is_file()]
        rows = [f"{sha256_of(path)}  {path.relative_to(folder)}\n" for path in files]
        if rows:
            sha256 = hashlib.sha256("".join(rows).encode()).hexdigest()
            kind = ComponentType.FIRMWARE
            yield _component(f"given {part}", sha256[:12], kind, None, sha256=sha256)


def _kernel(package: Path) -> Component:
    fields = email.message_from_string(run(["dpkg-deb", "-f", package]))
    url = _debian_url(fields)
    return _component(
        str(fields["Package"]),
        str(fields["Version"]),
        ComponentType.OPERATING_SYSTEM,
        url,
        licences=("GPL-2.0-only",),
        sha256=sha256_of(package),
    )


def _model(build: Build) -> Component:
    card = read_card(REPOSITORY / "models" / DEFAULT_DETECTOR / "card.toml")
    return _component(
        card.name,
        card.sha256[:12],
        ComponentType.MACHINE_LEARNING_MODEL,
        None,
        licences=(card.licence,),
        sha256=sha256_of(build.root / PACKAGES / "edge" / "cards" / card.name / card.file),
    )


def _debian_url(fields: Mapping[str, str] | Message) -> PackageURL:
    qualifiers = {"arch": str(fields["Architecture"]), "distro": SUITE}
    return PackageURL("deb", "debian", str(fields["Package"]), str(fields["Version"]), qualifiers)


def _debian_licences(root: Path, name: str) -> tuple[str, ...]:
    notice = root / "usr/share/doc" / name / "copyright"
    if not notice.is_file():
        return ()
    text = notice.read_text(errors="replace")
    return tuple(sorted({found.strip() for found in _LICENCE_LINE.findall(text)}))


def _component(
    name: str,
    version: str,
    kind: ComponentType,
    url: PackageURL | None,
    *,
    licences: tuple[str, ...] = (),
    sha256: str | None = None,
) -> Component:
    # A reference that the library makes up would be another one at each build.
    reference = url.to_string() if url else f"{name}@{version}"
    return Component(
        name=name,
        version=version,
        type=kind,
        purl=url,
        bom_ref=reference,
        licenses=[DisjunctiveLicense(name=licence) for licence in licences],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else [],
    )

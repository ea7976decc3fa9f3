import dataclasses

from edge.site.canonical import (
    EVERY_CAMERA,
    canonical_text,
    rule_parameters,
    rule_version,
    rules_sha256,
)
from edge.site.model import Camera, Mask, Site, SiteFile, Zone
from edge.site.rules import Intrusion

RULE = Intrusion(name="gate", function="intrusion", zone="lawn", classes=("person", "car"))
ZONE = Zone("lawn", "north", ((0.1, 0.2), (0.3, 0.2), (0.3, 0.9)))
SITE = SiteFile(1, Site("gate"), (Camera("north", "sim:street"),), (ZONE,), rules=(RULE,))


def test_the_text_of_a_rule_never_changes() -> None:
    assert canonical_text(RULE) == (
        b"vigie rule 1\n"
        b'classes=["car","person"]\n'
        b"cool_down_seconds=0.0\n"
        b'function="intrusion"\n'
        b"leave_seconds=2.0\n"
        b"min_score=0.4\n"
        b"min_seconds=1.0\n"
        b"min_travel_frac=0.02\n"
        b'name="gate"\n'
        b"schedule=null\n"
        b'when="presence"\n'
        b'zone="lawn"\n'
    )
    assert rule_version(RULE).hex() == "89b353add20c587a"
    assert rule_version(RULE, SITE).hex() == "8b2976701b4eb777"


def test_the_order_of_classes_and_the_kind_of_number_mean_nothing() -> None:
    same = dataclasses.replace(RULE, classes=("car", "person"), min_seconds=1)
    assert rule_version(same) == rule_version(RULE)


def test_every_parameter_changes_the_version() -> None:
    changed = {
        "name": "other",
        "classes": ("person",),
        "min_score": 0.5,
        "schedule": "night",
        "cool_down_seconds": 1.0,
        "zone": "road",
        "when": "entry",
        "min_seconds": 2.0,
        "min_travel_frac": 0.03,
        "leave_seconds": 3.0,
    }
    assert changed.keys() == {field.name for field in dataclasses.fields(RULE)} - {"function"}
    versions = {rule_version(dataclasses.replace(RULE, **{k: v})) for k, v in changed.items()}  # type: ignore[arg-type]
    assert len(versions | {rule_version(RULE)}) == len(changed) + 1


def test_moving_the_zone_changes_the_version_of_its_rules() -> None:
    moved = dataclasses.replace(ZONE, polygon_frac=((0.1, 0.2), (0.3, 0.2), (0.3, 0.8)))
    other = dataclasses.replace(SITE, zones=(moved,))
    assert rule_version(RULE, other) != rule_version(RULE, SITE)


def test_parameters_read_as_the_site_file_writes_them() -> None:
    told = rule_parameters(RULE)
    assert told["min_seconds"] == "1"
    assert told["min_travel_frac"] == "0.02"
    assert told["classes"] == "person,car"
    assert not told.keys() & {"name", "function", "zone", "schedule"}


def test_what_is_signed_of_a_camera_changes_with_its_rules_masks_and_hours_alone() -> None:
    signed = rules_sha256(SITE)
    assert signed.keys() == {"north", EVERY_CAMERA}
    mask = Mask("window", ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1)))
    (camera,) = SITE.cameras
    changed = [
        dataclasses.replace(SITE, rules=()),
        dataclasses.replace(SITE, rules=(dataclasses.replace(RULE, min_seconds=2.0),)),
        dataclasses.replace(SITE, cameras=(dataclasses.replace(camera, masks=(mask,)),)),
        dataclasses.replace(SITE, site=Site("gate", time_zone="Europe/Paris")),
    ]
    hashes = {rules_sha256(site)["north"] for site in changed}
    assert len(hashes | {signed["north"]}) == len(changed) + 1
    faster = dataclasses.replace(SITE, cameras=(dataclasses.replace(camera, analysis_fps=5.0),))
    renamed = dataclasses.replace(SITE, site=Site("another name"))
    assert rules_sha256(faster) == rules_sha256(renamed) == signed


def test_what_is_signed_of_one_camera_does_not_change_with_another() -> None:
    both = dataclasses.replace(SITE, cameras=(*SITE.cameras, Camera("south", "sim:street")))
    assert rules_sha256(both)["north"] == rules_sha256(SITE)["north"]
    assert rules_sha256(both)[EVERY_CAMERA] != rules_sha256(SITE)[EVERY_CAMERA]

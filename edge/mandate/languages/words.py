"""What a language must have for a mandate's page and its public notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    functions: function word to what is looked for, as a resident would say it.
    weekdays, months: full names from Monday and January. date: how a day is written; first_day:
    how the first of a month is.
    The rest are headings and sentences of `page.py` and `notice.py`, in the order of the page.
    """

    code: str
    functions: dict[str, str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    roles: dict[str, str]
    date: str
    first_day: str
    moment: str
    mandate: str
    revocation: str
    bench: str
    signed_by: str
    unsigned: str
    who: str
    why: str
    basis: str
    where: str
    devices: str
    what: str
    camera: str
    whole_picture: str
    zone: str
    nothing_computed: str
    no_identity: str
    identity: str
    when: str
    every_day: str
    all_day: str
    next_day: str
    from_date: str
    to_date: str
    local_time: str
    until: str
    term: str
    basis_ends: str
    mode: str
    operation: str
    calibration: str
    review: str
    video: str
    kept: str
    not_kept: str
    clips: str
    clips_by: str
    clips_a_day: str
    no_clips: str
    custody: str
    fixed: str
    fixed_text: str
    reason: str
    notice_title: str
    notice_what: str
    rights: str
    rights_text: str
    contact: str
    qr: str
    and_word: str

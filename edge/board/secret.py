"""The board's own secret, which no card holds, and the keys that come of it.

A board without such a place has an empty secret: then the card alone opens `state`, and `data`
hangs on the collector's share alone. `vigie doctor` says so.
"""

import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.board.machine import Machine
from edge.board.trouble import BoardError, Trouble

KEY_BYTES = 32
MIN_SECRET_BYTES = 16
FW_CFG = "/sys/firmware/qemu_fw_cfg/by_name/opt/vigie/board-secret/raw"
# The mailbox's tag for the customer's private key: from row 0, 8 rows of 32 bits.
_OTP = ("vcmailbox", "0x00030081", "40", "40", "0", "8", *["0"] * 8)
_OTP_WORDS = slice(7, 15)
_WORD = re.compile(r"0x([0-9a-fA-F]{8})")


def read_board_secret(machine: Machine, source: str) -> bytes:
    """The secret; empty where the board has no place for one.

    Raises BoardError(BARE_BOARD) where there should be one and is none: going on without
    it would make keys that open nothing later.
    """
    if source == "none":
        return b""
    secret = _read_otp(machine) if source == "otp" else _read_fw_cfg(machine)
    if len(secret) < MIN_SECRET_BYTES or not any(secret):
        raise BoardError(
            Trouble.BARE_BOARD,
            f"the board holds no secret ({source})",
            hint="Write one into the board before its first start: docs/guides/technician.md.",
        )
    return secret


def derive_state_key(secret: bytes) -> bytes:
    """The key of `state`: the board alone."""
    return _derive(secret, b"vigie state v1")


def derive_data_key(secret: bytes, share: bytes) -> bytes:
    """The key of `data`: the board and the collector's share together."""
    return _derive(len(secret).to_bytes(4, "big") + secret + share, b"vigie data v1")


def _derive(material: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose).derive(material)


def _read_fw_cfg(machine: Machine) -> bytes:
    machine.run(["modprobe", "qemu_fw_cfg"], b"")
    try:
        return machine.at(FW_CFG).read_bytes()
    except OSError:
        return b""


def _read_otp(machine: Machine) -> bytes:
    output = machine.run(_OTP, b"")
    words = _WORD.findall(output.text)
    return bytes.fromhex("".join(words[_OTP_WORDS])) if output.code == 0 else b""

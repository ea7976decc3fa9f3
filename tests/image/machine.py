"""A virtual pole: the firmware that chooses a slot, QEMU, and its serial line read as it comes.

    machine = Machine(card, folder)
    with machine.boot(wants={"say.service": unit}) as running:
        running.wait_for(r"vigie, version")

One boot is one QEMU process: a reset ends it (`-no-reboot`), so that the firmware plays its part
again. Leaving the `with` cuts the power. Nothing sleeps: every wait is for words on the serial line
or for the end of the process.
"""

import base64
import codecs
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

from tests.image.card import Card, Partition
from tests.image.power import CutPower

# Under emulation on two shared cores a boot takes 30 to 90 s.
PATIENCE_SECONDS = 300.0
MEMORY_MIB = 1024
TRYBOOT_MARK = "tryboot"
_LAST_LINES = 60
_CHUNK_BYTES = 65_536
# Only its firmware hands strings to the system that it starts.
_WITH_SMBIOS = frozenset({"qemu-amd64"})
_CREDENTIAL = "io.systemd.credential.binary:"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")

# x86-64-v2 with AES as the boards have it. Random numbers from the processor: without them the
# kernel patches its random functions late in the start, while they run, which two emulated
# processors now and then do not survive (an int3 that nobody expects).
_EMULATORS = {
    "qemu-amd64": (
        *("qemu-system-x86_64", "-M", "q35", "-cpu", "Westmere,+rdrand"),
        *("-device", "i6300esb", "-action", "watchdog=reset"),
    ),
    "qemu-arm64": (
        *("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72"),
        *("-device", "i6300esb", "-action", "watchdog=reset"),
    ),
}


class MachineSilenceError(AssertionError):
    """The machine ended, or time ran out, before the words came; its last lines are the message."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the firmware starts: one boot partition, and whether it only tries it once."""

    partition: Partition
    is_tried: bool

    @property
    def slot(self) -> str:
        """A or B."""
        return self.partition.name.removeprefix("boot-").upper()


def choose_slot(card: Card) -> Choice:
    """The Raspberry Pi firmware's part: autoboot.txt decides, a mark makes it try once.

    A real board gets the mark as the reboot's argument; here it is a file on `sel`, and reading
    it takes it away.
    """
    is_tried = card.delete_file("sel", TRYBOOT_MARK)
    text = (card.read_file("sel", "autoboot.txt") or b"").decode()
    sections: dict[str, dict[str, str]] = {"all": {}}
    current = "all"
    for line in text.splitlines():
        word = line.strip()
        if word.startswith("["):
            current = word.strip("[]")
        elif "=" in word:
            key, _, value = word.partition("=")
            sections.setdefault(current, {})[key] = value
    chosen = {**sections["all"], **(sections.get("tryboot", {}) if is_tried else {})}
    return Choice(card.numbered(int(chosen["boot_partition"])), is_tried)


@dataclass(slots=True)
class Machine:
    """One pole with its card. folder: where boots leave what they need, and their serial logs.

    board_secret: what the board keeps for itself; None: a board without one.
    """

    card: Card
    folder: Path
    board: str = "qemu-amd64"
    board_secret: bytes | None = b"bench board secret, 32 bytes long"
    memory_mib: int = MEMORY_MIB
    boots: int = 0
    # Networks, cameras, clocks of one test.
    extra: Sequence[str] = ()

    @contextmanager
    def boot(
        self,
        *,
        wants: Mapping[str, str] | None = None,
        dropins: Mapping[str, str] | None = None,
        masks: Sequence[str] = (),
        arguments: Sequence[str] = (),
        extra: Sequence[str] = (),
        network: str = "user,id=net0",
        cut: CutPower | None = None,
    ) -> Iterator["Running"]:
        """Power on; leaving the `with` cuts the power.

        wants: units of the test, by name, started beside the image's own. dropins: what the test
        changes of the image's units. masks: units that must not start. arguments: more words for
        the kernel. extra: more words for QEMU. cut: notes what the card would lose.
        """
        choice = choose_slot(self.card)
        self.boots += 1
        brought = {f"systemd.extra-unit.{name}": text for name, text in (wants or {}).items()}
        brought |= {f"systemd.unit-dropin.{name}": text for name, text in (dropins or {}).items()}
        said = [f"systemd.wants={name}" for name in wants or {}]
        said += [f"systemd.mask={name}" for name in masks]
        words = [
            *self._emulator(network, cut),
            *extra,
            *self._kernel(choice, [*arguments, *said, *self._arguments(brought)]),
            *self._credentials(brought),
        ]
        log = self.folder / f"boot-{self.boots:02d}-{choice.slot}.log"
        with (
            log.open("wb", buffering=0) as kept,
            subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process,
        ):
            running = Running(process, choice, kept)
            try:
                yield running
            finally:
                running.cut_power()

    def _emulator(self, network: str, cut: CutPower | None) -> list[str]:
        drive = ["-drive", f"file={self.card.path},format=raw,if=none,id=card,cache=unsafe"]
        return [
            *_EMULATORS[self.board],
            *("-smp", "2", "-m", str(self.memory_mib), "-nodefaults", "-no-reboot"),
            *("-display", "none", "-serial", "stdio"),
            *(drive if cut is None else cut.blockdev("card")),
            *("-device", "virtio-blk-pci,drive=card,serial=card"),
            *("-netdev", network, "-device", "virtio-net-pci,netdev=net0"),
            *("-device", "virtio-rng-pci"),
            *self.extra,
        ]

    def _kernel(self, choice: Choice, arguments: Sequence[str]) -> list[str]:
        for name in ("vmlinuz", "initrd.img"):
            content = self.card.read_file(choice.partition, name)
            assert content, f"{choice.partition.name} has no {name}"
            (self.folder / name).write_bytes(content)
        line = (self.card.read_file(choice.partition, "cmdline.txt") or b"").decode().strip()
        line = " ".join([line, f"rauc.slot={choice.slot}", *arguments])
        return [
            *("-kernel", str(self.folder / "vmlinuz"), "-initrd", str(self.folder / "initrd.img")),
            *("-append", line),
        ]

    def _credentials(self, brought: Mapping[str, str]) -> list[str]:
        """Units of the test, as systemd takes them from a virtual machine's own board."""
        words: list[str] = []
        for name, text in brought.items() if self.board in _WITH_SMBIOS else ():
            path = self.folder / f"{name}.credential"
            path.write_text(f"{_CREDENTIAL}{name}={_encoded(text)}")
            words += ["-smbios", f"type=11,path={path}"]
        if self.board_secret is not None:
            path = self.folder / "board-secret"
            path.write_bytes(self.board_secret)
            words += ["-fw_cfg", f"name=opt/vigie/board-secret,file={path}"]
        return words

    def _arguments(self, brought: Mapping[str, str]) -> list[str]:
        """The same on a board without SMBIOS: everything stands on the kernel's line."""
        if self.board in _WITH_SMBIOS:
            return []
        return [
            f"systemd.set_credential_binary={name}:{_encoded(text)}"
            for name, text in brought.items()
        ]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def saying(command: str, *, after: str = "basic.target") -> str:
    """A unit that runs one shell command once and lets the serial line hear it."""
    # systemd reads quotes, percent signs and dollars before the shell does.
    for plain, kept in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        command = command.replace(plain, kept)
    return (
        f"[Unit]\nAfter={after}\n[Service]\nType=oneshot\n"
        f'ExecStart=/bin/sh -c "{command}"\nStandardOutput=journal+console\n'
        "StandardError=journal+console\n"
    )


class Running:
    """A machine that is on. text: everything its serial line has said so far.

    A thread takes what the line says, so that a machine which nobody listens to goes on.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", choice: Choice, log: RawIOBase) -> None:
        self.process = process
        self.choice = choice
        self.begun = time.monotonic()
        self.text = ""
        self._log = log
        self._is_over = False
        self._read_to = 0
        self._news = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def wait_for(self, pattern: str, *, seconds: float = PATIENCE_SECONDS) -> "re.Match[str]":
        """The next words that match, after those that the last wait found.

        Raises MachineSilenceError with the last lines when the machine ends or time runs out.
        """
        deadline = time.monotonic() + seconds
        words = re.compile(pattern)
        with self._news:
            while (found := words.search(self.text, self._read_to)) is None:
                left = deadline - time.monotonic()
                if self._is_over or left <= 0 or not self._news.wait(left):
                    raise MachineSilenceError(self.told(f"nothing matched {pattern!r}"))
            self._read_to = found.end()
            return found

    def hear(self, pattern: str, *, seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether the words were said, or come before the machine ends.

        Raises MachineSilenceError when time runs out.
        """
        words = re.compile(pattern)
        with self._news:
            if not self._news.wait_for(
                lambda: self._is_over or words.search(self.text) is not None, seconds
            ):
                raise MachineSilenceError(self.told(f"nothing matched {pattern!r}"))
            return words.search(self.text) is not None

    def wait_for_end(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Until the machine resets or powers off. Raises MachineSilenceError when it does not."""
        with self._news:
            if not self._news.wait_for(lambda: self._is_over, seconds):
                raise MachineSilenceError(self.told("the machine did not end"))
        self.process.wait()

    def goes_on(self, *, seconds: float) -> bool:
        """Whether it is still on after this time; returns at once when it ends."""
        with self._news:
            return not self._news.wait_for(lambda: self._is_over, seconds)

    def cut_power(self) -> None:
        """At once, as a fuse does."""
        self.process.kill()
        self.process.wait()
        self._listener.join()

    def seconds(self) -> float:
        """Since power-on."""
        return time.monotonic() - self.begun

    def cpu_seconds(self) -> float:
        """What the machine has cost the host: the number to plan with on a loaded one."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def told(self, what: str) -> str:
        """A failure's message: what, when, and what the machine said last."""
        last = "\n".join(self.text.splitlines()[-_LAST_LINES:])
        return f"{what} after {self.seconds():.0f} s; slot {self.choice.slot} said last:\n{last}"

    def _listen(self) -> None:
        assert self.process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        is_open = True
        while is_open:
            chunk = os.read(self.process.stdout.fileno(), _CHUNK_BYTES)
            is_open = bool(chunk)
            self._log.write(chunk)
            with self._news:
                self.text += _ESCAPES.sub("", decoder.decode(chunk))
                self._is_over = not is_open
                self._news.notify_all()

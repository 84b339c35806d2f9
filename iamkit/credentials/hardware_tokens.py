"""Hardware tokens as makers deliver them: lists of serial numbers and seeds, as CSV or PSKC (CAP-D3)."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from iamkit.credentials import otp, pskc
from iamkit.credentials.mfa_otp import HOTP, TOTP
from iamkit.credentials.otp import OtpParameters
from iamkit.credentials.pskc import SharedKey, TokenSeed
from iamkit.errors import InputError, ValidationError

MOST_TOKENS: Final = 5_000
LONGEST_FILE: Final = 4_194_304
_SERIAL: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,226}", re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_BASE32: Final = re.compile(r"[A-Za-z2-7 -]+=*", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
ENCODINGS: Final = ("hex", "base32", "base64")

# How makers call their columns, in lower case.
_COLUMNS: Final = {
    "serial": ("serial", "serial number", "serial_number", "serialnumber", "token serial", "sn"),
    "seed": ("seed", "secret", "secret key", "secret_key", "key", "token seed"),
    "type": ("type", "method", "otp type"),
    "algorithm": ("algorithm", "hash"),
    "digits": ("digits", "length", "otp length"),
    "period": ("period", "time interval", "interval", "timestep", "time step"),
    "counter": ("counter", "moving factor"),
    "maker": ("manufacturer", "maker", "vendor"),
    "model": ("model",),
}


@dataclass(frozen=True, slots=True)
class HardwareToken:
    """One token. `counter` is the count of its next code, for a token that counts."""

    serial: str
    method: str
    seed: bytes = field(repr=False)
    parameters: OtpParameters
    counter: int = 0
    maker: str = ""
    model: str = ""

    @property
    def facts(self) -> dict[str, object]:
        """What a device keeps of it in the open."""
        return {
            "algorithm": self.parameters.algorithm,
            "digits": self.parameters.digits,
            "period": self.parameters.period,
            "hardware": True,
            "maker": self.maker,
            "model": self.model,
        }


def tokens_in(
    text: str, *, key: SharedKey | None = None, encoding: str | None = None
) -> tuple[HardwareToken, ...]:
    """The tokens of a file, CSV or PSKC by its first letter.

    `key` opens PSKC's encrypted seeds; `encoding` says how a CSV file's seeds are spelt, if not every one of
    them could be read in one way only. Raises InputError, which names lines and serial numbers, never seeds.
    """
    if len(text) > LONGEST_FILE:
        raise InputError(f"the file has more than {LONGEST_FILE} characters; split it")
    if encoding is not None and encoding not in ENCODINGS:
        raise InputError(f"encoding `{encoding[:20]}` must be hex, base32 or base64")
    plain = text.lstrip("\ufeff \t\r\n")
    found = _of_pskc(plain, key) if plain.startswith("<") else _of_csv(plain, encoding)
    if not found:
        raise InputError("the file holds no token; it needs a line for each, with its serial number and seed")
    seen: set[str] = set()
    for token in found:
        if token.serial in seen:
            raise InputError(f"token `{token.serial}` stands in the file twice")
        seen.add(token.serial)
    return found


def _of_pskc(text: str, key: SharedKey | None) -> tuple[HardwareToken, ...]:
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("the file is not UTF-8 text") from None
    seeds = pskc.seeds_in(raw, key, most=MOST_TOKENS)
    return tuple(_of_seed(seed) for seed in seeds)


def _of_seed(seed: TokenSeed) -> HardwareToken:
    return _token(
        seed.serial,
        HOTP if seed.counts else TOTP,
        seed.seed,
        OtpParameters(seed.algorithm, seed.digits, seed.period),
        counter=seed.counter,
        maker=seed.maker,
        model=seed.model,
    )


def _of_csv(text: str, encoding: str | None) -> tuple[HardwareToken, ...]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(row)]
    except csv.Error:
        raise InputError("the file is not CSV: a quotation mark is missing, or a line is too long") from None
    if not rows:
        return ()
    columns, body = _columns(rows)
    if len(body) > MOST_TOKENS:
        raise InputError(f"the file has more than {MOST_TOKENS} tokens; split it")
    lines = [
        {name: row[place].strip() for name, place in columns.items() if place < len(row)} for row in body
    ]
    spelt = [line.get("seed", "") for line in lines]
    read = encoding or _encoding_of(spelt)
    first = len(rows) - len(body) + 1
    return tuple(_of_line(line, read, number) for number, line in enumerate(lines, first))


def _columns(rows: list[list[str]]) -> tuple[dict[str, int], list[list[str]]]:
    head = [cell.strip().lower() for cell in rows[0]]
    named = {
        name: place
        for name, spellings in _COLUMNS.items()
        for place, cell in enumerate(head)
        if cell in spellings
    }
    if "serial" in named and "seed" in named:
        return named, rows[1:]
    if named:
        raise InputError("the first line names columns, but not both `serial` and `seed`; name them so")
    return {"serial": 0, "seed": 1}, rows


def _encoding_of(seeds: list[str]) -> str:
    """How all of the seeds are spelt. Of several, hexadecimal nearly never reads as anything else."""
    if all(_HEX.fullmatch(seed) for seed in seeds):
        return "hex"
    if all(_BASE32.fullmatch(seed) for seed in seeds):
        return "base32"
    raise InputError("the seeds are not all hexadecimal, nor all base 32; say their encoding")


def _of_line(line: Mapping[str, str], encoding: str, number: int) -> HardwareToken:
    try:
        method = (line.get("type") or TOTP).lower()
        if method not in (TOTP, HOTP):
            raise ValidationError(f"type `{method[:20]}` must be totp or hotp")
        parameters = OtpParameters(
            (line.get("algorithm") or "SHA1").upper().replace("-", "").removeprefix("HMAC"),
            _number(line, "digits", 6),
            _number(line, "period", 30),
        )
        return _token(
            line.get("serial", ""),
            method,
            _seed(line.get("seed", ""), encoding),
            parameters,
            counter=_number(line, "counter", 0),
            maker=line.get("maker", ""),
            model=line.get("model", ""),
        )
    except ValidationError as fault:
        raise InputError(f"line {number}: {fault.message}") from None


def _number(line: Mapping[str, str], name: str, default: int) -> int:
    text = line.get(name) or str(default)
    if not _NUMBER.fullmatch(text):
        raise ValidationError(f"{name} `{text[:20]}` must be a number")
    return int(text)


def _seed(text: str, encoding: str) -> bytes:
    if encoding == "base32":
        return otp.seed_of(text)
    try:
        raw = bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ValidationError(f"the seed is not spelt in {encoding}") from None
    return otp.checked_seed(raw)


def _token(
    serial: str,
    method: str,
    seed: bytes,
    parameters: OtpParameters,
    *,
    counter: int,
    maker: str,
    model: str,
) -> HardwareToken:
    if not _SERIAL.fullmatch(serial):
        raise ValidationError(
            f"serial number `{serial[:40]}` has to have 1 to 226 letters, digits and `_+=,.@-`"
        )
    if not 0 <= counter < 2**62:
        raise ValidationError("a counter is a number from 0")
    return HardwareToken(
        serial, method, otp.checked_seed(seed), parameters, counter, _shown(maker), _shown(model)
    )


def _shown(text: str) -> str:
    return "".join(letter for letter in text[:80] if letter.isprintable())

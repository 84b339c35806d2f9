"""Lists of hardware tokens: the spellings that makers use, and what is refused."""

from __future__ import annotations

from typing import Final

import pytest

from iamkit.credentials.hardware_tokens import MOST_TOKENS, tokens_in
from iamkit.errors import InputError

SEED: Final = b"12345678901234567890"
HEX: Final = SEED.hex()
BASE32: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    "text",
    [
        f"ft-1,{HEX}\n",
        f"ft-1,{HEX.upper()}\r\n\r\n",
        f"\ufeffSerial Number,Secret Key\nft-1,{BASE32}",
        f"upn,serial number,secret key,time interval,manufacturer,model\nana,ft-1,{BASE32},30,Maker,c200",
        f'"ft-1","{BASE32.lower()}"',
    ],
)
def test_a_list_is_read_however_it_is_written(text: str) -> None:
    """With and without names of columns, in hexadecimal and base 32."""
    (found,) = tokens_in(text)

    assert (found.serial, found.seed, found.method) == ("ft-1", SEED, "totp")
    assert (found.parameters.digits, found.parameters.period) == (6, 30)


def test_a_list_tells_how_tokens_make_codes() -> None:
    """Kind, hash, length, step and count stand in columns."""
    text = f"serial,seed,type,algorithm,digits,counter\na,{HEX},HOTP,sha-256,8,12\nb,{HEX},totp,SHA1,6,\n"

    first, second = tokens_in(text)

    assert (first.method, first.counter, first.parameters.algorithm) == ("hotp", 12, "SHA256")
    assert first.facts["hardware"] is True
    assert second.method == "totp"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "serial,seed\n",
        "serial,colour\na,b",
        f"a,{HEX}\na,{HEX}",
        f"a b,{HEX}",
        f",{HEX}",
        "a",
        "a,xyz!",
        f"a,{HEX}\nb,{BASE32}",
        "a,abcd",
        f"a,{HEX}\n" * (MOST_TOKENS + 1),
        f'a,"{HEX}',
        f"serial,seed,type\na,{HEX},ocra",
        f"serial,seed,digits\na,{HEX},9",
        f"serial,seed,digits\na,{HEX},١٢",
        f"serial,seed,period\na,{HEX},1",
        f"serial,seed,counter,type\na,{HEX},99999999999999999999,hotp",
        "a,\ud800",
        "<\ud800>",
    ],
)
def test_what_is_no_list_is_refused_without_a_seed_in_the_message(text: str) -> None:
    """All of it, and by line where one is to blame."""
    with pytest.raises(InputError) as caught:
        tokens_in(text)

    assert HEX not in caught.value.message


def test_an_encoding_that_is_said_wins() -> None:
    """A seed that reads in two ways is read in the one that is said."""
    twice = "ABCDEF23" * 3
    assert tokens_in(f"a,{twice}")[0].seed == bytes.fromhex(twice)
    assert len(tokens_in(f"a,{twice}", encoding="base32")[0].seed) == 15
    with pytest.raises(InputError):
        tokens_in(f"a,{HEX}", encoding="rot13")

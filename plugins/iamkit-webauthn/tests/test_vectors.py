"""The test vectors of WebAuthn Level 3: what is offered is verified, and the rest is refused."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from iamkit_webauthn import RelyingParty
from iamkit_webauthn.client_data import Refused
from iamkit_webauthn.verification import Asserted, Registered, asserted, registered

if TYPE_CHECKING:
    from tests import drawn
else:
    # Tests do not import each other by package: other plugins have a `tests` as well.
    _spec = importlib.util.spec_from_file_location(
        "iamkit_webauthn_drawn", Path(__file__).with_name("drawn.py")
    )
    drawn = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(drawn)

RECIPES, vector, text = drawn.RECIPES, drawn.vector, drawn.text
PARTY = RelyingParty(rp_id=drawn.RP_ID)
FRAMED = RelyingParty(rp_id=drawn.RP_ID, top_origins=(drawn.TOP,))
# What is offered is ES256, RS256 and Ed25519; a frame that names no page above it may be anybody's.
VERIFIED = {
    "none.ES256": PARTY,
    "packed-self.ES256": PARTY,
    "none.ES256.topOrigin": FRAMED,
    "none.ES256.long-credential-id": PARTY,
    "packed.ES256": PARTY,
    "packed.RS256": PARTY,
    "packed.EdDSA": PARTY,
}

# As the section prints them: the credential's id, its AAGUID, the signature of the assertion, and the
# signature of the attestation.
PRINTED = {
    "none.ES256": (
        "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4",
        "8446ccb9ab1db374750b2367ff6f3a1f",
        "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd38"
        "0221008480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87",
        "",
    ),
    "packed-self.ES256": (
        "455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c",
        "df850e09db6afbdfab51697791506cfc",
        "304402203310b9431903c401f1be2bdc8d23a4007682dbbddcf846994947b7f465daf840"
        "02204e94dd00047b316061b3b99772b7efd95994a83ef584b3b6b825ea3550251b66",
        "30440220067a20754ab925005dbf378097c92120031581c73228d1fb4f5b881bcd7da983"
        "02207fc7b147558c7c0eba3af18bd9d121fa3d3a26d17fe3f220272178f473b6006d",
    ),
    "none.ES256.crossOrigin": (
        "6e1050c0d2ca2f07c755cb2c66a74c64fa43065c18f938354d9915db2bd5ce57",
        "883f4f6014f19c09d87aa38123be48d0",
        "3046022100eb12fcf23b12764c0f122e22371fab92e283879fd798f38ee1841c951b6e40e7"
        "022100c76237ff9db77b3c56f30837cda6a09acfa2e915544e609c0733b1184036d1cf",
        "",
    ),
    "none.ES256.topOrigin": (
        "b8ad59b996047ab18e2ceb57206c362da57458793481f4a8ebf101c7ca7cc0f1",
        "97586fd09799a76401c200455099ef2a",
        "3045022100b5a70c81780d5fcc9a4f2ae9caae99058f8accaf58b91fb59329646c28ac6ffc"
        "022012e101c165db3c8e9957f0c54dd6ca9b56bc3bd2f280bd2faa6c1d02c6e5c171",
        "",
    ),
    "none.ES256.long-credential-id": (
        "3a761a4e1674ad6c4305869435c0eee9",
        "8f3360c2cd1b0ac14ffe0795c5d2638e",
        "304502203ecef83fb12a0cae7841055f9f87103a99fd14b424194bbf06c4623d3ee6e3fd"
        "022100d2ace346db262b1374a6b70faa51f518a42ddca13a4125ce6f5052a75bac9fb6",
        "",
    ),
    "packed.ES256": (
        "c9a6f5b3462d02873fea0c56862234f99f081728084e511bb7760201a89054a5",
        "876ca4f52071c3e9b25509ef2cdf7ed6",
        "30450220694969d3ee928de6f02ef23a9c644d7d779916451734a94b432542f498a1ebe9"
        "0221008b0819c824218a97152cd099c55bfb1477b29d900a49a64018314f9bfccda163",
        "304502203f19ec4b229f46ab8c45eff29b904ff10c0390dc40bf1216f04a78f4ceba3425"
        "022100fe7041a32759aff05a0f9f26c70a999c7a284451ba89234a1d3483c25e21925b",
    ),
    "packed.ES384": (
        "953ae2dd9f28b1a1d5802c83e1f65833bb9769a08de82d812bc27c13fc6f06a9",
        "e950dcda3bdae1d087cda380a897848b",
        "3065023100e4efbb46745ed00e67c4d51ab2bacab2af62ffa8b7c5fecec6d7d9bf2582275034a713a3dd731685eee81adfaf6aa63f"
        "0230161655353f07e018a3c2539f8de7c8c4cf88d4c32d2be29fe4e76fa096ecc9458bbfe0895d57129ab324130e6f0692db",
        "3045022100c56ecc970b7843833e0f461fde26233f61eb395161d481558c08b9c6ed61675b"
        "022029f5e05033705cd0f9b0a07e149468ec308a4f84906409efdceb1da20a7518d6",
    ),
    "packed.ES512": (
        "d17d5af7e3f37c56622a67c8462c9e1c6336dfccb8b61d359dc47378dba58ce4",
        "39d8ce6a3cf61025775083a738e5c254",
        "3081870242009bda02fe384e77bcb9fb42b07c395b7a53ec9d9616dd0308ab8495c2141c8364c7d16e212a4a4fb8e3987ff6c99eafd6"
        "4d8484fd28c3fc7968f658a9033d1bb1b8",
        "3045022100ce158f6c04aa5c14c0dd3e1103cf93664896fb5c337a66dbd7dba31546ff0d41"
        "022071cbcd0d3b8e218a6d05374e0ef8031329d25059002ac1603d02d5fd8a0a29cb",
    ),
    "packed.RS256": (
        "992a18acc83f67533600c1138a4b4c4bd236de13629cf025ed17cb00b00b74df",
        "428f8878298b9862a36ad8c7527bfef2",
        "01063d52d7c39b4d432fc7063c5d93e582bdcb16889cd71f888d67d880ea730a428498d3bc8e1ee11f2b1ecbe6c292b1",
        "30450221008b8c5c6ea8c142c032e0be69e1353d44461c5c9109941cdda951b976eb95b6b3"
        "02204d52f406c19e254b3ff9589bd18070fb055ac8db12fdd0a6734bea9d7168e900",
    ),
    "packed.EdDSA": (
        "ce9f840ed96599580cd140fbc7bb3230633f50f61041aff73308ae71caa8a2bd",
        "d5aa33581e8ca478e20fe713f5d32ff2",
        "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cf"
        "dfc48f85393bc0d40b011f0d6fecb097d6607525713223a0dc0d453993dae00b",
        "3046022100d83f60bd80269537583218858aefb03ac57d45fa06e42feaae332d187f62da9f"
        "022100a02bd3cb6f7e1d283c93bad1f3f4b5a4c0494463da7fdbf256949116754d1f17",
    ),
    "packed.Ed448": (
        "224fcde324e6b075ede55098a24b9ddce5f5a7c71d23703efd528a38f8a5f33c",
        "41c913aeda925fe02273322e34c2ae67",
        "071db921430e13ca1a607eedb96cbd30fd63946a06e731217cad6fd82ba3b930d482308a2c101752a2518cff70918d4a20f29bd2eda4",
        "3045022100c5430b6b53f6b8fd1e5fa46ae7ebb8f9e9ae0d10ebc748e876e2d979b39b1382"
        "022008c5cda8af174f2d3c050d5d14eec0721031364cb12924a06633d4924c6bcad3",
    ),
}


def created(name: str, party: RelyingParty) -> Registered:
    made = vector(name)
    response = {"clientDataJSON": text(made.created), "attestationObject": text(made.attestation)}
    return registered(party, _said(name, response), challenge=text(made.create_challenge), verified=False)


def used(
    name: str,
    party: RelyingParty,
    key: str,
    changed: Mapping[str, str] = MappingProxyType({}),
    *,
    verified: bool = False,
) -> Asserted:
    made = vector(name)
    response = {
        "clientDataJSON": text(made.got),
        "authenticatorData": text(made.data),
        "signature": text(made.signature),
        **changed,
    }
    return asserted(
        party, _said(name, response), challenge=text(made.get_challenge), public_key=key, verified=verified
    )


def _said(name: str, response: Mapping[str, str]) -> dict[str, object]:
    return {"id": text(vector(name).credential_id), "type": "public-key", "response": dict(response)}


@pytest.mark.parametrize("name", RECIPES)
def test_the_bytes_are_those_of_the_specification(name: str) -> None:
    """What is printed there begins so. A signature stands for all that was signed."""
    made = vector(name)
    credential_id, aaguid, signature, statement = PRINTED[name]

    assert made.credential_id.hex().startswith(credential_id)
    assert made.aaguid.hex() == aaguid
    assert made.signature.hex().startswith(signature)
    assert made.statement_signature.hex() == statement


def test_the_authority_is_that_of_the_specification() -> None:
    """Its certificate ends in a signature of itself."""
    raw = drawn.authority()[1].public_bytes(Encoding.DER).hex()

    assert raw.startswith("30820207308201ada003020102021100ed7f905d8bd0b414d1784913170a90b6")
    assert raw.endswith(
        "0220483063b6bb08dcc83da33a02c11d2f42203176893554d138c614a36908724cc8"
        "022100f5ef2c912d4500b3e2f5b591d0622491e9f220dfd1f9734ec484bb7e90887663"
    )


@pytest.mark.parametrize(("name", "party"), VERIFIED.items())
def test_a_vector_is_registered_and_used(name: str, party: RelyingParty) -> None:
    """With its id, its model and what its flags say."""
    made = vector(name)
    found = created(name, party)
    again = used(name, party, found.public_key)

    assert found.credential_id == text(made.credential_id)
    assert found.aaguid.replace("-", "") == made.aaguid.hex()
    assert (found.sign_count, again.sign_count) == (0, 0)
    assert again.user_verified is bool(made.data[32] & 0x04)
    assert again.backup_eligible is found.backup_eligible


@pytest.mark.parametrize("name", sorted(RECIPES.keys() - VERIFIED.keys()))
def test_what_was_not_offered_is_refused(name: str) -> None:
    """Other curves, and a page in a frame that names none above it, even where frames are allowed."""
    for party in (PARTY, FRAMED):
        with pytest.raises(Exception, match=r"(?i)unsupported|not supported|frame|alg"):
            created(name, party)


def test_a_frame_has_to_be_allowed() -> None:
    """The vector names its page, which may not hold ours here."""
    with pytest.raises(Refused):
        created("none.ES256.topOrigin", PARTY)
    key = created("none.ES256.topOrigin", FRAMED).public_key
    with pytest.raises(Refused):
        used("none.ES256.topOrigin", PARTY, key)


@pytest.mark.parametrize("name", VERIFIED)
@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_one_bit_of_an_assertion_changes_all(name: str, part: str) -> None:
    """Wherever it is."""
    party, made = VERIFIED[name], vector(name)
    key = created(name, party).public_key
    raw = {"clientDataJSON": made.got, "authenticatorData": made.data, "signature": made.signature}[part]
    for place in range(0, len(raw), 7):
        changed = text(raw[:place] + bytes([raw[place] ^ 0x01]) + raw[place + 1 :])
        with pytest.raises(Exception):  # noqa: B017, PT011  # parsers raise all kinds; the method refuses them all
            used(name, party, key, {part: changed})


def test_another_vectors_key_proves_nothing() -> None:
    """Nor does a registration that is taken for a use."""
    other = created("packed.ES256", PARTY).public_key
    with pytest.raises(Exception, match=r"(?i)signature"):
        used("none.ES256", PARTY, other)
    own = created("none.ES256", PARTY).public_key
    with pytest.raises(Refused):
        used("none.ES256", PARTY, own, {"clientDataJSON": text(vector("none.ES256").created)})


def test_where_a_user_must_be_verified_the_flag_counts() -> None:
    """One vector has it, another has not."""
    with pytest.raises(Exception, match=r"(?i)verified|verification"):
        used("none.ES256", PARTY, created("none.ES256", PARTY).public_key, verified=True)
    assert used("packed.ES256", PARTY, created("packed.ES256", PARTY).public_key, verified=True).user_verified

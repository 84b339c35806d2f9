"""The codec against botocore's, with few rounds."""

from __future__ import annotations

from types import ModuleType


def test_what_one_codec_writes_the_other_reads(codec: ModuleType) -> None:
    """Every operation once, and every modelled error of each."""
    figures = codec.run(200, 7)

    assert figures.mismatches == []
    assert len(figures.operations) == 191

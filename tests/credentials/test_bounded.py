from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from iamkit.credentials.bounded import BoundedMap


def test_map_forgets_what_was_used_longest_ago() -> None:
    """Beyond the limit the least recently used entry goes."""
    kept: BoundedMap[str, int] = BoundedMap(2)
    kept.put("a", 1)
    kept.put("b", 2)

    kept.get("a")
    kept.put("c", 3)

    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_map_keeps_its_bound_between_threads() -> None:
    """Many threads at once neither break the map nor get another key's value, and the bound holds."""
    kept: BoundedMap[int, int] = BoundedMap(50)

    def work(seed: int) -> bool:
        right = True
        for step in range(2_000):
            key = (seed * 31 + step * 7) % 90
            kept.put(key, key * 3)
            right = right and kept.get(key) in (None, key * 3)
        return right

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(16)))
    kept.put(1, 3)
    assert len(kept) <= 50


def test_map_does_not_show_what_it_keeps() -> None:
    """The repr counts and does not quote, since key material is kept here."""
    kept: BoundedMap[str, str] = BoundedMap(1)
    kept.put("k", "canary")

    assert "canary" not in repr(kept)

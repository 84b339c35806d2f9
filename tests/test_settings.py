"""Settings: who wins, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from iamkit.errors import ConfigurationError
from iamkit.settings import Settings, check_sections, load


def _file(directory: Path, text: str) -> None:
    (directory / "iamkit.toml").write_text(text, encoding="utf-8")


def test_defaults_stand_alone(tmp_path: Path) -> None:
    """Without file, environment and arguments every setting has its default; paths lie in the directory."""
    settings = load(tmp_path, environment={})

    assert settings == Settings(directory=tmp_path)
    assert settings.store_url == f"sqlite:///{tmp_path}/iamkit.db"
    assert settings.kek_url == f"file:{tmp_path}/master.key"


def test_arguments_win_over_environment_over_file(tmp_path: Path) -> None:
    """Each place is believed only where no stronger one speaks."""
    _file(tmp_path, 'body_limit = 1\nsigning_service = "file"\ndevelopment = true\nhosts = ["file.example"]')
    environment = {"IAMKIT_BODY_LIMIT": "2", "IAMKIT_SIGNING_SERVICE": "environment"}

    settings = load(tmp_path, environment=environment, body_limit=3)

    assert settings.body_limit == 3
    assert settings.signing_service == "environment"
    assert settings.development is True
    assert settings.hosts == ("file.example",)
    assert settings.allow_sampling == 1.0


def test_an_argument_of_none_says_nothing(tmp_path: Path) -> None:
    """None leaves the setting to the weaker places."""
    assert load(tmp_path, environment={"IAMKIT_BODY_LIMIT": "2"}, body_limit=None).body_limit == 2


def test_the_directory_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later change of the working directory does not move the database."""
    monkeypatch.chdir(tmp_path)

    assert load("data", environment={}).directory == tmp_path / "data"


@pytest.mark.parametrize("origin", ["argument", "IAMKIT_TRUSTED_PROXY", "iamkit.toml"])
def test_an_unknown_setting_is_refused(tmp_path: Path, origin: str) -> None:
    """A misspelt name is an error that names it and its place, wherever it stands."""
    environment = {}
    arguments: dict[str, object] = {}
    if origin == "argument":
        arguments["trusted_proxy"] = "10.0.0.1"
    elif origin == "iamkit.toml":
        _file(tmp_path, 'trusted_proxy = "10.0.0.1"')
    else:
        environment["IAMKIT_TRUSTED_PROXY"] = "10.0.0.1"

    with pytest.raises(ConfigurationError, match="`trusted_proxy`") as refused:
        load(tmp_path, environment=environment, **arguments)

    assert origin in refused.value.message


def test_the_directory_is_not_moved_by_a_variable(tmp_path: Path) -> None:
    """`IAMKIT_DIR` belongs to the command line; a variable that only begins so is a mistake."""
    assert load(tmp_path, environment={"IAMKIT_DIR": "/x", "IAMKIT_TEST_X": "1"}).directory == tmp_path
    with pytest.raises(ConfigurationError, match="directory"):
        load(tmp_path, environment={"IAMKIT_DIRECTORY": "/x"})


def test_other_programs_variables_are_left_alone(tmp_path: Path) -> None:
    """Only the prefix in capitals is iamkit's."""
    environment = {"PATH": "/bin", "iamkit_store": "x", "AIAMKIT_X": "1"}

    assert load(tmp_path, environment=environment) == Settings(directory=tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("body_limit", "many"),
        ("body_limit", 1.5),
        ("body_limit", True),
        ("body_limit", -1),
        ("body_limit", ""),
        ("allow_sampling", "most"),
        ("allow_sampling", True),
        ("allow_sampling", 1.01),
        ("allow_sampling", -0.01),
        ("allow_sampling", "nan"),
        ("allow_sampling", "inf"),
        ("development", "yes please"),
        ("development", 2),
        ("development", ""),
        ("store", 5),
        ("kek", ["a"]),
        ("hosts", 5),
        ("hosts", ["a", 5]),
        ("hosts", {"a": "b"}),
        ("signing_service", ""),
        ("signing_service", "my service"),
        ("signing_service", "a/b"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(tmp_path: Path, name: str, value: object) -> None:
    """A setting that cannot mean what was written stops the start, naming the setting."""
    with pytest.raises(ConfigurationError, match=f"`{name}`"):
        load(tmp_path, environment={}, **{name: value})


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("1", True), ("FALSE", False), ("0", False)])
def test_truth_in_the_environment(tmp_path: Path, text: str, meant: bool) -> None:
    """Four words say yes or no."""
    assert load(tmp_path, environment={"IAMKIT_DEVELOPMENT": text}).development is meant


def test_lists_are_separated_by_commas_in_the_environment(tmp_path: Path) -> None:
    """Spaces and empty parts do not become members."""
    settings = load(tmp_path, environment={"IAMKIT_TRUSTED_PROXIES": " 10.0.0.1, ,fd00::/8,"})

    assert settings.trusted_proxies == ("10.0.0.1", "fd00::/8")
    assert [str(network) for network in settings.proxy_networks] == ["10.0.0.1/32", "fd00::/8"]


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "::/0", "10.0.0.1,0.0.0.0/0", "10.0.0.1/0"])
def test_everybody_is_not_a_proxy(tmp_path: Path, proxies: str) -> None:
    """Trusting every address would let every client choose its own (THR-B12)."""
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        load(tmp_path, environment={}, trusted_proxies=proxies)


@pytest.mark.parametrize("proxies", ["proxy.example", "10.0.0.1:80", "*", "10.0.0.0/33", "::ffff:10.0.0.1"])
def test_what_is_no_proxy_address_is_refused(tmp_path: Path, proxies: str) -> None:
    """Names, ports and stars are refused, and an IPv4-mapped address, which would match nobody."""
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        load(tmp_path, environment={}, trusted_proxies=[proxies])


@pytest.mark.parametrize(
    "content", [b"store = ", b"\xff\xfe", b"store = 'a'\nstore = 'b'", b"[table]\nx = [[1]]"]
)
def test_a_broken_file_stops_the_start(tmp_path: Path, content: bytes) -> None:
    """What is no TOML, or is TOML of another shape, is refused with the file's name."""
    (tmp_path / "iamkit.toml").write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"iamkit\.toml"):
        load(tmp_path, environment={})


def test_a_store_url_is_not_shown(tmp_path: Path) -> None:
    """The password in a store URL stands in no repr and in no message."""
    url = "postgresql://app:hunter2@db/app"
    settings = load(tmp_path, environment={"IAMKIT_STORE": url}, kek="vault:hunter2")

    assert settings.store_url == url
    assert "hunter2" not in repr(settings)
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, environment={}, store=[url])
    assert "hunter2" not in refused.value.message
    assert refused.value.__cause__ is None


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Nobody turns a check off at run time."""
    settings = load(tmp_path, environment={})

    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.development = True  # type: ignore[misc]  # that it is refused is the point


def test_a_plugin_has_a_section_of_settings(tmp_path: Path) -> None:
    """From file, environment and arguments, in that order; numbers and lists become texts."""
    _file(tmp_path, '[lamp]\ncolor = "red"\nwatts = 60\nrooms = ["hall", "attic"]\ndim = true')
    environment = {"IAMKIT_LAMP__WATTS": "40"}

    settings = load(tmp_path, environment=environment, lamp={"color": "blue"})

    assert settings.section("lamp") == {
        "color": "blue",
        "watts": "40",
        "rooms": "hall,attic",
        "dim": "true",
    }
    assert settings.section("lam") == {}


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_a_plugins_setting_is_something_plain(tmp_path: Path, value: object) -> None:
    """What is no text, number, truth or list of texts is refused by name."""
    with pytest.raises(ConfigurationError, match=r"`lamp\.color`"):
        load(tmp_path, environment={}, lamp={"color": value})


def test_a_section_needs_a_plugin(tmp_path: Path) -> None:
    """A misspelt section is an error that names it."""
    settings = load(tmp_path, environment={"IAMKIT_LAMB__COLOR": "red"})

    with pytest.raises(ConfigurationError, match="`lamb`"):
        check_sections(settings, frozenset({"lamp"}))
    check_sections(settings, frozenset({"lamb"}))

"""TLS of the package load-balancer: which files its certificates become, and what labels ask for."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from load_balancer.certificates import Unfit, pairs, write
from load_balancer.labels import see
from tests.support.universe.balanced import EXTERNAL, SECURE, SETTINGS, app, text_of
from tests.support.universe.pairs import Pair, encrypted, pair


@pytest.fixture(scope="module")
def two() -> tuple[Pair, Pair]:
    return pair("one.test"), pair("two.test")


def text(*blocks: str) -> str:
    return "\n".join(blocks) + "\n"


def test_keys_may_stand_behind_or_in_front_of_their_certificates(two: tuple[Pair, Pair]) -> None:
    one, other = two
    wanted = [text(one.certificate, one.key), text(other.certificate, other.key)]
    behind = text(one.certificate, one.key, other.certificate, other.key)
    front = text(one.key, one.certificate, other.key, other.certificate)
    assert pairs(behind) == pairs(front) == pairs(f"Bag Attributes\n{behind}") == wanted
    chained = text(other.certificate, other.certificate, other.key)
    assert pairs(chained + wanted[0]) == [chained, wanted[0]]
    assert pairs(text(other.key, other.certificate, other.certificate)) == [chained]
    assert pairs("-----BEGIN EC PARAMETERS-----\nBgg=\n-----END EC PARAMETERS-----\n" + wanted[0]) == wanted[:1]


def test_what_is_no_pair_is_refused_and_no_key_is_told(two: tuple[Pair, Pair], tmp_path: Path) -> None:
    one, other = two
    for number, (given, says) in enumerate(
        (
            ("", "no certificate"),
            ("nonsense", "no certificate"),
            (one.certificate, "1 certificates and 0 keys"),
            (one.key, "0 certificates and 1 keys"),
            (text(one.certificate, one.key, other.certificate), "pair 2"),
            (text(one.certificate, encrypted(one)), "encrypted"),
            (text(one.certificate, other.key), "pair 1 cannot be used"),
            (text(one.certificate.replace("MII", "AAA"), one.key), "pair 1 cannot be used"),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(Unfit, match=re.escape(says)) as caught:
            write(folder, given)
        assert not any(line and line in str(caught.value) for line in one.key.splitlines()[1:-1])


def test_files_are_this_users_alone(two: tuple[Pair, Pair], tmp_path: Path) -> None:
    paths = write(tmp_path, text(two[0].certificate, two[0].key, two[1].certificate, two[1].key))
    assert [Path(path).name for path in paths] == ["certificate-1.pem", "certificate-2.pem"]
    assert {stat.S_IMODE(Path(path).stat().st_mode) for path in paths} == {0o600}


CRTS = " ssl crt /run/certificate-1.pem crt /run/certificate-2.pem"


def test_a_port_speaks_tls_when_its_app_asks_for_it() -> None:
    made = text_of(app(HAPROXY_0_SSL_CERT="/etc/ssl/cert.pem"), app("/plain", 10002), settings=SECURE)
    assert f"  bind *:10001{CRTS}\n" in made and "  bind *:10002\n" in made
    assert f"  bind *:9443{CRTS} alpn h2,http/1.1\n" in made
    assert "ssl-min-ver TLSv1.2" in made and "/etc/ssl/cert.pem" not in made


def test_what_asks_for_tls_is_never_served_in_plain_text_instead() -> None:
    one = app(HAPROXY_0_SSL_CERT="x", HAPROXY_0_VHOST="a.test", HAPROXY_0_REDIRECT_TO_HTTPS="true")
    for tls, https in ((False, False), (True, False)):
        seen = see([one], EXTERNAL, tls=tls, https=https)
        (found,) = seen.services
        assert (found.port is None) is (not tls) and found.hosts == () == found.paths
        assert sum("HAPROXY_0_" in warning for warning in seen.warnings) == (1 if tls else 2)
    made = text_of(one)
    assert "a.test" not in made and ":10001" not in made and "web_i0" in made
    assert see([one], EXTERNAL, tls=True, https=True).warnings == ()


def test_plain_requests_are_sent_on_by_the_service_that_would_answer_them() -> None:
    shop = app("/shop", 10001, HAPROXY_0_VHOST="a.test", HAPROXY_0_REDIRECT_TO_HTTPS="true")
    well = app("/well", 10002, HAPROXY_0_VHOST="a.test", HAPROXY_0_PATH="/.well-known")
    made = text_of(shop, well, settings=SECURE)
    plain, _, secure = made.partition("frontend https_in")
    assert plain.index("int(0) if host_well_10002 path_well_10002") < plain.index(
        "int(1) if host_shop_10001 !is_decided"
    )
    assert "location https://%[req.hdr(host),field(1,:),lower]:9443%[pathq] if is_sent_on" in plain
    assert "redirect" not in secure and "use_backend shop_10001" in secure
    assert "redirect" not in text_of(well, settings=SECURE)
    standard = text_of(shop, settings=type(SECURE)("/s", 31000, 9080, 443, ("/c",)))
    assert "lower]%[pathq]" in standard


def test_words_for_true_are_those_of_marathon_lb_and_others_are_told() -> None:
    for word, wanted, expected in (("Yes", True, 0), ("t", True, 0), ("no", False, 0), ("on", False, 1)):
        seen = see([app(HAPROXY_0_VHOST="a.test", HAPROXY_0_REDIRECT_TO_HTTPS=word)], EXTERNAL, tls=True, https=True)
        (found,) = seen.services
        assert (found.to_https, len(seen.warnings)) == (wanted, expected), word
        assert bool(see([app(HAPROXY_0_ENABLED=word)], EXTERNAL, strict=True).services) is wanted
        assert bool(see([app(HAPROXY_0_ENABLED=word)], EXTERNAL).services) is wanted
    assert see([app()], EXTERNAL).services and not see([app()], EXTERNAL, strict=True).services


def test_without_certificates_there_is_no_tls() -> None:
    made = text_of(app(HAPROXY_0_VHOST="a.test"), settings=SETTINGS)
    assert "https_in" not in made and " crt " not in made
    assert "set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]" in made, (
        "no client says of itself that it is secure"
    )

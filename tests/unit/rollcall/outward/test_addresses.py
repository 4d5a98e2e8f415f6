from __future__ import annotations

import pytest

from rollcall.outward import Policy, problem_of, refusal


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254"),
        *("172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.7"),
        *("203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *(
            "::",
            "::1",
            "::127.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fe80::1%eth0",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
        ),
        *("2002:7f00:1::", "3fff::1", "5f00::1", "64:ff9b:1::a00:1", "100::1", "::ffff:0:127.0.0.1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("nonsense", "", "1.2.3"),
    ],
)
def test_what_only_this_network_can_see_is_refused(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "198.20.0.0"),
        *("223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.com", "https://"),
        ("ftp://example.com", "https://"),
        ("//example.com", "https://"),
        ("https://", "host"),
        ("https:///path", "host"),
        ("https://ex ample.com", "spaces"),
        ("https://example.com/a\nb", "control"),
        ("https://example.com\\@127.0.0.1", "backslash"),
        ("https://user:word@example.com", "password"),
        ("https://user@example.com", "user name"),
        ("https://@example.com", "user name"),
        ("https://example.com#top", "fragment"),
        ("https://example.com:0", "Port 0"),
        ("https://example.com:70000", "Port 70000"),
        ("https://example.com:22", "Port 22"),
        ("https://example.com:nine", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://localhost/", "loopback"),
        ("https://LOCALHOST./", "loopback"),
        ("https://a.localhost/", "loopback"),
        ("https://127.0.0.1/", "loopback"),
        ("https://127.0.0.1./", "loopback"),
        ("https://2130706433/", "loopback"),
        ("https://0x7f000001/", "loopback"),
        ("https://0x7f.1/", "loopback"),
        ("https://127.1/", "loopback"),
        ("https://10.1/", "private"),
        ("https://169.254.169.254/latest/", "link-local"),
        ("https://[::1]/", "loopback"),
        ("https://[fe80::1%25eth0]/", "link-local"),
        ("https://[::ffff:7f00:1]/", "loopback"),
        ("https://[64:ff9b::7f00:1]/", "loopback"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_with_the_reason(url: str, word: str) -> None:
    problem = problem_of(url, Policy())
    assert problem is not None
    assert word in problem


@pytest.mark.parametrize(
    "url", ["https://x", "https://Example.com/a?b=c", "https://8.8.8.8:8443/", "https://bücher.example/", "HTTPS://a.b"]
)
def test_a_url_that_may_be_right_is_taken(url: str) -> None:
    assert problem_of(url, Policy()) is None


@pytest.mark.parametrize("number", ["0177.0.0.1", "017700000001", "1.2.3.4.5", "256.1.1.1"])
def test_numbers_that_resolvers_read_in_different_ways_are_no_urls(number: str) -> None:
    assert problem_of(f"https://{number}/", Policy()) is not None


def test_development_may_use_plain_http_and_this_machine() -> None:
    assert problem_of("http://127.0.0.1:8000/hook", Policy(private=True)) is None
    assert problem_of("https://localhost:22/", Policy(private=True)) is None
    assert problem_of("ftp://localhost/", Policy(private=True)) == "Must start with https:// or http://."

"""Which addresses may be reached from here on behalf of a user: public ones, and nothing that only this network can see."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# IANA's registry of special-purpose addresses (RFC 6890 and what was added to it), written out: `is_global` of the standard
# library changed its mind about some of these between patch releases of Python.
_IPV4: Final = (
    ("this network", "0.0.0.0/8"),
    ("private", "10.0.0.0/8"),
    ("shared by a carrier's customers", "100.64.0.0/10"),
    ("loopback", "127.0.0.0/8"),
    ("link-local", "169.254.0.0/16"),
    ("private", "172.16.0.0/12"),
    ("reserved", "192.0.0.0/24"),
    ("for documentation", "192.0.2.0/24"),
    ("reserved", "192.88.99.0/24"),
    ("private", "192.168.0.0/16"),
    ("for benchmarks", "198.18.0.0/15"),
    ("for documentation", "198.51.100.0/24"),
    ("for documentation", "203.0.113.0/24"),
    ("multicast", "224.0.0.0/4"),
    ("reserved", "240.0.0.0/4"),
)
_IPV6: Final = (
    ("unspecified", "::/128"),
    ("loopback", "::1/128"),
    ("private", "fc00::/7"),
    ("link-local", "fe80::/10"),
    ("private", "fec0::/10"),
    ("multicast", "ff00::/8"),
    ("reserved", "2001::/23"),  # among them Teredo, which carries an IPv4 address
    ("for documentation", "2001:db8::/32"),
    ("reserved", "2002::/16"),  # 6to4 carries an IPv4 address
    ("for documentation", "3fff::/20"),
)
_IPV4_NETWORKS: Final = tuple((word, IPv4Network(text)) for word, text in _IPV4)
_IPV6_NETWORKS: Final = tuple((word, IPv6Network(text)) for word, text in _IPV6)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be reached. `private`: also addresses of this network and this machine, and plain http; for development."""

    private: bool = False


def refusal(text: str) -> str | None:
    """Why an address as `93.184.215.14` or `2606:2800::1` may not be reached, in a word or two; None for a public one."""
    try:
        address = ip_address(text)
    except ValueError:
        return "not an address"
    return _refusal(address)


def _refusal(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((word for word, network in _IPV4_NETWORKS if address in network), None)
    # What leads to an IPv4 address is judged as that: mapped ones, and the NAT64 prefix by which networks without IPv4 reach it.
    if address.ipv4_mapped is not None:
        return _refusal(address.ipv4_mapped)
    if address in _NAT64:
        return _refusal(IPv4Address(int(address) & 0xFFFFFFFF))
    word = next((word for word, network in _IPV6_NETWORKS if address in network), None)
    return word or (None if address in _GLOBAL_UNICAST else "reserved")

"""No network but this machine's own, for every Python process that finds this folder on its path.

Python imports a module of this name when it starts; `conftest.py` puts the folder on the path of the tests and of the
kernels that run the lessons. An audit hook sees every attempt, whichever library makes it, and cannot be taken off.
"""

import sys

_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg"}  # arguments: socket, address
_HOST = {"socket.getaddrinfo", "socket.gethostbyname"}  # arguments: host, …


def is_here(host: object) -> bool:
    """Is this host the machine itself? Addresses that are no text belong to no network of the internet kind."""
    import ipaddress
    import socket

    host = host.decode() if isinstance(host, bytes) else host
    if not isinstance(host, str) or host in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse(event: str, arguments: tuple) -> None:
    """Raise OSError, as a machine without a network does, before anything leaves this machine."""
    if event in _ADDRESS and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event in _HOST:
        host = arguments[0]
    else:
        return
    if not is_here(host):
        raise OSError(f"The network is blocked here: lessons and tests need none, and this asked for {host!r}.")


if not getattr(sys, "a2u_network_blocked", False):
    sys.a2u_network_blocked = True
    sys.addaudithook(refuse)

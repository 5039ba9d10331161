"""Announces a tankd service with python-zeroconf and prints those it finds, one JSON line each.

Arguments: node id, address of this machine. Runs until it is ended.
"""

import json
import socket
import sys
import time

from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

TYPE = "_tankd._tcp.local."


class Printer(ServiceListener):
    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name, timeout=5000)
        if info is None:
            return
        text = {key.decode(): (value or b"").decode() for key, value in info.properties.items()}
        found = {
            "name": name,
            "port": info.port,
            "server": info.server,
            "addresses": info.parsed_addresses(),
            "text": text,
        }
        print(json.dumps(found), flush=True)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        print(json.dumps({"removed": name}), flush=True)


node_id, address = sys.argv[1:3]
zeroconf = Zeroconf(ip_version=IPVersion.V4Only, interfaces=[address])
zeroconf.register_service(
    ServiceInfo(
        TYPE,
        f"{node_id}.{TYPE}",
        addresses=[socket.inet_aton(address)],
        port=8123,
        properties={"txtvers": "1", "id": node_id, "cluster": "tankd", "role": "hub", "prio": "7"},
        server=f"{node_id}-host.local.",
    )
)
ServiceBrowser(zeroconf, TYPE, Printer())
while True:
    time.sleep(1)

"""What Tank World spends on sending one fish, with its own code and its own HTTP client.

    cd CHECKOUT && python tank_world_transfer.py TRANSFERS

A fish is serialised for transfer, posted to another server's /api/remote-transfer, and the answer
is read: the source's half alone. The other server is a stub that answers at once, in a process of
its own; nothing is made durable on either side, as Tank World makes nothing durable.
Prints one JSON line: milliseconds of each transfer, and its processor time in all.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.getcwd())

WARM_UP_FRAMES = 300
WARM_UP_TRANSFERS = 20


class Stub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"success": True, "entity": {}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(ports):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    ports.put(server.server_port)
    server.serve_forever()


def a_fish():
    from core.entities.fish import Fish
    from core.worlds import WorldRegistry

    world = WorldRegistry.create_world("tank", seed=42, headless=True)
    world.reset(seed=42)
    for _ in range(WARM_UP_FRAMES):
        world.step()
    return next(e for e in world.get_entities_for_snapshot() if isinstance(e, Fish))


async def transfer_all(fish, port, transfers):
    from backend.models import ServerInfo
    from backend.server_client import ServerClient
    from core.transfer.entity_transfer import try_serialize_entity_for_transfer

    server = ServerInfo(
        server_id="stub", hostname="stub", host="127.0.0.1", port=port, status="online",
        world_count=1, version="1.0.0", uptime_seconds=1.0,
    )
    times = []
    async with ServerClient() as client:
        for _ in range(transfers):
            begun = time.perf_counter()
            data = try_serialize_entity_for_transfer(fish).value
            answer = await client.remote_transfer_entity(server, "there", data, "here", "tank")
            times.append((time.perf_counter() - begun) * 1000)
            assert answer and answer["success"]
    return times


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    ports = multiprocessing.get_context("fork").Queue()
    stub = multiprocessing.get_context("fork").Process(target=serve, args=(ports,), daemon=True)
    stub.start()
    port = ports.get()
    fish = a_fish()
    asyncio.run(transfer_all(fish, port, WARM_UP_TRANSFERS))
    before = processor_seconds()
    times = asyncio.run(transfer_all(fish, port, int(sys.argv[1])))
    print(json.dumps({"ms": times, "cpu_ms": (processor_seconds() - before) * 1000}))
    stub.terminate()


if __name__ == "__main__":
    main()

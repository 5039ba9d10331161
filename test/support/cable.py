"""A cable between two network cards that delays, loses and doubles frames, in both directions.

The kernel's netem does the same, but many kernels are built without it. Each of the two cards must
have nothing else attached. Lines on standard input change the cable, each a JSON object
{"delay_ms", "jitter_ms", "loss", "duplicate"} with shares from 0 to 1. It ends with its input.

usage: cable.py CARD CARD SEED
"""

import heapq
import json
import random
import select
import socket
import sys
import time

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_PROMISC = 1
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 3
# A frame before its segmentation (GSO), with its header of 10 bytes: checksums and segments stay
# the business of the kernel.
FRAME_BYTES_MAX = 10 + 14 + 65536


def plug(card):
    """A socket that hears and says what passes the card, whoever it is for."""
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.bind((card, 0))
    everything = socket.if_nametoindex(card).to_bytes(4, sys.byteorder)
    everything += PACKET_MR_PROMISC.to_bytes(2, sys.byteorder) + bytes(10)
    end.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, everything)
    end.setblocking(False)
    return end


def main():
    ends = [plug(sys.argv[1]), plug(sys.argv[2])]
    draw = random.Random(int(sys.argv[3]))
    quality = {"delay_ms": 0, "jitter_ms": 0, "loss": 0, "duplicate": 0}
    waiting = []
    number = 0
    print("up", flush=True)
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select([sys.stdin, *ends], [], [], pause)
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                return
            quality.update(json.loads(line))
        now = time.monotonic()
        for index, end in enumerate(ends):
            if end not in ready:
                continue
            try:
                frame = end.recv(FRAME_BYTES_MAX)
            except OSError:
                # The card is gone, or it is down.
                continue
            if draw.random() < quality["loss"]:
                continue
            copies = 2 if draw.random() < quality["duplicate"] else 1
            for _ in range(copies):
                delay_ms = quality["delay_ms"] + draw.random() * quality["jitter_ms"]
                number += 1
                heapq.heappush(waiting, (now + delay_ms / 1000, number, frame, ends[1 - index]))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, frame, out = heapq.heappop(waiting)
            try:
                out.send(frame)
            except OSError:
                # As a cable whose other end is not plugged in.
                pass


main()

"""Uses a node by the client that openapi-python-client has made: URL, token."""

import json
import sys

from tankd_client import AuthenticatedClient, Client
from tankd_client.api.connections import create_connection, list_connections, remove_connection
from tankd_client.api.health import get_health, get_metrics
from tankd_client.api.nodes import list_servers, register_server, unregister_server
from tankd_client.api.tanks import (
    create_tank,
    feed_tank,
    get_tank,
    list_fish,
    list_tanks,
    pause_tank,
    remove_tank,
    set_tank_speed,
)
from tankd_client.models import (
    CreateConnectionBody,
    CreateTankBody,
    FeedTankBody,
    RegisterServerBody,
    SetTankSpeedBody,
)

url, token = sys.argv[1:]
anyone = Client(base_url=url)
operator = AuthenticatedClient(base_url=url, token=token)

home = list_tanks.sync(client=anyone).tanks[0].tank.tank_id
wanted = CreateTankBody(name="cave", fish=7)
refused = create_tank.sync_detailed(client=anyone, body=wanted)
made = create_tank.sync(client=operator, body=wanted)
cave = made.tank.tank_id
fed = feed_tank.sync(cave, client=operator, body=FeedTankBody(portions=3))
sped = set_tank_speed.sync(cave, client=operator, body=SetTankSpeedBody(tick_rate=12.5))
paused = pause_tank.sync(cave, client=operator)
fish = list_fish.sync(cave, client=anyone)
joined = create_connection.sync(
    client=operator,
    body=CreateConnectionBody(source_tank_id=cave, destination_tank_id=home, probability=10),
)
made_id = joined.connection_id
listed = list_connections.sync(client=anyone).connections
cut = remove_connection.sync(made_id, client=operator)
server = RegisterServerBody(server_id="pi", host="192.0.2.7", port=8000)
registered = register_server.sync(client=operator, body=server)
left = unregister_server.sync("pi", client=operator)
unknown = get_tank.sync_detailed("nobody", client=anyone)

print(
    json.dumps(
        {
            "health": str(get_health.sync(client=anyone).status),
            "metrics": "tankd_info" in get_metrics.sync(client=anyone),
            "refused": [refused.status_code, refused.parsed.type_],
            "made": [made.tank.name, made.founders],
            "fed": str(fed.command),
            "sped": str(sped.command),
            "paused": str(paused.command),
            "all_fish": len(fish.fish) == get_tank.sync(cave, client=anyone).fish_count,
            "connections": [[one.connection_id == made_id, one.probability] for one in listed],
            "cut": cut.removed,
            "online": list_servers.sync(client=anyone, status="online").count,
            "offline": list_servers.sync(client=anyone, status="offline").count,
            "registered": [registered.registered, left.unregistered],
            "unknown": [unknown.status_code, unknown.parsed.type_],
            "removed": remove_tank.sync(cave, client=operator).removed,
        }
    )
)

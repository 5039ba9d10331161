"""Uses a node by the client that openapi-generator has made for Python: URL, token."""

import json
import sys

import tankd_generated as tankd

url, token = sys.argv[1:]
anyone = tankd.ApiClient(tankd.Configuration(host=url))
operator = tankd.ApiClient(tankd.Configuration(host=url, access_token=token))
look, tanks = tankd.TanksApi(anyone), tankd.TanksApi(operator)
connections, nodes = tankd.ConnectionsApi(operator), tankd.NodesApi(operator)


def refusal(call, *words):
    """The status and the type of the problem that a call ends with."""
    try:
        call(*words)
    except tankd.ApiException as error:
        return [error.status, error.data.type]
    return None


home = look.list_tanks().tanks[0].tank.tank_id
wanted = tankd.CreateTankRequest(name="cave", fish=7)
refused = refusal(look.create_tank, wanted)
made = tanks.create_tank(wanted)
cave = made.tank.tank_id
fed = tanks.feed_tank(cave, feed_tank_request=tankd.FeedTankRequest(portions=3))
sped = tanks.set_tank_speed(cave, tankd.SetTankSpeedRequest(tick_rate=12.5))
paused = tanks.pause_tank(cave)
joined = connections.create_connection(
    tankd.CreateConnectionRequest(
        source_tank_id=cave, destination_tank_id=home, probability=10
    )
)
made_id = joined.connection_id
listed = connections.list_connections().connections
cut = connections.remove_connection(made_id)
server = tankd.RegisterServerRequest(server_id="pi", host="192.0.2.7", port=8000)
registered = nodes.register_server(server)
left = nodes.unregister_server("pi")
archive = tankd.PastApi(operator).export_tank(cave)
copy = tankd.PastApi(operator).import_tank(archive, name="copy")

print(
    json.dumps(
        {
            "health": tankd.HealthApi(anyone).get_health().status,
            "metrics": "tankd_info" in tankd.HealthApi(anyone).get_metrics(),
            "refused": refused,
            "made": [made.tank.name, made.founders],
            "fed": fed.command,
            "sped": sped.command,
            "paused": paused.command,
            "all_fish": len(look.list_fish(cave).fish) == look.get_tank(cave).fish_count,
            "connections": [[one.connection_id == made_id, one.probability] for one in listed],
            "cut": cut.removed,
            "online": nodes.list_servers(status="online").count,
            "offline": nodes.list_servers(status="offline").count,
            "registered": [registered.registered, left.unregistered],
            "unknown": refusal(look.get_tank, "nobody"),
            "removed": tanks.remove_tank(cave).removed,
            "copied": copy.tank.name,
        }
    )
)
tanks.remove_tank(copy.tank.tank_id)

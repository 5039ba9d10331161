/**
 * What generated clients call the operations. A name that was published stays, whatever becomes of
 * its path.
 */
const OPERATION_IDS: Readonly<Record<string, string>> = {
  "GET /health": "getHealth",
  "GET /api/health": "getApiHealth",
  "GET /ready": "getReadiness",
  "GET /metrics": "getMetrics",
  "GET /api/recovery": "getRecovery",
  "GET /api/tanks": "listTanks",
  "POST /api/tanks": "createTank",
  "GET /api/tanks/{tank_id}": "getTank",
  "DELETE /api/tanks/{tank_id}": "removeTank",
  "GET /api/tanks/{tank_id}/server": "getServerOfTank",
  "POST /api/tanks/{tank_id}/feed": "feedTank",
  "POST /api/tanks/{tank_id}/spawn": "spawnFish",
  "POST /api/tanks/{tank_id}/pause": "pauseTank",
  "POST /api/tanks/{tank_id}/resume": "resumeTank",
  "POST /api/tanks/{tank_id}/speed": "setTankSpeed",
  "POST /api/tanks/{tank_id}/fast-forward": "fastForwardTank",
  "GET /api/tanks/{tank_id}/export": "exportTank",
  "POST /api/tanks/import": "importTank",
  "GET /api/tanks/{tank_id}/past": "getPast",
  "GET /api/tanks/{tank_id}/past/{tick}": "getPastTick",
  "GET /api/tanks/{tank_id}/fish": "listFish",
  "GET /api/tanks/{tank_id}/fish/{fish_id}": "getFish",
  "GET /api/worlds": "listWorlds",
  "GET /ws/{tank_id}": "watchTank",
  "GET /api/connections": "listConnections",
  "POST /api/connections": "createConnection",
  "DELETE /api/connections/{connection_id}": "removeConnection",
  "GET /api/transfers": "listTransfers",
  "GET /api/transfers/{transfer_id}": "getTransfer",
  "POST /api/transfers/{transfer_id}/abort": "abortTransfer",
  "POST /api/remote-transfer": "offerFish",
  "GET /gateway/tanks": "listTanksOfCluster",
  "GET /gateway/tanks/{tank_id}": "getTankOfCluster",
  "GET /gateway/api/tanks/{tank_id}": "askHostOfTank",
  "GET /gateway/api/tanks/{tank_id}/{part}": "askHostForPart",
  "GET /gateway/api/tanks/{tank_id}/{part}/{id}": "askHostForItem",
  "GET /api/aliases": "listAliases",
  "POST /api/aliases": "createAlias",
  "DELETE /api/aliases/{alias}": "removeAlias",
  "POST /api/cluster/join": "joinCluster",
  "POST /api/cluster/leave": "leaveCluster",
  "POST /api/doctor": "runDoctor",
  "GET /.well-known/tankd": "getIdentity",
  "GET /api/servers": "listServers",
  "GET /api/servers/local": "getLocalServer",
  "GET /api/servers/{id}": "getServer",
  "GET /api/discovery/servers": "listDiscoveredServers",
  "POST /api/discovery/register": "registerServer",
  "POST /api/discovery/heartbeat/{server_id}": "sendHeartbeat",
  "DELETE /api/discovery/unregister/{server_id}": "unregisterServer",
  "GET /discovery": "getDiscovery",
  "GET /discovery/servers": "listHybridServers",
  "POST /discovery/register": "registerHybridServer",
  "POST /discovery/{server_id}/heartbeat": "sendHybridHeartbeat",
  "DELETE /discovery/{server_id}": "unregisterHybridServer",
  "GET /api/cluster/tunnel": "openTunnel",
  "GET /openapi.json": "getOpenApi",
  "GET /docs": "getDocs",
};

/** The name in the table; where there is none, as between nodes, one made from the path. */
export function operationIdOf(method: string, path: string): string {
  const known = OPERATION_IDS[`${method.toUpperCase()} ${path}`];
  if (known !== undefined) return known;
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "" && word !== "api");
  return (
    method.toLowerCase() + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("")
  );
}

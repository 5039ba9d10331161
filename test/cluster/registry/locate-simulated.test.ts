import { expect, test } from "bun:test";
import { Lab } from "../../support/simulated/lab.ts";

test("tanks of one name on two nodes are told apart by server and by a lasting alias", async () => {
  const lab = new Lab(81);
  const [a, b] = [lab.add("a"), lab.add("b")];
  a.addTank("reef", "00000000000000a1");
  b.addTank("reef", "00000000000000b1");
  b.addTank("pond", "00000000000000b2");
  for (const node of [a, b]) node.start();
  await lab.until("one hub", 10_000, () => lab.agree([a, b]));
  await lab.until("tanks known", 10_000, () => a.cluster.tanksOf(b.identity.nodeId).length === 2);
  const idOf = (text: string) => a.cluster.locate(text)?.tank.tank_id;
  expect(idOf("a::reef")).toBe("00000000000000a1");
  expect(idOf("b::reef")).toBe("00000000000000b1");
  expect(idOf(`${b.identity.nodeId}::reef`)).toBe("00000000000000b1");
  expect(idOf("pond")).toBe("00000000000000b2");
  expect(() => idOf("reef")).toThrow("Several tanks are called reef");
  void a.cluster.aliases.give("far", "b::reef");
  await lab.until("alias", 1_000, () => a.cluster.aliases.list().length === 1);
  a.kill();
  a.start();
  await a.cluster.recall();
  await lab.until("one hub", 20_000, () => lab.agree([a, b]));
  expect(idOf("far")).toBe("00000000000000b1");
});

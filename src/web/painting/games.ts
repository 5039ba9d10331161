import type { Fish, Game, Plant } from "../wire.ts";
import type { Brush } from "./brush.ts";
import { PLANT_HEIGHT } from "./plant.ts";

/** Games are shown for so many ticks. */
const SHOWN_TICKS = 15;
const CARD = { width: 8, height: 11 } as const;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Two small cards among the players of a game, with a thin line to each; they fade quickly. */
export function paintGame(
  brush: Brush,
  game: Game,
  fish: ReadonlyMap<string, Fish>,
  plants: readonly Plant[],
): void {
  const players = [
    ...game.fishIds.flatMap((id) => fish.get(id) ?? []),
    ...plants
      .filter(({ id }) => game.plantIds.includes(id))
      .map(({ x, y, size }) => ({ x, y: y - 0.6 * PLANT_HEIGHT * size })),
  ];
  if (players.length < 2) return;
  const x = players.reduce((sum, one) => sum + one.x, 0) / players.length;
  const y = players.reduce((sum, one) => sum + one.y, 0) / players.length;
  brush.save();
  brush.globalAlpha = Math.max(0, 1 - game.ago / SHOWN_TICKS) * 0.85;
  lines(brush, { x, y }, players);
  card(brush, { x: x - 4, y }, -0.3, "#c8374a");
  card(brush, { x: x + 4, y }, 0.3, "#1d2733");
  brush.restore();
}

function lines(brush: Brush, from: Place, players: readonly Place[]): void {
  brush.strokeStyle = "rgb(255 240 200 / 45%)";
  brush.lineWidth = 0.8;
  brush.beginPath();
  for (const { x, y } of players) {
    brush.moveTo(from.x, from.y);
    brush.lineTo(x, y);
  }
  brush.stroke();
}

/** A card with one pip. */
function card(brush: Brush, { x, y }: Place, turn: number, pip: string): void {
  brush.save();
  brush.translate(x, y);
  brush.rotate(turn);
  brush.fillStyle = "#fbf7ec";
  brush.beginPath();
  brush.roundRect(-CARD.width / 2, -CARD.height / 2, CARD.width, CARD.height, 1.2);
  brush.fill();
  brush.fillStyle = pip;
  brush.rotate(Math.PI / 4);
  brush.fillRect(-1.7, -1.7, 3.4, 3.4);
  brush.restore();
}

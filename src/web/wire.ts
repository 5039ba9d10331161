/** The messages of the WebSocket, and their decoded form. */

export type Field = "fish" | "food" | "crabs" | "feeders" | "games" | "plants" | "stems";

export interface Hello {
  readonly type: "hello";
  readonly tank: { readonly tank_id: string; readonly name: string };
  readonly width: number;
  readonly height: number;
  readonly fields: Readonly<Record<Field, readonly string[]>>;
  readonly stages: readonly string[];
  readonly food_kinds: readonly string[];
  readonly feeder_kinds: readonly string[];
  readonly stem_parts: number;
}

type Row = readonly (string | number)[];

export interface Daylight {
  /** 0 is midnight, 0.5 noon. */
  readonly time: number;
  readonly phase: string;
  readonly brightness: number;
}

export interface WireFrame {
  readonly type: "frame";
  readonly tick: number;
  readonly daylight: Daylight;
  readonly fish: readonly Row[];
  readonly food: readonly Row[];
  readonly crabs: readonly Row[];
  readonly feeders: readonly Row[];
  readonly games: readonly (readonly [number, readonly number[], readonly string[]])[];
  readonly stats?: Readonly<Record<string, number>>;
}

export interface WirePlants {
  readonly type: "plants";
  readonly plants: readonly Row[];
}

export interface WireLooks {
  readonly type: "looks";
  readonly looks: readonly (Omit<Looks, "stems"> & { readonly stems: readonly number[] })[];
}

export type Message = Hello | WireFrame | WirePlants | WireLooks;

export interface Fish {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly size: number;
  readonly hue: number;
  readonly stage: string;
}

export interface Food {
  readonly x: number;
  readonly y: number;
  readonly kind: string;
  readonly size: number;
}

export interface Crab {
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly size: number;
  readonly sated: boolean;
}

export interface Feeder {
  readonly x: number;
  readonly y: number;
  readonly kind: string;
  readonly filled: number;
  readonly offering: boolean;
}

/** A poker game of `ago` ticks ago. */
export interface Game {
  readonly ago: number;
  readonly fishIds: readonly string[];
  readonly plantIds: readonly string[];
}

export interface Scene {
  /** When it was received, by the page's clock. */
  readonly atMs: number;
  readonly daylight: Daylight;
  readonly fish: ReadonlyMap<string, Fish>;
  readonly food: readonly Food[];
  readonly crabs: readonly Crab[];
  readonly feeders: readonly Feeder[];
  readonly games: readonly Game[];
}

export interface Plant {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly nectar: boolean;
}

export interface Stem {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly depth: number;
}

/** How to draw a plant; lengths are shares of its height, from the foot upwards. */
export interface Looks {
  readonly plant_id: string;
  readonly hue: number;
  readonly floral_hue: number;
  readonly floral_type: string;
  readonly petals: number;
  readonly layers: number;
  readonly spin: number;
  readonly stems: readonly Stem[];
}

/** Decodes a frame by the fields that the hello has named. */
export function readScene(hello: Hello, frame: WireFrame, atMs: number): Scene {
  const fish = frame.fish.map((row) => readFish(hello, row));
  const food = read(hello, "food");
  const crabs = read(hello, "crabs");
  const feeders = read(hello, "feeders");
  return {
    atMs,
    daylight: frame.daylight,
    fish: new Map(fish.map((one) => [one.id, one])),
    food: frame.food.map((row) => ({
      x: food.number(row, "x"),
      y: food.number(row, "y"),
      kind: hello.food_kinds[food.number(row, "kind")] ?? "",
      size: food.number(row, "size"),
    })),
    crabs: frame.crabs.map((row) => ({
      x: crabs.number(row, "x"),
      y: crabs.number(row, "y"),
      vx: crabs.number(row, "vx"),
      size: crabs.number(row, "size"),
      sated: crabs.number(row, "sated") > 0,
    })),
    feeders: frame.feeders.map((row) => ({
      x: feeders.number(row, "x"),
      y: feeders.number(row, "y"),
      kind: hello.feeder_kinds[feeders.number(row, "kind")] ?? "",
      filled: feeders.number(row, "filled"),
      offering: feeders.number(row, "offering") > 0,
    })),
    games: frame.games.map(([ago, places, plantIds]) => ({
      ago,
      fishIds: places.flatMap((place) => fish[place]?.id ?? []),
      plantIds,
    })),
  };
}

export function readPlants(hello: Hello, { plants }: WirePlants): readonly Plant[] {
  const fields = read(hello, "plants");
  return plants.map((row) => ({
    id: fields.text(row, "plant_id"),
    x: fields.number(row, "x"),
    y: fields.number(row, "y"),
    size: fields.number(row, "size"),
    nectar: fields.number(row, "nectar") > 0,
  }));
}

export function readLooks(hello: Hello, { looks }: WireLooks): readonly Looks[] {
  const fields = read(hello, "stems");
  const width = hello.fields.stems.length;
  const share = (row: Row, name: string) => fields.number(row, name) / hello.stem_parts;
  return looks.map(({ stems, ...plant }) => ({
    ...plant,
    stems: Array.from({ length: Math.floor(stems.length / width) }, (_, stem) => {
      const row = stems.slice(stem * width, (stem + 1) * width);
      return {
        x1: share(row, "x1"),
        y1: share(row, "y1"),
        x2: share(row, "x2"),
        y2: share(row, "y2"),
        depth: fields.number(row, "depth"),
      };
    }),
  }));
}

function readFish(hello: Hello, row: Row): Fish {
  const fields = read(hello, "fish");
  return {
    id: fields.text(row, "fish_id"),
    x: fields.number(row, "x"),
    y: fields.number(row, "y"),
    vx: fields.number(row, "vx"),
    vy: fields.number(row, "vy"),
    size: fields.number(row, "size"),
    hue: fields.number(row, "hue"),
    stage: hello.stages[fields.number(row, "stage")] ?? "",
  };
}

/** Looks up cells of a row by name. */
function read(hello: Hello, field: Field) {
  const names = hello.fields[field];
  return {
    number: (row: Row, name: string) => Number(row[names.indexOf(name)] ?? 0),
    text: (row: Row, name: string) => String(row[names.indexOf(name)] ?? ""),
  };
}

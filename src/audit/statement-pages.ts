import type { Statement, StatementPage } from "./statement.ts";

/**
 * What one page holds, in ids: 600 kB of them, or 2,000 tanks or pairs of 400 bytes. An answer may
 * have 2 MB (`LIMITS.peerResponseBytesMax`), also with the escapes of a relay.
 */
const PAGE_WEIGHT_MAX = 20_000;
/** A tank, an escrow or a pair takes as much as ten ids. */
const ROW_WEIGHT = 10;
/** Where a tank is takes as much as three. */
const PLACE_WEIGHT = 3;
/** Ids of one tank in one piece. */
const PIECE_IDS_MAX = 5_000;

type Content = Omit<Statement, "node_id" | "server_id" | "whole">;

/** Splits a statement into pages of bounded size; at least one. */
export function pagesOf(statement: Statement, statementId: string): readonly StatementPage[] {
  const { node_id, server_id, whole } = statement;
  const pages: Content[] = [emptyContent()];
  let weight = 0;
  const pageFor = (added: number): Content => {
    weight += added;
    if (weight > PAGE_WEIGHT_MAX) {
      pages.push(emptyContent());
      weight = added;
    }
    return pages.at(-1) ?? emptyContent();
  };
  for (const tank of statement.tanks) pageFor(ROW_WEIGHT).tanks.push(tank);
  for (const tank of statement.unread) pageFor(ROW_WEIGHT).unread.push(tank);
  for (const row of statement.escrow) pageFor(ROW_WEIGHT).escrow.push(row);
  for (const pair of statement.pairs) pageFor(ROW_WEIGHT).pairs.push(pair);
  for (const tank of statement.hosted) pageFor(PLACE_WEIGHT).hosted.push(tank);
  for (const tank of statement.departed) pageFor(PLACE_WEIGHT).departed.push(tank);
  for (const tank of statement.under_way) pageFor(PLACE_WEIGHT).under_way.push(tank);
  for (const piece of statement.fish.flatMap(piecesOf)) {
    pageFor(ROW_WEIGHT + piece.entity_ids.length).fish.push(piece);
  }
  return pages.map((content, page) => ({
    version: 1,
    statement_id: statementId,
    page,
    pages: pages.length,
    node_id,
    server_id,
    whole,
    ...content,
  }));
}

/** The statement of all its pages. */
export function joinPages(pages: readonly Statement[]): Statement | undefined {
  const [first] = pages;
  if (!first) return undefined;
  return {
    node_id: first.node_id,
    server_id: first.server_id,
    whole: first.whole,
    tanks: pages.flatMap(({ tanks }) => tanks),
    unread: pages.flatMap(({ unread }) => unread),
    fish: pages.flatMap(({ fish }) => fish),
    escrow: pages.flatMap(({ escrow }) => escrow),
    pairs: pages.flatMap(({ pairs }) => pairs),
    hosted: pages.flatMap(({ hosted }) => hosted),
    departed: pages.flatMap(({ departed }) => departed),
    under_way: pages.flatMap(({ under_way }) => under_way),
  };
}

function emptyContent(): Content {
  const moves = { hosted: [], departed: [], under_way: [] };
  return { tanks: [], unread: [], fish: [], escrow: [], pairs: [], ...moves };
}

type Fish = Statement["fish"][number];

function piecesOf({ tank_id, entity_ids, hops }: Fish): readonly Fish[] {
  const pieces: Fish[] = [];
  for (let from = 0; from < entity_ids.length; from += PIECE_IDS_MAX) {
    const to = from + PIECE_IDS_MAX;
    pieces.push({ tank_id, entity_ids: entity_ids.slice(from, to), hops: hops.slice(from, to) });
  }
  return pieces;
}

/** A transfer's rows: what each one says and how long its bar is. */
import type { TransferRow, Verb } from "../../ipc/bindings";
import { inbound, ROW_WORDS } from "./words";

export type Fill = "have" | "move" | "verify" | "done" | "fail" | "none";
export type RowLook = {
  /** the icon's name in the design's set */
  icon: "circle-dashed" | "equal" | "link" | "clock" | "arrow-down" | "arrow-up" | "retry" | "shield-check" | "check" | "pause" | "close";
  word: string;
  tone: "have" | "wait" | "move" | "verify" | "done" | "fail";
  fill: Fill;
  /** how much of the bar is filled, 0 to 1 */
  filled: number;
};

export function look(row: TransferRow, verb: Verb): RowLook {
  const part = row.size > 0 ? Math.min(1, row.done / row.size) : 0;
  const word = ROW_WORDS[verb][row.state];
  switch (row.state) {
    case "preparing":
      return { icon: "circle-dashed", word, tone: "wait", fill: "none", filled: 0 };
    case "exists":
      return { icon: "equal", word, tone: "have", fill: "have", filled: 1 };
    case "mounted":
      return { icon: "link", word: row.note ?? word, tone: "have", fill: "have", filled: 1 };
    case "waiting":
      return { icon: "clock", word, tone: "wait", fill: part > 0 ? "have" : "none", filled: part };
    case "moving":
      return { icon: inbound(verb) ? "arrow-down" : "arrow-up", word, tone: "move", fill: "move", filled: part };
    case "retrying":
      return { icon: "retry", word: row.note ?? word, tone: "wait", fill: "have", filled: part };
    case "verifying":
      return { icon: "shield-check", word, tone: "verify", fill: "verify", filled: 1 };
    case "complete":
      return { icon: "check", word, tone: "done", fill: "done", filled: 1 };
    case "paused":
      return { icon: "pause", word, tone: "wait", fill: "have", filled: part };
    case "failed":
      return { icon: "close", word: row.note ?? word, tone: "fail", fill: "fail", filled: 1 };
  }
}

/** Whether the row's figure counts: `12.3 / 41.4 MB` and not `41.4 MB`. */
export const counts = (row: TransferRow): boolean =>
  row.state === "moving" || ((row.state === "paused" || row.state === "retrying") && row.done > 0);

/** Bar lengths to scale, percent: the largest row is 100. */
export function widths(rows: readonly TransferRow[]): number[] {
  const largest = rows.reduce((most, row) => Math.max(most, row.size), 0);
  return rows.map((row) => (largest === 0 ? 0 : (100 * row.size) / largest));
}

const KINDS: Record<TransferRow["kind"], string> = { layer: "Layer", config: "Config", manifest: "Manifest" };

/** The spoken label of a row. */
export function spoken(row: TransferRow, verb: Verb, shortDigest: string, figure: string): string {
  return `${KINDS[row.kind]} ${shortDigest}, ${look(row, verb).word}, ${figure}`;
}

/** Layers in their order; the config and manifests only where they still say something. */
export function shownRows(rows: readonly TransferRow[]): TransferRow[] {
  const layers = rows.filter((row) => row.kind === "layer");
  const others = rows.filter((row) => row.kind !== "layer" && (row.state === "failed" || row.state === "retrying"));
  return layers.length === 0 ? [...rows] : [...layers, ...others];
}

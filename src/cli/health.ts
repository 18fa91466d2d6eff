/** `ok`: works; `missing`: something is smaller without it; `wrong`: to be mended. */
export type Health = "ok" | "missing" | "wrong";

/** A line of `sluice doctor`. */
export interface Line {
  health: Health;
  what: string;
  detail: string;
  /** The one next step. */
  todo?: string;
}

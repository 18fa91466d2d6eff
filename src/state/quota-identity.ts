import { createHash, randomBytes } from "node:crypto";
import type { SourceQuota } from "./quota-shape.js";

/** Whether a source still has the key or sign-in that was seen last; false, too, where none was seen. */
export function isKnownIdentity({ identity }: Pick<SourceQuota, "identity">, seen: string): boolean {
  if (identity === null) return false;
  const salt = identity.split(":", 1)[0] ?? "";
  return salted(seen, salt) === identity;
}

/** As it is kept: with a salt of its own, so that two state files don't tell that they share a key. */
export function keptIdentity(seen: string): string {
  return salted(seen, randomBytes(12).toString("hex"));
}

function salted(seen: string, salt: string): string {
  return `${salt}:${createHash("sha256").update(`${salt}\0${seen}`).digest("hex")}`;
}

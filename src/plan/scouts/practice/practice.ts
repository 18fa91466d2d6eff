import type { Ecosystem } from "../dependencies/manifests.js";

/** Something that is known to be good or bad practice with a package, whatever the project. */
export interface Practice {
  kind: "do" | "dont" | "security" | "performance";
  /** What and why, in one sentence. */
  text: string;
  /** Words of a feature that it has to do with; none: worth knowing whatever is built. */
  topics: string;
  /** Major version from which it holds. */
  from?: number;
  /** Major version from which it holds no more. */
  below?: number;
  /** Where it is documented. */
  source: string;
}

/** What is known of one framework or library. */
export interface Knowledge {
  /** Its packages are what a program is built on, rather than what it uses. */
  framework: boolean;
  /** Named instead of the package that shows it: what it says is not about that package. */
  label?: string;
  packages: readonly { ecosystem: Ecosystem; name: string }[];
  practices: readonly Practice[];
}

export const npm = (...names: string[]) => names.map((name) => ({ ecosystem: "npm" as const, name }));
export const pypi = (...names: string[]) => names.map((name) => ({ ecosystem: "pypi" as const, name }));

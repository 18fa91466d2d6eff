/** Who imports whom, and who tests whom: read from git trees, for TypeScript/JavaScript, Python, Go, Rust, Java, C/C++. */
export { directImports, type ImportOptions } from "./imports/direct.js";
export { type ImporterOptions, importersOf } from "./imports/importers.js";
export { isTestPath, testsOf } from "./tests-of.js";

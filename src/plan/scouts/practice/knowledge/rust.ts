import type { Knowledge } from "../practice.js";

const cargo = (...names: string[]) => names.map((name) => ({ ecosystem: "cargo" as const, name }));

/** Of Rust, shown by its manifest itself (`*`), and of async programs. */
export const rust: Knowledge = {
  framework: true,
  packages: cargo("*", "tokio", "axum", "actix-web"),
  practices: [
    {
      kind: "do",
      text: "Errors as enums (thiserror) in libraries, with context (anyhow) in programs; no unwrap on input",
      topics: "error result parse input",
      source: "https://rust-lang.github.io/api-guidelines/",
    },
    {
      kind: "do",
      text: "Own what outlives a task: Arc for sharing, channels between tasks",
      topics: "state shared async task worker channel",
      source: "https://tokio.rs/tokio/tutorial/shared-state",
    },
    {
      kind: "dont",
      text: "Don't hold a std Mutex guard over an await, and don't block in async: spawn_blocking",
      topics: "async await lock file database blocking",
      source: "https://tokio.rs/tokio/tutorial/shared-state",
    },
    {
      kind: "dont",
      text: "Don't assume that a future runs to its end: select! and timeouts drop it anywhere",
      topics: "timeout cancel select async stream",
      source: "https://docs.rs/tokio/latest/tokio/macro.select.html",
    },
    {
      kind: "security",
      text: "Limit bodies (DefaultBodyLimit) and time (TimeoutLayer) of a service",
      topics: "server http upload body request timeout limit",
      source: "https://docs.rs/axum/latest/axum/extract/struct.DefaultBodyLimit.html",
    },
    {
      kind: "performance",
      text: "Borrow in signatures (&str, &[T]); clone where it is shown to be cheap",
      topics: "api function performance string",
      source: "https://rust-lang.github.io/api-guidelines/flexibility.html",
    },
  ],
};

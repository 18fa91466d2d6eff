import type { Knowledge } from "../practice.js";

const go = (...names: string[]) => names.map((name) => ({ ecosystem: "go" as const, name }));

/** Of Go, shown by its manifest itself (`*`), and of its web frameworks. */
export const golang: Knowledge = {
  framework: true,
  packages: go("*", "github.com/gin-gonic/gin", "github.com/labstack/echo/v4", "github.com/go-chi/chi/v5"),
  practices: [
    {
      kind: "do",
      text: "context.Context first, passed through everything that waits; cancel is always called",
      topics: "request timeout cancel database client http worker",
      source: "https://go.dev/blog/context",
    },
    {
      kind: "do",
      text: "Wrap errors with %w and ask by errors.Is and errors.As",
      topics: "error return handle retry",
      source: "https://go.dev/blog/go1.13-errors",
    },
    {
      kind: "do",
      text: "Table-driven tests with t.Run; run them with -race",
      topics: "test parse concurrent validate",
      source: "https://go.dev/wiki/TableDrivenTests",
    },
    {
      kind: "dont",
      text: "Don't start a goroutine without knowing what ends it; errgroup collects errors and cancels",
      topics: "goroutine concurrent worker background parallel queue",
      source: "https://pkg.go.dev/golang.org/x/sync/errgroup",
    },
    {
      kind: "dont",
      text: "Don't hand a gin.Context to a goroutine: c.Copy()",
      topics: "goroutine handler middleware request gin",
      source: "https://gin-gonic.com/en/docs/examples/goroutines-inside-a-middleware/",
    },
    {
      kind: "security",
      text: "http.Server with ReadHeaderTimeout and friends; bodies through http.MaxBytesReader",
      topics: "server http upload body request timeout",
      source: "https://pkg.go.dev/net/http#Server",
    },
    {
      kind: "security",
      text: "Open paths from users through os.Root (1.24), or check filepath.IsLocal",
      topics: "file path upload download static",
      source: "https://go.dev/blog/osroot",
    },
    {
      kind: "performance",
      text: "Preallocate slices whose length is known; measure with benchmarks and pprof before changing more",
      topics: "performance memory loop benchmark",
      source: "https://go.dev/doc/diagnostics",
    },
  ],
};

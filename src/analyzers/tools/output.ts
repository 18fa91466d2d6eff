import * as z from "zod";
import type { Severity } from "../engine.js";

/** What a program printed of one place. */
export interface Said {
  /** As it was printed: absolute, or relative to where the program ran. */
  path: string;
  /** 1-based. */
  line: number;
  code: string;
  severity: Severity;
  message: string;
}

export interface Output {
  stdout: string;
  stderr: string;
}

/** Every value in a text of JSON lines, or of one JSON document; what is neither is left out. */
function values(text: string): unknown[] {
  const whole = json(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  return text.split("\n").flatMap((line) => {
    const value = /^\s*[[{]/.test(line) ? json(line) : undefined;
    return value === undefined ? [] : [value];
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function each<T>(items: readonly unknown[], shape: z.ZodType<T>): T[] {
  return items.flatMap((item) => {
    const read = shape.safeParse(item);
    return read.success ? [read.data] : [];
  });
}

const comment = z.object({
  file: z.string(),
  line: z.number(),
  level: z.string(),
  code: z.number(),
  message: z.string(),
});

/** `shellcheck --format=json`. */
export function readShellcheck({ stdout }: Output): Said[] {
  return each(values(stdout), comment).map(({ file, line, level, code, message }) => ({
    path: file,
    line,
    code: `SC${code}`,
    severity: level === "error" ? "likely" : "hint",
    message,
  }));
}

/** `file:line:column: message`, as Go's programs print what does not compile. */
const place = /^(?:vet: )?((?:[A-Za-z]:)?[^:\s][^:]*\.\w+):(\d+)(?::\d+)?: (.+)$/;

const vetted = z.record(
  z.string(),
  z.record(z.string(), z.union([z.array(z.object({ posn: z.string(), message: z.string() })), z.unknown()])),
);

/** `go vet -json`: a document per package, between lines that name it; what does not compile as plain lines. */
export function readGoVet({ stdout, stderr }: Output): Said[] {
  const found: Said[] = [];
  const text = `${stdout}\n${stderr}`;
  for (const document of documents(text)) {
    const read = vetted.safeParse(json(document));
    for (const analyzers of Object.values(read.data ?? {})) {
      for (const [code, said] of Object.entries(analyzers)) {
        const list = z.array(z.object({ posn: z.string(), message: z.string() })).safeParse(said);
        for (const { posn, message } of list.data ?? []) {
          const [, path, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(posn) ?? [];
          if (path !== undefined) found.push({ path, line: Number(line), code, severity: "likely", message });
        }
      }
    }
  }
  for (const line of text.split("\n")) {
    const [, path, at, message] = place.exec(line.trim()) ?? [];
    if (path === undefined || message === undefined) continue;
    found.push({ path, line: Number(at), code: "compile", severity: "certain", message });
  }
  return found;
}

/** What stands from a line `{` to a line `}`, or is a line by itself. */
function documents(text: string): string[] {
  const found: string[] = [];
  let open: string[] | null = null;
  for (const line of text.split("\n")) {
    if (open === null && line.startsWith("{") && line.endsWith("}")) found.push(line);
    else if (open === null && line === "{") open = [line];
    else if (open !== null) {
      open.push(line);
      if (line !== "}") continue;
      found.push(open.join("\n"));
      open = null;
    }
  }
  return found;
}

const checked = z.object({
  code: z.string(),
  severity: z.string(),
  location: z.object({ file: z.string(), line: z.number() }),
  message: z.string(),
});

/** `staticcheck -f json`. */
export function readStaticcheck({ stdout }: Output): Said[] {
  return each(values(stdout), checked).map(({ code, location, message }) => ({
    path: location.file,
    line: location.line,
    code,
    severity: code === "compile" ? "certain" : code.startsWith("SA") ? "likely" : "hint",
    message,
  }));
}

const issues = z.object({
  Issues: z
    .array(
      z.object({
        FromLinter: z.string(),
        Text: z.string(),
        Pos: z.object({ Filename: z.string(), Line: z.number() }),
      }),
    )
    .nullable(),
});

/** `golangci-lint run` with its JSON output. */
export function readGolangci({ stdout }: Output): Said[] {
  return each(values(stdout), issues).flatMap(({ Issues }) =>
    (Issues ?? []).map(({ FromLinter, Text, Pos }) => ({
      path: Pos.Filename,
      line: Pos.Line,
      code: FromLinter,
      severity:
        FromLinter === "typecheck" || /^(govet|errcheck|staticcheck)$/.test(FromLinter) ? "likely" : "hint",
      message: Text,
    })),
  );
}

const compiled = z.object({
  reason: z.literal("compiler-message"),
  message: z.object({
    message: z.string(),
    level: z.string(),
    code: z.object({ code: z.string() }).nullable(),
    spans: z.array(z.object({ file_name: z.string(), line_start: z.number(), is_primary: z.boolean() })),
  }),
});

/** `cargo … --message-format=json`. */
export function readCargo({ stdout }: Output): Said[] {
  return each(values(stdout), compiled).flatMap(({ message: { message, level, code, spans } }) => {
    const span = spans.find(({ is_primary }) => is_primary);
    if (!span) return [];
    const isLint = code !== null && !/^E\d+$/.test(code.code);
    const severity: Severity = level !== "error" ? "hint" : isLint ? "likely" : "certain";
    return [{ path: span.file_name, line: span.line_start, code: code?.code ?? level, severity, message }];
  });
}

const offenses = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      offenses: z.array(
        z.object({
          severity: z.string(),
          message: z.string(),
          cop_name: z.string(),
          location: z.object({ line: z.number() }),
        }),
      ),
    }),
  ),
});

/** `rubocop --format json`. */
export function readRubocop({ stdout }: Output): Said[] {
  return each(values(stdout), offenses).flatMap(({ files }) =>
    files.flatMap(({ path, offenses: list }) =>
      list.map(({ severity, message, cop_name, location }) => ({
        path,
        line: location.line,
        code: cop_name,
        severity: severity === "fatal" || severity === "error" ? "likely" : "hint",
        message,
      })),
    ),
  );
}

const analysed = z.object({
  files: z.record(
    z.string(),
    z.object({
      messages: z.array(
        z.object({ message: z.string(), line: z.number().nullable(), identifier: z.string().optional() }),
      ),
    }),
  ),
});

/** `phpstan analyse --error-format=json`. */
export function readPhpstan({ stdout }: Output): Said[] {
  return each(values(stdout), analysed).flatMap(({ files }) =>
    Object.entries(files).flatMap(([path, { messages }]) =>
      messages.map(({ message, line, identifier }) => ({
        path: path.split(" (in context of ", 1)[0] ?? path,
        line: line ?? 1,
        code: identifier ?? "phpstan",
        severity: "likely" as const,
        message,
      })),
    ),
  );
}

const linted = z.object({
  filePath: z.string(),
  messages: z.array(
    z.object({
      ruleId: z.string().nullable(),
      severity: z.number(),
      message: z.string(),
      line: z.number().optional(),
    }),
  ),
});

/** `eslint --format json`. */
export function readEslint({ stdout }: Output): Said[] {
  return each(values(stdout), linted).flatMap(({ filePath, messages }) =>
    messages.map(({ ruleId, severity, message, line }) => ({
      path: filePath,
      line: line ?? 1,
      code: ruleId ?? "syntax",
      severity: severity === 2 ? "likely" : "hint",
      message,
    })),
  );
}

/** `php -l`: `PHP Parse error: … in FILE on line N`. */
export function readPhp({ stdout, stderr }: Output): Said[] {
  return [
    ...`${stdout}\n${stderr}`.matchAll(
      /^(?:PHP )?((?:Parse|Fatal) error: .{1,2000}?) in (.{1,2000}) on line (\d+)$/gm,
    ),
  ]
    .map(([, message = "", path = "", line = "1"]) => ({
      path,
      line: Number(line),
      code: "compile",
      severity: "certain" as const,
      message: message.replace(/\s+/g, " "),
    }))
    .slice(0, 1);
}

/** `ruby -c`: `FILE:N: syntax error …`. */
export function readRuby({ stderr }: Output): Said[] {
  return [...stderr.matchAll(/^(?:ruby: )?(.+?):(\d+): (?!warning)(.+)$/gm)]
    .map(([, path = "", line = "1", message = ""]) => ({
      path,
      line: Number(line),
      code: "compile",
      severity: "certain" as const,
      message,
    }))
    .slice(0, 1);
}

/** What `javac` can say without knowing the classpath of the project. */
const certainInJava =
  /expected$|^illegal start|^unclosed|^reached end of file|^not a statement|missing return statement|^unreachable|already defined|might not have been initialized|without '?(if|try)|^class, interface/;

/** `javac`: `FILE:N: error: …`. */
export function readJavac({ stderr }: Output): Said[] {
  return [...stderr.matchAll(/^(.+\.java):(\d+): error: (.+)$/gm)].map(
    ([, path = "", line = "1", message = ""]) => ({
      path,
      line: Number(line),
      code: "compile",
      severity: certainInJava.test(message) ? ("certain" as const) : ("hint" as const),
      message,
    }),
  );
}

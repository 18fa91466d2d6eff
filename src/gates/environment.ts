import { access, constants, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Sluice } from "../sluice.js";

/**
 * What a check may know of our environment: where programs, homes, caches and certificates are. Everything else,
 * and so every API key and token, stays out.
 */
const handedOn = new Set(
  `PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TMP TEMP
   XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_RUNTIME_DIR
   NPM_CONFIG_CACHE NPM_CONFIG_STORE_DIR NPM_CONFIG_PREFIX NVM_DIR NVM_BIN FNM_DIR FNM_MULTISHELL_PATH VOLTA_HOME N_PREFIX
   PNPM_HOME YARN_CACHE_FOLDER YARN_GLOBAL_FOLDER BUN_INSTALL DENO_DIR COREPACK_HOME NODE_PATH
   VIRTUAL_ENV CONDA_PREFIX PYENV_ROOT PYENV_VERSION PIP_CACHE_DIR UV_CACHE_DIR POETRY_CACHE_DIR MYPY_CACHE_DIR RUFF_CACHE_DIR
   CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN SCCACHE_DIR GOPATH GOROOT GOCACHE GOMODCACHE GOBIN GOTOOLCHAIN CGO_ENABLED CC CXX
   JAVA_HOME JDK_HOME MAVEN_HOME M2_HOME GRADLE_HOME GRADLE_USER_HOME KOTLIN_HOME SDKMAN_DIR ANDROID_HOME ANDROID_SDK_ROOT
   ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR HOMEBREW_PREFIX NIX_PATH NIX_PROFILES LD_LIBRARY_PATH DYLD_LIBRARY_PATH PKG_CONFIG_PATH
   SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
   SLUICE_RUN SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT APPDATA LOCALAPPDATA USERPROFILE HOMEDRIVE HOMEPATH PROGRAMFILES
   PROGRAMFILES(X86) PROGRAMDATA COMMONPROGRAMFILES NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE OS`.split(
    /\s+/,
  ),
);

const fixed = {
  CI: "1",
  NO_COLOR: "1",
  TERM: "dumb",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  COREPACK_ENABLE_DOWNLOAD_PROMPT: "0",
  NPM_CONFIG_UPDATE_NOTIFIER: "false",
  DO_NOT_TRACK: "1",
} as const;

export type Environment = Readonly<Record<string, string>>;

/**
 * The environment of a check.
 *
 * @param programFolders put before PATH: a virtual environment's, when it is not part of the repository
 */
export function checkEnvironment(env: Sluice["env"], programFolders: readonly string[] = []): Environment {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const known = name.toUpperCase();
    if (value === undefined || !(handedOn.has(known) || known.startsWith("LC_"))) continue;
    // A proxy's address may carry a password.
    if (/:\/\/[^/\s]*@/.test(value)) continue;
    environment[name] = value;
  }
  const path = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  // A relative entry would run a program out of the repository under a system program's name.
  const folders = (environment[path] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return { ...environment, [path]: [...programFolders, ...folders].join(delimiter), ...fixed };
}

/** Values of our own environment that look like secrets: nothing of them may stand in an output. */
export function secretValues(env: Sluice["env"]): string[] {
  const values: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < 8 || value.length > 10_000) continue;
    if (/(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|AUTH)/i.test(name) && !/^[\d.]+$|[\\/]/.test(value))
      values.push(value);
  }
  return values.sort((a, b) => b.length - a.length);
}

/** Where a program is on an environment's PATH; null when it is nowhere. */
export async function findProgram(program: string, environment: Environment): Promise<string | null> {
  const path = Object.entries(environment).find(([name]) => name.toUpperCase() === "PATH")?.[1] ?? "";
  const endings =
    process.platform === "win32" ? (environment.PATHEXT ?? ".COM;.EXE;.BAT;.CMD").split(";") : [""];
  for (const folder of path.split(delimiter)) {
    for (const ending of endings) {
      const file = join(folder, program + ending);
      try {
        if (!(await stat(file)).isFile()) continue;
        await access(file, constants.X_OK);
        return file;
      } catch {
        // Look on.
      }
    }
  }
  return null;
}

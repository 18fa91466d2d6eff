import { code, type Family } from "./languages.js";
import type { ChangeClass } from "./reasons.js";

/** A sign in a changed line that somebody should look twice. */
export interface Sign {
  rule: string;
  class: Exclude<ChangeClass, "ROUTINE">;
  /** Languages it means something in; null for all. */
  families: readonly Family[] | null;
  /** What it is, for a person. */
  what: string;
  /** Linear on any line: no nested repetition, no unbounded `.*`. */
  pattern: RegExp;
}

function security(rule: string, families: readonly Family[] | null, what: string, pattern: RegExp): Sign {
  return { rule, class: "SECURITY", families, what, pattern };
}

function complex(rule: string, families: readonly Family[] | null, what: string, pattern: RegExp): Sign {
  return { rule, class: "COMPLEX", families, what, pattern };
}

/** In the order in which they are tried; a line counts once for each rule. */
export const signs: readonly Sign[] = [
  // Text that becomes code.
  security(
    "runs-text",
    ["js"],
    "runs text as code",
    /\beval\s*\(|\bnew\s+Function\s*\(|\bFunction\s*\(\s*["'`]|\bvm\.(?:run|Script|compile)|\bset(?:Timeout|Interval)\s*\(\s*["'`]|["'](?:node:)?vm2?["']/,
  ),
  security(
    "runs-text",
    ["python"],
    "runs text as code",
    /(?<![.\w])(?:eval|exec|compile|__import__|execfile)\s*\(|\bimportlib\.import_module\b|\bctypes\b/,
  ),
  security(
    "runs-text",
    ["ruby"],
    "runs text as code",
    /\b(?:eval|instance_eval|class_eval|module_eval|constantize|public_send|send|binding)\b/,
  ),
  security(
    "runs-text",
    ["php"],
    "runs text as code",
    /\b(?:eval|assert|create_function|call_user_func|extract|preg_replace_callback_array)\s*\(|\b(?:include|require)(?:_once)?\b[^;"']{0,200}\$/,
  ),
  security(
    "runs-text",
    ["shell"],
    "runs text as code",
    /\beval\b|(?:^|[\s;&|])(?:\.|source)\s+[^#\s]|(?:curl|wget)\b[^|\n]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\b(?:ba|z)?sh\s+-c\b|\bInvoke-Expression\b|\biex\b/i,
  ),
  security(
    "runs-text",
    ["java"],
    "runs text as code",
    /\bScriptEngine|\bClass\.forName\b|\.setAccessible\s*\(|\bGroovyShell\b|\bURLClassLoader\b|\bSpelExpressionParser\b|\bdefineClass\b/,
  ),
  security(
    "runs-text",
    ["csharp"],
    "runs text as code",
    /\bCSharpScript\b|\bAssembly\.Load|\bActivator\.CreateInstance|\bDllImport\b|\bunsafe\b/,
  ),
  security("runs-text", ["other"], "runs text as code", /\b(?:eval|loadstring|dofile|Code\.eval_string)\b/),
  // Other programs.
  security(
    "runs-program",
    ["js"],
    "starts another program",
    /["'](?:node:)?child_process["']|\b(?:execSync|execFile|execFileSync|spawn|spawnSync|fork)\s*\(|(?<![.\w])exec\s*\(|\bchild_process\b|\bDeno\.(?:run|Command)\b|\bBun\.spawn|["'](?:execa|shelljs|cross-spawn|zx)["']|\bshell\s*:\s*true\b/,
  ),
  security(
    "runs-program",
    ["python"],
    "starts another program",
    /\bsubprocess\b|\bos\.(?:system|popen|exec\w*|spawn\w*|posix_spawn\w*|startfile|fork)\b|\bshell\s*=\s*True\b|\bpty\.spawn\b|\bpexpect\b|\bcreate_subprocess_/,
  ),
  security(
    "runs-program",
    ["go"],
    "starts another program",
    /"os\/exec"|"plugin"|\bexec\.Command|\bsyscall\.(?:Exec|ForkExec)|\bos\.StartProcess\b/,
  ),
  security(
    "runs-program",
    ["rust"],
    "starts another program",
    /\bprocess::Command\b|\bCommand::new\b|\blibloading\b/,
  ),
  security(
    "runs-program",
    ["java"],
    "starts another program",
    /\bgetRuntime\s*\(\s*\)|\bProcessBuilder\b|\.execute\s*\(\s*\)\s*\.text\b/,
  ),
  security(
    "runs-program",
    ["c"],
    "starts another program",
    /(?<![.\w>])(?:system|popen|execl|execlp|execle|execv|execvp|execve|posix_spawnp?|dlopen|fork|vfork)\s*\(|\bNSTask\b|\bProcess\s*\(\s*\)/,
  ),
  security("runs-program", ["csharp"], "starts another program", /\bProcess\.Start\b|\bProcessStartInfo\b/),
  security(
    "runs-program",
    ["ruby"],
    "starts another program",
    /\b(?:system|exec|spawn|popen|Open3|fork)\b|%x[[({]|`[^`]{1,200}`/,
  ),
  security(
    "runs-program",
    ["php"],
    "starts another program",
    /\b(?:exec|shell_exec|system|passthru|proc_open|popen|pcntl_exec|dl)\s*\(|`[^`]{1,200}`/,
  ),
  security(
    "runs-program",
    ["other"],
    "starts another program",
    /\b(?:os\.execute|io\.popen|System\.cmd|Process\.run|std\.process\.Child)\b/,
  ),
  // Bytes that become objects.
  security(
    "deserialises",
    ["python"],
    "turns bytes into objects",
    /\b(?:c?[Pp]ickle|_pickle|dill|cloudpickle|marshal|shelve|jsonpickle|joblib)\b|\byaml\.(?:load|load_all|unsafe_load|full_load)\s*\(|\btorch\.load\b|\bUnpickler\b|\bxml\.(?:etree|sax|dom)\b/,
  ),
  security(
    "deserialises",
    ["js"],
    "turns bytes into objects",
    /\b(?:unserialize|deserialize)\s*\(|node-serialize|\byaml\.load\s*\(|["'](?:js-yaml|funcster|cryo)["']|\b__proto__\b|\bsetPrototypeOf\b/,
  ),
  security(
    "deserialises",
    ["java"],
    "turns bytes into objects",
    /\bObjectInputStream\b|\breadObject\b|\bXMLDecoder\b|\bXStream\b|\benableDefaultTyping\b|\bactivateDefaultTyping\b|\bSnakeYaml\b|\bnew\s+Yaml\s*\(|\bDocumentBuilderFactory\b|\bSAXParser/,
  ),
  security(
    "deserialises",
    ["csharp"],
    "turns bytes into objects",
    /\bBinaryFormatter\b|\bNetDataContractSerializer\b|\bLosFormatter\b|\bTypeNameHandling\b|\bSoapFormatter\b/,
  ),
  security(
    "deserialises",
    ["ruby"],
    "turns bytes into objects",
    /\bMarshal\.(?:load|restore)\b|\bYAML\.(?:load|unsafe_load)\b|\bOj\.load\b/,
  ),
  security("deserialises", ["php"], "turns bytes into objects", /\bunserialize\s*\(|\bphar:\/\//),
  security("deserialises", ["go"], "turns bytes into objects", /"encoding\/gob"|\bgob\.NewDecoder\b/),
  // Memory that nothing watches.
  security(
    "raw-memory",
    ["c"],
    "writes memory without a bound",
    /(?<![.\w>])(?:gets|strcpy|strcat|sprintf|vsprintf|stpcpy|scanf|sscanf|alloca|memcpy|memmove|strncpy|strncat|realpath|mktemp|tmpnam)\s*\(|\breinterpret_cast\b|\bconst_cast\b/,
  ),
  security(
    "raw-memory",
    ["rust"],
    "leaves the compiler's checks",
    /\bunsafe\b|\btransmute\b|\bfrom_raw\w*\b|\bget_unchecked\w*\b|\bMaybeUninit\b|\blibc::|\bextern\s+"/,
  ),
  security("raw-memory", ["go"], "leaves the compiler's checks", /"unsafe"|\bunsafe\.|\/\/go:linkname|"C"/),
  // Pages and templates.
  security(
    "raw-markup",
    ["js", "other"],
    "puts text into a page unescaped",
    /\bdangerouslySetInnerHTML\b|\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\.write|\bv-html\b|\{@html\b|\bbypassSecurityTrust|\bcreateContextualFragment\b|\bsrcdoc\b|<script\b|\bjavascript:|\|\s*safe\b/i,
  ),
  security(
    "raw-markup",
    ["python"],
    "puts text into a page unescaped",
    /\bmark_safe\b|\bMarkup\s*\(|\brender_template_string\b|\bautoescape\b|\|\s*safe\b/,
  ),
  security(
    "raw-markup",
    ["go"],
    "puts text into a page unescaped",
    /"text\/template"|\btemplate\.(?:HTML|JS|URL|CSS|HTMLAttr)\b/,
  ),
  security("raw-markup", ["ruby"], "puts text into a page unescaped", /\bhtml_safe\b|\braw\b\s*[(\s]|<%==/),
  security(
    "raw-markup",
    ["php"],
    "puts text into a page unescaped",
    /\b(?:echo|print)\b[^;]{0,200}\$_(?:GET|POST|REQUEST|COOKIE|SERVER)\b|\{!!/,
  ),
  security("raw-markup", ["csharp"], "puts text into a page unescaped", /\bHtml\.Raw\b|\bMarkupString\b/),
  // Queries.
  security(
    "sql",
    null,
    "builds or runs SQL",
    /\b(?:SELECT\s[^;]{0,300}?\sFROM|INSERT\s+INTO|UPDATE\s+[\w."`[\]]{1,80}\s+SET|DELETE\s+FROM|DROP\s+(?:TABLE|DATABASE)|UNION\s+(?:ALL\s+)?SELECT|WHERE\s+[\w."`]{1,80}\s*(?:=|LIKE\b|IN\b))/i,
  ),
  security(
    "sql",
    code,
    "builds or runs SQL",
    /\$queryRawUnsafe|\$executeRawUnsafe|\.(?:raw|whereRaw|orderByRaw|havingRaw|fromSql\w*|createNativeQuery|createStatement|executeQuery|executeUpdate|exec_sql|find_by_sql|execute(?:many|script)?)\s*\(\s*(?:f?["'`]|[\w.]{1,60}\s*[+%])|\bfmt\.Sprintf\s*\(\s*"[^"]{0,40}(?:select|insert|update|delete)\b/i,
  ),
  // Keys, sums, certificates.
  security(
    "crypto",
    ["js"],
    "cryptography or sign-in library",
    /["'](?:node:)?(?:crypto|tls|https)["']|\bcrypto\.|\bcreate(?:Hash|Hmac|Cipher|Decipher|Sign|Verify)\w*\b|["'](?:jsonwebtoken|jose|passport[\w-]*|bcrypt(?:js)?|argon2|cookie-session|express-session|helmet|cors|csurf|next-auth|@auth\/[\w-]{1,40}|oidc-[\w-]{1,40}|openid-client|samlify|otplib|node-forge|tweetnacl|libsodium[\w-]*|crypto-js|iron-session|lusca)["']/,
  ),
  security(
    "crypto",
    ["python"],
    "cryptography or sign-in library",
    /\b(?:import|from)\s+(?:hashlib|hmac|secrets|ssl|cryptography|jwt|jose|bcrypt|passlib|argon2|nacl|paramiko|Crypto|OpenSSL|authlib|oauthlib|itsdangerous|ldap3?|flask_login|flask_cors)\b|\bhashlib\.|\bhmac\.|\bssl\./,
  ),
  security(
    "crypto",
    ["go"],
    "cryptography or sign-in library",
    /"(?:crypto(?:\/[\w/]{1,40})?|golang\.org\/x\/crypto[\w/]{0,40}|golang\.org\/x\/oauth2[\w/]{0,40}|github\.com\/[\w./-]{0,60}(?:jwt|oauth|oidc|saml|csrf|cors|session)[\w./-]{0,40})"/,
  ),
  security(
    "crypto",
    ["rust"],
    "cryptography or sign-in library",
    /\buse\s+(?:ring|rustls|openssl|jsonwebtoken|argon2|sha[123]?|hmac|aes\w*|chacha20\w*|rsa|ed25519\w*|bcrypt|native_tls|oauth2)\b/,
  ),
  security(
    "crypto",
    ["java"],
    "cryptography or sign-in library",
    /\bimport\s+(?:static\s+)?(?:javax?\.(?:crypto|security|net\.ssl)|org\.springframework\.security|io\.jsonwebtoken|com\.auth0|org\.bouncycastle|org\.apache\.shiro)\b|\bMessageDigest\b|\bCipher\.getInstance\b/,
  ),
  security(
    "crypto",
    ["csharp", "ruby", "php", "c"],
    "cryptography or sign-in library",
    /\bSystem\.Security\b|\bMicrosoft\.AspNetCore\.(?:Authentication|Authorization|Cors)|\bOpenSSL\b|\bBCrypt\b|\bDigest::|\b(?:md5|sha1|crypt|password_hash|openssl_\w{1,40}|hash_hmac|random_bytes)\s*\(|\b(?:EVP|SSL|RSA|AES|HMAC|SHA\d*|MD5)_\w|\bCommonCrypto\b|\bSecItem\w*/,
  ),
  complex(
    "weak-random",
    code,
    "random numbers that can be guessed",
    /\bMath\.random\b|\brandom\.(?:random|choice|randint|getrandbits)\b|\bmath\/rand\b|\bjava\.util\.Random\b/,
  ),
  security(
    "transport-checks",
    null,
    "checks of a connection",
    /\brejectUnauthorized\b|\bNODE_TLS_REJECT_UNAUTHORIZED\b|\bverify\s*=\s*False\b|\bcheck_hostname\b|\bCERT_NONE\b|\b_create_unverified_context\b|\bInsecureSkipVerify\b|\bdanger_accept_invalid|\bTrustManager\b|\bHostnameVerifier\b|\bServerCertificate\w*Callback\b|\bVERIFY_NONE\b|\bCURLOPT_SSL_VERIFY|\bstrictSSL\b|\bstrict-ssl\b|\bStrictHostKeyChecking\b|\bsslVerify\b|--insecure\b|--no-check-certificate\b|\bcurl\s+(?:-\w{1,10}\s+)?-k\b/,
  ),
  security(
    "web-policy",
    null,
    "what other sites or scripts may do",
    /\bAccess-Control-|\bContent-Security-Policy\b|\bX-Frame-Options\b|\bStrict-Transport-Security\b|\bcsrf_exempt\b|\bskip_before_action\b|\bprotect_from_forgery\b|\bpermit!|\bhttpOnly\b|\bsameSite\b|\bSet-Cookie\b|\bset_cookie\b|\bSetCookie\b|\bALLOWED_HOSTS\b|\bcsrf\s*\(\s*\)\s*\.\s*disable\b|@CrossOrigin\b|\bpostMessage\s*\(|\bEnableCors\b|\bvalidateDomain\b|\bunsafe-(?:inline|eval)\b/i,
  ),
  security(
    "access-rule",
    null,
    "who may do what",
    /@(?:PreAuthorize|PostAuthorize|Secured|RolesAllowed|PermitAll|DenyAll|login_required|permission_required|requires_auth|jwt_required|user_passes_test)\b|\[(?:Authorize|AllowAnonymous|ValidateAntiForgeryToken|IgnoreAntiforgeryToken)\b|\bpermitAll\s*\(|\bpermission_classes\b|\bAllowAny\b|\bGRANT\s+\w|\bREVOKE\s+\w|\bCREATE\s+(?:USER|ROLE|POLICY)\b|\bROW\s+LEVEL\s+SECURITY\b|\bSECURITY\s+DEFINER\b|\bset(?:e?u|e?g)id\s*\(|\bchmod\b|\bchown\b|\bumask\b|\bsudo\b|\bsetcap\b|\bmprotect\b/i,
  ),
  security(
    "environment-secrets",
    code,
    "reads a secret from the environment",
    /\b(?:env|environ|ENV|getenv|Getenv|GetEnvironmentVariable)\b[.(["'`]{1,4}\w{0,60}(?:SECRET|TOKEN|PASSW|API_?KEY|CREDENTIAL|PRIVATE)/i,
  ),
  security(
    "debug-switch",
    null,
    "a switch that opens a door in production",
    /\bDEBUG\s*=\s*True\b|\bapp\.run\([^)]{0,200}debug\s*=\s*True|\bFLASK_DEBUG\b|--privileged\b|\bprivileged\s*:\s*true\b|\bhostNetwork\s*:\s*true\b|\bdocker\.sock\b|\b0\.0\.0\.0\/0\b/,
  ),
  // Order of events.
  complex(
    "concurrency",
    ["js"],
    "concurrency",
    /\bPromise\.(?:all|allSettled|race|any)\b|\bworker_threads\b|\bnew\s+(?:Shared)?Worker\b|\bSharedArrayBuffer\b|\bAtomics\b|\bMutex\b|\bSemaphore\b|\bqueueMicrotask\b|\bsetImmediate\b|\bAbortController\b/,
  ),
  complex(
    "concurrency",
    ["python"],
    "concurrency",
    /\b(?:threading|multiprocessing|asyncio|concurrent\.futures|anyio|trio|gevent|greenlet)\b|\b(?:R?Lock|Semaphore|Condition|Barrier)\s*\(|\basync\s+(?:def|with|for)\b|\bawait\b/,
  ),
  complex(
    "concurrency",
    ["go"],
    "concurrency",
    /\bgo\s+(?:func\b|[\w.]{1,80}\()|\bchan\b|<-|\bselect\s*\{|"sync(?:\/atomic)?"|\bsync\.|\batomic\.|\bcontext\.With/,
  ),
  complex(
    "concurrency",
    ["rust"],
    "concurrency",
    /\b(?:Arc|Mutex|RwLock|Atomic\w{1,12}|RefCell|Condvar|mpsc|rayon|tokio|async_std|crossbeam)\b|\bthread::|\.await\b|\basync\s+(?:fn|move)\b|\bspawn\s*\(|\b(?:Send|Sync)\s+for\b/,
  ),
  complex(
    "concurrency",
    ["java"],
    "concurrency",
    /\bsynchronized\b|\bvolatile\b|\bThread(?:Local|Pool\w*)?\b|\bExecutor\w*\b|\bCompletableFuture\b|\bAtomic\w{3,20}\b|\bConcurrent\w{3,20}\b|\b(?:Reentrant|ReadWrite)Lock\b|\bCountDownLatch\b|\bsuspend\s+fun\b|\blaunch\s*\{|\bcoroutine\w*/,
  ),
  complex(
    "concurrency",
    ["c"],
    "concurrency",
    /\bpthread_|\bstd::(?:thread|jthread|mutex|atomic|async|future|condition_variable|lock_guard|unique_lock|scoped_lock)\b|\bvolatile\b|\b_Atomic\b|\bdispatch_(?:async|sync|queue)|\bactor\b|\bmemory_order/,
  ),
  complex(
    "concurrency",
    ["csharp"],
    "concurrency",
    /\block\s*\(|\bTask\.(?:Run|WhenAll|WhenAny|Factory)\b|\bInterlocked\b|\bSemaphoreSlim\b|\bMonitor\.|\bvolatile\b|\bConcurrent\w{3,20}\b|\bParallel\./,
  ),
  complex(
    "concurrency",
    ["ruby", "php", "other"],
    "concurrency",
    /\bThread\.new\b|\bMutex\b|\bRactor\b|\bFiber\b|\bsynchronize\b|\bGenServer\b|\bTask\.async\b|\bspawn_link\b|\bcoroutine\b|\bisolate\b/i,
  ),
  complex(
    "concurrency",
    code,
    "concurrency",
    /\b(?:un)?lock(?:ed|ing)?\b|\bmutex\b|\bsemaphore\b|\bdeadlock\b|\brace\b|\batomic(?:ally)?\b|\btransaction\b|\brollback\b|\bisolation\b/i,
  ),
  complex(
    "migration",
    null,
    "changes the shape of stored data",
    /\b(?:CREATE|ALTER|DROP|TRUNCATE|RENAME)\s+(?:TABLE|INDEX|UNIQUE|VIEW|COLUMN|DATABASE|SCHEMA|TYPE|TRIGGER|FUNCTION)\b|\b(?:add|remove|rename|change|drop)_(?:column|table|index|reference|foreign_key)\b|\bop\.(?:add_column|drop_column|alter_column|create_table|drop_table|execute)\b|\bcreateTable\b|\bdropTable\b|\baddColumn\b|\bdropColumn\b|\bRunPython\b|\bRunSQL\b|\bAutoMigrate\b/i,
  ),
  complex(
    "memory-management",
    ["c"],
    "owns memory",
    /(?<![.\w])(?:malloc|calloc|realloc|free)\s*\(|\bdelete\b|\bnew\b|\b(?:unique|shared|weak)_ptr\b|\bstd::move\b/,
  ),
  complex(
    "network-or-disk",
    code,
    "deletes or moves files",
    /\brm\s+-\w{0,8}[rf]|\brmtree\b|\brm(?:dir)?Sync\b|\bunlink(?:Sync)?\b|\bremove_dir_all\b|\bos\.RemoveAll\b|\bshutil\.move\b|\bFileUtils\.rm/,
  ),
];

/** The signs that a language's lines are looked over for. */
export function signsFor(family: Family): Sign[] {
  return signs.filter((sign) => sign.families === null || sign.families.includes(family));
}

const sensitive =
  /^(?:auth|authn|authz|authenticat\w*|authoris\w*|authoriz\w*|oauth\d?|oidc|openid|saml|sso|mfa|totp|otp|login|logins|logout|signin|signup|session|sessions|jwt|jwts|token|tokens|crypto|cryptography|cryptographic|cipher|ciphers|encrypt\w*|decrypt\w*|hmac|secret|secrets|password|passwords|passwd|passphrase|credential|credentials|permission|permissions|privilege\w*|acl|acls|rbac|abac|iam|cors|csrf|xsrf|xss|ssrf|sanitis\w*|sanitiz\w*|sql|deserialis\w*|deserializ\w*|unserialize|impersonat\w*|sudo|superuser|apikey|apikeys)$/;
/** Beside these words, tokens are pieces of text that a model or parser counts. */
const counted =
  /^(?:count|counts|counted|max|min|input|output|total|budget|usage|used|prompt|completion|estimate\w*|cached|context|limit|o200k|tiktoken|tokenizer|tokenize|lexer|num)$/;

/** The word in a name that says it is about security; null when none does. Splits camelCase, snake_case, kebab-case. */
export function sensitiveWord(name: string): string | null {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/);
  const found = words.find((word) => sensitive.test(word));
  if (found === undefined) return /api[_-]?key/i.test(name) ? "api key" : null;
  if (found === "tokens" && words.some((word) => counted.test(word))) {
    return words.find((word) => word !== "tokens" && sensitive.test(word)) ?? null;
  }
  return found;
}

/** The first identifier in a line that says it is about security. */
export function sensitiveIdentifier(line: string): string | null {
  // A sentence in quotes is a message, not a symbol.
  const symbols = line.replace(/"[^"\\]*"|'[^'\\]*'/g, (text) => (text.includes(" ") ? '""' : text));
  for (const [name] of symbols.matchAll(/[A-Za-z_$][\w$-]{2,120}/g)) {
    if (sensitiveWord(name) !== null) return name;
  }
  return null;
}

/**
 * Text that reads differently from what it is: bidirectional overrides anywhere, and invisible characters outside
 * of emoji and of scripts that need them.
 */
const deceptive =
  /[\u202a-\u202e\u2066-\u2069]|(?<![^\0-\x7f])[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/u;

export function isDeceptive(line: string, isFirst: boolean): boolean {
  return deceptive.test(isFirst ? line.replace(/^\ufeff/, "") : line);
}

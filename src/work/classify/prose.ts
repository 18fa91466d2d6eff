import { sensitiveWord } from "../../change/risk/signs.js";
import type { Statement } from "../statements.js";

/**
 * What sentences of a spec say about the work. Sentences are people's: a word counts with what stands beside it
 * ("token" of a lexer, "session" of a debugger), and not where the sentence takes it out of the work.
 */

/** The sentence says that something is left as it is. */
const leftAlone =
  /\b(?:no|without)\s+(?:\w+[\s-]){0,4}(?:changes?|modifications?|migrations?|impact|effect)\b|\b(?:does|do|must|should|will|shall|need|can)(?:\s+not|n['’]t)\s+(?:need\s+to\s+|have\s+to\s+)?(?:touch|change|affect|modify|alter|involve|require|impact|concern|include|cover|deal)\b|\b(?:is|are|stays?|remains?|left)\s+(?:unchanged|untouched|as\s+(?:is|it\s+is|they\s+are))\b|\bout\s+of\s+scope\b|\bnot\s+(?:in|part\s+of)\s+(?:scope|this\s+(?:task|change|epic|spec))\b|\bseparate\s+(?:task|issue|pr)\b|\bfollow[- ]?up\s+(?:task|issue|pr)\b|\b(?:handled|covered|done)\s+(?:elsewhere|in\s+another|by\s+(?:task|fn-))/i;

export function isLeftAlone(text: string): boolean {
  return leftAlone.test(text);
}

/** Words that need company to be about security. */
const needCompany: readonly { word: RegExp; company: RegExp }[] = [
  {
    word: /^tokens?$/,
    company:
      /\b(?:auth\w*|access|refresh|bearer|session|csrf|api|jwt|oauth\w*|login|log[- ]?in|secret|sign\w*|expir\w*|revok\w*|reset|header|cookie|credential\w*|issu\w*|password|user|verif\w*|steal|stolen|leak\w*|invalid(?:at\w*)?|bot|personal|webhook|valid(?:at\w*)?)\b/i,
  },
  {
    word: /^sessions?$/,
    company:
      /\b(?:auth\w*|log[- ]?(?:in|out)|sign[- ]?(?:in|out)|users?|cookies?|expir\w*|hijack\w*|fixation|stor\w*|persist\w*|server[- ]side|tokens?|csrf|invalidat\w*|revok\w*|password|secure|httponly|idle|timeout|id)\b/i,
  },
  {
    word: /^sql$/,
    company:
      /\b(?:injection|inject\w*|raw|escap\w*|interpolat\w*|concatenat\w*|untrusted|user input|parameteri[sz]\w*)\b/i,
  },
  {
    word: /^(?:deseriali\w*|unserialize)$/,
    company: /\b(?:untrusted|pickle|user|remote|unsafe|yaml|marshal|network|external|attack\w*)\b/i,
  },
  {
    word: /^permissions?$/,
    company:
      /\b(?:users?|roles?|access|admins?|check\w*|grant\w*|den(?:y|ied)|owner\w*|file|chmod|acl|scopes?|policy|policies|escalat\w*|forbid\w*|403|allow\w*|require\w*|model)\b/i,
  },
  { word: /^iam$/, company: /\b(?:role|policy|policies|aws|user|access)\b/i },
  { word: /^(?:totp|otp|acl|acls|sso|logins?)$/, company: /./ },
];
/** Beside these, a token is a piece of text. */
const pieceOfText =
  /\b(?:lexer|lex|parser|pars(?:e|ing)|tokeni[sz]\w*|syntax|grammar|ast|design[- ]tokens?|css|colou?r|theme|o200k|tiktoken|bpe|prompt|completion|context window|llm|max[_ ]tokens?|tokens? (?:count|budget|usage|per)|per token|count(?:s|ing|ed)? (?:of )?tokens?|embedding)\b/i;

const phrases: readonly { what: string; pattern: RegExp }[] = [
  {
    what: "about attacks",
    pattern:
      /\b(?:vulnerabilit\w*|cve-\d|exploit(?:s|ed|able)?|security|attack(?:s|er|ers)?|xss|csrf|xsrf|ssrf|xxe|clickjack\w*|path traversal|directory traversal|(?:sql|command|code|header|template|log|prompt) injection|injection attacks?|privilege escalation|denial[- ]of[- ]service|redos|brute[- ]?force|replay attacks?|timing attacks?|constant[- ]time|man[- ]in[- ]the[- ]middle|open redirect|sandbox(?:ed|ing)?|untrusted (?:input|data|code|content|source)s?|user[- ]supplied (?:path|url|html|code|sql|regex|command)s?)\b/i,
  },
  {
    what: "about keys and encryption",
    pattern:
      /\b(?:encrypt\w*|decrypt\w*|cipher\w*|cryptograph\w*|crypto|hmac|tls|ssl|mtls|certificates?|x\.?509|private keys?|public keys?|signing keys?|api[- _]?keys?|key rotation|rotat\w+ (?:the )?(?:keys?|secrets?|credentials?)|secrets? (?:manager|store|storage|rotation)|vault|kms|(?:hash|hashing|hashes|salt)\s+(?:\w+\s+){0,2}passwords?|passwords? hash\w*|bcrypt|argon2|scrypt|pbkdf2|signature (?:verification|check|validation)|verif\w+ (?:the |a |its |their )?(?:webhook |request |jwt |token )?signatures?|signed (?:urls?|cookies?|tokens?|requests?))\b/i,
  },
  {
    what: "about who may do what",
    pattern:
      /\b(?:authenticat\w*|authori[sz]\w*|access[- ]control|rbac|abac|oauth\d?|oidc|openid|saml|sso|single sign[- ]on|jwts?|mfa|2fa|two[- ]factor|multi[- ]factor|webauthn|passkeys?|sign[- ]?in|sign[- ]?up|log[- ]?in(?: (?:page|form|flow|endpoint|attempts?))?|logout|password(?:s|less)?|passphrases?|credentials?|(?:user|admin|account) roles?|role[- ]based|admin[- ]only|only admins?|superusers?|impersonat\w*|row[- ]level security|cors|same[- ]?site|http[- ]?only|content[- ]security[- ]policy|least privilege|multi[- ]?tenan\w*|tenant isolation)\b/i,
  },
  {
    what: "about people's data or money",
    pattern:
      /\b(?:pii|personally identifiable|personal (?:data|information)|gdpr|hipaa|pci(?:[- ]dss)?|credit[- ]?cards?|card numbers?|payment (?:details|data|processing|provider|method)s?|process\w* payments?|refunds?|chargebacks?|bank accounts?|social security numbers?|health records?)\b/i,
  },
  {
    what: "cleans what strangers send",
    pattern:
      /\b(?:saniti[sz]\w+|escap(?:e|es|ed|ing) (?:\w+ ){0,2}(?:html|input|output|shell|sql|user|markup|quotes? in)|(?:shell|html|sql)[- ]escap\w*|validat\w+ (?:\w+ ){0,2}(?:uploads?|redirects?|webhooks?|origins?)|file uploads?|upload(?:s|ed|ing)? (?:of )?(?:files?|by users?)|eval\(|shell=true|execut\w+ (?:arbitrary|user|untrusted) \w+|arbitrary (?:code|commands?))\b/i,
  },
];

/** What makes a sentence one about security; null when nothing does. */
export function securityIn({ text, kind }: Statement): string | null {
  if (isLeftAlone(text)) return null;
  for (const { what, pattern } of phrases) {
    const found = pattern.exec(text);
    if (found !== null && !isOtherUse(found[0], text)) return `${what}: ${found[0].toLowerCase()}`;
  }
  // Identifiers, and the words that the classes of changes go by.
  for (const [word] of text.matchAll(/[A-Za-z_$][\w$-]{2,80}/g)) {
    const sensitive = sensitiveWord(word);
    if (sensitive === null) continue;
    const rule = needCompany.find((one) => one.word.test(sensitive));
    const alone = rule === undefined || rule.company.test(text.replace(word, ""));
    if (!alone) continue;
    if (/^tokens?$/.test(sensitive) && pieceOfText.test(text)) continue;
    if (isOtherUse(sensitive, text)) continue;
    if (kind === "code" && !/^(?:password|secret|credential|auth|jwt|oauth|crypto|csrf)/.test(sensitive))
      continue;
    return `names ${sensitive}`;
  }
  return null;
}

/** Uses of these words that have nothing to do with it. */
function isOtherUse(found: string, text: string): boolean {
  const word = found.toLowerCase();
  if (/^log[- ]?in$/.test(word))
    return (
      !/\blog[- ]?in\b(?!\s+(?:the|a|an|json|this|order|both|each)\b)/i.test(text) ||
      /\b(?:write|print|record)\w*\b[^.]{0,30}\blog in\b/i.test(text)
    );
  if (/^crypto/.test(word)) return /\bcryptic\b/i.test(text);
  if (/^sandbox/.test(word))
    return /\bsandbox (?:app|page|demo|example|repo|environment|folder|directory)\b/i.test(text);
  if (/^vault$/.test(word)) return /\bobsidian\b/i.test(text);
  if (/^certificates?$/.test(word)) return /\b(?:gift|course|completion|birth) certificates?\b/i.test(text);
  if (/^security$/.test(word)) return /\bsecurity (?:holder|price)s?\b/i.test(text);
  if (/^exploit/.test(word))
    return /\bexploit(?:s|ed)? (?:the fact|locality|parallelism|structure)\b/i.test(text);
  if (/^tls|^ssl/.test(word)) return false;
  return false;
}

const architecture: readonly { what: string; pattern: RegExp }[] = [
  {
    what: "changes the structure",
    pattern:
      /\b(?:architectur\w*|re-?architect\w*|redesign\w*|re-?writ(?:e|ing) (?:the|all|our|from)\b|ground[- ]up rewrite|decoupl\w+|split (?:the |up the )?(?:\w+ ){0,2}(?:into|out)\b|extract (?:\w+ ){0,4}into (?:a |its own |separate )?(?:\w+ ){0,2}(?:package|module|service|library|crate|layer)s?|restructur\w*|moduliz\w*|micro-?services?|monolith\w*|monorepo|dependency injection|inversion of control|event[- ](?:bus|driven|sourcing|sourced)|cqrs|hexagonal|message (?:bus|broker|queue)s?|plug-?in (?:system|architecture|api|interface|loader)s?|extension points?|middleware (?:chain|pipeline|stack)|service layer|abstraction layer|(?:new|introduce an?|add an?) (?:\w+ ){0,2}(?:abstraction|subsystem|layer|service|framework|interface for|base class))\b/i,
  },
  {
    what: "changes what others rely on",
    pattern:
      /\b(?:breaking changes?|backwards?[- ]compat\w*|backwards?[- ]incompat\w*|public (?:api|interface|contract)s?|api (?:versioning|contract|v\d)|versioned? api|deprecat(?:e|es|ed|ing|ion) (?:the|of|all|old)|wire format|file format|(?:binary|network|wire|custom) protocol|protocol (?:change|version|buffer)s?|change (?:the )?(?:\w+ ){0,2}(?:signature|interface|contract) (?:of|for)|semver[- ]major|major version)\b/i,
  },
  {
    what: "changes stored data",
    pattern:
      /\b(?:(?:database|schema|data|db|zero[- ]downtime) migrations?|migrat(?:e|es|ing) (?:\w+ ){0,4}(?:from|to|off|onto)\b|(?:new|change|alter|add|drop|rename)\w* (?:\w+ ){0,2}(?:tables?|columns?|foreign keys?)|data ?models?|(?:database|db|sql|storage) schemas?|schema changes?|back-?fill\w*|storage (?:engine|backend|layer|format)|sharding|partition(?:ing|ed) (?:the )?(?:table|data)s?|(?:create|make) (?:a |an |the )?(?:\w+ ){0,2}tables?)\b/i,
  },
];

/** What makes a sentence one about the structure of the whole; null when nothing does. */
export function architectureIn({ text, kind }: Statement): string | null {
  if (kind === "code" || isLeftAlone(text)) return null;
  // "Stays backwards compatible" is a condition that a change of what others rely on has to be told of.
  for (const { what, pattern } of architecture) {
    const found = pattern.exec(text);
    if (found !== null) return `${what}: ${found[0].toLowerCase()}`;
  }
  return null;
}

const concurrent =
  /\b(?:concurren\w+|race[- ]conditions?|data races?|races? (?:with|between|when)|deadlock\w*|live-?lock\w*|mutex(?:es)?|semaphores?|spin-?locks?|(?:advisory|distributed|row|table|file|write|read|optimistic|pessimistic|global)[- ](?:level )?lock(?:s|ing)?|lock(?:s|ing)? (?:the|a|an|on|around|order|per)\b|acquir\w+ (?:the |a )?lock|lock[- ]free|atomic(?:ally|ity)?|compare[- ]and[- ]swap|thread[- ]?(?:safe\w*|pools?|local)|multi-?thread\w*|threads|threading|goroutines?|worker (?:pool|threads?)s?|parallel(?:ism|i[sz]\w+|ly)?|simultaneous\w*|at the same time|in parallel|two (?:processes|workers|requests|clients|users|tabs|instances)|multiple (?:processes|workers|writers|consumers|instances)|several (?:processes|workers|writers)|back-?pressure|lost updates?|double[- ](?:submit|spend|booking|click|charge)\w*|exactly[- ]once|at[- ](?:least|most)[- ]once|idempoten\w+|eventual(?:ly)? consisten\w*|ordering guarantees?|out[- ]of[- ]order|re-?entran\w+|(?:in|within|inside) (?:a|one|the same|a single) (?:db |database )?transaction|transaction(?:al|s)? (?:isolation|boundar\w+|rollback|semantics)|isolation level|leader election|consensus|raft|crdts?|event loop|in-?flight requests?|cancel\w* (?:in-?flight|running|pending)|abort\w* (?:in-?flight|running|pending))\b/i;
/** Words that look alike. */
const notConcurrent =
  /\b(?:lock ?files?|package-lock|yarn\.lock|cargo\.lock|poetry\.lock|parallel (?:universe|text|lines?|corpus|structure)|atomic (?:design|css|commits?)|forum threads?|comment threads?|email threads?|discussion threads?|threads? of (?:comments|messages|replies))\b/i;

/** What makes a sentence one about the order of events; null when nothing does. */
export function concurrencyIn({ text }: Statement): string | null {
  if (isLeftAlone(text)) return null;
  const found = concurrent.exec(text.replace(new RegExp(notConcurrent.source, "gi"), " "));
  return found === null ? null : `the order of events: ${found[0].toLowerCase()}`;
}

const everywhere =
  /\b(?:(?:all|every|each)\s+(?:of\s+(?:the|our)\s+)?(?:\w+[\s-]){0,2}(?:files?|endpoints?|modules?|components?|pages?|packages?|call[- ]?sites?|callers?|usages?|handlers?|routes?|services?|controllers?|commands?|views?|occurrences?|imports?|middlewares?|classes|functions|methods|models?|tests?|scripts?|queries|templates?)\b|throughout\s+(?:the\s+)?(?:\w+\s+)?(?:code\s?base|project|repo\w*|app\w*|source)|code\s?base[- ]wide|repo[- ]wide|project[- ]wide|across\s+(?:the\s+)?(?:whole\s+|entire\s+)?(?:code\s?base|repo(?:sitory)?|project|app(?:lication)?)\b|(?:rename|replace|migrate|convert|update)\b[^.]{0,60}\beverywhere)/i;
/** What happens on every request or page is in one place. */
const atRuntime =
  /\b(?:on|for|in|to|from|of|per|log\w*|count\w*|measur\w*|return\w*|show\w*|list\w*)\s+(?:all|every|each)\s+(?:\w+\s+){0,2}(?:pages?|commands?|routes?|files?|services?|endpoints?)\b/i;

/** A sentence that asks for the same in many places; null when it does not. */
export function everywhereIn({ text, kind }: Statement): string | null {
  if (kind === "code" || isLeftAlone(text)) return null;
  const found = everywhere.exec(text);
  if (found === null) return null;
  const changes =
    /\b(?:renam\w*|replac\w*|migrat\w*|convert\w*|updat\w*|rewrit\w*|refactor\w*|remov\w*|add\w*|switch\w*|port\w*|adopt\w*|appl(?:y|ied|ies)\w*|annotat\w*|translat\w*|wrap\w*|mov\w*|chang\w*|fix\w*)\b/i;
  if (!changes.test(text.slice(0, found.index))) return null;
  if (
    atRuntime.test(text) &&
    !/\b(?:renam|replac|migrat|convert|rewrit|refactor|port|adopt|annotat)\w*/i.test(text)
  )
    return null;
  return `the same in many places: ${found[0].toLowerCase()}`;
}

const acrossModules =
  /\b(?:across\s+(?:\w+\s+){0,3}(?:modules?|packages?|services?|layers?|crates?|workspaces?|apps|repos(?:itories)?)|both\s+(?:the\s+)?[\w/-]+\s+and\s+(?:the\s+)?[\w/-]+\s+(?:modules?|packages?|services?|apps|crates?|layers?)|(?:front-?end|client|ui)\s+and\s+(?:the\s+)?(?:back-?end|server|api)|(?:back-?end|server|api)\s+and\s+(?:the\s+)?(?:front-?end|client|ui)|full[- ]stack|end[- ]to[- ]end\s+(?:from|through)|cross[- ](?:module|package|service|cutting))\b/i;

/** A sentence that says that several modules take part; null when it does not. */
export function acrossModulesIn({ text, kind }: Statement): string | null {
  if (kind === "code" || isLeftAlone(text)) return null;
  const found = acrossModules.exec(text);
  return found === null ? null : `several modules: ${found[0].toLowerCase()}`;
}

/** A size that the planner wrote down. */
export function sizeIn({ text }: Statement): "S" | "M" | "L" | "XL" | null {
  const line = text.replace(/[*_`]/g, "");
  const found =
    /^(?:estimated\s+|task\s+|t-shirt\s+)?(?:size|effort|scope|complexity)\s*[:=—–-]\s*(xxl|xl|xs|s|m|l|extra[- ]large|large|medium|small)\b/i.exec(
      line.trim(),
    )?.[1] ?? /\(\s*size:?\s*(xxl|xl|xs|s|m|l|large|medium|small)\s*\)/i.exec(line)?.[1];
  if (found === undefined) return null;
  const word = found.toLowerCase();
  if (/^(?:xxl|xl|extra)/.test(word)) return "XL";
  if (/^l/.test(word)) return "L";
  return /^m/.test(word) ? "M" : "S";
}

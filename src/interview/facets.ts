/** What kinds of work a text is about: each brings questions of its own. */
const patterns = {
  auth: /\b(?:oauth2?|sso|saml|oidc|log(?:ging)?[- ]?ins?|log(?:ging)?[- ]?outs?|sign(?:ing)?[- ](?:in|up)|authenticat\w*|passwords?|2fa|mfa|passkeys?|sessions?|jwts?|magic links?)\b/i,
  roles:
    /\b(?:permissions?|roles?|rbac|admins?|administrators?|access control|authori[sz]\w*|owners?|invit\w+|shar(?:e|es|ed|ing)|tenants?|teams?|organi[sz]ations?|workspaces?)\b/i,
  external:
    /\b(?:third[- ]part(?:y|ies)|integrat\w+|external (?:api|service|system)s?|providers?|oauth2?|sso)\b/i,
  storage:
    /\b(?:databases?|tables?|schemas?|columns?|sql|postgres\w*|mysql|sqlite|mongo\w*|stor(?:e|es|ed|ing|age)|persist\w*|sav(?:e|es|ed|ing)|histor(?:y|ies)|records?)\b/i,
  uploads:
    /\b(?:upload\w*|attachments?|attach(?:ed|ing)?|avatars?|photos?|images?|videos?|drag[- ]and[- ]drop)\b/i,
  files:
    /\b(?:upload\w*|download\w*|attachments?|attach(?:ed|ing)?|files?|images?|pdfs?|csvs?|avatars?|photos?|documents?|videos?|zip|s3|spreadsheets?)\b/i,
  jobs: /\b(?:queues?|queued|background|jobs?|workers?|cron|schedul\w*|nightly|batch\w*|async\w*|retr(?:y|ies|ied|ying)|pipelines?|backfill)\b/i,
  charging:
    /\b(?:payments?|pay(?:s|ing|out|outs)?|refunds?|subscriptions?|checkout|carts?|charg(?:e|es|ed|ing)|coupons?|stripe|paypal|purchas\w+)\b/i,
  money:
    /\b(?:payments?|pay(?:s|ing|out|outs)?|billing|bill(?:s|ed)|invoices?|prices?|pricing|refunds?|subscriptions?|checkout|carts?|currenc(?:y|ies)|tax(?:es)?|vat|charg(?:e|es|ed|ing)|credits?|discounts?|coupons?)\b/i,
  messages:
    /\b(?:e-?mails?|notif\w+|sms|push notifications?|alerts?|newsletters?|reminders?|digests?|slack|mails?)\b/i,
  ui: /\b(?:pages?|buttons?|screens?|forms?|modals?|dialogs?|ui|ux|dashboards?|front-?ends?|dark mode|themes?|mobile|layouts?|click\w*|drop-?downs?|tabs?|widgets?|css|react|vue|svelte|accessib\w*|sidebars?|toolbars?|menus?|editor)\b/i,
  api: /\b(?:apis?|endpoints?|rest|graphql|grpc|requests?|https?|routes?|json|sdks?|webhooks?|middleware|headers?)\b/i,
  cli: /\b(?:cli|command[- ]line|flags?|subcommands?|terminals?|stdin|stdout|stderr|shell|exit codes?)\b/i,
  cache: /\b(?:cach(?:e|es|ed|ing)|ttl|memoi[sz]\w*|invalidat\w*|cdn)\b/i,
  search:
    /\b(?:search\w*|filter\w*|sort(?:s|ed|ing|able)?|full[- ]text|autocomplet\w*|paginat\w*|facets?|rank\w*|quer(?:y|ies|ying))\b/i,
  imports: /\b(?:import(?:s|ed|ing|er|ers)?|ingest\w*|pars(?:e|es|ed|er|ers|ing)|bulk|feeds?)\b/i,
  exports: /\b(?:export\w*|download\w*|dumps?|backups?)\b/i,
  sheets: /\b(?:csvs?|xlsx?|excel|spreadsheets?)\b/i,
  webhooks: /\bwebhooks?\b/i,
  time: /\b(?:schedul\w*|cron|time ?zones?|dates?|calendars?|deadlines?|expir\w*|remind\w*|daily|weekly|monthly|nightly|hourly|recurr\w*|birthdays?|due)\b/i,
  concurrency:
    /\b(?:concurren\w*|parallel\w*|lock(?:s|ed|ing)?|rac(?:e|es|ing) condition\w*|simultaneous\w*|threads?|collaborat\w*|real[- ]?time|at the same time|atomic\w*)\b/i,
  personal:
    /\b(?:personal data|gdpr|privacy|pii|e-?mail addresses|phone numbers?|addresses|health|consent|tracking|profiles?|analytics|biometric\w*|patients?)\b/i,
  refactoring:
    /\b(?:refactor\w*|migrat(?:e|es|ing|ion) from|restructur\w*|decoupl\w*|untangl\w*|clean(?:ing)?[- ]?ups? of|technical debt|no (?:change of|changes? (?:of|in|to)) behaviou?r|(?:no behaviou?r(?:al)?|without behaviou?r(?:al)?) (?:may |must |should |shall |will |is to )?chang\w*|behaviou?r (?:must |should |may |does )?(?:not change|stays? (?:the same|as it is)|remains? (?:the same|unchanged)|unchanged))\b/i,
  replacing:
    /\b(?:replac\w*|migrat\w*|rewrit\w*|refactor\w*|switch(?:es|ed|ing)? (?:from|to)|mov(?:e|es|ed|ing) (?:from|to|off)|upgrad\w*|deprecat\w*|port(?:s|ed|ing)? (?:from|to)|legacy|rename\w*)\b/i,
  deleting:
    /\b(?:delet\w*|remov\w*|archiv\w*|purg\w*|retention|undo|trash|soft[- ]delete|cancel\w*|revok\w*|expir\w*)\b/i,
  limits: /\b(?:rate[- ]?limit\w*|throttl\w*|quotas?|limits?|maximum|at most|up to \d+|back-?off)\b/i,
  config:
    /\b(?:config\w*|settings?|environment variables?|feature flags?|toggles?|preferences?|opt[- ](?:in|out))\b/i,
  live: /\b(?:web ?sockets?|real[- ]?time|live|stream\w*|server-sent|sse|presence|typing indicators?|collaborat\w*)\b/i,
  ai: /\b(?:llms?|gpt\w*|ai|prompts?|embeddings?|machine learning|classifier|chatbots?|rag)\b/i,
  language: /\b(?:i18n|locali[sz]\w*|translat\w*|languages?|unicode|locales?|rtl)\b/i,
  library: /\b(?:librar(?:y|ies)|packages?|sdks?|public api|npm|crates?|plugins?|extensions?|decorators?)\b/i,
  reports: /\b(?:reports?|reporting|dashboards?|charts?|metrics?|statistics|analytics|aggregat\w*|kpis?)\b/i,
  performance:
    /\b(?:slow\w*|fast\w*|latency|throughput|performan\w*|speed\w*|milliseconds?|\d+ ?ms|timeouts?)\b/i,
  security:
    /\b(?:encrypt\w*|secrets?|credentials?|csrf|xss|injection|attack\w*|vulnerab\w*|secur\w*|sanitiz\w*|signatures?)\b/i,
} as const;

export type Facet = keyof typeof patterns;

export const facetNames: readonly string[] = Object.keys(patterns);

export interface Shown {
  /** The first word that shows it. */
  word: string;
  /** How much the text is about it: how often it says so, the title counted thrice. */
  weight: number;
}

/** The facets of a text. */
export function facetsOf(title: string, text: string): Map<Facet, Shown> {
  const found = new Map<Facet, Shown>();
  for (const facet of allFacets()) {
    const everywhere = new RegExp(patterns[facet].source, "gi");
    const inTitle = title.match(everywhere) ?? [];
    const inText = text.match(everywhere) ?? [];
    const [word] = [...inTitle, ...inText];
    if (word !== undefined)
      found.set(facet, { word: word.toLowerCase(), weight: 3 * inTitle.length + inText.length });
  }
  return found;
}

export function isFacet(name: string): name is Facet {
  return Object.hasOwn(patterns, name);
}

function allFacets(): Facet[] {
  return facetNames.filter(isFacet);
}

const natures = ["refactoring", "terminal"] as const;

/** What a text is as a whole: some questions make no sense for it. */
export type Nature = (typeof natures)[number];

export function isNature(name: string): name is Nature {
  return natures.some((nature) => nature === name);
}

/** The least weight of a facet that the title shows. */
const inTitle = 3;

/** What is seen by somebody, or reached by others over a network. */
const shared: readonly Facet[] = ["ui", "api", "auth", "live", "webhooks", "charging"];

/**
 * `terminal`: a program that one person runs for themselves, or a library. `refactoring`: nobody but its developers sees
 * the change.
 */
export function isOfNature(nature: Nature, facets: ReadonlyMap<Facet, Shown>): boolean {
  if (nature === "refactoring") {
    const weight = facets.get("refactoring")?.weight ?? 0;
    return weight >= inTitle || (weight > 0 && !facets.has("ui"));
  }
  const library = facets.get("library");
  const isLibrary =
    library !== undefined && library.weight >= inTitle && /^(?:librar|sdk|crate)/.test(library.word);
  return (facets.has("cli") || isLibrary) && !shared.some((facet) => facets.has(facet));
}

/** Words of English that tell what a description of software is about. */

const set = (words: string) => new Set(words.trim().split(/\s+/));

/** Words that end a name: nothing of what they join is part of it. */
export const functionWords = set(`
  a an the this that these those my your his her its our their some any each every either neither no all both half
  i you he she it we they me him us them who whom whose which what where when why how
  and or but nor so yet if then else than because although though while until unless since whether as
  of to in on at by for from with without within into onto over under above below between through during before after
  about against across along around behind beside besides near off out up down via per like upon among
  is are was were be been being am do does did done have has had having can could will would shall should may might must
  not only also too very just even still already again once twice here there now ever never always often sometimes
  more most less least few many much several such same other another own instead etc e.g i.e please
  able via using use uses used want wants wanted need needs needed lets let allow allows allowed enable enables
  support supports supported add adds added make makes made get gets got give gives given
  something anything everything nothing someone anyone everyone somebody anybody everybody
  one two three four five six seven eight nine ten first second third last next hundred thousand million dozen
  lose loses contain contains take takes happen happens become becomes come comes go goes mean means say says exist
  exists keep keeps keeping stay stays remain remains hold holds know knows see sees look looks seem seems cost costs
  put puts ahead appear appears appeared disappear disappears
  currently today tomorrow automatically manually easily quickly directly properly correctly
`);

/** Adjectives that say nothing about which thing is meant. */
export const plainAdjectives = set(`
  new old existing current fast slow simple easy big large small little better best good nice great full whole different
  available possible automatic manual specific certain various multiple single individual whole common general proper
  correct wrong right main basic modern robust clean fresh important different additional extra optional required
  expensive cheap open closed ready sure clear hard soft public private
`);

/** Verbs that only bring in what a feature is: the thing behind them is its name. */
export const introducingVerbs = set(`
  add implement build introduce support provide develop offer include create write make design
`);

/** Verbs that say what is done, in their base form. */
const verbs = `
  accept access acknowledge activate aggregate allocate annotate apply approve archive assign attach audit authenticate
  authorize backfill backup ban batch block book browse buffer build cache calculate cancel capture charge chat check
  checkout choose clean clear click clone close collaborate collect comment compare compile complete compress compute
  configure confirm connect consume convert copy count crawl create crop customize deactivate debug decrypt
  deduplicate delay delete deliver deploy deprecate detect disable disconnect discover dismiss display distribute
  download draft drag drop duplicate edit embed encrypt enforce enrich enqueue enter escape estimate evict execute
  exclude expire explain export extend extract fail fetch filter find fix flag follow format forward generate group
  handle hide highlight host identify import improve index ingest insert inspect install integrate invalidate invite
  issue join label launch limit link list listen load lock log manage map mark mask match measure merge migrate
  mirror mock moderate modify monitor mount move mute normalize notify observe onboard open optimize order pack
  paginate parse paste pause pay persist pick pin plan play poll populate post preview print process profile protect
  provision publish pull purchase purge push query queue quote rate read rebuild receive recognize recommend reconcile
  record recover redeem redirect redact redesign reduce refactor refresh refund register reject release reload remember
  remind remove rename render renew reopen reorder replace replay reply report request reschedule reserve reset resize
  resolve restart restore restrict resume retry retrieve return reuse revert review revoke rewrite roll rotate route run
  sanitize save scale scan schedule score scrape search see select sell send separate serve share ship show shorten
  sign simplify simulate skip snapshot sort speed split start stop store stream submit subscribe suggest summarize
  suspend switch sync synchronize tag test throttle toggle track train transcode transcribe transfer transform translate
  trigger trim undo unify uninstall unlock unsubscribe update upgrade upload validate verify version view visualize
  vote warn watch withdraw wrap write
`;

const doubled = set(
  `ban drag drop flag get log map pin plan refactor run scan ship skip split stop submit tag trim wrap crop permit roll-up`,
);

/** `exporting` of `export`. */
export function gerundOf(verb: string): string {
  if (verb === "sign" || verb === "log in") return verb === "sign" ? "signing" : "logging in";
  if (verb !== "refactor" && doubled.has(verb)) return `${verb}${verb.slice(-1)}ing`;
  if (verb.endsWith("ie")) return `${verb.slice(0, -2)}ying`;
  if (verb.endsWith("e") && !/(?:ee|oe|ye)$/.test(verb)) return `${verb.slice(0, -1)}ing`;
  return `${verb}ing`;
}

const baseForms = new Map<string, string>();
for (const verb of set(verbs)) {
  const stemOfE = verb.replace(/e$/, "");
  const last = verb.slice(-1);
  for (const form of [
    verb,
    `${verb}s`,
    `${verb}es`,
    verb.replace(/y$/, "ies"),
    `${verb}ed`,
    `${stemOfE}ed`,
    verb.replace(/y$/, "ied"),
    `${verb}${last}ed`,
    `${verb}${last}ing`,
    gerundOf(verb),
  ])
    if (!baseForms.has(form)) baseForms.set(form, verb);
}
for (const [form, verb] of Object.entries({
  sent: "send",
  paid: "pay",
  sold: "sell",
  rebuilt: "rebuild",
  chosen: "choose",
}))
  baseForms.set(form, verb);

/** The base form of what may be a verb; null for what is none. */
export function verbOf(word: string): string | null {
  return baseForms.get(word.toLowerCase()) ?? null;
}

/** Verbs that need no object to say something. */
export const intransitive = set(
  `search pay subscribe unsubscribe checkout chat vote collaborate log sign retry undo`,
);

/** Verbs whose particle belongs to them. */
export const particles: Readonly<Record<string, RegExp>> = {
  log: /^(?:in|out)$/,
  sign: /^(?:in|up|out)$/,
  roll: /^(?:back|out)$/,
  check: /^(?:in|out)$/,
  back: /^up$/,
};

/** People that software is made for, singular. */
export const people = set(`
  user admin administrator customer guest visitor member owner developer operator manager editor viewer author reviewer
  moderator seller buyer merchant vendor teacher student patient doctor nurse employee agent subscriber maintainer
  contributor tenant player reader driver passenger host organizer attendee candidate recruiter accountant designer
  tester analyst shopper client parent child citizen resident volunteer donor team colleague caller
`);

/** What data is mostly called, singular: a plain name among a text's nouns is more likely one of these. */
export const dataNouns = set(`
  account order invoice file row record message event token session job comment image document payment subscription report
  product item cart customer ticket issue task project note post photo video page article contact lead booking
  reservation appointment course lesson exam grade transaction transfer wallet coupon discount shipment parcel address
  profile notification alert reminder webhook delivery endpoint key secret certificate device sensor reading measurement
  metric log entry line cell sheet table column schema query result match game player score playlist track song
  recipe ingredient review rating vote poll survey answer question form field template theme setting rule policy role
  permission group team workspace organization branch commit build deployment release artifact package dependency version
  model prompt conversation chat thread channel room attachment upload download export import backup snapshot
  request response connection client server worker queue migration feed category tag label filter search bookmark
  invitation invite link url redirect domain translation locale string member employee patient student
`);

/** Nouns that name no thing of the system's. */
export const abstractNouns = set(`
  way thing feature ability option need case system application app code project implementation functionality support
  performance security time day week month year experience process problem issue reason result goal idea kind type
  part side end start beginning amount lot number size part change possibility version work solution approach level
  user users people person software product tool step point place state status data information value detail content
  set order default example method function class module service api ui ux interface backend frontend server client
  database day-to-day chance fact question answer screen line name week mode format minute second hour speed latency
  memory cpu access use usage behaviour behavior logic design architecture background front rest test tests
  postgres mysql redis kubernetes linux windows macos friend peer attempt try dark light limit maximum minimum rate percent retry error errors failure failures button
`);

/** Places on a screen: data only where something is done to them. */
export const screenNouns = set(
  `page screen toggle dialog form menu tab header footer sidebar theme modal setting view`,
);

/** Services of others, as they are written. */
export const services = new Map(
  `Google GitHub GitLab Bitbucket Slack Stripe PayPal Twilio SendGrid Mailgun Mailchimp AWS Azure Firebase Auth0 Okta
  Keycloak Cognito Salesforce HubSpot Jira Linear Notion Asana Trello Zapier Shopify Facebook Instagram LinkedIn Twitter
  Apple Microsoft Discord Telegram WhatsApp OpenAI Anthropic Ollama Cloudflare Vercel Netlify Heroku Sentry Datadog
  PagerDuty Zendesk Intercom Dropbox OneDrive Zoom Teams Outlook Gmail Adyen Klarna Braintree Plaid Xero QuickBooks
  DATEV SAP Algolia Mapbox Segment Amplitude Mixpanel Snowflake BigQuery S3 npm PyPI Docker Kubernetes YouTube Spotify
  Steam Kafka RabbitMQ Elasticsearch OpenSearch LDAP Active-Directory`
    .split(/\s+/)
    .map((name) => [name.toLowerCase(), name]),
);

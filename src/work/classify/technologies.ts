/** Something with a name that a spec can ask for, and how a repository shows that it has it. */
export interface Technology {
  name: string;
  kind: "language" | "library" | "service" | "idiom";
  /** How people write it. */
  says: RegExp;
  /** Endings of files that show it. */
  extensions: readonly string[];
  /** Words that show it in a manifest, an import or code. */
  words: readonly string[];
}

const all: Technology[] = [];

/**
 * @param row `name | what a person writes, as a regular expression | words in manifests and code | file endings`;
 * without the second the name itself, without the third its lower-case name
 */
function add(kind: Technology["kind"], rows: string): void {
  for (const row of rows.trim().split("\n")) {
    const [name = "", says = "", words = "", extensions = ""] = row
      .split(/ \|(?= |$)/)
      .map((cell) => cell.trim());
    const pattern = says === "" ? name.replace(/[.+*?()[\]{}\\^$]/g, "\\$&") : says;
    all.push({
      name,
      kind,
      says: new RegExp(
        `(?<![\\w.-])(?:${pattern})(?![\\w-])`,
        /[A-Z]/.test(pattern) && says !== "" ? "" : "i",
      ),
      words: words === "" ? (kind === "language" ? [] : [name.toLowerCase()]) : words.split(/\s+/),
      extensions: extensions.split(/\s+/).filter((ending) => ending !== ""),
    });
  }
}

// With capitals where the small word means something else; ambiguous names need company.
add(
  "language",
  `
  TypeScript | [Tt]ype[Ss]cript | | ts tsx mts cts
  Python | Python | | py pyi
  Rust | Rust | | rs
  Go | Golang|(?:in\\s+|a\\s+)Go(?=\\s+(?:service|program|binary|module|package|CLI|server)|[.,;]|$) | | go
  Java | Java | | java
  Kotlin | Kotlin | | kt kts
  Scala | Scala | | scala
  Swift | Swift | | swift
  Ruby | Ruby | | rb
  PHP | PHP | | php
  Elixir | Elixir | | ex exs
  Erlang | Erlang | | erl
  Haskell | Haskell | | hs
  C++ | C\\+\\+ | | cc cpp cxx hpp hh
  C# | C# | | cs
  Zig | Zig | | zig
  Lua | Lua | | lua
  Perl | Perl | | pl pm
  Dart | Dart | | dart
  Clojure | Clojure | | clj cljs
  Bash | [Bb]ash(?= script)|shell script | | sh bash
  PowerShell | PowerShell | | ps1 psm1
  Solidity | Solidity | | sol
  WebAssembly | WebAssembly|WASM|wasm | wasm WebAssembly | wasm wat
  Terraform | Terraform|OpenTofu | terraform | tf
  Sass | Sass|SCSS | | scss sass
`,
);
add(
  "library",
  `
  React | React(?:\\.js)? | react
  Vue | Vue(?:\\.js)? | vue | vue
  Svelte | Svelte(?:Kit)? | svelte | svelte
  Angular | Angular | @angular/core angular
  SolidJS | Solid\\.?JS | solid-js
  Next.js | Next\\.js | next
  Nuxt | Nuxt | nuxt
  Remix | Remix | @remix-run
  Astro | Astro | astro | astro
  jQuery | jQuery | jquery
  Redux | Redux | redux @reduxjs/toolkit
  Zustand
  RxJS | RxJS | rxjs
  Tailwind | Tailwind(?: ?CSS)? | tailwindcss tailwind
  Express | Express(?:\\.js)?(?= (?:app|server|middleware|route)) | express
  Fastify
  NestJS | Nest\\.?JS | @nestjs/core
  Koa | Koa | koa
  Hono | Hono | hono
  Zod | Zod | zod
  Prisma | Prisma | prisma @prisma/client | prisma
  TypeORM
  Drizzle | Drizzle | drizzle-orm
  Sequelize
  Mongoose
  Passport | [Pp]assport(?:\\.js)?(?= (?:strategy|strategies|middleware|library|for)) | passport
  Socket.IO | Socket\\.IO|socket\\.io | socket.io
  Vitest
  Jest | Jest | jest
  Mocha | Mocha | mocha
  Playwright
  Cypress | Cypress | cypress
  Puppeteer
  Storybook
  Webpack
  Vite | Vite | vite
  esbuild
  Rollup | Rollup | rollup
  Electron | Electron | electron
  Tauri
  Django | Django | django
  Flask | Flask | flask
  FastAPI | FastAPI | fastapi
  Celery | Celery | celery
  SQLAlchemy
  Alembic
  Pydantic
  pandas
  NumPy
  PyTorch | PyTorch | torch
  TensorFlow
  scikit-learn | scikit-learn|sklearn | scikit-learn sklearn
  pytest
  aiohttp
  httpx
  asyncio | asyncio | asyncio
  Trio | trio|anyio | trio anyio
  Tokio
  Axum
  Serde
  Rayon
  Actix | Actix | actix-web actix
  Gin | Gin(?= (?:router|framework|middleware|handler)) | gin-gonic/gin
  Cobra | Cobra(?= (?:command|CLI|library)) | spf13/cobra
  GORM | GORM | gorm
  Spring Boot | Spring(?: ?Boot| MVC| Security| Data) | springframework spring-boot
  Hibernate
  Quarkus
  Rails | (?:Ruby on )?Rails | rails
  Sidekiq
  RSpec
  Laravel
  Symfony
  Entity Framework | Entity ?Framework|EF Core | EntityFramework EntityFrameworkCore
  Bootstrap | Bootstrap(?= (?:CSS|component|grid|theme|\\d)) | bootstrap
  D3 | D3(?:\\.js)? | d3
  three.js | [Tt]hree\\.js | three
  OpenTelemetry | OpenTelemetry|OTel|OTLP | opentelemetry
  Sentry | Sentry | sentry
  Bull | BullMQ | bullmq bull
`,
);
add(
  "service",
  `
  Redis | Redis | redis ioredis
  Memcached
  Kafka | Kafka | kafka kafkajs confluent-kafka
  RabbitMQ | RabbitMQ|AMQP | rabbitmq amqp amqplib pika
  NATS | NATS | nats
  PostgreSQL | Postgres(?:QL)? | postgres postgresql psycopg psycopg2 pgx asyncpg pg
  MySQL | MySQL|MariaDB | mysql mysql2 mariadb pymysql
  SQLite | SQLite | sqlite sqlite3 better-sqlite3 rusqlite
  MongoDB | Mongo(?:DB)? | mongodb mongoose pymongo
  DynamoDB | DynamoDB | dynamodb
  Cassandra | Cassandra | cassandra
  Elasticsearch | Elastic ?[Ss]earch|OpenSearch | elasticsearch opensearch
  ClickHouse
  Firebase | Firebase|Firestore | firebase firestore
  Supabase
  S3 | S3(?= (?:bucket|storage|upload|compatible|object|backend))|(?:to|from|on|in) S3 | s3 boto3 @aws-sdk/client-s3 aws-sdk
  AWS Lambda | (?:AWS )?Lambdas? functions?|AWS Lambda | aws-lambda lambda
  SQS | SQS | sqs
  Stripe | Stripe | stripe
  Twilio
  SendGrid
  OpenAI | OpenAI API | openai
  Anthropic | Anthropic API|Claude API | anthropic
  Ollama
  Prometheus | Prometheus | prometheus prom-client
  Grafana
  Datadog | Datadog | datadog dd-trace ddtrace
  Kubernetes | Kubernetes|k8s | kubernetes kubectl k8s
  Helm | Helm(?= charts?) | helm
  Docker | Docker(?: ?[Cc]ompose|file)? | dockerfile docker | dockerfile
  Nginx | [Nn]ginx | nginx
  Ansible
  GitHub Actions | GitHub Actions | actions/checkout
  Keycloak
  Auth0
  LDAP | LDAP | ldap ldapjs
`,
);
add(
  "idiom",
  `
  GraphQL | GraphQL | graphql | graphql gql
  gRPC | gRPC | grpc tonic | proto
  Protocol Buffers | [Pp]rotocol [Bb]uffers?|protobuf | protobuf google.protobuf | proto
  WebSockets | [Ww]eb[Ss]ockets? | websocket websockets ws
  server-sent events | [Ss]erver[- ][Ss]ent [Ee]vents?|SSE|EventSource | EventSource event-stream sse
  WebRTC | WebRTC | webrtc RTCPeerConnection
  OAuth | OAuth ?2?(?:\\.0)?|OIDC|OpenID Connect | oauth oauth2 oidc openid
  SAML | SAML | saml
  WebAuthn | WebAuthn|[Pp]asskeys? | webauthn passkey
  JWT | JWTs?|JSON [Ww]eb [Tt]okens? | jwt jsonwebtoken jose
  web workers | [Ww]eb [Ww]orkers? | Worker( worker_threads
  service workers | [Ss]ervice [Ww]orkers? | serviceWorker service-worker workbox
  CRDTs | CRDTs? | crdt yjs automerge
  event sourcing | [Ee]vent[- ][Ss]ourcing | EventStore eventstore event_sourcing
  CQRS | CQRS | cqrs CommandBus QueryBus
  feature flags | [Ff]eature [Ff]lags? | feature_flag featureFlag FeatureFlag launchdarkly unleash feature-flag
  internationalisation | i18n|[Ii]nternationali[sz]ation | i18n i18next gettext intl react-intl
  property-based tests | [Pp]roperty[- ]based | hypothesis fast-check proptest quickcheck
  fuzzing | [Ff]uzz(?:ing|er| tests?) | fuzz atheris
  snapshot tests | [Ss]napshot tests? | toMatchSnapshot snapshot insta syrupy
  contract tests | (?:[Cc]ontract|Pact) tests? | pact
  vector search | [Vv]ector (?:search|store|database)|embeddings? search | pgvector faiss qdrant pinecone chroma
  SIMD | SIMD | simd
  inline assembly | [Ii]nline assembly | asm! __asm__
  FFI | FFI|foreign function interface | ffi ctypes cffi
  native add-on | N-API|native add-?ons? | node-gyp napi
  macros by procedure | proc(?:edural)?[- ]macros? | proc-macro proc_macro
  metaclasses | metaclass(?:es)? | metaclass
  state machines | [Ss]tate [Mm]achines?|statecharts? | xstate state_machine StateMachine statemachine
  circuit breakers | [Cc]ircuit [Bb]reakers? | circuitbreaker circuit_breaker CircuitBreaker opossum
  cron jobs | [Cc]ron jobs?|scheduled jobs? | cron node-cron apscheduler schedule
  webhooks | [Ww]ebhooks? | webhook webhooks
  push notifications | [Pp]ush [Nn]otifications? | web-push fcm apns
  dark mode | [Dd]ark [Mm]ode | prefers-color-scheme dark
  virtualised lists | [Vv]irtuali[sz]ed (?:list|table|scroll\\w*) | react-window virtuoso react-virtual
  drag and drop | [Dd]rag[- ]and[- ][Dd]rop | dnd draggable ondrop
`,
);

/** What is looked for, in this order. */
export const technologies: readonly Technology[] = all;

import { django } from "./knowledge/django.js";
import { express } from "./knowledge/express.js";
import { fastapi } from "./knowledge/fastapi.js";
import { fastify } from "./knowledge/fastify.js";
import { flask } from "./knowledge/flask.js";
import { golang } from "./knowledge/go.js";
import { hono } from "./knowledge/hono.js";
import { javascriptTests } from "./knowledge/javascript-tests.js";
import { next } from "./knowledge/next.js";
import { node } from "./knowledge/node.js";
import { nodeDatabases } from "./knowledge/node-databases.js";
import { php } from "./knowledge/php.js";
import { python } from "./knowledge/python.js";
import { rails } from "./knowledge/rails.js";
import { react } from "./knowledge/react.js";
import { rust } from "./knowledge/rust.js";
import { spring } from "./knowledge/spring.js";
import { sqlalchemy } from "./knowledge/sqlalchemy.js";
import { vue } from "./knowledge/vue.js";
import type { Knowledge } from "./practice.js";

/** What ships of frameworks, the more particular first. A new one is a file and a line here. */
export const shippedKnowledge: readonly Knowledge[] = [
  express,
  hono,
  fastify,
  next,
  react,
  vue,
  flask,
  django,
  fastapi,
  rails,
  spring,
  php,
  sqlalchemy,
  nodeDatabases,
  golang,
  rust,
  javascriptTests,
  node,
  python,
];

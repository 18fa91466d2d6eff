import type { Tool } from "../src/mcp/define-tool.js";
import breakDownTasks from "./break_down_tasks.js";
import classifyChange from "./classify_change.js";
import classifyTask from "./classify_task.js";
import draftQuestions from "./draft_questions.js";
import draftSpec from "./draft_spec.js";
import fingerprintCheck from "./fingerprint_check.js";
import implementTask from "./implement_task.js";
import prescreenDiff from "./prescreen_diff.js";
import quotaStatus from "./quota_status.js";
import reanchorTask from "./reanchor_task.js";
import recordUsage from "./record_usage.js";
import recordVerdict from "./record_verdict.js";
import reviewChange from "./review_change.js";
import reviewPlan from "./review_plan.js";
import routeReview from "./route_review.js";
import runGates from "./run_gates.js";
import runScout from "./run_scout.js";
import savingsReport from "./savings_report.js";

/** Every tool, in the order that clients list them. */
export const tools: readonly Tool[] = [
  reviewChange,
  runGates,
  prescreenDiff,
  fingerprintCheck,
  classifyChange,
  routeReview,
  reviewPlan,
  recordVerdict,
  classifyTask,
  reanchorTask,
  implementTask,
  breakDownTasks,
  quotaStatus,
  recordUsage,
  savingsReport,
  draftQuestions,
  runScout,
  draftSpec,
];

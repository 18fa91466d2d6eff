export { breathe } from "../breathe.js";

/** What opens and judges clips, in a script of its own that is fetched with the first clip. */

export { judge } from "./evidence";
export { openSealed, SealProblem } from "./seal";
